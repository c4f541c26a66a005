//! `tilld recover-channels`: fetches what peers paid out when they closed channels that this till has
//! lost. Owns the arguments and the words; looking and signing is [`till_actors::recover`]'s.

use clap::Args;
use till_actors::recover::{Coin, Outputs, RecoverError, Recovery};

use super::args::Settings;
use super::console::Console;
use super::error::CliError;
use super::{files, open_seed};
use crate::config::{ChainSource, Loaded, Origin};

/// Progress is told after so many addresses.
const TELL_EVERY: usize = 500;

#[derive(Debug, Args)]
pub(super) struct RecoverArgs {
    /// Send everything that is there to this address
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// At this feerate, in sat/vB [default: what the chain source thinks is due]
    #[arg(long, value_name = "SAT/VB", requires = "to", value_parser = clap::value_parser!(u64).range(1..=5_000))]
    feerate: Option<u64>,
}

pub(super) fn run(
    settings: &Settings,
    args: &RecoverArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<(), CliError> {
    let (loaded, _) = files::load(settings, env)?;
    let outputs = outputs(&loaded)?;
    let config = loaded.config;
    let mnemonic = open_seed(&config.seed, env, console)?;
    let network = config.till.network.into();
    let recovery = Recovery::new(mnemonic.as_bip39(), network, outputs)?;
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build();
    let runtime = runtime.map_err(RecoverError::from)?;
    let found = runtime.block_on(recovery.find(|done, of| {
        if done % TELL_EVERY == 0 {
            console.complain(&format!("looked at {done} of {of} addresses\n"));
        }
    }));
    let coins = found?;
    console.say(&listed(&coins));
    let Some(to) = &args.to else {
        return Ok(());
    };
    match runtime.block_on(recovery.fetch(&coins, to, args.feerate))? {
        None => console.say("There is nothing to fetch now.\n"),
        Some(fetched) => console.say(&format!(
            "Sent {} sat to {to}, for {} sat of fees: transaction {}\n",
            fetched.amount.get(),
            fetched.fee.get(),
            fetched.tx_id
        )),
    }
    Ok(())
}

/// A bitcoind keeps no index of scripts. Beside one an Esplora server is asked that somebody has named: whom the
/// till's scripts are shown to is not for a default to decide.
fn outputs(loaded: &Loaded) -> Result<Outputs, CliError> {
    let chain = &loaded.config.chain;
    let is_named = loaded.origin("chain.esplora_url") != Origin::Default;
    match (chain.source, &chain.electrum_url) {
        (ChainSource::Electrum, Some(url)) => Ok(Outputs::of_electrum(url.as_str())),
        (ChainSource::Bitcoind, _) if !is_named => Err(CliError::Usage(
            "a bitcoind cannot tell what peers paid out: name a server that can with `--esplora-url URL`, or \
             with `--chain-source electrum --electrum-url URL`"
                .to_owned(),
        )),
        (ChainSource::Electrum | ChainSource::Esplora | ChainSource::Bitcoind, _) => {
            Ok(Outputs::of_esplora(chain.esplora_url.as_str()).map_err(RecoverError::from)?)
        }
    }
}

fn listed(coins: &[Coin]) -> String {
    if coins.is_empty() {
        return "No closed channel has paid out anything that was not fetched yet.\n".to_owned();
    }
    let line = |coin: &Coin| {
        let waits = if coin.is_mined {
            ""
        } else {
            " (waits for a block)"
        };
        format!("{} {} sat{waits}\n", coin.name(), coin.amount().get())
    };
    coins.iter().map(line).collect()
}
