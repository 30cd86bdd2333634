use crate::{Fault, Membership, ProfileRef, ProfileType, Project, ProjectId};

use super::rule::{Policy, Rule, Source};

/// Types that only administrators deal with: no `*` means them, and a member's own rules for them count for nothing.
pub const ADMINISTRATIVE: [&str; 4] = [
    "UserSecurityRequest",
    "Project",
    "ProjectMembership",
    "User",
];

/// Types that only server administrators and the server itself deal with.
pub const PROTECTED: [&str; 3] = ["DomainConfiguration", "JsonWebKey", "Login"];

/// The one of them that the server's administrators keep by hand: which domains sign in elsewhere. The others are the server's own.
const KEPT_BY_HAND: &str = "DomainConfiguration";

/// Whether a type is out of reach, whatever anybody's policies say; `all_seeing` are the server's administrators.
pub fn is_protected(kind: &str, all_seeing: bool) -> bool {
    PROTECTED.contains(&kind) && !(all_seeing && kind == KEPT_BY_HAND)
}

/// Definitions, which everybody may read.
const DEFINITIONS: [&str; 2] = ["SearchParameter", "StructureDefinition"];

/// What a member without a policy has no access to besides: whoever may write these gives himself every right, and the record of events
/// tells what administrators do.
const CONFINED: &[&str] = &["AccessPolicy", "AuditEvent", "Bot", "ClientApplication"];

/// What administrators of a project do not change of it, and what they do not see of it (contract: implicit rights of a project admin).
const PROJECT_READONLY: [&str; 3] = ["features", "link", "systemSetting"];
const PROJECT_HIDDEN: [&str; 3] = ["superAdmin", "systemSecret", "strictMode"];
/// What they do not see of a project that theirs is linked to.
const LINKED_HIDDEN: [&str; 11] = [
    "superAdmin",
    "owner",
    "link",
    "defaultPatientAccessPolicy",
    "defaultAccessPolicies",
    "setting",
    "systemSetting",
    "secret",
    "systemSecret",
    "site",
    "strictMode",
];
/// The same of a user.
const USER_READONLY: [&str; 4] = ["email", "emailVerified", "mfaEnrolled", "project"];
const USER_HIDDEN: [&str; 2] = ["passwordHash", "mfaSecret"];

/// What decides about a member besides his policies.
#[derive(Clone, Copy, Debug)]
pub struct Standpoint {
    /// The project he is a member of.
    pub project: ProjectId,
    /// As whom.
    pub profile: ProfileRef,
    /// Whether he administers the project.
    pub admin: bool,
    /// Whether the project is the server administrators'.
    pub super_admin: bool,
    /// Whether the project gives every type to a member without a policy, as recorded.
    pub unrestricted: bool,
}

impl Standpoint {
    /// Where a membership of a project puts its member.
    ///
    /// # Errors
    /// A [`Fault`] when the stored profile is none, which cannot be.
    pub fn of(membership: &Membership, project: &Project) -> Result<Self, Fault> {
        Ok(Self {
            project: project.id(),
            profile: membership.profile_ref()?,
            admin: membership.is_admin(),
            super_admin: project.is_super_admin(),
            unrestricted: project.opens_everything_without_policy(),
        })
    }
}

/// The rules that a member is under, in the order in which they count (contract: building the effective policy).
pub fn rules_of(member: Standpoint, policies: &[Policy]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = if policies.is_empty() {
        without_policy(member)
    } else {
        policies.iter().flat_map(Rule::of_policy).collect()
    };
    for kind in DEFINITIONS {
        if !rules.iter().any(|rule| rule.kind == kind) {
            rules.push(Rule::implied(Source::Definitions, kind).readonly());
        }
    }
    rules.retain(|rule| !is_protected(&rule.kind, member.super_admin));
    if member.super_admin {
        let named: Vec<String> = rules.iter().map(|rule| rule.kind.clone()).collect();
        let closed = ADMINISTRATIVE.iter().chain([&KEPT_BY_HAND]);
        let open = closed.filter(|kind| !named.iter().any(|name| name == *kind));
        rules.extend(open.map(|kind| Rule::implied(Source::SuperAdmin, kind)));
        return rules;
    }
    rules.retain(|rule| !ADMINISTRATIVE.contains(&rule.kind.as_str()));
    if member.admin {
        let admin = |kind| Rule::implied(Source::Admin, kind);
        let own = admin("Project").where_(format!("Project?_id={}", member.project));
        rules.push(own.keeping(&PROJECT_READONLY, &PROJECT_HIDDEN));
        rules.push(admin("ProjectMembership").keeping(&["project", "user"], &[]));
        rules.push(admin("UserSecurityRequest").readonly());
        rules.push(admin("User").keeping(&USER_READONLY, &USER_HIDDEN));
    }
    rules
}

/// The rule about the projects that a project is linked to, if it is.
pub(super) fn linked_projects(links: &[ProjectId]) -> Option<Rule> {
    if links.is_empty() {
        return None;
    }
    let ids: Vec<String> = links.iter().map(ToString::to_string).collect();
    let rule = Rule::implied(Source::Admin, "Project").readonly();
    let rule = rule.where_(format!("Project?_id={}", ids.join(",")));
    Some(rule.keeping(&[], &LINKED_HIDDEN))
}

/// Patients and their relatives read their own profile and nothing else; administrators have every type, others all clinical ones.
fn without_policy(member: Standpoint) -> Vec<Rule> {
    let kind = member.profile.kind;
    let everything = Rule::implied(Source::NoPolicy, "*");
    if member.admin || member.super_admin || member.unrestricted {
        return vec![everything];
    }
    if matches!(kind, ProfileType::Patient | ProfileType::RelatedPerson) {
        let own = format!("{kind}?_id={}", member.profile.id);
        return vec![
            Rule::implied(Source::NoPolicy, kind.as_str())
                .readonly()
                .where_(own),
        ];
    }
    vec![everything.excepting(CONFINED)]
}
