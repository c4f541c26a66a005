//! A wallet's statement, read with the rows that its lines are about.

use till::id::{PaymentHash, Preimage, WalletId};
use till::invoice::Invoice;
use till::payment::{Outcome, Payment};
use till::transaction::{About, Transaction};

use super::{Service, ServiceError};
use crate::views::{ViewError, Views};

/// A line, with what is known of what it is about.
#[derive(Clone, Debug)]
pub struct StatementLine {
    /// The line.
    pub row: Transaction,
    /// What the payment was locked to.
    pub hash: Option<PaymentHash>,
    /// What opens that: proof of payment.
    pub preimage: Option<Preimage>,
    /// The caller's own reference.
    pub reference: Option<String>,
    /// What it is called.
    pub note: Option<String>,
}

impl Service {
    /// Lines of a wallet's statement, newest first: at most `limit`, of those with numbers below
    /// `below`.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn statement(
        &self,
        wallet: WalletId,
        below: Option<u32>,
        limit: usize,
    ) -> Result<Vec<StatementLine>, ServiceError> {
        let read = move |views: &Views| {
            let lines = views.transactions(wallet, below, limit)?;
            lines.into_iter().map(|row| line(views, row)).collect()
        };
        self.read(read).await
    }
}

fn line(views: &Views, row: Transaction) -> Result<StatementLine, ViewError> {
    let bare = |row, note| StatementLine {
        row,
        hash: None,
        preimage: None,
        reference: None,
        note,
    };
    Ok(match row.about.clone() {
        About::Invoice(hash) => {
            let invoice = views.get::<Invoice>(&hash)?;
            let is_paid = |invoice: &Invoice| invoice.receipt.is_some();
            StatementLine {
                hash: Some(hash),
                preimage: invoice.clone().filter(is_paid).and_then(|i| i.preimage),
                reference: invoice.as_ref().and_then(|i| i.external_id.clone()),
                note: invoice.and_then(memo),
                ..bare(row, None)
            }
        }
        About::Payment(id) => {
            let payment = views.get::<Payment>(&id)?;
            let preimage = payment.as_ref().and_then(|payment| match &payment.outcome {
                Some(Outcome::Sent(sent)) => sent.preimage.clone(),
                Some(Outcome::Failed { .. }) | None => None,
            });
            StatementLine {
                hash: payment.as_ref().and_then(|payment| payment.hash),
                preimage,
                reference: payment.as_ref().and_then(|p| p.meta.external_id.clone()),
                note: payment.and_then(|p| p.meta.memo.or(p.description)),
                ..bare(row, None)
            }
        }
        About::Address(name) => bare(row, Some(format!("Lightning address {name}"))),
        About::Deleted => bare(row, Some("The wallet was deleted".to_owned())),
        About::Other => bare(row, None),
    })
}

fn memo(invoice: Invoice) -> Option<String> {
    use till::invoice::Description;
    let shown = match invoice.description {
        Description::Text(text) => Some(text),
        Description::Hash(_) => None,
    };
    let memo = invoice.meta.memo.or(shown);
    memo.filter(|text| !text.is_empty())
}
