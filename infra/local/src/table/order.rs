//! An index that the engine does without: its stream in the order of its sequence numbers.
//!
//! The engine finds the last sequence number of its stream before every write, and the next records at every poll, by looking at all
//! records there ever were. So every write is dearer than the one before it; after some ten thousand nothing else is felt. The index changes no answer.

use dynoxide::Database;
use rusqlite::Connection;

/// The terms are those of the engine's own statements, or SQLite would not see that they are the same.
const INDEX: &str = "CREATE INDEX IF NOT EXISTS stream_order ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// Puts the index into the database in this file.
pub(super) fn in_file(path: &str) -> Result<(), String> {
    let connection = Connection::open(path).map_err(|error| error.to_string())?;
    let made = connection.execute_batch(INDEX);
    made.map_err(|error| error.to_string())
}

/// A database in memory that has the index from the start: a copy of an empty one whose file was given it.
pub(super) fn in_memory() -> Result<Database, String> {
    let database = Database::memory().map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("empty.sqlite");
    let file = file.to_string_lossy();
    database
        .vacuum_into(&file)
        .map_err(|error| error.to_string())?;
    in_file(&file)?;
    database
        .restore_from(&file)
        .map_err(|error| error.to_string())?;
    Ok(database)
}
