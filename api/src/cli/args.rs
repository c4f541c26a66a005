//! The arguments, as clap reads them, and the settings among them.
//!
//! Owns names and help texts. Values are checked where all settings are, by the configuration.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::acknowledge::AcknowledgeArgs;
use super::backup::BackupArgs;
use super::channels::ChannelsCommand;
use super::init::AdminArgs;
use super::recover::RecoverArgs;
use super::restore::RestoreArgs;
use crate::{config::Overrides, seed::WordCount};

/// A self-custodial Lightning till.
#[derive(Debug, Parser)]
#[command(name = "tilld", version, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) settings: Settings,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a commented configuration file and a new seed
    Init(InitArgs),
    /// Run the till
    Serve,
    /// Ask the till that serves here whether it is alive; the exit code is the answer
    ///
    /// For supervisors that cannot ask over HTTP themselves, as of containers. Exit codes: 0 it is, 1
    /// it is not.
    Health(HealthArgs),
    /// Replay the journal and compare everything with what the till serves from
    ///
    /// Works on a stopped till's folder and on a running till, which goes on meanwhile. Nothing is
    /// changed. Exit codes: 0 everything agrees, 1 something differs, 2 the audit could not be done.
    Audit(AuditArgs),
    /// Say how an outgoing payment stands, and what a pending one waits for
    ///
    /// Asks the running till.
    Payment(PaymentArgs),
    /// Write all that may be kept of a till into one file
    ///
    /// The journal, the configuration, the seed if it has a passphrase, and a list of channels and
    /// peers. Works on a stopped till's folder and on a running till. The state of channels is never
    /// in it: restored, it would lose their money.
    Backup(BackupArgs),
    /// Make a data folder from a backup, after a machine was lost
    Restore(RestoreArgs),
    /// Show what is known of a till that was restored, and let its payments go
    ///
    /// A restored till makes no payments before: what its wallets spent after the backup is not in its
    /// books. Works on a running till and on a stopped one's folder.
    AcknowledgeRestore(AcknowledgeArgs),
    /// Find what peers paid out when they closed channels that this till has lost, and fetch it
    ///
    /// Needs the seed and the chain source, and no till: looks at every address to which a peer may
    /// have paid. Without --to it only lists.
    RecoverChannels(RecoverArgs),
    /// List, open, close and reopen channels; connect to peers
    ///
    /// Asks the running till.
    #[command(subcommand)]
    Channels(ChannelsCommand),
    /// Work with the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the version
    Version,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check the configuration and print it with the origin of every value, secrets redacted
    Check,
}

/// Flags that every command has: where the configuration is, and settings that win over it.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct Settings {
    /// Configuration file [default: $TILL_CONFIG, else tilld.toml in the data folder if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Data folder (till.data_dir)
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// mainnet, signet, testnet4 or regtest (till.network)
    #[arg(long, global = true)]
    network: Option<String>,
    /// Base URL of the Esplora server (chain.esplora_url)
    #[arg(long, global = true, value_name = "URL")]
    esplora_url: Option<String>,
    /// esplora, electrum or bitcoind (chain.source)
    #[arg(long, global = true, value_name = "KIND")]
    chain_source: Option<String>,
    /// The Electrum server, tcp://HOST:PORT or ssl://HOST:PORT (chain.electrum_url)
    #[arg(long, global = true, value_name = "URL")]
    electrum_url: Option<String>,
    /// Where bitcoind's RPC listens (chain.bitcoind_rpc)
    #[arg(long, global = true, value_name = "HOST:PORT")]
    bitcoind_rpc: Option<String>,
    /// File with name and password for it, as name:password (chain.bitcoind_auth_file)
    #[arg(long, global = true, value_name = "FILE")]
    bitcoind_auth_file: Option<PathBuf>,
    /// HTTP address and port (http.listen)
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Any other setting, repeatable. Do not use it for secrets: other users of the machine can
    /// see a command line
    #[arg(long, global = true, value_name = "SECTION.KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (path, value) = text
        .split_once('=')
        .ok_or("write it as section.key=value")?;
    Ok((path.trim().to_owned(), value.to_owned()))
}

