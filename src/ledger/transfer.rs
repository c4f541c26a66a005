//! Transfers: the only way money moves. Owns their phases and causes.
//!
//! A transfer names the account that is debited and the one that is credited with the same
//! amount, so a record's postings sum to zero by construction.

use minicbor::{Decode, Encode};

use super::account::Account;
use crate::id::{PaymentHash, PaymentId, TxId, WalletId};
use crate::money::Msat;

/// One amount from one account to another.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Transfer {
    /// The account that is debited.
    #[n(0)]
    pub debit: Account,
    /// The account that is credited.
    #[n(1)]
    pub credit: Account,
    /// How much.
    #[n(2)]
    pub amount: Msat,
    /// Set aside, released or done.
    #[n(3)]
    pub phase: Phase,
    /// Why.
    #[n(4)]
    pub cause: Cause,
}

/// What a transfer does to the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Phase {
    /// Adds to the pending columns.
    #[n(0)]
    Reserve,
    /// Takes from the pending columns what was reserved.
    #[n(1)]
    Release,
    /// Adds to the posted columns.
    #[n(2)]
    Post,
}

/// Why money moved.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Cause {
    /// An invoice was paid.
    #[n(0)]
    Received(#[n(0)] PaymentHash),
    /// The liquidity provider kept its fee (LSPS2).
    #[n(1)]
    LspFee(#[n(0)] PaymentHash),
    /// Money came that no invoice of ours had asked for.
    #[n(2)]
    Unasked(#[n(0)] PaymentHash),
    /// An outgoing payment.
    #[n(3)]
    Payment(#[n(0)] PaymentId),
    /// The node reports a payment that no row of ours explains.
    #[n(4)]
    UnknownPayment(#[n(0)] PaymentHash),
    /// Somebody paid an address of the node's.
    #[n(5)]
    Deposit(#[n(0)] TxId),
    /// On-chain money became a channel.
    #[n(6)]
    ChannelFunding(#[n(0)] TxId),
    /// A peer opened a channel and gave us a part of it.
    #[n(7)]
    ChannelPush(#[n(0)] TxId),
    /// A channel's money came back to the chain.
    #[n(8)]
    ChannelProceeds(#[n(0)] TxId),
    /// The miners' fee of a transaction of ours.
    #[n(9)]
    MinerFee(#[n(0)] TxId),
    /// One wallet of this till's paid another's invoice.
    #[n(10)]
    Internal(#[n(0)] PaymentId),
    /// The house paid on the chain, with this transaction.
    #[n(40)]
    Spent {
        /// The payment.
        #[n(0)]
        payment: PaymentId,
        /// The transaction.
        #[n(1)]
        tx_id: TxId,
    },
    /// What was left of a wallet that was deleted.
    #[n(50)]
    WalletDeleted(#[n(0)] WalletId),
    /// A wallet paid the house for a Lightning address.
    #[n(51)]
    AddressBought(#[n(0)] String),
    /// What the house takes for carrying out a wallet's payment.
    #[n(52)]
    ServiceFee(#[n(0)] PaymentId),
    /// A channel was closed: its money moves, and some of it is the cost.
    #[n(20)]
    Closing,
    /// Forwarding other people's payments earned it.
    #[n(21)]
    Routing,
    /// The node's wallet had done it before the books began: a part of the opening balance.
    #[n(70)]
    Opening(#[n(0)] TxId),
    /// A reorg took a deposit away.
    #[n(22)]
    Reversed(#[n(0)] TxId),
    /// Money went into an open channel, or came out of it.
    #[n(30)]
    Splice(#[n(0)] TxId),
}
