//! Hands a history to whoever takes it, piece by piece. Owns the bounds: how many are read at once,
//! how far reading runs ahead, and for how long nobody need take anything.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use till::time::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::ExportError;
use super::lines::Line;
use super::reader::Reader;
use crate::service::network_name;
use crate::till::store::JOURNAL;

/// Histories that may be read at once: each has a connection to the journal.
const PLACES: usize = 2;
/// Pieces that may wait to be taken.
pub(super) const AHEAD: usize = 1;
/// How long a taker may take nothing before it is cut off and its place is free.
const STALL: Duration = Duration::from_secs(60);

/// Reads histories. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Exporter {
    pub(super) journal: PathBuf,
    pub(super) network: &'static str,
    pub(super) places: Arc<Semaphore>,
    pub(super) stall: Duration,
}

/// A history that is being read. Dropping it ends the reading.
#[derive(Debug)]
pub struct Export {
    pieces: mpsc::Receiver<Result<Piece, ExportError>>,
    is_whole: bool,
}

#[derive(Debug)]
enum Piece {
    Lines(Vec<Line>),
    /// There is no more. Its absence tells the taker that something is missing.
    End,
}

impl Exporter {
    pub(crate) fn new(data_dir: &Path, network: bitcoin::Network) -> Self {
        Self {
            journal: data_dir.join(JOURNAL),
            network: network_name(network),
            places: Arc::new(Semaphore::new(PLACES)),
            stall: STALL,
        }
    }

    /// The house's history between two moments, both included, up to the last record there is now.
    ///
    /// # Errors
    /// [`ExportError::Busy`] if others are being read, [`ExportError::Journal`] if it cannot be.
    pub async fn export(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Export, ExportError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| ExportError::Busy)?;
        let (path, network) = (self.journal.clone(), self.network);
        let opened = spawn_blocking(move || Reader::open(&path, network, from, to));
        let reader = opened.await.map_err(|_| ExportError::CutOff)??;
        let (sender, pieces) = mpsc::channel(AHEAD);
        tokio::spawn(feed(reader, sender, self.stall, place));
        Ok(Export {
            pieces,
            is_whole: false,
        })
    }
}

impl Export {
    /// The next lines, oldest first, a bounded number; `None` after the last.
    ///
    /// # Errors
    /// [`ExportError`] if the history could not be read to its end.
    pub async fn next(&mut self) -> Result<Option<Vec<Line>>, ExportError> {
        if self.is_whole {
            return Ok(None);
        }
        match self.pieces.recv().await {
            Some(Ok(Piece::Lines(lines))) => Ok(Some(lines)),
            Some(Ok(Piece::End)) => {
                self.is_whole = true;
                Ok(None)
            }
            Some(Err(error)) => Err(error),
            None => Err(ExportError::CutOff),
        }
    }
}

/// Reads a piece only when the one before it has been put where the taker finds it, so a slow taker
/// costs two pieces of memory and no thread. Ends when the taker is gone, or takes nothing.
async fn feed(
    mut reader: Reader,
    sender: mpsc::Sender<Result<Piece, ExportError>>,
    stall: Duration,
    _place: OwnedSemaphorePermit,
) {
    while !reader.is_done() && !sender.is_closed() {
        let task = spawn_blocking(move || {
            let read = reader.read();
            (reader, read)
        });
        let Ok((again, read)) = task.await else {
            return; // The runtime is shutting down.
        };
        reader = again;
        let piece = match read {
            Ok(lines) if lines.is_empty() => continue,
            Ok(lines) => Ok(Piece::Lines(lines)),
            Err(error) => Err(error.into()),
        };
        let is_last = piece.is_err();
        if !put(&sender, piece, stall).await || is_last {
            return;
        }
    }
    put(&sender, Ok(Piece::End), stall).await;
}

/// Whether the taker has room for it, or makes some in time.
async fn put(
    sender: &mpsc::Sender<Result<Piece, ExportError>>,
    piece: Result<Piece, ExportError>,
    stall: Duration,
) -> bool {
    matches!(timeout(stall, sender.send(piece)).await, Ok(Ok(())))
}
