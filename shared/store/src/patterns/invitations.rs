//! What becomes of invitations once they are made.

use super::DynamoAction::{BatchGetItem, DeleteItem, PutItem, Query, UpdateItem};
use super::Pattern;

/// The invitations of a project.
pub(super) const LIST: Pattern = Pattern {
    name: "list a project's invitations with their users",
    functions: &["list-invitations"],
    actions: &[Query, BatchGetItem],
    keys: &["P#*", "REQUEST#*", "U#*"],
    index: None,
};

/// An invitation that goes out again.
pub(super) const RESEND: Pattern = Pattern {
    name: "send an invitation again: member, invitation, user, event",
    functions: &["resend-invitation"],
    actions: &[BatchGetItem, PutItem, UpdateItem],
    keys: &["P#*", "REQUEST#*", "U#*"],
    index: None,
};

/// An invitation that is taken back.
pub(super) const REVOKE: Pattern = Pattern {
    name: "take an invitation back, alone or with its membership",
    functions: &["revoke-invitation"],
    actions: &[BatchGetItem, PutItem, UpdateItem, DeleteItem],
    keys: &["P#*", "REQUEST#*", "U#*"],
    index: None,
};