impl Settings {
    /// The settings among the flags. Folders are taken from where the user stands.
    pub(super) fn overrides(&self) -> std::io::Result<Overrides> {
        let mut overrides = Overrides::default();
        for (path, value) in &self.set {
            overrides.set(&format!("--set {path}"), path, value);
        }
        if let Some(dir) = &self.data_dir {
            let dir = std::path::absolute(dir)?;
            overrides.set("--data-dir", "till.data_dir", dir.to_string_lossy());
        }
        if let Some(file) = &self.bitcoind_auth_file {
            let file = std::path::absolute(file)?;
            let (flag, path) = ("--bitcoind-auth-file", "chain.bitcoind_auth_file");
            overrides.set(flag, path, file.to_string_lossy());
        }
        let named = [
            ("--network", "till.network", &self.network),
            ("--chain-source", "chain.source", &self.chain_source),
            ("--electrum-url", "chain.electrum_url", &self.electrum_url),
            ("--bitcoind-rpc", "chain.bitcoind_rpc", &self.bitcoind_rpc),
            ("--esplora-url", "chain.esplora_url", &self.esplora_url),
            ("--listen", "http.listen", &self.listen),
        ];
        for (flag, path, value) in named {
            if let Some(value) = value {
                overrides.set(flag, path, value);
            }
        }
        Ok(overrides)
    }
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Print one JSON document
    ///
    /// Its fields: agrees, running, records, compared, views {seq, behind, not_compared},
    /// differences_total, differences [{subject, expected, found}], invariants [{name, holds,
    /// detail}], node {lightning_low_msat, lightning_high_msat, closing_msat, onchain_msat,
    /// ledger_lightning_msat, ledger_closing_msat, ledger_onchain_msat, difference_msat,
    /// unexplained, explanation, opening_height,
    /// opening_onchain_msat} or null
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// Ask whether payments can be made and taken, not only whether it answers. Do not restart a till
    /// that is not ready: it mostly waits for its chain source
    #[arg(long)]
    pub(super) ready: bool,
}

#[derive(Debug, Args)]
pub(super) struct PaymentArgs {
    /// The payment's id, or its payment hash
    #[arg(value_name = "ID|HASH")]
    pub(super) payment: String,
    /// The recipient has the money: only for a payment that was under way when a backup was taken which
    /// the till was restored from
    #[arg(long, conflicts_with = "was_not_paid")]
    pub(super) was_paid: bool,
    /// The recipient never got it, and never will: its money is released. Likewise
    #[arg(long)]
    pub(super) was_not_paid: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Number of words of the seed
    #[arg(long, default_value = "24", value_parser = word_count, value_name = "12|24")]
    pub(super) words: WordCount,
    /// The liquidity provider (LSPS2) (lsp.node_id, lsp.address)
    #[arg(long, value_name = "NODE@HOST:PORT")]
    pub(super) lsp: Option<String>,
    #[command(flatten)]
    pub(super) seed: SeedArgs,
    /// Take a seed that there is, and not a new one: you are asked for its words. The node and its
    /// on-chain money come back with it; for the books you need a backup (`tilld restore`)
    #[arg(long, conflicts_with = "words")]
    pub(super) recover: bool,
    /// File with the words of that seed
    #[arg(long, value_name = "FILE", requires = "recover")]
    pub(super) words_file: Option<PathBuf>,
    /// Do not print the words, for scripts whose output ends up in a log
    #[arg(long)]
    pub(super) hide_words: bool,
    // The last: flags behind it would come under its heading.
    #[command(flatten)]
    pub(super) admin: AdminArgs,
}

/// How a seed is kept.
#[derive(Debug, Args)]
pub(super) struct SeedArgs {
    /// File with the passphrase that encrypts the seed; it goes into the configuration
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
    /// Store the seed without a passphrase
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(super) no_passphrase: bool,
    /// Ask nothing, take everything from flags and environment
    #[arg(long)]
    pub(super) non_interactive: bool,
}

fn word_count(text: &str) -> Result<WordCount, String> {
    match text {
        "12" => Ok(WordCount::Twelve),
        "24" => Ok(WordCount::TwentyFour),
        _ => Err("a seed has 12 or 24 words".to_owned()),
    }
}
