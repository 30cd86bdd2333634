//! Where every row lives. The only file in which a key prefix is written.
//!
//! The partition key is the tenancy key: what belongs to a project begins with `P#<project>`; what belongs to a user begins with
//! `U#<user>`; what strangers reach by id alone has a partition of its own.

use domain::{
    Blind, ClientId, JobId, LoginId, MembershipId, ProfileRef, ProfileType, ProjectId, RequestId,
    Scope, UserId,
};
use uuid::Uuid;

/// One row's place in the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The project itself.
    Project(ProjectId),
    /// How many active administrators the project has.
    Admins(ProjectId),
    /// When a deleted project goes for good.
    Leaving(ProjectId),
    /// The key under which the project's secrets and sites are sealed.
    DataKey(ProjectId),
    /// A secret of the project, by name.
    Secret(ProjectId, String),
    /// A site of the project, by its place in the list.
    Site(ProjectId, usize),
    /// A membership: persons before applications, then by profile type, so that every list the product shows is one range.
    Membership(ProjectId, ProfileType, MembershipId),
    /// A counter of the project's members with one type of profile; there are a few of each.
    Counter(ProjectId, ProfileType, u8),
    /// Whether a membership is counted.
    Counted(ProjectId, ProfileType, MembershipId),
    /// Any other resource of a project.
    Resource(ProjectId, String, Uuid),
    /// A superseded version of a resource.
    Version(Past, Uuid),
    /// The tombstone of a deleted resource.
    Gone(Past),
    /// A person's profile by e-mail address.
    ProfileByEmail(ProjectId, Blind, ProfileRef),
    /// The membership that has this external id.
    ExternalId(ProjectId, Blind),
    /// The membership that has this user name.
    UserName(ProjectId, Blind),
    /// The configuration that names this domain.
    Domain(ProjectId, String),
    /// An invitation's place in its project.
    Invitation(ProjectId, RequestId),
    /// An audit event: its id is time-ordered and names day and shard.
    Audit(ProjectId, String, Uuid),
    /// What leads to the past of a deleted resource when the record no longer does.
    Grave(Past),
    /// How often a member was refused in one minute.
    Refusals(ProjectId, MembershipId, i64),
    /// What was answered to an `Idempotency-Key`.
    Idempotency(ProjectId, Blind),
    /// A user.
    User(UserId),
    /// A user's password.
    Credential(UserId),
    /// A user's second factor.
    SecondFactor(UserId),
    /// The set of a user's memberships in a project.
    Edge(UserId, ProjectId),
    /// The holder of an e-mail address within a scope.
    EmailGuard(Scope, Blind),
    /// A session among those of its user.
    Session(UserId, LoginId),
    /// Failed attempts to sign in: of an account, of a network address, or of both together.
    Attempts(Blind),
    /// How many letters strangers wanted to have sent to an address in one hour.
    Resets(Scope, Blind, i64),
    /// A session of a person.
    Login(LoginId),
    /// A session of an application.
    ClientLogin(ClientId, LoginId),
    /// An invitation, reset or verification.
    Request(RequestId),
    /// An application's credentials.
    Client(ClientId),
    /// An assertion that an application has shown: it counts once.
    Assertion(ClientId, Blind),
    /// How often an address has called in one minute.
    Calls(Blind, i64),
    /// Work that goes on after its request was answered.
    Job(JobId),
    /// A piece of what such work was told.
    JobOrder(JobId, usize),
    /// The system's keys.
    SystemKeys,
}

/// The partition in which a resource's past is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Past {
    /// The project it belongs to.
    pub project: ProjectId,
    /// Its type.
    pub kind: String,
    /// Its id.
    pub id: Uuid,
}

impl Key {
    /// Partition key and sort key.
    pub(crate) fn place(&self) -> (String, String) {
        (self.pk(), self.sk())
    }

