//! From a record to the lines of the house's history: one for each cause that moved its money. Owns
//! the kinds of lines and what counts as a fee; a record is all that it looks at.
//!
//! Only posted transfers count: what is set aside has not moved. So the amounts of all lines there
//! ever were add up to the house's balance, to the millisatoshi.

use till::id::{PaymentHash, PaymentId, TxId};
use till::ledger::{Account, Cause, EventBody, Fact, Phase, Record, Transfer, WalletRef};
use till::money::Msat;
use till::time::Timestamp;
use till::treasury::Purpose;

/// What a line is about. Its words are those of phoenixd's export where that knows the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// Money came over Lightning.
    LightningReceived,
    /// Money went over Lightning.
    LightningSent,
    /// Somebody paid one of the node's addresses.
    SwapIn,
    /// The house paid an address.
    SwapOut,
    /// The wallet's money from before the books began.
    Opening,
    /// A reorg took such a deposit away.
    SwapInReversed,
    /// What opening a channel cost.
    ChannelOpen,
    /// What closing a channel cost.
    ChannelClose,
    /// What splicing a channel cost.
    Splice,
    /// A channel's opener gave the other side a part of it.
    ChannelPush,
    /// Forwarding earned it.
    Routing,
    /// Miners got it, for something that is none of the above.
    MiningFee,
    /// The house bore what somebody else's payment cost beyond its limit.
    Adjustment,
}

impl LineKind {
    /// The word for it in a file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LightningReceived => "lightning_received",
            Self::LightningSent => "lightning_sent",
            Self::SwapIn => "swap_in",
            Self::SwapOut => "swap_out",
            Self::Opening => "opening_balance",
            Self::SwapInReversed => "swap_in_reversed",
            Self::ChannelOpen => "channel_open",
            Self::ChannelClose => "channel_close",
            Self::Splice => "channel_splice",
            Self::ChannelPush => "channel_push",
            Self::Routing => "routing",
            Self::MiningFee => "mining_fee",
            Self::Adjustment => "adjustment",
        }
    }
}

/// One line: what one cause in one record did to the house's money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The record's sequence number.
    pub seq: u64,
    /// Its place among the record's lines, from 1.
    pub number: usize,
    /// When it was booked.
    pub at: Timestamp,
    /// What it is about.
    pub about: About,
    /// By how much the house's balance changed, fees included; below zero for what went out.
    pub amount_msat: i128,
    /// What of it went to miners.
    pub mining_fee: Msat,
    /// What of it went to liquidity providers and for routing.
    pub service_fee: Msat,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What kind of thing.
    pub kind: LineKind,
    /// The outgoing payment, if it is one.
    pub payment: Option<PaymentId>,
    /// The payment hash, over Lightning.
    pub hash: Option<PaymentHash>,
    /// The transaction, on the chain.
    pub tx_id: Option<TxId>,
}

/// The lines of a record: none, mostly.
pub(super) fn lines(seq: u64, record: &Record) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for transfer in &record.transfers {
        let Some(change_msat) = house_change_msat(transfer) else {
            continue;
        };
        let about = about(&transfer.cause, record, change_msat);
        let place = lines.iter().position(|line| line.about == about);
        let place = place.unwrap_or_else(|| {
            lines.push(Line {
                seq,
                number: lines.len() + 1,
                at: record.at,
                about,
                amount_msat: 0,
                mining_fee: Msat::ZERO,
                service_fee: routing_fee(&about, record),
            });
            lines.len() - 1
        });
        if let Some(line) = lines.get_mut(place) {
            line.amount_msat += change_msat;
            add_fee(line, transfer);
        }
    }
    lines
}

/// By how much a transfer changes what the house has; `None` if it does not touch it.
fn house_change_msat(transfer: &Transfer) -> Option<i128> {
    match transfer.phase {
        Phase::Reserve | Phase::Release => return None,
        Phase::Post => {}
    }
    let amount = i128::from(transfer.amount.get());
    let is_house = |account: Account| account == Account::HOUSE;
    match (is_house(transfer.debit), is_house(transfer.credit)) {
        (false, true) => Some(amount),
        (true, false) => Some(-amount),
        (true, true) | (false, false) => None,
    }
}

/// What the house pays into one of the accounts of fees is a fee. What comes out of them to the
/// house was somebody else's to pay first: an LSP's fee is credited with the sale it is taken from.
fn add_fee(line: &mut Line, transfer: &Transfer) {
    let fee = match transfer.credit {
        Account::FeesChain => &mut line.mining_fee,
        Account::FeesLsp => &mut line.service_fee,
        Account::Wallet(_) | Account::Lightning | Account::Onchain | Account::Closing => return,
    };
    *fee = fee.checked_add(transfer.amount).unwrap_or(*fee);
}

