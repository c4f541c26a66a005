//! `tilld backup`: one file with what of a till may be kept, and `--verify` for one that there is.
//! Owns what goes into it and the words about it; the journal's copy is made by
//! [`till_actors::backup`].
//!
//! The node's state is left out on purpose, and so is a seed without a passphrase: a backup goes to
//! places where it is read by others.

pub(super) mod archive;
mod channels;
pub(super) mod manifest;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use till_actors::backup::{self, BackupError, Copied, Source};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use self::archive::{ArchiveError, Workspace};
use self::manifest::{Manifest, SeedIs};
use super::args::Settings;
use super::ask;
use super::console::Console;
use super::error::CliError;
use super::files;
use crate::config::{Config, Loaded};
use crate::seed;
use crate::serve::control::CHANNELS_PATH;
use crate::serve::control::channels::{ChannelsWire, Question};

/// The journal's name in a backup.
pub(super) const JOURNAL: &str = "journal.sqlite";
/// The configuration's name in a backup.
pub(super) const CONFIG: &str = "tilld.toml";
/// The seed's name in a backup.
pub(super) const SEED: &str = "seed";
/// The list of channels and peers in a backup.
const CHANNELS: &str = "channels.txt";
/// What is in a backup and what must not be done with it.
const READ_ME: &str = "READ-ME.txt";

/// Said in the file and on the screen.
const WORDS: &str = "\
The state of the Lightning channels is not in here, and must never come from a backup: a\n\
channel state that is not the very newest loses all the money of that channel. Never copy the\n\
folder `node` back, from wherever. After a loss, `tilld restore` makes the node anew; its peers\n\
then close the old channels, and `tilld recover-channels` fetches what they paid out.\n";

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// A folder, for a file named by node and time; or the new file itself
    #[arg(value_name = "DIR|FILE")]
    to: PathBuf,
    /// Check a backup that there is, from the first record of its journal to the last
    #[arg(long)]
    verify: bool,
}

/// Why there is no backup, or no good one.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoBackup {
    #[error(transparent)]
    Copy(#[from] BackupError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("the clock cannot be used: {0}")]
    Clock(#[from] time::error::Format),
}

pub(super) fn run(
    settings: &Settings,
    args: &BackupArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<(), CliError> {
    if args.verify {
        let (manifest, _kept) = archive::open(&args.to).map_err(NoBackup::from)?;
        console.say(&format!(
            "{}\nEverything in it is as it was written, the journal from its first record on.\n",
            about(&manifest, &args.to)
        ));
        return Ok(());
    }
    let (loaded, _) = files::load(settings, env)?;
    till_actors::abort::hush_contained();
    let now = OffsetDateTime::now_utc();
    let (manifest, file) = take(&loaded, &args.to, now)?;
    console.say(&format!("{}\n{WORDS}", about(&manifest, &file)));
    Ok(())
}

/// Takes a backup, and tells where it is.
fn take(loaded: &Loaded, to: &Path, now: OffsetDateTime) -> Result<(Manifest, PathBuf), CliError> {
    let config = &loaded.config;
    let network = config.till.network.into();
    let folder = if to.is_dir() {
        to
    } else {
        archive::folder_of(to)
    };
    let work = Workspace::make(folder).map_err(NoBackup::from)?;
    let journal = work.path(JOURNAL);
    let (copied, source) =
        backup::copy_journal(&config.till.data_dir, network, &journal).map_err(NoBackup::from)?;
    let was_running = matches!(source, Source::Running);
    let channels = match source {
        Source::Running => ask_for_channels(config),
        Source::Stopped(rows) => rows.map(|rows| channels::of_rows(&rows)),
    };
    let seed_file = &config.seed.mnemonic_file;
    let encrypted = seed::is_encrypted(seed_file)?;
    let manifest = begun(config, &copied, now, was_running, encrypted).map_err(NoBackup::from)?;

    let put = |name: &str, text: &str| work.put(name, text.as_bytes()).map_err(NoBackup::from);
    put(READ_ME, WORDS)?;
    put(CONFIG, &loaded.to_file())?;
    put(CHANNELS, &channels::text(channels))?;
    let mut names = vec![READ_ME, CHANNELS, CONFIG];
    if encrypted {
        let bytes = fs::read(seed_file).map_err(|source| CliError::Io {
            action: "read",
            path: seed_file.clone(),
            source,
        })?;
        work.put(SEED, &bytes).map_err(NoBackup::from)?;
        names.push(SEED);
    }
    names.push(JOURNAL);
    let file = if to.is_dir() {
        to.join(name(&copied, now).map_err(NoBackup::from)?)
    } else {
        to.to_owned()
    };
    let manifest = archive::write(work, manifest, &names, &file).map_err(NoBackup::from)?;
    Ok((manifest, file))
}

/// Sorted by name they are sorted by time.
fn name(copied: &Copied, now: OffsetDateTime) -> Result<String, time::error::Format> {
    let format =
        format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");
    let node: String = copied
        .node_id
        .iter()
        .flat_map(|id| id.chars())
        .take(8)
        .collect();
    Ok(format!("tilld-{node}-{}.tar", now.format(format)?))
}

fn begun(
    config: &Config,
    copied: &Copied,
    now: OffsetDateTime,
    was_running: bool,
    encrypted: bool,
) -> Result<Manifest, time::error::Format> {
    Ok(Manifest {
        format: manifest::FORMAT,
        made_at: now.format(&Rfc3339)?,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        network: config.till.network.as_str().to_owned(),
        node_id: copied.node_id.clone(),
        records: copied.head.seq,
        head: hex::encode(copied.head.hash),
        was_running,
        seed: if encrypted {
            SeedIs::Encrypted
        } else {
            SeedIs::LeftOut
        },
        files: Vec::new(),
    })
}

/// A backup is worth having without its channels; whoever reads it is told why.
fn ask_for_channels(config: &Config) -> Result<Vec<channels::Listed>, String> {
    let question = serde_json::to_string(&Question::List).map_err(|error| error.to_string())?;
    let answer = ask::ask(&config.till.data_dir, CHANNELS_PATH, question);
    match answer.map_err(|error| error.to_string())? {
        ChannelsWire::Listed { channels } => Ok(channels::of_wire(channels)),
        ChannelsWire::Splicing(_)
        | ChannelsWire::Opening(_)
        | ChannelsWire::Closing(_)
        | ChannelsWire::Connected { .. } => Err("the till is of another version".to_owned()),
    }
}

/// What a backup is, for a person.
pub(super) fn about(manifest: &Manifest, file: &Path) -> String {
    let seed = match manifest.seed {
        SeedIs::Encrypted => "in it, encrypted with its passphrase",
        SeedIs::LeftOut => "NOT in it, since it has no passphrase: keep the words on paper",
    };
    format!(
        "Backup:   {}\nTaken:    {}, by tilld {}\nNetwork:  {}\nNode:     {}\nJournal:  {} records\nSeed:     {seed}\n",
        file.display(),
        manifest.made_at,
        manifest.program,
        manifest.network,
        manifest.node_id.as_deref().unwrap_or("none yet"),
        manifest.records,
    )
}
