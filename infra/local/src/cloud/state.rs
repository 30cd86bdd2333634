use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use super::bootstrap::{ADMIN_EMAIL, ADMIN_PASSWORD, CLIENT_ID, CLIENT_SECRET};
use crate::{Advice, Endpoints};

const FILE: &str = "state.json";

/// What `state.json` in the data folder says while the cloud runs: for scripts, tests and people.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The API's base URL, as all of these without a trailing slash.
    pub api: String,
    /// The mailbox's URL.
    pub mailbox: String,
    /// The DynamoDB API's URL.
    pub table: String,
    /// The first super admin.
    pub admin_email: String,
    /// His password.
    pub admin_password: String,
    /// The first client application, with the same rights.
    pub admin_client_id: String,
    /// Its secret.
    pub admin_client_secret: String,
    /// The process that runs all this.
    pub pid: u32,
}

impl State {
    pub(super) fn of(endpoints: &Endpoints) -> Self {
        Self {
            api: endpoints.api.clone(),
            mailbox: endpoints.mailbox.clone(),
            table: endpoints.table.clone(),
            admin_email: ADMIN_EMAIL.into(),
            admin_password: ADMIN_PASSWORD.into(),
            admin_client_id: CLIENT_ID.into(),
            admin_client_secret: CLIENT_SECRET.into(),
            pid: std::process::id(),
        }
    }

    /// Written whole or not at all, readable for its owner only.
    pub(super) fn write(&self, data: &Path) -> Result<(), Advice> {
        let write = || {
            let draft = data.join("state.json.new");
            let _ = std::fs::remove_file(&draft);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&draft)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            std::fs::rename(&draft, data.join(FILE))
        };
        write().map_err(|error: std::io::Error| unwritable(data, &error))
    }
}

/// Makes the data folder this process's own, until the returned file is closed.
///
/// The lock is what counts. The process named in `state.json` counts too, for who shares a folder between machines or
/// containers where locks do not reach.
pub(super) fn claim(data: &Path) -> Result<File, Advice> {
    std::fs::create_dir_all(data).map_err(|error| unwritable(data, &error))?;
    let lock = File::create(data.join("lock")).map_err(|error| unwritable(data, &error))?;
    let locked = lock.try_lock().is_ok();
    let running = match std::fs::read(data.join(FILE)) {
        Ok(text) => Some(serde_json::from_slice::<State>(&text).map_err(|_| unreadable(data))?),
        Err(_) => None,
    };
    match running {
        Some(state) if !locked || lives(state.pid) => Err(Advice::new(format!(
            "Stop the local cloud that runs as process {} first, or name another folder with --data.",
            state.pid
        ))),
        None if !locked => Err(Advice::new(format!(
            "Wait for the local cloud that is starting in {}, or name another folder with --data.",
            data.display()
        ))),
        _ => Ok(lock),
    }
}

/// Takes the file away when it is no longer true.
pub(super) fn remove(data: &Path) {
    let _ = std::fs::remove_file(data.join(FILE));
}

/// Whether another process has this id. Our own, in a file left by a killed run, is a coincidence that containers make likely.
fn lives(pid: u32) -> bool {
    if pid == std::process::id() {
        return false;
    }
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // A process that we may not signal lives all the same.
    pid.is_some_and(|pid| {
        test_kill_process(pid).map_or_else(|error| error == rustix::io::Errno::PERM, |()| true)
    })
}

fn unreadable(data: &Path) -> Advice {
    Advice::new(format!(
        "Remove {}: it is damaged.",
        data.join(FILE).display()
    ))
}

fn unwritable(data: &Path, error: &std::io::Error) -> Advice {
    Advice::new(format!(
        "Make the data folder {} writable, or name another with --data: {error}.",
        data.display()
    ))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn state(pid: u32) -> State {
        let endpoints = Endpoints {
            api: "http://a".into(),
            table: "http://t".into(),
            mailbox: "http://m".into(),
            key_file: "k".into(),
        };
        State {
            pid,
            ..State::of(&endpoints)
        }
    }

    #[test]
    fn a_second_instance_is_refused_while_the_first_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = claim(folder.path()).unwrap();
        assert!(
            claim(folder.path())
                .unwrap_err()
                .to_string()
                .contains("is starting")
        );
        state(std::process::id()).write(folder.path()).unwrap();
        let refused = claim(folder.path()).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("process {}", std::process::id())),
            "{refused}"
        );
        drop(first);
        remove(folder.path());
        claim(folder.path()).unwrap();
    }

    #[test]
    fn the_process_named_in_the_state_counts_even_without_a_lock_and_a_dead_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        state(std::os::unix::process::parent_id())
            .write(folder.path())
            .unwrap();
        assert!(claim(folder.path()).is_err());
        state(i32::MAX.unsigned_abs()).write(folder.path()).unwrap();
        assert!(claim(folder.path()).is_ok());
    }

    #[test]
    fn the_state_has_the_eight_documented_keys_and_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        state(7).write(folder.path()).unwrap();
        let file = folder.path().join(FILE);
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let written: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let keys: Vec<&str> = written
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let documented = [
            "api",
            "mailbox",
            "table",
            "adminEmail",
            "adminPassword",
            "adminClientId",
            "adminClientSecret",
            "pid",
        ];
        assert_eq!(keys, documented);
    }

    #[test]
    fn a_damaged_state_file_is_named_with_its_cure() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(
            claim(folder.path())
                .unwrap_err()
                .to_string()
                .starts_with("Remove ")
        );
    }
}
