//! `tilld channels`: the running till's channels, for its operator. Owns the arguments and what is
//! printed; the till does the work.

mod text;

use clap::{Args, Subcommand};

use super::args::Settings;
use super::ask::{self, AskError};
use super::console::Console;
use super::error::CliError;
use super::files;
use crate::config::{NodeId, PeerAddress};
use crate::serve::control::CHANNELS_PATH;
use crate::serve::control::channels::{ChannelsWire, Question};

#[derive(Debug, Subcommand)]
pub(super) enum ChannelsCommand {
    /// List channels, closed ones last
    List(Printing),
    /// Open a channel with a node, paid from the on-chain wallet
    Open(OpenArgs),
    /// Connect to a node, now and after each start, without opening a channel
    ///
    /// After a loss: a peer that opened a channel itself closes it once it is connected.
    Connect(ConnectArgs),
    /// Open a channel like one that is closed: with the same peer, and of the same size
    Reopen(ReopenArgs),
    /// Close a channel; its money comes back to the on-chain wallet, or goes to an address
    Close(CloseArgs),
    /// Put on-chain money into an open channel
    SpliceIn(SpliceArgs),
    /// Take money out of an open channel, to the till's own on-chain wallet
    SpliceOut(SpliceArgs),
}

#[derive(Debug, Args)]
pub(super) struct Printing {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct OpenArgs {
    /// Whom with, and where it listens
    #[arg(value_name = "NODE@HOST:PORT", value_parser = peer)]
    peer: (NodeId, PeerAddress),
    /// The channel's size, in sat
    #[arg(long, value_name = "SAT")]
    amount: u64,
    /// What the peer gets of it, in sat. It is gone: a gift, or the price of something
    #[arg(long, value_name = "SAT", default_value_t = 0)]
    push: u64,
    /// Tell the network of the channel
    #[arg(long)]
    announce: bool,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Debug, Args)]
pub(super) struct ConnectArgs {
    /// Whom, and where it listens
    #[arg(value_name = "NODE@HOST:PORT", value_parser = peer)]
    peer: (NodeId, PeerAddress),
    #[command(flatten)]
    printing: Printing,
}

#[derive(Debug, Args)]
pub(super) struct ReopenArgs {
    /// The closed channel's id, as `list` tells it
    #[arg(value_name = "CHANNEL")]
    channel: String,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Debug, Args)]
pub(super) struct CloseArgs {
    /// The channel's id, as `list` tells it
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// Send the money on to this address once it is back
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// At this feerate, in sat/vB [default: what the chain source thinks is due]
    #[arg(long, value_name = "SAT/VB", requires = "to", value_parser = clap::value_parser!(u64).range(1..=5_000))]
    feerate: Option<u64>,
    /// Do not ask the peer. The money is locked for a time, and it costs more
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Debug, Args)]
pub(super) struct SpliceArgs {
    /// The channel's id, as `list` tells it
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// How much, in sat; the miners' fee comes on top
    #[arg(long, value_name = "SAT")]
    amount: u64,
    #[command(flatten)]
    printing: Printing,
}

fn peer(text: &str) -> Result<(NodeId, PeerAddress), String> {
    let parts = text.split_once('@').and_then(|(node_id, address)| {
        Some((
            node_id.parse::<NodeId>().ok()?,
            address.parse::<PeerAddress>().ok()?,
        ))
    });
    parts.ok_or_else(|| "write it as NODE@HOST:PORT, the node's public key first".to_owned())
}

pub(super) fn run(
    settings: &Settings,
    command: &ChannelsCommand,
    env: &[(String, String)],
    console: &mut impl Console,
) -> Result<(), CliError> {
    let (question, printing) = match command {
        ChannelsCommand::List(printing) => (Question::List, printing),
        ChannelsCommand::Open(args) => (open(args), &args.printing),
        ChannelsCommand::Connect(args) => (connect(args), &args.printing),
        ChannelsCommand::Reopen(args) => {
            let channel = args.channel.clone();
            (Question::Reopen { channel }, &args.printing)
        }
        ChannelsCommand::Close(args) => (close(args), &args.printing),
        ChannelsCommand::SpliceIn(args) => {
            let (channel, amount_sat) = (args.channel.clone(), args.amount);
            let question = Question::SpliceIn {
                channel,
                amount_sat,
            };
            (question, &args.printing)
        }
        ChannelsCommand::SpliceOut(args) => {
            let (channel, amount_sat) = (args.channel.clone(), args.amount);
            let question = Question::SpliceOut {
                channel,
                amount_sat,
            };
            (question, &args.printing)
        }
    };
    let (loaded, _) = files::load(settings, env)?;
    let dir = &loaded.config.till.data_dir;
    let question = serde_json::to_string(&question).map_err(AskError::from)?;
    let answer: ChannelsWire = ask::ask(dir, CHANNELS_PATH, question)?;
    let printed = if printing.json {
        serde_json::to_string_pretty(&answer).map_err(AskError::from)? + "\n"
    } else {
        text::of(&answer)
    };
    console.say(&printed);
    Ok(())
}

fn connect(args: &ConnectArgs) -> Question {
    let (node_id, address) = &args.peer;
    Question::Connect {
        node_id: node_id.to_string(),
        address: address.as_str().to_owned(),
    }
}

fn close(args: &CloseArgs) -> Question {
    Question::Close {
        channel: args.channel.clone(),
        to: args.to.clone(),
        feerate: args.feerate,
        force: args.force,
    }
}

fn open(args: &OpenArgs) -> Question {
    let (node_id, address) = &args.peer;
    Question::Open {
        node_id: node_id.to_string(),
        address: address.as_str().to_owned(),
        amount_sat: args.amount,
        push_sat: args.push,
        announce: args.announce,
    }
}
