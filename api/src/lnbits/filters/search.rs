//! Fields as texts: what a free search looks through, and filters compare. Owns which field is which, and
//! whether the entry of a row tells it or only the row; they read as the dialect shows them.

use till::ledger::WalletRef;
use till::money::Msat;
use till_actors::service::ListRow;
use till_actors::views::{Brief, Standing};

use crate::lnbits::Dialect;

/// What can be filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Status,
    Tag,
    CheckingId,
    Amount,
    Fee,
    Memo,
    Time,
    Preimage,
    PaymentHash,
    WalletId,
}

/// Every field and its name.
const NAMES: [(Field, &str); 10] = [
    (Field::Status, "status"),
    (Field::Tag, "tag"),
    (Field::CheckingId, "checking_id"),
    (Field::Amount, "amount"),
    (Field::Fee, "fee"),
    (Field::Memo, "memo"),
    (Field::Time, "time"),
    (Field::Preimage, "preimage"),
    (Field::PaymentHash, "payment_hash"),
    (Field::WalletId, "wallet_id"),
];

/// What a free search looks through.
pub(super) const FIELDS: [Field; 6] = [
    Field::Memo,
    Field::Amount,
    Field::WalletId,
    Field::Tag,
    Field::Status,
    Field::Time,
];

impl Field {
    pub(super) fn named(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(field, _)| *field)
    }

    pub(super) fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(field, _)| *field == self);
        found.map_or("", |(_, name)| name)
    }

    /// Whether the entry of a row tells it, so that the row need not be read.
    pub(super) const fn is_in_entry(self) -> bool {
        match self {
            Self::Status
            | Self::Tag
            | Self::Amount
            | Self::Fee
            | Self::Memo
            | Self::Time
            | Self::WalletId => true,
            Self::CheckingId | Self::Preimage | Self::PaymentHash => false,
        }
    }
}

/// What an entry tells, as the dialect shows it; what it does not tell is empty.
pub(super) fn text_of_entry(
    field: Field,
    brief: &Brief,
    wallet: WalletRef,
    dialect: Dialect,
) -> String {
    match field {
        Field::Status => brief.standing().word().to_owned(),
        Field::Tag => brief.tag.clone(),
        Field::Memo => brief.memo.clone(),
        Field::Amount => dialect.shown(brief.amount_msat).to_string(),
        Field::Time => {
            let shown = dialect.time(brief.created_at());
            shown
                .as_str()
                .map_or_else(|| shown.to_string(), str::to_owned)
        }
        Field::WalletId => match wallet {
            WalletRef::House => String::new(),
            WalletRef::Wallet(id) => id.to_string(),
        },
        Field::Fee => shown_fee(brief, dialect).to_string(),
        Field::CheckingId | Field::Preimage | Field::PaymentHash => String::new(),
    }
}

/// What only the row tells; what its entry tells is empty.
pub(super) fn text_of_row(field: Field, row: &ListRow) -> String {
    match field {
        Field::CheckingId | Field::PaymentHash => hash(row),
        Field::Preimage => preimage(row),
        Field::Status
        | Field::Tag
        | Field::Memo
        | Field::Amount
        | Field::Fee
        | Field::Time
        | Field::WalletId => String::new(),
    }
}

pub(super) fn shown_fee(brief: &Brief, dialect: Dialect) -> i64 {
    let fee = Msat::new(brief.fee_msat).unwrap_or(Msat::ZERO);
    dialect.fee(fee, brief.is_outgoing())
}

fn hash(row: &ListRow) -> String {
    match row {
        ListRow::Invoice(invoice) => invoice.hash.to_string(),
        ListRow::Payment(payment) => match payment.hash {
            Some(hash) => hash.to_string(),
            None => payment.id.to_string(),
        },
    }
}

/// Only what is proof of a payment; never what would make one.
fn preimage(row: &ListRow) -> String {
    let known = match row {
        ListRow::Invoice(invoice) if row.standing() == Standing::Success => {
            invoice.preimage.as_ref()
        }
        ListRow::Invoice(_) => None,
        ListRow::Payment(payment) => match &payment.outcome {
            Some(till::payment::Outcome::Sent(sent)) => sent.preimage.as_ref(),
            Some(till::payment::Outcome::Failed { .. }) | None => None,
        },
    };
    known.map_or_else(String::new, |preimage| hex::encode(preimage.reveal()))
}
