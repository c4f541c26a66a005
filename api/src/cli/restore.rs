//! `tilld restore`: a backup becomes the data folder of a till whose machine is lost. Owns the order:
//! everything is checked first, then put into place, the seed last.
//!
//! Nothing of the node is restored. Its keys follow from the seed, and the first start makes it anew.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use till_actors::backup;
use till_actors::node::keys;

use super::args::{SeedArgs, Settings};
use super::backup::archive::{self, Workspace};
use super::backup::manifest::{Manifest, SeedIs};
use super::backup::{CONFIG, JOURNAL, NoBackup, SEED, about};
use super::console::Console;
use super::error::CliError;
use super::{files, init};
use crate::config::{Loaded, Network};
use crate::seed::{self, Mnemonic};

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    seed: SeedArgs,
    /// File with the words of the seed, where the backup has no seed [default: you are asked]
    #[arg(long, value_name = "FILE")]
    words_file: Option<PathBuf>,
    /// Restore the books only, to read and to audit them: a till without its seed does not serve
    #[arg(long, conflicts_with_all = ["words_file", "passphrase_file", "no_passphrase"])]
    books_only: bool,
}

pub(super) fn run(
    settings: &Settings,
    args: &RestoreArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<(), CliError> {
    let dir = Loaded::data_dir(env.iter().cloned(), files::overrides(settings)?);
    refuse_existing(&dir)?;
    let was_there = dir.exists();
    init::make_data_dir(&dir)?;
    match fill(&dir, settings, args, env, console) {
        Ok(manifest) => {
            let about = about(&manifest, &args.file);
            console.say(&format!("{about}{}", next(&dir, args)));
            Ok(())
        }
        Err(error) => {
            if !was_there {
                // Only if nothing is in it, and then it is in nobody's way.
                let _ = fs::remove_dir(&dir);
            }
            Err(error)
        }
    }
}

/// Unpacks in the folder itself, whose parent may be another user's, and puts things in their places
/// once everything is known to be good: the seed last, without which no till starts.
fn fill(
    dir: &Path,
    settings: &Settings,
    args: &RestoreArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<Manifest, CliError> {
    let work = Workspace::make(dir).map_err(NoBackup::from)?;
    let (manifest, work) = archive::open_in(&args.file, work).map_err(NoBackup::from)?;
    let network = network(&manifest)?;
    let journal = work.path(JOURNAL);
    let ready = backup::make_ready(&journal, network.into());
    ready.map_err(|error| NoBackup::Archive(error.into()))?;
    let loaded = configuration(settings, args, env, &work, dir)?;
    if !args.books_only {
        init::refuse_a_source_that_finds_nothing(&loaded.config)?;
    }
    let made = work.path("made");
    let seed = made.join(SEED);
    match manifest.seed {
        SeedIs::Encrypted | SeedIs::LeftOut if args.books_only => {}
        SeedIs::Encrypted => {
            init::make_data_dir(&made)?;
            rename(&work.path(SEED), &seed)?;
        }
        SeedIs::LeftOut => {
            let mnemonic = words(args, &manifest, network, console)?;
            let passphrase = init::passphrase(&args.seed, &loaded.config, env, console)?;
            seed::create(&seed, &mnemonic, passphrase.as_ref())?;
        }
    }
    rename(&journal, &dir.join(JOURNAL))?;
    init::write_file(&dir.join(CONFIG), &loaded.to_file())?;
    if !args.books_only {
        rename(&seed, &dir.join(SEED))?;
    }
    let synced = fs::File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(|source| CliError::Io {
        action: "sync",
        path: dir.to_owned(),
        source,
    })?;
    Ok(manifest)
}

fn next(dir: &Path, args: &RestoreArgs) -> String {
    let dir = dir.display();
    let option = format!("--config '{dir}/{CONFIG}'");
    if args.books_only {
        return format!("\nThe books are in {dir}. To check them: tilld {option} audit\n");
    }
    format!(
        "\nThe till is in {dir}. Its node is made anew at the first start: the channels of before are\n\
         gone, and its peers close them once they are connected. The books are as they were when the\n\
         backup was taken; what came after is not in them. So payments are held back until you let them go.\n\
         \n  1. Start it:                            tilld {option} serve\n  \
           2. See how its channels are closed:     tilld {option} channels list\n  \
           3. Fetch what was paid out of them:     tilld {option} recover-channels --to ADDRESS\n  \
           4. See what is known, let payments go:  tilld {option} acknowledge-restore\n"
    )
}

fn network(manifest: &Manifest) -> Result<Network, CliError> {
    let network = manifest.network.parse::<Network>();
    network.map_err(|()| CliError::Usage(format!("no such network: {}", manifest.network)))
}

/// The configuration of before, with this folder for all that lay in the old one.
fn configuration(
    settings: &Settings,
    args: &RestoreArgs,
    env: &[(String, String)],
    work: &Workspace,
    dir: &Path,
) -> Result<Loaded, CliError> {
    let path = work.path(CONFIG);
    let text = fs::read_to_string(&path).map_err(|source| CliError::UnreadableConfig {
        path: path.clone(),
        source,
    })?;
    let mut flags = files::overrides(settings)?;
    flags.set("DIR", "till.data_dir", dir.to_string_lossy());
    flags.set(
        "DIR",
        "seed.mnemonic_file",
        dir.join(SEED).to_string_lossy(),
    );
    if let Some(file) = &args.seed.passphrase_file {
        let file = std::path::absolute(file).map_err(|source| CliError::Io {
            action: "find",
            path: file.clone(),
            source,
        })?;
        let name = file.to_string_lossy();
        flags.set("--passphrase-file", "seed.passphrase_file", name);
    }
    Ok(Loaded::load(
        Some((path, text)),
        env.iter().cloned(),
        flags,
    )?)
}

/// The words, of the node that the journal belongs to: with another seed nothing would come back.
fn words(
    args: &RestoreArgs,
    manifest: &Manifest,
    network: Network,
    console: &mut impl Console,
) -> Result<Mnemonic, CliError> {
    let mnemonic = init::known_words(args.words_file.as_deref(), console)?;
    let node_id = keys::node_id(mnemonic.as_bip39(), network.into());
    let node_id = node_id.map_err(|error| CliError::Usage(error.to_string()))?;
    match &manifest.node_id {
        Some(wanted) if *wanted != node_id => Err(CliError::Usage(format!(
            "these are the words of node {node_id}, and the backup is of {wanted}"
        ))),
        Some(_) | None => Ok(mnemonic),
    }
}

fn refuse_existing(dir: &Path) -> Result<(), CliError> {
    let is_free = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if is_free {
        Ok(())
    } else {
        Err(CliError::InTheWay(vec![dir.to_owned()]))
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), CliError> {
    fs::rename(from, to).map_err(|source| CliError::Io {
        action: "create",
        path: to.to_owned(),
        source,
    })
}
