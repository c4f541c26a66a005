//! What happens on the chain to the node's own money. Owns the rows; it does not know how
//! transactions are built, found or watched.

mod close;
mod deposit;
mod spend;

pub use close::{CloseJob, CloseState, SweepTo};
pub use deposit::{Credit, Deposit, DepositState};
pub use spend::{MinedIn, Spend, SpendPurpose, SpendTx, SpendVersion};
mod opening;

use minicbor::{Decode, Encode};

pub use opening::{Opening, OpeningOutcome, OpeningRefusal};

use crate::id::TxId;
use crate::money::{Msat, Sat};
use crate::time::Timestamp;

/// A transaction of the node's on-chain wallet, booked once, keyed by its id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OnchainTx {
    /// Which transaction.
    #[n(0)]
    pub tx_id: TxId,
    /// What it did.
    #[n(1)]
    pub purpose: Purpose,
    /// What it moved, fees left out.
    #[n(2)]
    pub amount: Msat,
    /// What the miners got from us.
    #[n(3)]
    pub fee: Msat,
    /// When it was booked.
    #[n(4)]
    pub booked_at: Timestamp,
    /// The house's balance in whole satoshis after, less that before, where it was a deposit.
    #[n(5)]
    pub credited_sat: Sat,
    /// The block that it was booked from.
    #[n(6)]
    pub height: Option<u32>,
    /// When a reorg took it away again, if one did and it has not come back.
    #[n(7)]
    pub reversed_at: Option<Timestamp>,
}

/// What a transaction of the node's on-chain wallet did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Purpose {
    /// Somebody paid one of our addresses.
    #[n(0)]
    Deposit,
    /// We opened a channel with it: on-chain money became Lightning money.
    #[n(1)]
    ChannelFunding,
    /// A channel's money came back to the wallet.
    #[n(2)]
    ChannelProceeds,
    /// The wallet paid for getting a closed channel's money back (an anchor's fee bump).
    #[n(3)]
    ClosingCost,
    /// On-chain money went into a channel that is open already.
    #[n(10)]
    SpliceIn,
    /// Money of a channel that stays open went to the wallet.
    #[n(11)]
    SpliceOut,
    /// Money came to the wallet before the books began: a part of the opening balance.
    #[n(20)]
    OpeningIn,
    /// Money left the wallet before the books began.
    #[n(21)]
    OpeningOut,
}

/// A channel that we heard of, keyed by the id the node gives its user (`user_channel_id`).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Channel {
    /// The node's lasting name for it, big-endian.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub user_channel_id: [u8; 16],
    /// The channel id of BOLT 2, hexadecimal; changes when a channel is spliced.
    #[n(1)]
    pub channel_id: String,
    /// The peer's node id, hexadecimal.
    #[n(2)]
    pub counterparty: String,
    /// The funding transaction, once there is one.
    #[n(3)]
    pub funding_tx: Option<TxId>,
    /// The funding output's index.
    #[n(4)]
    pub funding_index: u32,
    /// What the peer gave us when it opened the channel.
    #[n(5)]
    pub got: Msat,
    /// What we gave the peer when we opened it.
    #[n(7)]
    pub given: Msat,
    /// Where it stands.
    #[n(6)]
    pub state: ChannelState,
    /// When it was first heard of.
    #[n(8)]
    #[cbor(default)]
    pub opened_at: Timestamp,
    /// The transaction that closed it, once the chain has shown one.
    #[n(9)]
    pub closing: Option<Closing>,
    /// Where the peer listens, `host:port`, if we opened the channel: to open it again.
    #[n(20)]
    pub address: Option<String>,
    /// Whether we told the network of it.
    #[n(21)]
    #[cbor(default)]
    pub announced: bool,
    /// The output that a splice will have it hang on, once that is deep enough.
    #[n(22)]
    pub splicing: Option<Funding>,
    /// What it hung on before its splices, the oldest first.
    #[n(23)]
    #[cbor(default)]
    pub spliced: Vec<Funding>,
}

/// The output that holds a channel's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Funding {
    /// The transaction.
    #[n(0)]
    pub tx_id: TxId,
    /// The output's index.
    #[n(1)]
    pub index: u32,
}

/// The transaction that spends a channel's funding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Closing {
    /// Which.
    #[n(0)]
    pub tx_id: TxId,
    /// In which block it is.
    #[n(1)]
    pub height: Option<u32>,
}

/// A transaction with so many confirmations is taken for final, as LDK does.
pub const FINAL_DEPTH: u32 = 6;

impl Channel {
    /// Every output that holds its money, or may soon.
    pub fn fundings(&self) -> impl Iterator<Item = (TxId, u32)> + '_ {
        let now = self.funding_tx.map(|tx_id| (tx_id, self.funding_index));
        let soon = self.splicing.map(|soon| (soon.tx_id, soon.index));
        now.into_iter().chain(soon)
    }

    /// Whether a splice that is deep enough was this transaction.
    #[must_use]
    pub fn was_spliced_by(&self, tx_id: TxId) -> bool {
        let later = self.spliced.iter().skip(1).map(|funding| funding.tx_id);
        let now = self.funding_tx.filter(|_| !self.spliced.is_empty());
        later.chain(now).any(|splice| splice == tx_id)
    }

    /// Whether no HTLC can be left in it at `height`: its closing is final.
    #[must_use]
    pub fn closed_for_good(&self, height: u32) -> bool {
        let mined = self.closing.and_then(|closing| closing.height);
        mined.is_some_and(|mined| height >= mined.saturating_add(FINAL_DEPTH - 1))
    }
}

/// What the node holds, by its own account, when nothing is on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// In open channels, in msat: at least.
    pub channels_low_msat: i128,
    /// In open channels, in msat: at most. The node tells some balances in whole satoshis.
    pub channels_high_msat: i128,
    /// In channels that are closed, on the way back to the wallet.
    pub closing_msat: i128,
    /// On the chain, confirmed or not.
    pub onchain_msat: i128,
}

/// By what the ledger and the node may differ, because it was seen to happen: one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Allowance {
    /// What closings may have cost us and was not booked yet: a bound.
    #[n(0)]
    pub closing_msat: u64,
    /// What forwarding has earned and was not booked yet: a bound, since the node may tell of it
    /// twice.
    #[n(1)]
    pub routing_msat: u64,
    /// The difference that an alarm was last raised for, ledger less node; zero if all is explained.
    #[n(2)]
    pub unexplained_msat: i64,
}

/// Where a channel stands, as far as the ledger cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ChannelState {
    /// We asked the peer for it.
    #[n(0)]
    Opening,
    /// Its funding transaction is known.
    #[n(1)]
    Pending,
    /// It can be used.
    #[n(2)]
    Ready,
    /// It is closed, or closing.
    #[n(3)]
    Closed,
}
