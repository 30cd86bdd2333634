use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Advice;

/// The key file of a data folder, made at its first use and never replaced while there are rows.
pub(super) fn in_folder(data: &Path) -> Result<PathBuf, Advice> {
    let file = data.join("master.key");
    if file.is_file() {
        return Ok(file);
    }
    if data.join("table.sqlite").is_file() {
        return Err(Advice::new(format!(
            "Put master.key back or remove {}: the keys in its table cannot be opened without.",
            data.display()
        )));
    }
    write_key_file(&file)?;
    Ok(file)
}

/// Writes a fresh key of 32 random bytes, as one line of base64 that only its owner can read (0600).
///
/// # Errors
/// The file exists already or cannot be written.
pub fn write_key_file(file: &Path) -> Result<(), Advice> {
    let write = || {
        let mut key = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut key)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)?;
        writeln!(file, "{}", STANDARD.encode(key))
    };
    write().map_err(|error: std::io::Error| {
        Advice::new(format!(
            "The key file {} cannot be written: {error}.",
            file.display()
        ))
    })
}
