//! What each function does to the table. The list feeds `infra/access-patterns.md` and the IAM actions in the template; a test
//! holds both against it.

mod functions;
mod invitations;
mod jobs;
mod search;

/// A DynamoDB action, as IAM names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DynamoAction {
    /// `dynamodb:BatchGetItem`.
    BatchGetItem,
    /// `dynamodb:Query`.
    Query,
    /// `dynamodb:PutItem`, alone or in a transaction.
    PutItem,
    /// `dynamodb:UpdateItem`, alone or in a transaction.
    UpdateItem,
    /// `dynamodb:DeleteItem`, in a transaction.
    DeleteItem,
    /// `dynamodb:ConditionCheckItem`, in a transaction.
    ConditionCheckItem,
    /// `dynamodb:BatchWriteItem`, for what is deleted for good.
    BatchWriteItem,
}

impl DynamoAction {
    /// The name in an IAM policy.
    pub fn iam(self) -> &'static str {
        match self {
            Self::BatchGetItem => "dynamodb:BatchGetItem",
            Self::Query => "dynamodb:Query",
            Self::PutItem => "dynamodb:PutItem",
            Self::UpdateItem => "dynamodb:UpdateItem",
            Self::DeleteItem => "dynamodb:DeleteItem",
            Self::ConditionCheckItem => "dynamodb:ConditionCheckItem",
            Self::BatchWriteItem => "dynamodb:BatchWriteItem",
        }
    }
}

/// One way in which functions use the table.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// What is done, in words.
    pub name: &'static str,
    /// The functions that do it.
    pub functions: &'static [&'static str],
    /// The actions it takes.
    pub actions: &'static [DynamoAction],
    /// The families of keys it touches, as IAM `dynamodb:LeadingKeys` patterns.
    pub keys: &'static [&'static str],
    /// The index it reads, if any.
    pub index: Option<&'static str>,
}

use DynamoAction::{BatchGetItem, ConditionCheckItem, DeleteItem, PutItem, Query, UpdateItem};
use functions::{ADMITTING, AUTHENTICATED, KEYED};

