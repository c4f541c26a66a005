//! Every reason for which the ledger refuses.

use crate::id::PaymentId;
use crate::ledger::entity::Damaged;
use crate::money::Msat;

/// Why a command was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The hash already belongs to another invoice or payment.
    #[error("the payment hash is already in use")]
    HashInUse,
    /// There is no such invoice.
    #[error("unknown invoice")]
    UnknownInvoice,
    /// There is no such session or token.
    #[error("unknown session")]
    UnknownSession,
    /// The step does not follow from where things stand.
    #[error("not possible in the present state")]
    WrongState,
    /// The HTLC is worth less than the invoice asks for.
    #[error("the amount does not pay the invoice")]
    Underpaid,
    /// The invoice is past its time.
    #[error("the invoice has expired")]
    InvoiceExpired,
    /// The invoice is one of this till's own.
    #[error("the invoice is the wallet's own")]
    SelfPayment,
    /// That invoice was paid before, by this payment.
    #[error("the invoice has already been paid")]
    AlreadyPaid(PaymentId),
    /// That invoice is being paid, by this payment.
    #[error("the invoice is already being paid")]
    InFlight(PaymentId),
    /// Somebody is paying that invoice of this till's, or has.
    #[error("the invoice is being paid or has been paid by somebody else")]
    TakenInvoice,
    /// The payment failed, but whether anything of it is under way has not been looked at.
    #[error("the earlier attempt is not known to be over")]
    NotCleared(PaymentId),
    /// The invoice was cancelled.
    #[error("the invoice has been cancelled")]
    InvoiceCancelled,
    /// What was held has to go back: there are too few blocks left to claim it safely.
    #[error("the deadline to settle has passed")]
    DeadlinePassed,
    /// That is not what opens the invoice's hash.
    #[error("the preimage does not open the payment hash")]
    WrongPreimage,
    /// The node has not yet told what it knows an earlier payment to an offer by.
    #[error("an earlier payment to an offer is not accounted for yet")]
    OfferUnlinked(PaymentId),
    /// Amount and fee cap exceed what the wallet may spend.
    #[error("not enough funds: {needed} needed, {available} available")]
    InsufficientFunds {
        /// Amount and fee cap.
        needed: Msat,
        /// What may be spent.
        available: Msat,
    },
    /// The on-chain wallet may have it, but so much of it is not the house's.
    #[error("not enough funds of the house's: {needed} needed, {available} available")]
    NotTheHouses {
        /// Amount and miners' fee.
        needed: Msat,
        /// What the house may spend.
        available: Msat,
    },
    /// The same idempotency key came with another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyConflict,
    /// The till was restored from a backup, and its operator has not acknowledged that yet.
    #[error("payments are held back: the till was restored from a backup")]
    PaymentsHeld,
    /// There is no such payment.
    #[error("unknown payment")]
    UnknownPayment,
    /// The channel is being closed already, in another way or to another address.
    #[error("the channel is being closed already")]
    ClosingAlready,
    /// There is no such holder of wallets.
    #[error("unknown holder")]
    UnknownHolder,
    /// There is no such wallet, or it was deleted.
    #[error("unknown wallet")]
    UnknownWallet,
    /// Something is pending or held in the wallet.
    #[error("something is pending or held in the wallet")]
    WalletBusy,
    /// The wallet has a key; it can be rotated.
    #[error("the wallet already has a key")]
    KeyExists,
    /// There is no such key.
    #[error("unknown key")]
    UnknownKey,
    /// That gives no account back.
    #[error("unknown recovery passphrase")]
    UnknownRecovery,
    /// Somebody has that Lightning address.
    #[error("the address is taken")]
    AddressTaken,
    /// There is no such Lightning address in that wallet.
    #[error("unknown address")]
    UnknownAddress,
    /// Only addresses that were bought can be given to another wallet.
    #[error("only vanity addresses can be transferred")]
    NotTransferable,
    /// The account has had as many wallets as it may.
    #[error("an account has at most {0} wallets, deleted ones included")]
    TooManyWallets(u32),
    /// The wallet has as many Lightning addresses as it may.
    #[error("a wallet has at most {0} addresses")]
    TooManyAddresses(u32),
    /// The wallet calls that URL already.
    #[error("the wallet has a webhook with that URL")]
    WebhookExists,
    /// The wallet has as many webhooks as it may.
    #[error("a wallet has at most {0} webhooks")]
    TooManyWebhooks(usize),
    /// There is no such webhook.
    #[error("unknown webhook")]
    UnknownWebhook,
    /// As many invoices are unpaid as may be: of the wallet, or of those that strangers asked for.
    #[error("too many unpaid invoices")]
    TooManyUnpaid,
    /// There is no such share, or it is not where that could be asked.
    #[error("unknown share")]
    UnknownShare,
    /// That holder has been invited to the wallet.
    #[error("already invited")]
    AlreadyInvited,
    /// The till has been set up before.
    #[error("already initialized")]
    AlreadyInitialized,
    /// Somebody else has that name.
    #[error("the name is taken")]
    NameTaken,
    /// There is no such member of staff, or not any more.
    #[error("unknown user")]
    UnknownUser,
    /// Nobody would be left to administer the till.
    #[error("the last administrator must stay one")]
    LastAdmin,
    /// The password that was typed has been changed meanwhile.
    #[error("the password was changed meanwhile")]
    PasswordChanged,
    /// An amount exceeds all money.
    #[error("the amount is too large")]
    TooLarge,
    /// A stored row cannot be read. Not the caller's fault: the process must stop.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}
