//! Rules for what is told about invoices and payments: it can be changed at any time, and moves nothing.
//! The row as it stands is what is changed, so that nobody undoes what another has told meanwhile.

use super::draft::Draft;
use crate::invoice::Invoice;
use crate::ledger::command::{MetaOf, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;
use crate::meta::{Meta, MetaChange};
use crate::payment::Payment;

pub(super) fn change<A: Archive>(
    state: &State<A>,
    draft: Draft,
    of: MetaOf,
    change: MetaChange,
) -> Result<Record, Refusal> {
    let known = known(state, of)?;
    let meta = known.changed(change).ok_or(Refusal::WrongState)?;
    if known == meta {
        return Ok(draft.finish());
    }
    let meta = Box::new(meta);
    let fact = match of {
        MetaOf::Invoice(hash) => Fact::InvoiceMetaSet { hash, meta },
        MetaOf::Payment(id) => Fact::PaymentMetaSet { id, meta },
    };
    Ok(draft.fact(fact).finish())
}

fn known<A: Archive>(state: &State<A>, of: MetaOf) -> Result<Meta, Refusal> {
    match of {
        MetaOf::Invoice(hash) => {
            let invoice = state.get::<Invoice>(&hash)?;
            Ok(invoice.ok_or(Refusal::UnknownInvoice)?.meta)
        }
        MetaOf::Payment(id) => {
            let payment = state.get::<Payment>(&id)?;
            Ok(payment.ok_or(Refusal::UnknownPayment)?.meta)
        }
    }
}
