//! `tilld acknowledge-restore`: lets the payments of a restored till go, once its operator has seen what is
//! known. Owns the question and the words; works on a running till and on a stopped one's folder.

use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use till::ledger::RestorationCommand;
use till_actors::till::{LockError, StartError, StoppedError, StoppedTill};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::args::Settings;
use super::ask::{self, AskError};
use super::console::Console;
use super::error::CliError;
use super::files;
use crate::config::Config;
use crate::serve::control::RESTORATION_PATH;
use crate::serve::control::restoration::{Question, RestoredWire};
use crate::serve::control::wire::NodeWire;
use crate::telemetry;

#[derive(Debug, Args)]
pub(super) struct AcknowledgeArgs {
    /// Let payments go without asking
    #[arg(long)]
    yes: bool,
    /// Print one JSON document of what is known; it lets payments go only with --yes
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    settings: &Settings,
    args: &AcknowledgeArgs,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<(), CliError> {
    let (loaded, _) = files::load(settings, env)?;
    let config = loaded.config;
    let Some(known) = put(&config, false)? else {
        console.say("This till never came from a backup: its payments are not held back.\n");
        return Ok(());
    };
    if args.json {
        let known = match known.payments_held && args.yes {
            true => put(&config, true)?,
            false => Some(known),
        };
        let text = serde_json::to_string_pretty(&known).map_err(AskError::from)?;
        console.say(&(text + "\n"));
        return Ok(());
    }
    let mut text = String::new();
    tell(&mut text, &known);
    console.say(&text);
    if !known.payments_held {
        return Ok(());
    }
    if !args.yes && !agrees(console)? {
        let unchanged = "nothing was changed, payments stay held back: --yes lets them go";
        return Err(CliError::Usage(unchanged.to_owned()));
    }
    put(&config, true)?;
    console.say("Payments are not held back any more.\n");
    Ok(())
}

fn agrees(console: &mut impl Console) -> Result<bool, CliError> {
    if !console.is_interactive() {
        return Ok(false);
    }
    let question = "Let payments go, by these books? [yes/no]: ";
    let answer = console.ask(question).map_err(CliError::Prompt)?;
    Ok(answer.eq_ignore_ascii_case("yes"))
}

/// Puts the question to the folder itself, or to the till that has it.
fn put(config: &Config, acknowledge: bool) -> Result<Option<RestoredWire>, CliError> {
    let dir = &config.till.data_dir;
    let network = config.till.network.into();
    till_actors::abort::hush_contained();
    let opened = telemetry::during(&config.log, || StoppedTill::open(dir, network))?;
    match opened {
        Ok(till) => Ok(to_stopped(till, dir, network, acknowledge)?),
        Err(StoppedError::Start(StartError::Lock(LockError::Taken { .. }))) => {
            let question = serde_json::to_string(&Question { acknowledge });
            let question = question.map_err(AskError::from)?;
            Ok(ask::ask(dir, RESTORATION_PATH, question)?)
        }
        Err(error) => Err(error.into()),
    }
}

fn to_stopped(
    mut till: StoppedTill,
    dir: &Path,
    network: bitcoin::Network,
    acknowledge: bool,
) -> Result<Option<RestoredWire>, StoppedError> {
    if acknowledge {
        till.execute(RestorationCommand::Acknowledge)?;
        // The folder is read anew: what is told is what is on disk.
        drop(till);
        till = StoppedTill::open(dir, network)?;
    }
    Ok(till.restored()?.as_ref().map(RestoredWire::of))
}

/// Writing to a string cannot fail.
fn tell(text: &mut String, known: &RestoredWire) {
    let _ = writeln!(
        text,
        "Restored {} from a backup whose last record is of {}.\nWhat came after that is not in the books.",
        moment(known.restored_at),
        moment(known.known_until)
    );
    tell_books(text, &known.node);
    let _ = writeln!(
        text,
        "Channels of before whose closing is not in the chain yet: {}",
        known.open_channels.len()
    );
    for channel in &known.open_channels {
        let _ = writeln!(
            text,
            "  {} with {}",
            channel.channel_id, channel.counterparty
        );
    }
    let _ = writeln!(
        text,
        "Wallets of others with money: {}, {} msat in all. What one of them spent after the backup it\n\
         could spend again.",
        known.wallets_total, known.wallets_msat
    );
    for wallet in &known.wallets {
        let _ = writeln!(
            text,
            "  {} {:?}: {} msat",
            wallet.id, wallet.name, wallet.balance_msat
        );
    }
    if !known.undecided.is_empty() {
        text.push_str(
            "Payments that were under way, of which nobody knows what became. Their money stays set aside\n\
             until you say: tilld payment ID --was-paid, or --was-not-paid\n",
        );
    }
    for payment in &known.undecided {
        let made = moment(payment.attempted_at);
        let _ = writeln!(
            text,
            "  {}: {} msat, {made}",
            payment.id, payment.amount_msat
        );
    }
    match known.acknowledged_at {
        Some(at) => {
            let _ = writeln!(
                text,
                "\nAcknowledged {}: payments are not held back.",
                moment(at)
            );
        }
        None => text.push_str("\nPayments are held back. Sales go on.\n"),
    }
}

/// The books beside the node.
fn tell_books(text: &mut String, node: &NodeWire) {
    let booked = node.ledger_lightning_msat + node.ledger_closing_msat + node.ledger_onchain_msat;
    let _ = writeln!(text, "\nBy the books the node has {booked} msat.");
    match &node.explanation {
        None => text.push_str("The node agrees.\n"),
        Some(why) if node.onchain_msat.is_none() => {
            let _ = writeln!(text, "The node was not compared: {why}.");
        }
        Some(why) => {
            let difference = node.difference_msat.unsigned_abs();
            let which = if node.difference_msat < 0 {
                "less"
            } else {
                "more"
            };
            let _ = writeln!(
                text,
                "The books have {difference} msat {which} than the node: {why}."
            );
        }
    }
}

fn moment(millis: u64) -> String {
    let secs = i64::try_from(millis / 1_000).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(secs).ok();
    let text = at.and_then(|at| at.format(&Rfc3339).ok());
    text.unwrap_or_else(|| format!("{millis} ms after 1970"))
}
