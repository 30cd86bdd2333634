use crate::{ProfileRef, ProfileType, ProjectId};

use super::rule::{Policy, Rule, Source};

/// Types that only administrators deal with: no `*` means them, and a member's own rules for them count for nothing.
pub(super) const ADMINISTRATIVE: [&str; 4] = [
    "UserSecurityRequest",
    "Project",
    "ProjectMembership",
    "User",
];

/// Types that only server administrators and the server itself deal with.
pub(super) const PROTECTED: [&str; 3] = ["DomainConfiguration", "JsonWebKey", "Login"];

/// Definitions, which everybody may read.
const DEFINITIONS: [&str; 2] = ["SearchParameter", "StructureDefinition"];

/// What a member without a policy has no access to besides: whoever may write these gives himself every right.
const CONFINED: &[&str] = &["AccessPolicy", "ClientApplication", "Bot"];

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
    if member.super_admin {
        let named: Vec<String> = rules.iter().map(|rule| rule.kind.clone()).collect();
        let closed = ADMINISTRATIVE.iter().chain(&PROTECTED);
        let open = closed.filter(|kind| !named.iter().any(|name| name == *kind));
        rules.extend(open.map(|kind| Rule::implied(Source::SuperAdmin, kind)));
        return rules;
    }
    rules.retain(|rule| {
        !ADMINISTRATIVE.contains(&rule.kind.as_str()) && !PROTECTED.contains(&rule.kind.as_str())
    });
    if member.admin {
        let admin = |kind| Rule::implied(Source::Admin, kind);
        rules.push(admin("Project").where_(format!("Project?_id={}", member.project)));
        rules.push(admin("ProjectMembership"));
        rules.push(admin("UserSecurityRequest").readonly());
        rules.push(admin("User"));
    }
    rules
}

/// Patients and their relatives read their own profile and nothing else; administrators have every type, others all clinical ones.
fn without_policy(member: Standpoint) -> Vec<Rule> {
    let kind = member.profile.kind;
    let everything = Rule::implied(Source::NoPolicy, "*");
    if member.admin || member.super_admin {
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
    vec![Rule {
        except: CONFINED,
        ..everything
    }]
}
