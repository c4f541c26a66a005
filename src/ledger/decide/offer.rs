//! Rules for offers of our own, and for what is paid to them. The node takes such money by itself, so
//! nothing is decided before it is ours; what has been paid is never refused.

use super::draft::Draft;
use super::invoice::{credited_sat, stray};
use super::wallet;
use crate::id::{PaymentHash, Preimage};
use crate::invoice::{Description, Invoice, PaidOffer, Receipt, State as InvoiceState};
use crate::ledger::account::Account;
use crate::ledger::command::Refusal;
use crate::ledger::entity::{Archive, Stray};
use crate::ledger::record::{EventBody, Fact, Record};
use crate::ledger::state::State;
use crate::ledger::transfer::Cause;
use crate::meta::Meta;
use crate::money::Msat;
use crate::node::OfferReceipt;
use crate::offer::Offer;

/// Keeps an offer. A wallet has one standing offer for good: whoever asked for it at the same time
/// as somebody else finds that one.
pub(super) fn keep<A: Archive>(
    state: &State<A>,
    draft: Draft,
    wanted: Offer,
) -> Result<Record, Refusal> {
    wallet::refuse_deleted(state, wanted.wallet)?;
    let has_one = state.counters(wanted.wallet)?.standing_offer.is_some();
    let is_known = state.get::<Offer>(&wanted.id)?.is_some();
    if is_known || (wanted.standing && has_one) {
        return Ok(draft.finish());
    }
    let created_at = draft.at();
    let offer = Offer {
        created_at,
        ..wanted
    };
    Ok(draft.fact(Fact::OfferMade(Box::new(offer))).finish())
}

/// Books a payment to an offer: the credit and the row that shows it are one record. An offer that is
/// not ours to know brings money that nobody asked for.
pub(super) fn book<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
    amount: Msat,
    paid: OfferReceipt,
) -> Result<Record, Refusal> {
    let Some(offer) = state.get::<Offer>(&paid.offer_id)? else {
        return stray(state, draft, hash, amount);
    };
    if state.get::<Stray>(&(hash, true, amount))?.is_some() {
        return Ok(draft.finish());
    }
    if wallet::is_deleted(state, offer.wallet)? {
        return stray(state, draft, hash, amount);
    }
    let amount_sat = credited_sat(state, offer.wallet, amount)?;
    let receipt = Receipt {
        amount,
        amount_sat,
        lsp_fee: Msat::ZERO,
        at: draft.at(),
        payer: None,
    };
    let payer_note = paid.payer_note.clone();
    let number = state.counters(offer.wallet)?.invoices.saturating_add(1);
    let invoice = row(hash, &offer, paid, receipt, number);
    let told = EventBody::PaymentReceived {
        hash,
        amount,
        amount_sat,
        external_id: None,
        payer_note,
    };
    let wallet = Account::Wallet(offer.wallet);
    Ok(draft
        .fact(Fact::OfferPaid(Box::new(invoice)))
        .post((Account::Lightning, wallet), amount, Cause::Received(hash))
        .event(offer.wallet, told)
        .finish())
}

/// The row of a payment that came whole: there was no invoice of ours that anybody could have seen.
fn row(
    hash: PaymentHash,
    offer: &Offer,
    paid: OfferReceipt,
    receipt: Receipt,
    number: u32,
) -> Invoice {
    let opens = |preimage: &Preimage| preimage.payment_hash() == hash;
    Invoice {
        hash,
        wallet: offer.wallet,
        origin: offer.origin,
        amount: offer.amount,
        description: Description::Text(offer.description.clone().unwrap_or_default()),
        external_id: None,
        webhook_url: None,
        preimage: paid.preimage.filter(opens),
        created_at: receipt.at,
        expires_at: receipt.at,
        state: InvoiceState::Paid,
        bolt11: None,
        number,
        claim: None,
        receipt: Some(receipt),
        hold: false,
        held: None,
        lsp_fee_quoted: None,
        entry: 0,
        meta: Meta::default(),
        offer: Some(PaidOffer {
            id: offer.id,
            payer_note: paid.payer_note,
        }),
        tx_number: None,
        unlisted: false,
        forgotten: false,
    }
}
