//! Rules for invoices and money that comes in. A receipt is never refused: it has happened.

use super::draft::Draft;
use super::{Decision, idempotency, offer, shown_change_sat, sum, wallet};
use crate::id::{PaymentHash, Preimage, RequestHash};
use crate::invoice::{
    Claim, Held, Input, Invoice, MAX_LIVE_PER_WALLET, MAX_UNLISTED, MAX_UNLISTED_PER_WALLET,
    Receipt, State as InvoiceState,
};
use crate::ledger::account::{Account, WalletRef};
use crate::ledger::command::{IdempotencyKey, InvoiceDraft, Refusal};
use crate::ledger::entity::{Archive, Entity, OutgoingHash, Stray, UnlistedCount};
use crate::ledger::record::{Alarm, EventBody, Fact, Record};
use crate::ledger::reference::Reference;
use crate::ledger::state::State;
use crate::ledger::transfer::Cause;
use crate::money::{Msat, Sat};
use crate::node::OfferReceipt;

pub(super) fn draft<A: Archive>(
    state: &State<A>,
    draft: Draft,
    wanted: InvoiceDraft,
) -> Result<Record, Refusal> {
    let hash = wanted.hash;
    let opens = |preimage: &Preimage| preimage.payment_hash() == hash;
    if !wanted.preimage.as_ref().map_or(wanted.hold, opens) {
        return Err(Refusal::WrongPreimage);
    }
    if state.get::<Invoice>(&hash)?.is_some() || state.get::<OutgoingHash>(&hash)?.is_some() {
        return Err(Refusal::HashInUse);
    }
    wallet::refuse_deleted(state, wanted.wallet)?;
    // Drafts do not count: what the node is making just now is bounded by the requests under way. The
    // house's invoices are not counted at all.
    if state.counters(wanted.wallet)?.live >= MAX_LIVE_PER_WALLET {
        return Err(Refusal::TooManyUnpaid);
    }
    if wanted.unlisted {
        refuse_unlisted(state, &wanted)?;
    }
    let invoice = Invoice {
        hash,
        wallet: wanted.wallet,
        origin: wanted.origin,
        amount: wanted.amount,
        description: wanted.description,
        external_id: wanted.external_id,
        webhook_url: wanted.webhook_url,
        preimage: wanted.preimage,
        created_at: draft.at(),
        expires_at: draft.at().plus_secs(u64::from(wanted.expiry_secs)),
        state: InvoiceState::Draft,
        bolt11: None,
        number: 0,
        claim: None,
        receipt: None,
        hold: wanted.hold,
        held: None,
        offer: None,
        lsp_fee_quoted: None,
        entry: 0,
        meta: wanted.meta,
        tx_number: None,
        unlisted: wanted.unlisted,
        forgotten: false,
    };
    Ok(draft.fact(Fact::InvoiceDrafted(Box::new(invoice))).finish())
}

/// Strangers cost memory and disk before they pay: there are only so many of their invoices. Whose
/// money would be held for how long is no stranger's to say.
fn refuse_unlisted<A: Archive>(state: &State<A>, wanted: &InvoiceDraft) -> Result<(), Refusal> {
    if wanted.hold {
        return Err(Refusal::WrongState);
    }
    let in_all = state.get::<UnlistedCount>(&())?.unwrap_or_default().unpaid;
    let in_wallet = state.counters(wanted.wallet)?.unlisted;
    if in_all >= MAX_UNLISTED || in_wallet >= MAX_UNLISTED_PER_WALLET {
        return Err(Refusal::TooManyUnpaid);
    }
    Ok(())
}

pub(super) fn issue<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
    (bolt11, lsp_fee): (String, Option<Msat>),
    idempotency: &Option<(IdempotencyKey, RequestHash)>,
) -> Result<Decision, Refusal> {
    let invoice = find(state, hash, Input::Issue)?;
    if let Some(made) = idempotency::earlier(state, idempotency)? {
        return Ok(Decision::Repeat(made));
    }
    wallet::refuse_deleted(state, invoice.wallet)?;
    let number = match invoice.unlisted {
        true => 0,
        false => state.counters(invoice.wallet)?.invoices.saturating_add(1),
    };
    let draft = idempotency::keep(draft, idempotency, Reference::Invoice(hash));
    let issued = draft.fact(Fact::InvoiceIssued {
        hash,
        bolt11,
        number,
        lsp_fee,
    });
    let created = EventBody::InvoiceCreated { hash };
    Ok(Decision::Commit(match invoice.unlisted {
        true => issued.finish(),
        false => issued.event_of_wallet(invoice.wallet, created).finish(),
    }))
}

