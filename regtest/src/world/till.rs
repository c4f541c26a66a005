//! The till's process: initialise, start, stop, kill, and what it last said.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::sync::Mutex;

use super::child::PARENT_VARIABLE;
use super::{TillClient, TilldCommand, WorldError};
use crate::wait::{self, TimedOut, Wait};

/// How long `tilld init` may take.
const INIT_LIMIT: Duration = Duration::from_secs(60);
/// How long a start may take.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How long one of somebody else's may take: its container may still be fetched.
const REMOTE_READY_LIMIT: Duration = Duration::from_secs(180);
/// How long a clean shutdown may take.
const STOP_LIMIT: Duration = Duration::from_secs(45);
/// How much of the log is shown with an error.
const TAIL_BYTES: u64 = 4_000;
/// Variables that begin so are the till's configuration.
const ENV_PREFIX: &str = "TILL_";

/// The process of a till, running or not.
#[derive(Debug)]
pub struct TillProcess {
    /// None where somebody else runs it.
    command: Option<TilldCommand>,
    env: BTreeMap<String, String>,
    log: PathBuf,
    client: TillClient,
    child: Mutex<Option<Child>>,
}

impl TillProcess {
    pub(super) fn new(
        command: TilldCommand,
        env: BTreeMap<String, String>,
        log: PathBuf,
        client: TillClient,
    ) -> Self {
        TillProcess {
            command: Some(command),
            env,
            log,
            client,
            child: Mutex::new(None),
        }
    }

    /// One that somebody else runs, and that was told `env`.
    pub(super) fn remote(env: BTreeMap<String, String>, client: TillClient) -> Self {
        TillProcess {
            command: None,
            env,
            log: PathBuf::new(),
            client,
            child: Mutex::new(None),
        }
    }

    /// Whether this program runs it.
    pub fn is_ours(&self) -> bool {
        self.command.is_some()
    }

    fn ours(&self) -> Result<&TilldCommand, WorldError> {
        self.command
            .as_ref()
            .ok_or(WorldError::Elsewhere("the till"))
    }

    /// Whether it runs; one of somebody else's, whether it answers.
    pub(super) async fn is_running(&self) -> bool {
        match self.is_ours() {
            true => self.pid().await.is_some(),
            false => self.client.is_alive().await,
        }
    }

    /// Its surface.
    pub(super) fn client(&self) -> &TillClient {
        &self.client
    }

    /// Its stdout and stderr.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// A setting that it is started with.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    /// Its process id, while it runs here.
    pub async fn pid(&self) -> Option<u32> {
        let mut child = self.child.lock().await;
        let child = child.as_mut()?;
        matches!(child.try_wait(), Ok(None))
            .then(|| child.id())
            .flatten()
    }

