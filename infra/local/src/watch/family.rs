//! Processes that start, restart and end together.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Advice;

/// Between an exit and the next start; doubled at each exit up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A process that lived so long starts again without having to wait longer than the first time.
const HEALTHY: Duration = Duration::from_secs(20);
/// What a process gets between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// A process group of its own, so that Ctrl-C at the terminal reaches us first and nothing can be left over.
///
/// Its leader is a shell that reads from a pipe of ours: whatever ends us, SIGKILL included, ends the pipe, and then the
/// shell kills the group.
pub(super) struct Family {
    leader: Child,
    stopping: watch::Sender<bool>,
    members: JoinSet<()>,
    complaint: Arc<Mutex<Option<Advice>>>,
}

impl Family {
    pub(super) fn found() -> Result<Self, Advice> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "read -r _; kill -KILL 0"])
            .stdin(Stdio::piped())
            .process_group(0);
        let leader = shell
            .spawn()
            .map_err(|error| Advice::new(format!("No process can be started: {error}.")))?;
        let (stopping, _) = watch::channel(false);
        Ok(Self {
            leader,
            stopping,
            members: JoinSet::new(),
            complaint: Arc::default(),
        })
    }

    /// Starts a process, and again whenever it exits, until the family ends.
    pub(super) fn keep(&mut self, name: &str, command: impl Fn() -> Command + Send + 'static) {
        let member = Member {
            name: name.into(),
            group: self.group(),
            complaint: Arc::clone(&self.complaint),
        };
        self.members
            .spawn(member.live(command, self.stopping.subscribe()));
    }

    /// Makes a process that is started elsewhere end with the family.
    pub(super) fn adopt(&self, command: &mut Command) {
        command
            .stdin(Stdio::null())
            .process_group(self.group())
            .kill_on_drop(true);
    }

    fn group(&self) -> i32 {
        // A leader without an id has ended already; a member then leads its own group and still dies when it is dropped.
        self.leader
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .unwrap_or(0)
    }

    /// What a member said that only the person at the keyboard can cure.
    pub(super) fn complaint(&self) -> Option<Advice> {
        self.complaint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// SIGTERM to each process by its own id, then SIGKILL to what is left of the group.
    pub(super) async fn end(mut self) {
        let _ = self.stopping.send(true);
        while self.members.join_next().await.is_some() {}
        drop(self.leader.stdin.take());
        let _ = self.leader.wait().await;
    }
}

struct Member {
    name: String,
    group: i32,
    complaint: Arc<Mutex<Option<Advice>>>,
}

impl Member {
    async fn live(self, command: impl Fn() -> Command, mut stopping: watch::Receiver<bool>) {
        let mut pause = PAUSE;
        while !*stopping.borrow_and_update() {
            let born = Instant::now();
            let Some(said) = self.once(command(), &mut stopping).await else {
                return;
            };
            if born.elapsed() > HEALTHY {
                pause = PAUSE;
            }
            eprintln!("{} stopped ({said}) and is started again.", self.name);
            // Either the pause is over or the family ends, which the loop looks at.
            let _ = tokio::time::timeout(pause, stopping.changed()).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One life of the process; `None` when the family ended it.
    async fn once(
        &self,
        mut command: Command,
        stopping: &mut watch::Receiver<bool>,
    ) -> Option<String> {
        command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(self.group)
            .kill_on_drop(true);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Some(error.to_string()),
        };
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(relay(stderr, Arc::clone(&self.complaint)));
        }
        tokio::select! {
            ended = child.wait() => return Some(ended.map_or_else(|error| error.to_string(), |status| status.to_string())),
            _ = stopping.changed() => {}
        }
        terminate(child).await;
        None
    }
}

/// SIGTERM, and SIGKILL for who does not listen.
async fn terminate(mut child: Child) {
    let pid = child
        .id()
        .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(pid) = pid {
        let _ = kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

/// Shows what a process says, and notes what means that the machine's limits are too low for it.
async fn relay(stderr: impl AsyncRead + Unpin, complaint: Arc<Mutex<Option<Advice>>>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(advice) = limit(&line) {
            *complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(advice);
        }
        eprintln!("{line}");
    }
}

fn limit(line: &str) -> Option<Advice> {
    let limit = match line {
        _ if line.contains("inotify") || line.contains("os error 28") => {
            "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512"
        }
        _ if line.contains("os error 24") => "ulimit -n 8192",
        _ => return None,
    };
    Some(Advice::new(format!(
        "Raise the limit that cargo lambda watch has reached, with: {limit}."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exhausted_limit_is_advice_and_an_ordinary_line_is_not() {
        let advice = limit("Error: inotify watch limit reached").map(|advice| advice.to_string());
        assert!(advice.is_some_and(|advice| advice.contains("max_user_watches")));
        assert!(limit("too many files (os error 24)").is_some());
        assert!(limit("INFO starting Runtime server").is_none());
    }
}