pub(super) fn abandon<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
) -> Result<Record, Refusal> {
    find(state, hash, Input::Abandon)?;
    Ok(draft.fact(Fact::InvoiceAbandoned(hash)).finish())
}

/// An HTLC has come: it is claimed, or held, or refused. A claim that is already intended may be
/// repeated: nothing is recorded, nothing is refused.
pub(super) fn intend_claim<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
    amount: Msat,
    lsp_fee: Msat,
    deadline_height: Option<u32>,
) -> Result<Record, Refusal> {
    let invoice = state
        .get::<Invoice>(&hash)?
        .ok_or(Refusal::UnknownInvoice)?;
    let claim = Claim {
        amount,
        deadline_height,
    };
    let held = Held::Htlc(claim);
    let (claiming, holding) = (InvoiceState::Claiming, InvoiceState::Held);
    let is_repeat = invoice.state == claiming && invoice.claim == Some(claim)
        || invoice.state == holding && invoice.held == Some(held);
    if is_repeat {
        return Ok(draft.finish());
    }
    // What another wallet holds for this invoice comes first.
    let held_elsewhere = matches!(invoice.held, Some(Held::Internal { .. }));
    // A maker who settled once has told the preimage: whatever comes for it then is claimed.
    let holds = invoice.hold && invoice.claim.is_none();
    let input = if holds {
        Input::Held
    } else {
        Input::ClaimIntended
    };
    if held_elsewhere || invoice.state.after(input).is_none() {
        return Err(Refusal::WrongState);
    }
    wallet::refuse_deleted(state, invoice.wallet)?;
    if draft.at() > invoice.taken_until() {
        return Err(Refusal::InvoiceExpired);
    }
    if !invoice.is_paid_by(amount, lsp_fee) {
        return Err(Refusal::Underpaid);
    }
    if !holds {
        return Ok(draft.fact(Fact::ClaimIntended { hash, claim }).finish());
    }
    let told = EventBody::InvoiceHeld {
        hash,
        amount,
        deadline_height,
        external_id: invoice.external_id,
    };
    Ok(draft
        .fact(Fact::InvoiceHeld { hash, held })
        .event(invoice.wallet, told)
        .finish())
}

/// Books what the node got. It settles the invoice if we ever meant to claim that much for it and
/// nothing has settled it since. If one of our own wallets has settled it meanwhile, it is real
/// money all the same, and the same wallet's. Anything else nobody asked for, and is the house's:
/// a keysend can carry an invoice's preimage with 1 sat.
pub(super) fn book_receipt<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
    (amount, lsp_fee): (Msat, Msat),
    offer: Option<OfferReceipt>,
) -> Result<Record, Refusal> {
    let gross = sum(amount, lsp_fee)?;
    let Some(invoice) = state.get::<Invoice>(&hash)? else {
        return match offer {
            Some(paid) => offer::book(state, draft, hash, amount, paid),
            None => stray(state, draft, hash, amount),
        };
    };
    let was_claimed = invoice.claim.is_some_and(|claim| amount >= claim.amount);
    match invoice.receipt {
        Some(Receipt {
            payer: None,
            amount,
            ..
        }) if amount == gross => {
            return Ok(draft.finish()); // The node repeats itself after a restart.
        }
        // The wallet is gone; the money is real all the same.
        Some(_) | None if wallet::is_deleted(state, invoice.wallet)? => {
            return stray(state, draft, hash, amount);
        }
        Some(Receipt { payer: Some(_), .. }) if was_claimed => {
            return second(state, draft, &invoice, amount, lsp_fee);
        }
        Some(_) => return stray(state, draft, hash, amount),
        None if !was_claimed || invoice.state.after(Input::Received).is_none() => {
            return stray(state, draft, hash, amount);
        }
        None => {}
    }
    let amount_sat = credited_sat(state, invoice.wallet, amount)?;
    let receipt = Receipt {
        amount: gross,
        amount_sat,
        lsp_fee,
        at: draft.at(),
        payer: None,
    };
    let wallet = Account::Wallet(invoice.wallet);
    Ok(draft
        .fact(Fact::InvoicePaid { hash, receipt })
        .post((Account::Lightning, wallet), amount, Cause::Received(hash))
        .post((Account::FeesLsp, wallet), lsp_fee, Cause::Received(hash))
        .post((wallet, Account::FeesLsp), lsp_fee, Cause::LspFee(hash))
        .event(
            invoice.wallet,
            EventBody::PaymentReceived {
                hash,
                amount,
                amount_sat,
                external_id: invoice.external_id,
                payer_note: None,
            },
        )
        .finish())
}

