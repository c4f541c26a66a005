//! `tilld init`: a commented configuration file and a new seed, where there is nothing yet.
//!
//! Owns the order, and how the seed comes and is kept; `questions` asks for settings, `admin` for the
//! first administrator. Everything is checked first, then the file is written, the books if there is something
//! for them, then the seed, and the words are shown only once the seed is on disk. It overwrites nothing.

mod admin;
mod questions;

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

pub(super) use admin::AdminArgs;

use super::{
    args::{InitArgs, SeedArgs, Settings},
    console::Console,
    error::CliError,
    files, sources,
};
use crate::{
    config::{ChainConfig, ChainSource, Config, Loaded, Overrides},
    seed::{self, Mnemonic, Passphrase, SeedError},
};

/// How often a person may mistype before the command gives up.
const MAX_ATTEMPTS: usize = 3;
/// Words shown in a line.
const WORDS_A_LINE: usize = 4;
/// What a known seed gives back.
const RECOVERED: &str = "
The node and its on-chain money come back with this seed once the till has started. Channels of
before are closed by their peers once they are connected; `tilld recover-channels` fetches what they
paid out. Balances, sales and logins are in the books, and come back from a backup only.
";

pub(super) fn run(
    settings: &Settings,
    args: &InitArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<(), CliError> {
    let interactive = console.is_interactive() && !args.seed.non_interactive;
    let loaded = questions::gather(settings, args, env, interactive, console)?;
    let config = &loaded.config;
    let file = files::named(settings, env).unwrap_or_else(|| default_file(config));
    let file = std::path::absolute(&file).map_err(io_error("find", &file))?;

    refuse_existing(config, &file)?;
    if args.recover {
        refuse_a_source_that_finds_nothing(config)?;
    }
    let mnemonic = if args.recover {
        known_words(args.words_file.as_deref(), console)?
    } else {
        Mnemonic::generate(args.words)?
    };
    let passphrase = passphrase(&args.seed, config, env, console)?;
    let admin = admin::gather(&args.admin, interactive, console)?;

    make_data_dir(&config.till.data_dir)?;
    write_file(&file, &loaded.to_file())?;
    let name = admin.as_ref().map(admin::Admin::name);
    let written = admin::write(admin, args.recover, config, &mnemonic);
    let seed_file = &config.seed.mnemonic_file;
    let written = written.and_then(|()| {
        let created = seed::create(seed_file, &mnemonic, passphrase.as_ref());
        created.map_err(CliError::from)
    });
    if let Err(error) = written {
        // Without a seed the rest is of no use, and would be in the way of the next attempt.
        admin::unmake(&config.till.data_dir);
        let _ = fs::remove_file(&file);
        return Err(error);
    }
    console.say(&made(config, &file, passphrase.is_some()));
    if args.recover {
        console.say(RECOVERED);
    } else if !args.hide_words {
        console.say(&instruction(&mnemonic));
    }
    console.say(&next_step(env, config, &file, name.as_deref()));
    Ok(())
}

/// A node of a known seed finds its coins once, at its first start, and by a bitcoind it never looks back.
pub(super) fn refuse_a_source_that_finds_nothing(config: &Config) -> Result<(), CliError> {
    match config.chain.source {
        ChainSource::Esplora | ChainSource::Electrum => Ok(()),
        ChainSource::Bitcoind => Err(CliError::Usage(
            "a bitcoind cannot tell where the money of a known seed is, and the first start looks once: begin with \
             `--chain-source electrum --electrum-url URL` or `--chain-source esplora --esplora-url URL`; chain.source \
             may be bitcoind again once the money is there"
                .to_owned(),
        )),
    }
}

fn default_file(config: &Config) -> PathBuf {
    config.till.data_dir.join(files::FILE_NAME)
}

/// What would be overwritten, or would belong to another seed.
fn refuse_existing(config: &Config, file: &Path) -> Result<(), CliError> {
    let data_dir = &config.till.data_dir;
    let mut in_the_way: Vec<PathBuf> = [file, &config.seed.mnemonic_file]
        .into_iter()
        // A dangling link is in the way as well.
        .filter(|path| path.symlink_metadata().is_ok())
        .map(Path::to_owned)
        .collect();
    let entries = match fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return outcome(in_the_way),
        Err(error) => return Err(io_error("read", data_dir)(error)),
    };
    for entry in entries {
        let path = entry.map_err(io_error("read", data_dir))?.path();
        // Every fresh ext4 volume has this folder.
        let harmless = path.ends_with("lost+found")
            || config.seed.passphrase_file.as_ref() == Some(&path)
            || in_the_way.contains(&path);
        if !harmless {
            in_the_way.push(path);
        }
    }
    outcome(in_the_way)
}

fn outcome(mut in_the_way: Vec<PathBuf>) -> Result<(), CliError> {
    in_the_way.sort();
    if in_the_way.is_empty() {
        Ok(())
    } else {
        Err(CliError::InTheWay(in_the_way))
    }
}

