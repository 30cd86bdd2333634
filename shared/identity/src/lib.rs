//! Tokens, passwords, keys and sealed values.