/// By how much a wallet's balance in whole satoshis grows.
pub(super) fn credited_sat<A: Archive>(
    state: &State<A>,
    wallet: WalletRef,
    amount: Msat,
) -> Result<Sat, Refusal> {
    let change = shown_change_sat(state, wallet, i128::from(amount.get()))?;
    u64::try_from(change)
        .ok()
        .and_then(Sat::new)
        .ok_or(Refusal::TooLarge)
}

/// An invoice that one of our wallets paid was claimed over Lightning, too.
fn second<A: Archive>(
    state: &State<A>,
    draft: Draft,
    invoice: &Invoice,
    amount: Msat,
    lsp_fee: Msat,
) -> Result<Record, Refusal> {
    let hash = invoice.hash;
    let row = Stray {
        hash,
        incoming: true,
        amount,
    };
    if state.get::<Stray>(&row.key())?.is_some() {
        return Ok(draft.finish());
    }
    let wallet = Account::Wallet(invoice.wallet);
    Ok(draft
        .fact(Fact::Stray(row))
        .post((Account::Lightning, wallet), amount, Cause::Received(hash))
        .post((Account::FeesLsp, wallet), lsp_fee, Cause::Received(hash))
        .post((wallet, Account::FeesLsp), lsp_fee, Cause::LspFee(hash))
        .alarm(Alarm::PaidTwice { hash, amount })
        .finish())
}

pub(super) fn stray<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
    amount: Msat,
) -> Result<Record, Refusal> {
    let row = Stray {
        hash,
        incoming: true,
        amount,
    };
    if state.get::<Stray>(&row.key())?.is_some() {
        return Ok(draft.finish());
    }
    Ok(draft
        .fact(Fact::Stray(row))
        .post(
            (Account::Lightning, Account::HOUSE),
            amount,
            Cause::Unasked(hash),
        )
        .alarm(Alarm::UnaskedReceipt { hash, amount })
        .finish())
}

pub(super) fn lapse_claim<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
) -> Result<Record, Refusal> {
    find(state, hash, Input::ClaimLapsed)?;
    Ok(draft.fact(Fact::ClaimLapsed(hash)).finish())
}

pub(super) fn expire<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
) -> Result<Record, Refusal> {
    let invoice = find(state, hash, Input::Expire)?;
    if draft.at() < invoice.expires_at {
        return Err(Refusal::WrongState);
    }
    let draft = draft.fact(Fact::InvoiceExpired(hash));
    if invoice.unlisted {
        return Ok(draft.finish()); // Nobody here has heard of it.
    }
    let event = EventBody::InvoiceExpired {
        hash,
        external_id: invoice.external_id,
    };
    Ok(draft.event(invoice.wallet, event).finish())
}

/// The node forgets what nobody paid, once no HTLC for it can come any more. Again is no error.
pub(super) fn forget<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
) -> Result<Record, Refusal> {
    let invoice = state
        .get::<Invoice>(&hash)?
        .ok_or(Refusal::UnknownInvoice)?;
    if invoice.forgotten {
        return Ok(draft.finish());
    }
    match invoice.forget_at() {
        Some(at) if draft.at() >= at => Ok(draft.fact(Fact::InvoiceForgotten(hash)).finish()),
        Some(_) | None => Err(Refusal::WrongState),
    }
}

fn find<A: Archive>(state: &State<A>, hash: PaymentHash, input: Input) -> Result<Invoice, Refusal> {
    let invoice = state
        .get::<Invoice>(&hash)?
        .ok_or(Refusal::UnknownInvoice)?;
    invoice.state.after(input).ok_or(Refusal::WrongState)?;
    Ok(invoice)
}
