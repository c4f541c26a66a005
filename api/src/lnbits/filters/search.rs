//! Fields of rows as texts: what a free search looks through, and filters compare. Owns which field is
//! which; they read as the dialect shows them.

use till::invoice::Description;
use till::ledger::WalletRef;
use till_actors::service::ListRow;
use till_actors::views::Standing;

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
}

/// What people read of a row, as [`crate::lnbits::render`] shows it: what is searched is what is shown.
pub(crate) fn memo(row: &ListRow) -> String {
    let memo = match row {
        ListRow::Invoice(invoice) => match &invoice.description {
            Description::Text(text) => Some(text.clone()),
            Description::Hash(_) => invoice.meta.memo.clone(),
        },
        ListRow::Payment(payment) => {
            let described = payment.description.clone().filter(|text| !text.is_empty());
            described.or_else(|| payment.meta.memo.clone())
        }
    };
    memo.unwrap_or_default()
}

pub(super) fn text_of(field: Field, row: &ListRow, dialect: Dialect) -> String {
    match field {
        Field::Status => row.standing().word().to_owned(),
        Field::Tag => row.meta().tag.clone().unwrap_or_default(),
        Field::CheckingId | Field::PaymentHash => hash(row),
        Field::Amount => shown_amount(row, dialect).to_string(),
        Field::Fee => shown_fee(row, dialect).to_string(),
        Field::Memo => memo(row),
        Field::Time => {
            let shown = dialect.time(row.created_at());
            shown
                .as_str()
                .map_or_else(|| shown.to_string(), str::to_owned)
        }
        Field::Preimage => preimage(row),
        Field::WalletId => match row.wallet() {
            WalletRef::House => String::new(),
            WalletRef::Wallet(id) => id.to_string(),
        },
    }
}

pub(super) fn shown_amount(row: &ListRow, dialect: Dialect) -> i64 {
    let msat = row.amount_msat();
    match dialect {
        Dialect::Documented => msat / 1_000,
        Dialect::V1 => msat,
    }
}

pub(super) fn shown_fee(row: &ListRow, dialect: Dialect) -> i64 {
    dialect.fee(row.fee(), matches!(row, ListRow::Payment(_)))
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
