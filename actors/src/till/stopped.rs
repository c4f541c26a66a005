//! The books of a till that is stopped, open to be written: for what its operator does from the command
//! line. Owns the order of that, which is the same as in a running till: decided, on disk, answered.

use std::path::Path;

use till::ledger::{Command, Decision, Done, Refusal, State, decide};

use zeroize::Zeroizing;

use super::lock::DataDirLock;
use super::store::{JOURNAL, Opened, open_now};
use super::{StartError, secrets};
use crate::journal::{Journal, JournalError};
use crate::ledger::now;
use crate::restored::Restored;
use crate::service::{InitialSetup, ServiceError, initialization};
use crate::views::{ViewError, Views};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoppedError {
    /// There are no books.
    #[error("there is no journal in {0}: is this the data folder of a till?")]
    NoJournal(String),
    /// The folder cannot be used, or a till uses it.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The ledger refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The journal could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What was decided does not follow from the books.
    #[error(transparent)]
    Evolve(#[from] till::ledger::state::EvolveError),
    /// The views cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// There is no randomness.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The folder of a stopped till. Nobody else can use it as long as this lives.
#[derive(Debug)]
pub struct StoppedTill {
    state: State<Views>,
    views: Views,
    journal: Journal,
    _lock: DataDirLock,
}

impl StoppedTill {
    /// Opens a folder with a journal.
    ///
    /// # Errors
    /// [`StoppedError::NoJournal`]; [`StoppedError::Start`], with a [`LockError`](super::LockError) while a
    /// till runs.
    pub fn open(dir: &Path, network: bitcoin::Network) -> Result<Self, StoppedError> {
        if !dir.join(JOURNAL).exists() {
            return Err(StoppedError::NoJournal(dir.display().to_string()));
        }
        Self::open_or_make(dir, network)
    }

    /// The same where there may be no journal yet: it is made then.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_or_make(dir: &Path, network: bitcoin::Network) -> Result<Self, StoppedError> {
        let lock = DataDirLock::take(dir).map_err(StartError::from)?;
        let Opened {
            journal,
            views,
            state,
        } = open_now(dir, network)?;
        Ok(Self {
            state,
            views,
            journal,
            _lock: lock,
        })
    }

    /// Carries a command out. It is on disk when this returns; the next start brings the views up to it.
    ///
    /// # Errors
    /// [`StoppedError`]; after one of the journal it is unknown whether it was written.
    pub fn execute(&mut self, command: impl Into<Command>) -> Result<Done, StoppedError> {
        let record = match decide(&self.state, command.into(), now())? {
            Decision::Commit(record) if record.is_empty() => return Ok(Done::Unchanged),
            Decision::Commit(record) => record,
            Decision::Repeat(reference) => return Ok(Done::Repeat(reference)),
        };
        self.journal.append(std::iter::once(&record))?;
        self.state.evolve(&record)?;
        Ok(Done::Changed)
    }

    /// Sets the till up, once, as [`Service::initialize`](crate::service::Service::initialize) does.
    ///
    /// # Errors
    /// [`Refusal::AlreadyInitialized`] the second time.
    pub fn initialize(
        &mut self,
        seed: &Zeroizing<[u8; 64]>,
        setup: InitialSetup,
    ) -> Result<(), StoppedError> {
        let (_, initialize) = initialization(&secrets(seed), setup)?;
        self.execute(initialize).map(|_| ())
    }

    /// What is known of a restoration, as it was when the folder was opened; the node is not asked.
    ///
    /// # Errors
    /// [`StoppedError::View`].
    pub fn restored(&self) -> Result<Option<Restored>, StoppedError> {
        Ok(Restored::read(&self.views)?)
    }
}
