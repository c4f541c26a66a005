//! A process that does not outlive the one that started it, however that dies.
//!
//! A shell stands between the two and reads from a pipe. When the pipe is closed, by us or by our death, it asks the
//! process to end. Nothing here knows what the process is.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Runs its arguments, and ends them when its input does. Its exit code is theirs.
const SCRIPT: &str = r#"
exec 3<&0
"$@" 3<&- &
program=$!
(read -r _; kill "$program") <&3 2>/dev/null &
reader=$!
exec 3<&-
wait "$program"
code=$?
kill "$reader" 2>/dev/null
exit "$code"
"#;
/// How often the end is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A running process, or one that has ended.
#[derive(Debug)]
pub(crate) struct Leash {
    shell: Child,
}

impl Leash {
    /// Starts `program`; what it says goes to `log`. In a process group of its own: a Ctrl-C is for
    /// whoever holds the leash.
    pub(crate) fn start(program: &Path, args: &[String], log: File) -> io::Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "leash"])
            .arg(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        Ok(Leash { shell })
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.shell.try_wait()
    }

    /// Asks it to end and waits; `None` if it has not within `limit`. Blocks.
    pub(crate) fn end(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        drop(self.shell.stdin.take());
        let deadline = Instant::now() + limit;
        loop {
            match self.ended()? {
                Some(status) => return Ok(Some(status)),
                None if Instant::now() >= deadline => return Ok(None),
                None => std::thread::sleep(LOOK_EVERY),
            }
        }
    }
}