    /// Makes configuration and seed.
    pub(super) async fn init(&self) -> Result<(), WorldError> {
        let args = [
            "init",
            "--non-interactive",
            "--no-passphrase",
            "--hide-words",
        ];
        let mut child = self.spawn(&args, &[])?;
        let status = wait::within("tilld init to end", INIT_LIMIT, child.wait())
            .await?
            .map_err(failed("wait for"))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.exited("init", status))
        }
    }

    /// Starts it and waits until it is ready. One that runs stays as it is; one that somebody else runs is
    /// waited for.
    ///
    /// # Errors
    /// If it exits, or is not ready in time.
    pub async fn start(&self) -> Result<(), WorldError> {
        self.start_with(&[]).await
    }

    /// The same with more environment variables, for this time.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(&self, env: &[(&str, &str)]) -> Result<(), WorldError> {
        let mut running = self.child.lock().await;
        if let Some(child) = running.as_mut()
            && child.try_wait().map_err(failed("look at"))?.is_none()
        {
            return Ok(());
        }
        if !self.is_ours() {
            let what = format!("the till at {} to be ready", self.client.url());
            let mut wait = Wait::new(what, REMOTE_READY_LIMIT);
            while !self.client.is_ready().await {
                wait.pause().await?;
            }
            return Ok(());
        }
        let mut child = self.spawn(&["serve"], env)?;
        let ready = self.until_ready(&mut child).await;
        *running = Some(child);
        ready
    }

    async fn until_ready(&self, child: &mut Child) -> Result<(), WorldError> {
        let mut wait = Wait::new("tilld to be ready", READY_LIMIT);
        while !self.client.is_ready().await {
            if let Some(status) = child.try_wait().map_err(failed("look at"))? {
                return Err(self.exited("serve", status));
            }
            wait.pause()
                .await
                .map_err(|timed_out| self.not_ready(timed_out))?;
        }
        Ok(())
    }

    /// Kills it without a warning, as a power cut does.
    ///
    /// # Errors
    /// If the system does not let us, or somebody else runs it.
    pub async fn kill(&self) -> Result<(), WorldError> {
        self.ours()?;
        if let Some(mut child) = self.child.lock().await.take() {
            child.kill().await.map_err(failed("kill"))?;
        }
        Ok(())
    }

    /// Asks it to end and waits until it has. Idempotent.
    ///
    /// # Errors
    /// If it does not end in time (it is killed then), or not with success, or somebody else runs it.
    pub async fn stop(&self) -> Result<(), WorldError> {
        self.ours()?;
        let Some(mut child) = self.child.lock().await.take() else {
            return Ok(());
        };
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM).map_err(|error| failed("stop")(error.into()))?;
        }
        let ended = wait::within("tilld to end after SIGTERM", STOP_LIMIT, child.wait()).await;
        let status = match ended {
            Ok(status) => status.map_err(failed("wait for"))?,
            Err(timed_out) => {
                child.kill().await.map_err(failed("kill"))?;
                return Err(self.not_ready(timed_out));
            }
        };
        if status.success() {
            Ok(())
        } else {
            Err(self.exited("serve", status))
        }
    }

    fn spawn(&self, args: &[&str], env: &[(&str, &str)]) -> Result<Child, WorldError> {
        let log = self.open_log().map_err(|source| WorldError::Folder {
            path: self.log.clone(),
            source,
        })?;
        let errors = log.try_clone().map_err(failed("open the log of"))?;
        let mut process = self.ours()?.process(args);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with(ENV_PREFIX) {
                process.env_remove(name);
            }
        }
        // In a process group of its own: a Ctrl-C is for the world, which stops the till in turn.
        process
            .process_group(0)
            .envs(&self.env)
            .envs(env.iter().copied())
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed("start"))
    }

    fn open_log(&self) -> std::io::Result<File> {
        OpenOptions::new().create(true).append(true).open(&self.log)
    }

    fn exited(&self, what: &'static str, status: ExitStatus) -> WorldError {
        WorldError::Exited {
            what,
            status: status.to_string(),
            log: self.log.clone(),
            tail: self.log_tail(),
        }
    }

    fn not_ready(&self, timed_out: TimedOut) -> WorldError {
        WorldError::NotReady {
            timed_out,
            log: self.log.clone(),
            tail: self.log_tail(),
        }
    }

    /// The end of its log, for a person.
    fn log_tail(&self) -> String {
        let read = || -> std::io::Result<String> {
            let mut log = File::open(&self.log)?;
            let start = log.metadata()?.len().saturating_sub(TAIL_BYTES);
            log.seek(SeekFrom::Start(start))?;
            let mut tail = Vec::new();
            log.read_to_end(&mut tail)?;
            Ok(String::from_utf8_lossy(&tail).into_owned())
        };
        read().unwrap_or_else(|error| format!("(unreadable: {error})"))
    }
}

fn failed(action: &'static str) -> impl Fn(std::io::Error) -> WorldError {
    move |source| WorldError::Process { action, source }
}
