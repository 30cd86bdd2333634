//! The local cloud: embedded DynamoDB, SES mailbox, cargo lambda watch.
