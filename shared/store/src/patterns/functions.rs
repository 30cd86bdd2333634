//! Functions that use the table in the same way, whatever else they do with it.

/// Functions that answer authenticated callers.
pub(super) const AUTHENTICATED: &[&str] = &[
    "clone-project",
    "create-bot",
    "create-client",
    "create-project",
    "explain-access",
    "expunge",
    "fhir-batch",
    "fhir-graphql",
    "fhir-metadata",
    "fhir-read",
    "fhir-search",
    "fhir-write",
    "get-membership",
    "get-project",
    "invite",
    "invite-batch",
    "job-status",
    "list-invitations",
    "list-members",
    "login",
    "maintain",
    "me",
    "recover-account",
    "remove-member",
    "resend-invitation",
    "reset-second-factor",
    "revoke-invitation",
    "rotate-client-secret",
    "scim",
    "set-member-password",
    "token-info",
    "update-membership",
    "update-project-settings",
    "update-user-email",
];

const NOBODY_ELSE: &[&str] = &["not-found"];

/// Functions that want to know who is asking: those, and the one that tells strangers nothing of what does not exist.
pub(super) const ADMITTING: &[&str] =
    &joined::<{ AUTHENTICATED.len() + NOBODY_ELSE.len() }>(AUTHENTICATED, NOBODY_ELSE);

/// Functions that answer strangers, or no caller at all.
const OTHERS: &[&str] = &[
    "authorize",
    "count-members",
    "deliver-mail",
    "discovery",
    "external-login",
    "follow-names",
    "register",
    "run-job",
    "token",
];

/// Functions that need the system's keys: all, since none starts without them.
pub(super) const KEYED: &[&str] = &joined::<{ ADMITTING.len() + OTHERS.len() }>(ADMITTING, OTHERS);

/// Two lists as one of `N`, which is as many as both have.
const fn joined<const N: usize>(some: &[&'static str], more: &[&'static str]) -> [&'static str; N] {
    let mut all = [""; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < some.len() {
            some[at]
        } else {
            more[at - some.len()]
        };
        at += 1;
    }
    all
}
