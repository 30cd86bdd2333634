//! Letters (pure) and the SES sender.