/// How the seed is to be kept: from flags and places, or asked for.
pub(super) fn passphrase(
    args: &SeedArgs,
    config: &Config,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<Option<Passphrase>, CliError> {
    if args.no_passphrase {
        return Ok(None);
    }
    let interactive = console.is_interactive() && !args.non_interactive;
    let named = args.passphrase_file.as_deref();
    let file = named.or(config.seed.passphrase_file.as_deref());
    let mut asked = None;
    let found = sources(file, env).resolve(|| {
        if interactive {
            asked = Some(choose_passphrase(console));
        }
        Ok(None)
    });
    match (asked, found) {
        (Some(chosen), _) => chosen,
        (None, Ok(found)) => Ok(Some(found)),
        (None, Err(seed::PassphraseError::Nowhere)) => Err(CliError::Usage(
            "say how the seed is to be kept: --passphrase-file FILE, or --no-passphrase".to_owned(),
        )),
        (None, Err(error)) => Err(SeedError::from(error).into()),
    }
}

/// Words that somebody wrote down, from a file, or asked for until they are a seed.
pub(super) fn known_words(
    file: Option<&Path>,
    console: &mut impl Console,
) -> Result<Mnemonic, CliError> {
    if let Some(file) = file {
        let text = fs::read_to_string(file).map_err(io_error("read", file))?;
        return Ok(Mnemonic::parse(&zeroize::Zeroizing::new(text))?);
    }
    if !console.is_interactive() {
        let message = "the words of the seed are needed: --words-file FILE, or a terminal";
        return Err(CliError::Usage(message.to_owned()));
    }
    for _ in 1..MAX_ATTEMPTS {
        match Mnemonic::parse(&ask_for_words(console)?) {
            Ok(mnemonic) => return Ok(mnemonic),
            Err(error) => console.complain(&format!("{error}\n")),
        }
    }
    Ok(Mnemonic::parse(&ask_for_words(console)?)?)
}

fn ask_for_words(console: &mut impl Console) -> Result<zeroize::Zeroizing<String>, CliError> {
    let question = "The words of the seed, in order (they are not shown): ";
    console.ask_secret(question).map_err(CliError::Prompt)
}

/// Asks twice, as nobody sees what is typed.
fn choose_passphrase(console: &mut impl Console) -> Result<Option<Passphrase>, CliError> {
    for _ in 0..MAX_ATTEMPTS {
        let first = console
            .ask_secret("Passphrase that encrypts the seed (empty for none): ")
            .map_err(CliError::Prompt)?;
        let second = console
            .ask_secret("The same again: ")
            .map_err(CliError::Prompt)?;
        if first == second {
            return Ok(Passphrase::new(first));
        }
        console.complain("The two are not the same.\n");
    }
    Err(CliError::Usage("no passphrase was chosen".to_owned()))
}

pub(super) fn make_data_dir(data_dir: &Path) -> Result<(), CliError> {
    let result = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir);
    result.map_err(io_error("create", data_dir))
}

/// Writes the configuration file, readable by its owner only since it may hold a token.
pub(super) fn write_file(file: &Path, text: &str) -> Result<(), CliError> {
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(io_error("create", file))?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|error| {
        let _ = fs::remove_file(file);
        io_error("write", file)(error)
    })
}

fn made(config: &Config, file: &Path, encrypted: bool) -> String {
    let how = if encrypted {
        "encrypted with the passphrase"
    } else {
        "not encrypted"
    };
    let provider = config.lsp.provider().map_or_else(
        || "none: the till needs channels before its first sale".to_owned(),
        |(node_id, address, _)| format!("{node_id}@{address}"),
    );
    format!(
        "Network:            {}\nChain source:       {}\nProvider:           {provider}\n\
         HTTP:               {}\nConfiguration file: {}\nSeed:               {} ({how})\n",
        config.till.network,
        chain_source(&config.chain),
        config.http.listen,
        file.display(),
        config.seed.mnemonic_file.display(),
    )
}

fn chain_source(chain: &ChainConfig) -> String {
    let named = match chain.source {
        ChainSource::Esplora => Some(chain.esplora_url.to_string()),
        ChainSource::Electrum => chain.electrum_url.as_ref().map(ToString::to_string),
        ChainSource::Bitcoind => chain.bitcoind_rpc.as_ref().map(ToString::to_string),
    };
    format!("{} at {}", chain.source, named.unwrap_or_default())
}

/// The words, numbered, and what to do with them.
fn instruction(mnemonic: &Mnemonic) -> zeroize::Zeroizing<String> {
    let words: Vec<_> = mnemonic.words().enumerate().collect();
    // Room for all of it from the start: a growing text would leave copies behind.
    let mut text = zeroize::Zeroizing::new(String::with_capacity(2048));
    text.push_str(&format!(
        "\nWrite these {} words on paper, in this order. They are the key to the money of this\n\
         till and are not shown again. Whoever has them has the money. Without them, a lost disk\n\
         is lost money.\n\n",
        words.len()
    ));
    for line in words.chunks(WORDS_A_LINE) {
        for (index, word) in line {
            text.push_str(&format!("{:>4}. {word:<10}", index + 1));
        }
        let end = text.trim_end().len();
        text.truncate(end);
        text.push('\n');
    }
    text
}

/// The command that starts this very till: without `--config` where it is found anyway.
fn next_step(
    env: &[(String, String)],
    config: &Config,
    file: &Path,
    admin: Option<&str>,
) -> String {
    let found = Loaded::data_dir(env.iter().cloned(), Overrides::default()).join(files::FILE_NAME);
    let by_variable =
        files::variable(env, "TILL_CONFIG").is_some_and(|path| Path::new(path) == file);
    let by_default = found == file && *file == default_file(config);
    let option = if by_variable || by_default {
        String::new()
    } else {
        format!(" --config '{}'", file.display())
    };
    let then = match admin {
        Some(name) => format!("Then log in as {name:?}, and make the first sale.\n"),
        None => format!(
            "Then name its administrator, once, before others can reach it:\n  \
             curl http://{}/initial-setup -H 'content-type: application/json' \\\n    \
             -d '{{\"userName\":\"admin\",\"userPassword\":\"...\",\"userPin\":\"...\",\"walletPassword\":\"...\"}}'\n",
            config.http.listen
        ),
    };
    format!(
        "\nStart the till with: tilld{option} serve\n{then}\
         And back it up every night: tilld{option} backup DIR\n"
    )
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CliError {
    let path = path.to_owned();
    move |source| CliError::Io {
        action,
        path,
        source,
    }
}
