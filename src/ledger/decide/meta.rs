//! Rules for what is told about invoices and payments: it can be changed at any time, and moves nothing.

use super::draft::Draft;
use crate::invoice::Invoice;
use crate::ledger::command::{MetaOf, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;
use crate::meta::Meta;
use crate::payment::Payment;

pub(super) fn set<A: Archive>(
    state: &State<A>,
    draft: Draft,
    of: MetaOf,
    meta: Box<Meta>,
) -> Result<Record, Refusal> {
    let (known, fact) = match of {
        MetaOf::Invoice(hash) => {
            let invoice = state.get::<Invoice>(&hash)?;
            let invoice = invoice.ok_or(Refusal::UnknownInvoice)?;
            let meta = meta.clone();
            (invoice.meta, Fact::InvoiceMetaSet { hash, meta })
        }
        MetaOf::Payment(id) => {
            let payment = state.get::<Payment>(&id)?;
            let payment = payment.ok_or(Refusal::UnknownPayment)?;
            let meta = meta.clone();
            (payment.meta, Fact::PaymentMetaSet { id, meta })
        }
    };
    if known == *meta {
        return Ok(draft.finish());
    }
    Ok(draft.fact(fact).finish())
}
