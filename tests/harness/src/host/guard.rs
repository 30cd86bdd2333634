//! Nothing outlives the test process. A small shell holds the end of a pipe whose other end only this process holds:
//! when the process goes, in whatever way, the shell reads the end of the pipe and kills and removes what is left.

use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Reads lines of `+ pid`, `- pid` and `/ folder`; an interrupt from the terminal must not end it before its work.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
alive=" "; nl='
'; folders=""
while IFS=' ' read -r sign what; do
  case $sign in
    +) alive="$alive$what ";;
    -) case $alive in *" $what "*) alive="${alive%% "$what" *} ${alive#* "$what" }";; esac;;
    /) folders="$folders$what$nl";;
  esac
done
for pid in $alive; do kill -9 "$pid" 2>/dev/null; done
IFS="$nl"; for folder in $folders; do rm -rf "$folder"; done
"#;

static SHELL: LazyLock<Option<Mutex<ChildStdin>>> = LazyLock::new(|| {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    shell.spawn().ok()?.stdin.map(Mutex::new)
});

/// Has this process killed when ours ends.
pub(crate) fn watch(pid: u32) {
    tell(&format!("+ {pid}\n"));
}

/// The process has ended; its number may soon be another's.
pub(crate) fn release(pid: u32) {
    tell(&format!("- {pid}\n"));
}

/// Has this folder removed when our process ends.
pub(crate) fn remove_at_end(folder: &Path) {
    tell(&format!("/ {}\n", folder.display()));
}

fn tell(line: &str) {
    if let Some(shell) = &*SHELL {
        // Without a shell there is no guard; the functions then still end by themselves, when the Runtime API is gone.
        let _told = shell
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(line.as_bytes());
    }
}