fn about(cause: &Cause, record: &Record, change_msat: i128) -> About {
    let lightning = |kind, hash: &PaymentHash| About {
        hash: Some(*hash),
        ..of_kind(kind)
    };
    let chain = |kind, tx_id: &TxId| About {
        tx_id: Some(*tx_id),
        ..of_kind(kind)
    };
    match cause {
        Cause::Received(hash) | Cause::LspFee(hash) | Cause::Unasked(hash) => {
            lightning(LineKind::LightningReceived, hash)
        }
        Cause::Payment(id) => match sent(record, id) {
            Some((WalletRef::Wallet(_), _)) => of_kind(LineKind::Adjustment),
            Some((WalletRef::House, hash)) => About {
                payment: Some(*id),
                ..lightning(LineKind::LightningSent, &hash)
            },
            None => About {
                payment: Some(*id),
                ..of_kind(LineKind::LightningSent)
            },
        },
        Cause::Opening(tx_id) => chain(LineKind::Opening, tx_id),
        Cause::Splice(tx_id) => chain(LineKind::Splice, tx_id),
        Cause::Spent { payment, tx_id } => About {
            payment: Some(*payment),
            ..chain(LineKind::SwapOut, tx_id)
        },
        Cause::Internal(id) => {
            let is_ours = change_msat < 0;
            About {
                kind: if is_ours {
                    LineKind::LightningSent
                } else {
                    LineKind::LightningReceived
                },
                payment: is_ours.then_some(*id),
                hash: sent(record, id).map(|(_, hash)| hash),
                tx_id: None,
            }
        }
        Cause::UnknownPayment(hash) => lightning(LineKind::LightningSent, hash),
        Cause::Deposit(tx_id) => chain(LineKind::SwapIn, tx_id),
        Cause::Reversed(tx_id) => chain(LineKind::SwapInReversed, tx_id),
        Cause::ChannelFunding(tx_id) => chain(LineKind::ChannelOpen, tx_id),
        Cause::ChannelPush(tx_id) => chain(LineKind::ChannelPush, tx_id),
        Cause::ChannelProceeds(tx_id) => chain(LineKind::ChannelClose, tx_id),
        Cause::MinerFee(tx_id) => chain(mined(record, tx_id), tx_id),
        Cause::Closing => About {
            tx_id: booked(record).map(|(tx_id, _)| tx_id),
            ..of_kind(LineKind::ChannelClose)
        },
        Cause::Routing => of_kind(LineKind::Routing),
        Cause::WalletDeleted(_) | Cause::AddressBought(_) | Cause::ServiceFee(_) => {
            of_kind(LineKind::Adjustment)
        }
    }
}

const fn of_kind(kind: LineKind) -> About {
    About {
        kind,
        payment: None,
        hash: None,
        tx_id: None,
    }
}

/// Whose the payment is that this record ends well, and its hash.
fn sent(record: &Record, wanted: &PaymentId) -> Option<(WalletRef, PaymentHash)> {
    record.events.iter().find_map(|event| {
        if let EventBody::PaymentSent { id, hash, .. } = &event.body
            && id == wanted
        {
            return Some((event.wallet, *hash));
        }
        None
    })
}

/// What routing cost the house's payment that the line is about.
fn routing_fee(about: &About, record: &Record) -> Msat {
    let fee = record.facts.iter().find_map(|fact| {
        if let Fact::PaymentSent { id, sent } = fact
            && about.payment == Some(*id)
        {
            return Some(sent.fee);
        }
        None
    });
    fee.unwrap_or(Msat::ZERO)
}

/// What the transaction was for whose fee is paid.
fn mined(record: &Record, wanted: &TxId) -> LineKind {
    match booked(record).filter(|(tx_id, _)| tx_id == wanted) {
        Some((_, Purpose::ChannelFunding)) => LineKind::ChannelOpen,
        Some((_, Purpose::ChannelProceeds | Purpose::ClosingCost)) => LineKind::ChannelClose,
        Some((_, Purpose::SpliceIn | Purpose::SpliceOut)) => LineKind::Splice,
        Some((_, Purpose::OpeningIn | Purpose::OpeningOut)) => LineKind::Opening,
        Some((_, Purpose::Deposit)) | None => LineKind::MiningFee,
    }
}

/// The on-chain transaction that this record books, if it does.
fn booked(record: &Record) -> Option<(TxId, Purpose)> {
    record.facts.iter().find_map(|fact| {
        if let Fact::OnchainBooked(row) = fact {
            return Some((row.tx_id, row.purpose));
        }
        None
    })
}
