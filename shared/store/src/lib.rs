//! The single table: keys, access patterns, rows, transactions.
