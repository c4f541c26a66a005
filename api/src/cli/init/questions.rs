//! The settings that `tilld init` asks for. Owns the questions and their order; whether an answer is
//! good, the configuration says.

use crate::cli::args::{InitArgs, Settings};
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::cli::files;
use crate::config::{ChainSource, Loaded, Network, Origin, Overrides};

use super::{MAX_ATTEMPTS, io_error};

/// A question: the setting that its answer is for, and the words.
const QUESTIONS: [(&str, &str); 5] = [
    (
        "till.network",
        "Network: mainnet, signet, testnet4 or regtest",
    ),
    (SOURCE, "Chain source: esplora, electrum or bitcoind"),
    (ESPLORA, "Esplora server"),
    ("http.listen", "Address and port for the till's clients"),
    (
        PROVIDER,
        "Liquidity provider (LSPS2) for channels that come with the first sale, as NODE@HOST:PORT",
    ),
];
/// Stands for itself and what goes with it.
const SOURCE: &str = "chain.source";
/// What goes with a source other than the default: these are asked for as soon as it is named.
const BESIDE_SOURCE: [(ChainSource, &str, &str); 3] = [
    (
        ChainSource::Electrum,
        "chain.electrum_url",
        "Electrum server, as tcp://HOST:PORT or ssl://HOST:PORT",
    ),
    (
        ChainSource::Bitcoind,
        "chain.bitcoind_rpc",
        "Where bitcoind's RPC listens, as HOST:PORT",
    ),
    (
        ChainSource::Bitcoind,
        "chain.bitcoind_auth_file",
        "File with name and password for it, as name:password in one line",
    ),
];
const ESPLORA: &str = "chain.esplora_url";
/// Stands for the two settings of a provider.
const PROVIDER: &str = "lsp.node_id";

/// Flags and environment, and answers where these are silent.
pub(super) fn gather(
    settings: &Settings,
    args: &InitArgs,
    env: &[(String, String)],
    interactive: bool,
    console: &mut impl Console,
) -> Result<Loaded, CliError> {
    let mut flags = files::overrides(settings)?;
    if let Some(file) = &args.seed.passphrase_file {
        let file = std::path::absolute(file).map_err(io_error("find", file))?;
        flags.set(
            "--passphrase-file",
            "seed.passphrase_file",
            file.to_string_lossy(),
        );
    }
    if let Some(provider) = &args.lsp {
        set(&mut flags, "--lsp", PROVIDER, provider);
    }
    let mut loaded = load(env, &flags)?;
    if !interactive {
        return Ok(loaded);
    }
    for (path, question) in QUESTIONS {
        if is_open(&loaded, path) {
            loaded = ask(console, env, &mut flags, path, question, loaded)?;
        }
    }
    Ok(loaded)
}

/// Whether nobody has said it yet, and it matters.
fn is_open(loaded: &Loaded, path: &str) -> bool {
    let nobody_said = |path| loaded.origin(path) == Origin::Default;
    let matters = match path {
        // Who names a server has said what kind it is.
        SOURCE => nobody_said(ESPLORA),
        ESPLORA => loaded.config.chain.source == ChainSource::Esplora,
        _ => true,
    };
    matters && nobody_said(path)
}

fn load(env: &[(String, String)], flags: &Overrides) -> Result<Loaded, CliError> {
    Ok(Loaded::load(None, env.iter().cloned(), flags.clone())?)
}

/// Asks for one setting until the answer is good; an empty one takes the default.
fn ask(
    console: &mut impl Console,
    env: &[(String, String)],
    flags: &mut Overrides,
    path: &str,
    question: &str,
    loaded: Loaded,
) -> Result<Loaded, CliError> {
    let default = match path {
        "till.network" => Network::Mainnet.to_string(),
        "http.listen" => loaded.config.http.listen.to_string(),
        PROVIDER => "none".to_owned(),
        SOURCE => loaded.config.chain.source.to_string(),
        _ => loaded.config.chain.esplora_url.to_string(),
    };
    let mut attempt = 1;
    loop {
        let answer = console
            .ask(&format!("{question} [{default}]: "))
            .map_err(CliError::Prompt)?;
        if answer.is_empty() || answer == default {
            return Ok(loaded);
        }
        let mut with_answer = flags.clone();
        set(&mut with_answer, "answer", path, &answer);
        if path == SOURCE {
            ask_beside(console, &mut with_answer, &answer, &loaded)?;
        }
        match load(env, &with_answer) {
            Ok(loaded) => {
                *flags = with_answer;
                return Ok(loaded);
            }
            Err(error) if attempt == MAX_ATTEMPTS => return Err(error),
            Err(error) => console.complain(&format!("{error}\n")),
        }
        attempt += 1;
    }
}

/// Asks for what a source needs. There is no default for any of it.
fn ask_beside(
    console: &mut impl Console,
    flags: &mut Overrides,
    source: &str,
    loaded: &Loaded,
) -> Result<(), CliError> {
    for (of, path, question) in BESIDE_SOURCE {
        if of.to_string() == source && loaded.origin(path) == Origin::Default {
            let asked = console.ask(&format!("{question}: "));
            flags.set("answer", path, asked.map_err(CliError::Prompt)?);
        }
    }
    Ok(())
}

/// A provider is two settings; where there is no `@` the second is refused for being none.
fn set(flags: &mut Overrides, said: &str, path: &str, answer: &str) {
    if path == PROVIDER {
        let (node_id, address) = answer.split_once('@').unwrap_or((answer, ""));
        flags.set(said, PROVIDER, node_id);
        flags.set(said, "lsp.address", address);
    } else {
        flags.set(said, path, answer);
    }
}
