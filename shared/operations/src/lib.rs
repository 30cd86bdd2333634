//! One module per use case; no HTTP words.