/// Every way in which the product uses its table.
pub const ACCESS_PATTERNS: &[Pattern] = &[
    Pattern {
        name: "read the system's keys, once per cold start",
        functions: KEYED,
        actions: &[BatchGetItem],
        keys: &["SYS"],
        index: None,
    },
    Pattern {
        name: "weigh a caller: membership, session, user or application, project",
        functions: ADMITTING,
        actions: &[BatchGetItem],
        keys: &["P#*", "U#*", "LOGIN#*", "CLIENT#*"],
        index: None,
    },
    Pattern {
        name: "find the member in whose place a caller acts, by his profile",
        functions: ADMITTING,
        actions: &[Query],
        keys: &["P#*"],
        index: Some("byProfile"),
    },
    Pattern {
        name: "record a refusal",
        functions: AUTHENTICATED,
        actions: &[PutItem],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "count the calls of an address",
        functions: &[
            "authorize",
            "external-login",
            "login",
            "me",
            "recover-account",
            "register",
            "token",
            "token-info",
        ],
        actions: &[UpdateItem],
        keys: &["RATE#*"],
        index: None,
    },
    Pattern {
        name: "check an application's secret, or what a code or a refresh token names",
        functions: &["token"],
        actions: &[BatchGetItem],
        keys: &["CLIENT#*", "LOGIN#*", "P#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "begin, grant, prolong or end a session; the end of a stolen one is an event",
        functions: &["token"],
        actions: &[PutItem, UpdateItem],
        keys: &["CLIENT#*", "LOGIN#*", "P#*"],
        index: None,
    },
    Pattern {
        name: "remember an application's assertion until it counts no more",
        functions: &["token"],
        actions: &[PutItem],
        keys: &["CLIENT#*"],
        index: None,
    },
    Pattern {
        name: "find the provider of a domain",
        functions: &["external-login", "login", "recover-account"],
        actions: &[BatchGetItem],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "find the projects whose sites have an application at Google",
        functions: &["external-login", "login"],
        actions: &[Query],
        keys: &["SYS#*"],
        index: Some("byName"),
    },
    Pattern {
        name: "look at whom a provider names: application, domain, external id, address, user, edges, memberships",
        functions: &["external-login", "token"],
        actions: &[BatchGetItem, Query],
        keys: &["CLIENT#*", "P#*", "U#*", "UQ#*"],
        index: None,
    },
    Pattern {
        name: "sign in whom a provider names: session, its place in the user's list, proof of the address, event",
        functions: &["external-login", "token"],
        actions: &[PutItem, UpdateItem, DeleteItem],
        keys: &["LOGIN#*", "P#*", "U#*", "UQ#*"],
        index: None,
    },
    Pattern {
        name: "register whom Google names: user, address, event; his picture in his profile",
        functions: &["external-login"],
        actions: &[PutItem, UpdateItem],
        keys: &["P#*", "U#*", "UQ#*"],
        index: None,
    },
    Pattern {
        name: "look at who signs in: application, address, attempts, user, password, edges, memberships, session",
        functions: &["login"],
        actions: &[BatchGetItem, Query],
        keys: &["CLIENT#*", "LOGIN#*", "P#*", "TRY#*", "U#*", "UQ#*"],
        index: None,
    },
    Pattern {
        name: "sign in, or be refused: session, its place in the user's list, attempts, event",
        functions: &["login"],
        actions: &[PutItem, UpdateItem],
        keys: &["LOGIN#*", "P#*", "TRY#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "look at an application, and at a session through it: login, membership, user, project",
        functions: &["authorize"],
        actions: &[BatchGetItem],
        keys: &["CLIENT#*", "LOGIN#*", "P#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "continue a session for an application: session, its place in the user's list, event",
        functions: &["authorize"],
        actions: &[PutItem],
        keys: &["LOGIN#*", "P#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "create a project",
        functions: &["create-project", "fhir-batch"],
        actions: &[BatchGetItem, PutItem, ConditionCheckItem],
        keys: &["P#*", "U#*", "UQ#*", "CLIENT#*", "REQUEST#*"],
        index: None,
    },
    Pattern {
        name: "look at what an invitation meets: address, profile, policies, earlier answer",
        functions: &["invite", "invite-batch", "scim"],
        actions: &[BatchGetItem, Query],
        keys: &["P#*", "U#*", "UQ#*"],
        index: None,
    },
    Pattern {
        name: "invite: user, address, edge, profile, membership, invitation, event",
        functions: &["invite", "invite-batch", "scim"],
        actions: &[PutItem, UpdateItem, ConditionCheckItem, DeleteItem],
        keys: &["P#*", "U#*", "UQ#*", "REQUEST#*"],
        index: None,
    },
    search::MEMBERS,
    search::RESOURCES,
    search::BY_NAME,
    search::BY_CHANGE,
    search::ALONG,
    search::MEMBERS_BY_ADDRESS,
    search::MEMBERS_BY_PROFILE,
    search::MEMBERS_BY_NAME,
    search::MEMBERS_BY_CHANGE,
    Pattern {
        name: "find a row by id, for super admins",
        functions: &[
            "expunge",
            "fhir-batch",
            "fhir-graphql",
            "fhir-read",
            "fhir-write",
            "list-members",
            "rotate-client-secret",
        ],
        actions: &[Query],
        keys: &["*"],
        index: Some("byId"),
    },
    Pattern {
        name: "read a membership wherever its profile type has put it",
        functions: &[
            "fhir-batch",
            "fhir-graphql",
            "fhir-read",
            "fhir-write",
            "get-membership",
            "remove-member",
            "scim",
            "update-membership",
        ],
        actions: &[BatchGetItem],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "update a membership: row, past version, guards, profile counts, event",
        functions: &["fhir-batch", "fhir-write", "scim", "update-membership"],
        actions: &[BatchGetItem, PutItem, UpdateItem, DeleteItem],
        keys: &["P#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "remove a membership: row, past version, tombstone, edge, guards, profile count, invitation, event",
        functions: &["fhir-batch", "fhir-write", "remove-member", "scim"],
        actions: &[PutItem, UpdateItem, DeleteItem],
        keys: &["P#*", "U#*", "REQUEST#*"],
        index: None,
    },
    Pattern {
        name: "create an application: resource, credentials, membership, event",
        functions: &["create-client"],
        actions: &[BatchGetItem, PutItem],
        keys: &["P#*", "CLIENT#*"],
        index: None,
    },
    Pattern {
        name: "rotate an application's secret: resource, past version, credentials, event",
        functions: &["rotate-client-secret"],
        actions: &[BatchGetItem, PutItem, UpdateItem],
        keys: &["P#*", "CLIENT#*"],
        index: None,
    },
    Pattern {
        name: "read a resource or an audit event",
        functions: &["fhir-batch", "fhir-graphql", "fhir-read"],
        actions: &[BatchGetItem],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "create a resource",
        functions: &["fhir-batch", "fhir-write"],
        actions: &[BatchGetItem, PutItem],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "read the versions of a resource",
        functions: &["fhir-batch", "fhir-read"],
        actions: &[BatchGetItem, Query],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "change, delete or bring back a resource, a project or a user: row, past version, tombstone, index, credentials, event",
        functions: &["fhir-batch", "fhir-write"],
        actions: &[BatchGetItem, Query, PutItem, UpdateItem, DeleteItem],
        keys: &["CLIENT#*", "P#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "follow a change of name: profile, user or project, and the memberships that show it",
        functions: &["follow-names"],
        actions: &[BatchGetItem, Query, UpdateItem],
        keys: &["P#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "find the memberships that show a profile's name",
        functions: &["follow-names"],
        actions: &[Query],
        keys: &["P#*"],
        index: Some("byProfile"),
    },
    Pattern {
        name: "who am I: profile, memberships, sessions",
        functions: &["me"],
        actions: &[BatchGetItem, Query],
        keys: &["CLIENT#*", "LOGIN#*", "P#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "take a member's second factor away: membership, user, factor, event",
        functions: &["reset-second-factor"],
        actions: &[BatchGetItem, PutItem, UpdateItem, DeleteItem],
        keys: &["P#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "end a session of one's own: session, event",
        functions: &["me", "token-info"],
        actions: &[PutItem, UpdateItem],
        keys: &["CLIENT#*", "LOGIN#*", "P#*"],
        index: None,
    },
    Pattern {
        name: "look at a token's session, a profile, an application",
        functions: &["token-info"],
        actions: &[BatchGetItem],
        keys: &["CLIENT#*", "LOGIN#*", "P#*", "U#*"],
        index: None,
    },
    Pattern {
        name: "count members that came or went: marks and counters",
        functions: &["count-members"],
        actions: &[BatchGetItem, PutItem, UpdateItem],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "deliver a letter: begin, end, try again",
        functions: &["deliver-mail"],
        actions: &[UpdateItem],
        keys: &["REQUEST#*"],
        index: None,
    },
    Pattern {
        name: "create a bot: resource, membership, event",
        functions: &["create-bot"],
        actions: &[BatchGetItem, PutItem],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "read a project with its secrets and sites; a reveal is an event",
        functions: &["get-project"],
        actions: &[BatchGetItem, Query, PutItem],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "replace a project's secrets or sites: project, past version, settings, event",
        functions: &["update-project-settings"],
        actions: &[BatchGetItem, Query, PutItem, DeleteItem],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "set a password: guard, credential, epoch, event",
        functions: &["set-member-password"],
        actions: &[BatchGetItem, PutItem, UpdateItem],
        keys: &["P#*", "U#*", "UQ#*"],
        index: None,
    },
    Pattern {
        name: "look at a link, a user and his password, and who holds an address",
        functions: &["recover-account"],
        actions: &[BatchGetItem],
        keys: &["REQUEST#*", "U#*", "UQ#*", "P#*"],
        index: None,
    },
    Pattern {
        name: "set one's password, prove one's address: link, credential, user, guard, session, event",
        functions: &["recover-account"],
        actions: &[PutItem, UpdateItem],
        keys: &["REQUEST#*", "U#*", "UQ#*", "LOGIN#*", "P#*"],
        index: None,
    },
    Pattern {
        name: "ask for a link, or seem to: count, guard, request, event",
        functions: &["recover-account"],
        actions: &[PutItem, UpdateItem, DeleteItem, ConditionCheckItem],
        keys: &["REQUEST#*", "UQ#*", "P#*"],
        index: None,
    },
    Pattern {
        name: "look at whom a newcomer meets: address, application, login, user, project",
        functions: &["register"],
        actions: &[BatchGetItem],
        keys: &["CLIENT#*", "LOGIN#*", "P#*", "U#*", "UQ#*"],
        index: None,
    },
    Pattern {
        name: "read a project's sites, where somebody has to be a person",
        functions: &["recover-account", "register"],
        actions: &[BatchGetItem, Query],
        keys: &["P#*"],
        index: None,
    },
    Pattern {
        name: "register: user, address, password, login; then project or patient, membership, event",
        functions: &["register"],
        actions: &[PutItem, UpdateItem, ConditionCheckItem],
        keys: &["CLIENT#*", "LOGIN#*", "P#*", "U#*", "UQ#*"],
        index: None,
    },
    Pattern {
        name: "change an address: user, guards, profiles and their index, letters, event",
        functions: &["update-user-email"],
        actions: &[BatchGetItem, PutItem, UpdateItem, DeleteItem],
        keys: &["P#*", "U#*", "UQ#*", "REQUEST#*"],
        index: None,
    },
    invitations::LIST,
    invitations::RESEND,
    invitations::REVOKE,
    Pattern {
        name: "explain access: member, user, policies, resource",
        functions: &["explain-access"],
        actions: &[BatchGetItem],
        keys: &["P#*", "U#*"],
        index: None,
    },
    jobs::LOOK_TO_EXPUNGE,
    jobs::EXPUNGE,
    jobs::CLONE,
    jobs::ASK,
    jobs::HAND_OVER,
    jobs::MAINTAIN,
    jobs::RUN,
    jobs::EMPTY_OR_FILL,
    jobs::OWN_USERS,
    jobs::PROFILES,
    jobs::EVERYTHING,
    jobs::DEPART,
];
