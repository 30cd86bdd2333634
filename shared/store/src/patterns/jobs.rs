//! What jobs do to the table, and the functions that begin them.

use super::DynamoAction::{
    BatchGetItem, BatchWriteItem, ConditionCheckItem, DeleteItem, PutItem, Query, UpdateItem,
};
use super::Pattern;

/// What an expunge looks at.
pub(super) const LOOK_TO_EXPUNGE: Pattern = Pattern {
    name: "look at what is to be deleted for good: resource, tombstone, member, user with his edges and sessions, project",
    functions: &["expunge"],
    actions: &[BatchGetItem, Query],
    keys: &["P#*", "U#*", "UQ#*", "LOGIN#*", "CLIENT#*", "JOB#*"],
    index: None,
};

/// What an expunge writes.
pub(super) const EXPUNGE: Pattern = Pattern {
    name: "delete for good: resource, guards, credentials, then the past; or close a project and begin a job; event",
    functions: &["expunge"],
    actions: &[PutItem, UpdateItem, DeleteItem, BatchWriteItem],
    keys: &[
        "P#*",
        "U#*",
        "UQ#*",
        "LOGIN#*",
        "CLIENT#*",
        "REQUEST#*",
        "JOB#*",
    ],
    index: None,
};

/// The beginning of a copy.
pub(super) const CLONE: Pattern = Pattern {
    name: "begin a copy: look at the project and its size; a project that nobody reaches, job, event",
    functions: &["clone-project"],
    actions: &[BatchGetItem, Query, PutItem],
    keys: &["P#*", "JOB#*"],
    index: None,
};

/// Questions about a job.
pub(super) const ASK: Pattern = Pattern {
    name: "ask how a job goes, hand it out again, cancel it",
    functions: &["job-status"],
    actions: &[BatchGetItem, UpdateItem, PutItem],
    keys: &["JOB#*", "P#*"],
    index: None,
};

/// Invitations for a job.
pub(super) const HAND_OVER: Pattern = Pattern {
    name: "hand many invitations to a job",
    functions: &["invite-batch"],
    actions: &[PutItem],
    keys: &["JOB#*"],
    index: None,
};

/// Work for the whole server.
pub(super) const MAINTAIN: Pattern = Pattern {
    name: "begin a task of maintenance, and see whether it is done; event",
    functions: &["maintain"],
    actions: &[BatchGetItem, PutItem],
    keys: &["JOB#*", "P#*"],
    index: None,
};

/// All that there is, for such work.
pub(super) const EVERYTHING: Pattern = Pattern {
    name: "find all projects and the users above them, for maintenance",
    functions: &["run-job"],
    actions: &[Query],
    keys: &["SYS#*"],
    index: Some("byUpdated"),
};

/// A job's own row.
pub(super) const RUN: Pattern = Pattern {
    name: "run a job: take it, write down how far it has come, end it",
    functions: &["run-job"],
    actions: &[BatchGetItem, Query, UpdateItem, DeleteItem],
    keys: &["JOB#*"],
    index: None,
};

/// The projects that jobs empty and fill.
pub(super) const EMPTY_OR_FILL: Pattern = Pattern {
    name: "empty a project, or fill its copy: everything it has, and what belongs to its users and applications",
    functions: &["run-job"],
    actions: &[
        BatchGetItem,
        Query,
        PutItem,
        UpdateItem,
        DeleteItem,
        ConditionCheckItem,
        BatchWriteItem,
    ],
    keys: &["P#*", "U#*", "UQ#*", "LOGIN#*", "CLIENT#*", "REQUEST#*"],
    index: None,
};

/// The users of such a project.
pub(super) const OWN_USERS: Pattern = Pattern {
    name: "find the users who exist within a project only, and their requests",
    functions: &["run-job"],
    actions: &[Query],
    keys: &["P#*"],
    index: Some("byUpdated"),
};

/// Deleted projects whose time is over.
pub(super) const DEPART: Pattern = Pattern {
    name: "begin the end of a deleted project whose time is over: project, job, event",
    functions: &["run-job"],
    actions: &[BatchGetItem, Query, PutItem, UpdateItem, DeleteItem],
    keys: &["P#*", "JOB#*"],
    index: None,
};

/// The members of a profile.
pub(super) const PROFILES: Pattern = Pattern {
    name: "find the memberships of a profile that is copied",
    functions: &["run-job"],
    actions: &[Query],
    keys: &["P#*"],
    index: Some("byProfile"),
};