    /// The partition key.
    pub fn pk(&self) -> String {
        match self {
            Self::Project(p)
            | Self::Admins(p)
            | Self::Leaving(p)
            | Self::DataKey(p)
            | Self::Secret(p, _)
            | Self::Site(p, _) => project(*p),
            Self::Membership(p, ..) => members(*p),
            Self::Counter(p, ..) => counters(*p),
            Self::Counted(p, _, id) => format!("{}#{id}", counters(*p)),
            Self::Resource(p, ..) => resources(*p),
            Self::Version(past, _) | Self::Gone(past) => past.partition(),
            Self::ProfileByEmail(p, email, _) => profiles_by_email(*p, email),
            Self::ExternalId(p, id) => format!("P#{p}#X#external-id#{}", id.as_str()),
            Self::UserName(p, name) => format!("P#{p}#X#user-name#{}", name.as_str()),
            Self::Domain(p, domain) => format!("P#{p}#X#domain#{domain}"),
            Self::Invitation(p, _) => invitations(*p),
            Self::Audit(p, day, id) => format!("P#{p}#A#{day}#{}", shard(*id)),
            Self::Grave(past) => graves(past.project),
            Self::Refusals(p, ..) => counts(*p),
            Self::Idempotency(p, key) => answers(*p)[answer_shard(key)].clone(),
            Self::User(u)
            | Self::Credential(u)
            | Self::SecondFactor(u)
            | Self::Edge(u, _)
            | Self::Session(u, _) => user(*u),
            Self::Attempts(of) => format!("TRY#{}", of.as_str()),
            // What is counted of an address that nobody has must be found by the end of the project.
            Self::Resets(Scope::Project(p), ..) => counts(*p),
            Self::EmailGuard(scope, email) | Self::Resets(scope, email, _) => {
                email_guard(*scope, email)
            }
            Self::Login(id) => format!("LOGIN#{id}"),
            Self::Request(id) => format!("REQUEST#{id}"),
            Self::Client(id) | Self::Assertion(id, _) | Self::ClientLogin(id, _) => client(*id),
            Self::Calls(address, minute) => format!("RATE#{}#{minute}", address.as_str()),
            Self::Job(id) | Self::JobOrder(id, _) => job(*id),
            Self::SystemKeys => "SYS".into(),
        }
    }

    /// The sort key.
    pub fn sk(&self) -> String {
        match self {
            Self::Project(_) => "META".into(),
            Self::Admins(_) => "ADMINS".into(),
            Self::Leaving(_) => LEAVING.into(),
            Self::DataKey(_) => SEAL.into(),
            Self::Secret(_, name) => format!("SECRET#{name}"),
            Self::Site(_, at) => format!("SITE#{at:04}"),
            Self::Membership(_, kind, id) => format!("{}{id}", member_range(*kind)),
            Self::Counter(_, kind, shard) => format!("{}{shard}", counter_range(*kind)),
            Self::Counted(_, kind, _) => kind.as_str().into(),
            Self::Resource(_, kind, id) => format!("{}{id}", resource_range(kind)),
            Self::Version(_, version) => format!("{VERSIONS}{version}"),
            Self::Gone(_) => GONE.into(),
            Self::ProfileByEmail(.., profile) => format!("{}#{}", profile.kind, profile.id),
            Self::ExternalId(..) | Self::UserName(..) => "MEMBER".into(),
            Self::Domain(..) => "CONFIGURATION".into(),
            Self::Invitation(_, id) => id.to_string(),
            Self::Audit(.., id) => id.to_string(),
            Self::Grave(past) => format!("{}{}", resource_range(&past.kind), past.id),
            Self::Refusals(_, member, minute) => format!("REFUSALS#{member}#{minute}"),
            Self::Idempotency(_, key) => key.as_str().into(),
            Self::User(_) => "USER".into(),
            Self::Credential(_) => "CRED".into(),
            Self::SecondFactor(_) => "MFA".into(),
            Self::Edge(_, p) => format!("{EDGES}{p}"),
            Self::Session(_, login) | Self::ClientLogin(_, login) => format!("{SESSIONS}{login}"),
            Self::Attempts(_) => "TRIES".into(),
            Self::EmailGuard(..) => "HOLDER".into(),
            Self::Resets(Scope::Server, _, hour) => format!("RESETS#{hour}"),
            Self::Resets(_, email, hour) => format!("RESETS#{}#{hour}", email.as_str()),
            Self::Login(_) => "LOGIN".into(),
            Self::Request(_) => "REQUEST".into(),
            Self::Client(_) => "CLIENT".into(),
            Self::Assertion(_, name) => format!("JTI#{}", name.as_str()),
            Self::Calls(..) => "CALLS".into(),
            Self::Job(_) => JOB.into(),
            Self::JobOrder(_, at) => format!("{ORDER}{at:04}"),
            Self::SystemKeys => "KEYS".into(),
        }
    }
}

impl Past {
    /// The partition key.
    pub(crate) fn partition(&self) -> String {
        format!("P#{}#H#{}#{}", self.project, self.kind, self.id)
    }
}

/// The partition of a user and of what belongs to him.
pub(crate) fn user(id: UserId) -> String {
    format!("U#{id}")
}

