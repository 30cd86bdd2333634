//! The HTTP edge: routes, calls, credentials, problems, replies.
