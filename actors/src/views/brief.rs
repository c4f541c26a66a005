//! What an entry of a wallet's one list tells of its row, so that a search through thousands of them
//! reads one range of keys in order instead of thousands of rows all over the disk. Owns what is in it.

use minicbor::{Decode, Encode};
use till::invoice::Invoice;
use till::ledger::WalletRef;
use till::ledger::entity::{Damaged, encode};
use till::payment::Payment;
use till::time::Timestamp;

use super::cells::sum;
use super::facets::{Facet, Size, Standing, invoice_amount, payment_fee, signed};
use crate::service::ListRow;

/// What is searched of a row.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Brief {
    /// What people read of it: [`ListRow::memo`].
    #[n(0)]
    pub memo: String,
    /// The caller's tag; empty for none.
    #[n(1)]
    pub tag: String,
    /// What it is about, in msat, below zero for what goes out.
    #[n(2)]
    pub amount_msat: i64,
    /// When it began, in milliseconds since the Unix epoch.
    #[n(3)]
    created_at_millis: u64,
    /// The word of its [`Standing`].
    #[n(4)]
    standing: u8,
    /// What routing or the liquidity provider took, in msat.
    #[n(5)]
    pub fee_msat: u64,
    /// The program that asked; empty for none.
    #[n(6)]
    pub extension: String,
}

impl Brief {
    /// Whether the wallet pays.
    #[must_use]
    pub const fn is_outgoing(&self) -> bool {
        self.amount_msat < 0
    }

    /// What it counts under.
    pub(super) fn facet(&self, by: Facet) -> &str {
        match by {
            Facet::Status => self.standing().word(),
            Facet::Tag => &self.tag,
            Facet::Extension => &self.extension,
            Facet::Size => Size::of(self.amount_msat).word(),
        }
    }

    /// When it began.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.created_at_millis)
    }

    /// Where it stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self.standing {
            0 => Standing::Pending,
            1 => Standing::Success,
            _ => Standing::Failed,
        }
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Damaged> {
        sum(bytes, bytes)
    }
}

const fn number(standing: Standing) -> u8 {
    match standing {
        Standing::Pending => 0,
        Standing::Success => 1,
        Standing::Failed => 2,
    }
}

/// No list of this kind shows the house, so nobody searches it so.
pub(super) fn of_invoice(invoice: &Invoice) -> Vec<u8> {
    if invoice.wallet == WalletRef::House {
        return Vec::new();
    }
    encode(&Brief {
        memo: invoice.memo().to_owned(),
        tag: invoice.meta.tag.clone().unwrap_or_default(),
        amount_msat: signed(invoice_amount(invoice), false),
        created_at_millis: invoice.created_at.as_millis(),
        standing: number(Standing::of_invoice(invoice.state)),
        fee_msat: invoice.receipt.map_or(0, |got| got.lsp_fee.get()),
        extension: invoice.meta.extension.clone().unwrap_or_default(),
    })
}

/// As [`of_invoice`].
pub(super) fn of_payment(payment: &Payment) -> Vec<u8> {
    if payment.wallet == WalletRef::House {
        return Vec::new();
    }
    encode(&Brief {
        memo: payment.memo().to_owned(),
        tag: payment.meta.tag.clone().unwrap_or_default(),
        amount_msat: signed(payment.amount, true),
        created_at_millis: payment.created_at.as_millis(),
        standing: number(Standing::of_payment(payment.state)),
        fee_msat: payment_fee(payment).get(),
        extension: payment.meta.extension.clone().unwrap_or_default(),
    })
}

impl ListRow {
    /// What people read of it.
    #[must_use]
    pub fn memo(&self) -> &str {
        match self {
            Self::Invoice(invoice) => invoice.memo(),
            Self::Payment(payment) => payment.memo(),
        }
    }
}