/// What sign-in needs of a user's partition besides the user: from his password by his edges to his second factor.
pub(crate) const SIGN_IN: (&str, &str) = ("CRED", "MFA");
/// The range of a user's edges.
const EDGES: &str = "M#";
/// The range of a user's sessions, or of an application's, in the order in which they began.
pub(crate) const SESSIONS: &str = "S#";

/// The project at the end of an edge.
pub(crate) fn edge_to(sk: &str) -> Option<ProjectId> {
    sk.strip_prefix(EDGES)?.parse().ok()
}
/// The range of the past versions of a resource, the oldest first.
pub(crate) const VERSIONS: &str = "V#";

/// The sort key of a tombstone.
pub(crate) const GONE: &str = "GONE";

/// The sort key of a project's data key.
pub(crate) const SEAL: &str = "SEAL";
/// The range of a project's secrets and sites among its own rows, and of the key to them.
pub(crate) const SETTINGS: &str = "S";

/// The partition of a job and of what it was told.
pub(crate) fn job(id: JobId) -> String {
    format!("JOB#{id}")
}

/// The job in a partition's key.
pub(crate) fn job_of(pk: &str) -> Option<JobId> {
    pk.strip_prefix("JOB#")?.parse().ok()
}

/// The sort key of a job; the stream's filter knows it, too.
const JOB: &str = "JOB";
/// The range of what a job was told.
pub(crate) const ORDER: &str = "ORDER#";

/// The sort key of the end of a deleted project; the stream's filter knows it, too.
pub(crate) const LEAVING: &str = "LEAVING";

/// The partition of a project's own rows.
pub(crate) fn project(id: ProjectId) -> String {
    format!("P#{id}")
}

/// The partition of a project's invitations.
pub(crate) fn invitations(project: ProjectId) -> String {
    format!("P#{project}#I")
}

/// The partition that leads to the pasts of what was deleted before the record was purged.
pub(crate) fn graves(project: ProjectId) -> String {
    format!("P#{project}#G")
}

/// What lies in a grave.
pub(crate) fn buried_in(project: ProjectId, sk: &str) -> Option<Past> {
    let (kind, id) = sk.split_once('#')?;
    Some(Past {
        project,
        kind: kind.to_owned(),
        id: id.parse().ok()?,
    })
}

/// The project to which a partition belongs.
pub(crate) fn project_of(pk: &str) -> Option<ProjectId> {
    pk.strip_prefix("P#")?.split('#').next()?.parse().ok()
}

/// The partition in which it is counted for some minutes what a project's members and strangers try.
pub(crate) fn counts(project: ProjectId) -> String {
    format!("P#{project}#N")
}

/// The sixteen partitions of what was answered to a project's keys.
pub(crate) fn answers(project: ProjectId) -> [String; 16] {
    std::array::from_fn(|shard| format!("P#{project}#K#{shard:x}"))
}

/// In which of them an answer stands.
fn answer_shard(key: &Blind) -> usize {
    let sum = key.as_str().bytes().fold(0u8, u8::wrapping_add);
    usize::from(sum & 15)
}

/// The partition of an application's credentials and of its sessions.
pub(crate) fn client(id: ClientId) -> String {
    format!("CLIENT#{id}")
}

/// The request in a partition's key.
pub(crate) fn request_of(pk: &str) -> Option<RequestId> {
    pk.strip_prefix("REQUEST#")?.parse().ok()
}

/// Index partition of the requests of a project's own users, which strangers reach by id alone.
pub(crate) fn requests(project: ProjectId) -> String {
    format!("P#{project}#REQUEST")
}

/// The partition of a project's memberships.
pub(crate) fn members(project: ProjectId) -> String {
    format!("P#{project}#M")
}

/// The partition in which a project's members are counted.
pub(crate) fn counters(project: ProjectId) -> String {
    format!("P#{project}#C")
}

/// The range of the counters of one profile type.
pub(crate) fn counter_range(kind: ProfileType) -> String {
    format!("{kind}#")
}

/// The partition of a project's resources other than its memberships.
pub(crate) fn resources(project: ProjectId) -> String {
    format!("P#{project}#R")
}

/// The range of one type among a project's resources.
pub(crate) fn resource_range(kind: &str) -> String {
    format!("{kind}#")
}

/// The range of one profile type among a project's memberships.
pub(crate) fn member_range(kind: ProfileType) -> String {
    format!(
        "{}{kind}#",
        if kind.is_person() {
            HUMANS
        } else {
            APPLICATIONS
        }
    )
}

/// The range of the persons among a project's memberships.
pub(crate) const HUMANS: &str = "H#";
/// The range of the applications.
const APPLICATIONS: &str = "A#";

/// The profile type and id in a membership's sort key.
pub(crate) fn membership_of(project: ProjectId, sk: &str) -> Option<Key> {
    let (_, rest) = sk.split_once('#')?;
    let (kind, id) = rest.split_once('#')?;
    Some(Key::Membership(
        project,
        kind.parse().ok()?,
        id.parse().ok()?,
    ))
}

/// The partition of the profiles that have one e-mail address.
pub(crate) fn profiles_by_email(project: ProjectId, email: &Blind) -> String {
    format!("P#{project}#X#email#{}", email.as_str())
}

pub(crate) fn email_guard(scope: Scope, email: &Blind) -> String {
    match scope {
        Scope::Server => format!("UQ#server#{}", email.as_str()),
        Scope::Project(project) => format!("UQ#{project}#{}", email.as_str()),
    }
}

/// A day's audit events are spread over sixteen partitions by the last digit of their random part.
fn shard(id: Uuid) -> char {
    char::from_digit(u32::from(id.as_bytes()[15] & 15), 16).unwrap_or('0')
}

/// The sixteen partitions of a day's audit events.
pub(crate) fn audit_day(project: ProjectId, day: &str) -> [String; 16] {
    std::array::from_fn(|shard| format!("P#{project}#A#{day}#{shard:x}"))
}

/// Index partitions: `byUpdated` and `byName` keep one type of one project together.
pub(crate) fn of_type(project: ProjectId, kind: &str) -> String {
    format!("P#{project}#{kind}")
}

/// Index partitions of memberships: one for each type of profile, so that every list is made of whole partitions. The type is one
/// letter, because every byte of it stands in each row twice.
pub(crate) fn members_of_type(project: ProjectId, kind: ProfileType) -> String {
    let letter = match kind {
        ProfileType::Patient => 'P',
        ProfileType::Practitioner => 'D',
        ProfileType::RelatedPerson => 'R',
        ProfileType::ClientApplication => 'C',
        ProfileType::Bot => 'B',
    };
    format!("{}{letter}", members(project))
}

/// The row with an `id` that stands at these keys.
pub(crate) fn row_at(pk: &str, sk: &str) -> Option<Key> {
    if let Some(user) = pk.strip_prefix("U#") {
        return Some(Key::User(user.parse().ok()?));
    }
    let (project, rest) = match pk.strip_prefix("P#")?.split_once('#') {
        None => (pk.strip_prefix("P#")?.parse().ok()?, ""),
        Some((project, rest)) => (project.parse().ok()?, rest),
    };
    match rest {
        "" => Some(Key::Project(project)),
        "M" => membership_of(project, sk),
        _ => {
            let (kind, id) = sk.split_once('#')?;
            Some(Key::Resource(project, kind.to_owned(), id.parse().ok()?))
        }
    }
}

/// Index partition of a project's profile: the memberships that point to it.
pub(crate) fn of_profile(project: ProjectId, profile: ProfileRef) -> String {
    format!("P#{project}#{}", profile.id)
}

/// Index partition of what a project's resources of a type are about. No memberships stand there: they have no subject.
pub(crate) fn of_subject(project: ProjectId, kind: &str, subject: &str) -> String {
    format!("P#{project}#{kind}#{subject}")
}

/// Index partition of all projects, for super admins.
pub(crate) const ALL_PROJECTS: &str = "SYS#Project";

/// Index partition of all users with one address, in every scope, for super admins.
pub(crate) fn users_by_email(email: &Blind) -> String {
    format!("SYS#User#email#{}", email.as_str())
}

/// Index partition of the sites that have one application at Google, in whatever project: who signs in there brings no other name.
pub(crate) fn sites_of_google_client(client: &str) -> String {
    format!("SYS#Google#{client}")
}

/// The project of a site, and its place there, by its keys.
pub(crate) fn site_at(pk: &str, sk: &str) -> Option<(ProjectId, usize)> {
    let project = pk.strip_prefix("P#")?.parse().ok()?;
    Some((project, sk.strip_prefix("SITE#")?.parse().ok()?))
}

/// Index partition of a scope's users.
pub(crate) fn users_in(scope: Scope) -> String {
    match scope {
        Scope::Server => "SYS#User".into(),
        Scope::Project(project) => of_type(project, domain::USER),
    }
}

#[cfg(test)]
mod tests;
