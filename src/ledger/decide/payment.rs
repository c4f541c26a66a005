//! Rules for outgoing payments. Money is set aside before the node hears of a payment, and is
//! posted or released only on what the node says; what the node says is never refused.

use super::draft::Draft;
use super::{Decision, idempotency, internal, restoration, retry, shown_change_sat, sum, wallet};
use crate::id::{NodePaymentId, PaymentHash, PaymentId, Preimage};
use crate::invoice::Invoice;
use crate::ledger::account::{Account, WalletRef};
use crate::ledger::command::{PaymentOrder, Refusal, Which};
use crate::ledger::entity::{Archive, Entity, OfferPayment, Stray, Superseded, Unlinked};
use crate::ledger::record::{Alarm, EventBody, Fact, Record};
use crate::ledger::reference::Reference;
use crate::ledger::state::State;
use crate::ledger::transfer::{Cause, Phase};
use crate::money::{Msat, Sat};
use crate::node::SendTarget;
use crate::payment::{FailureReason, Input, Offer, Payment, Sent, State as PaymentState};
use crate::time::Timestamp;

pub(super) fn reserve<A: Archive>(
    state: &State<A>,
    draft: Draft,
    order: PaymentOrder,
) -> Result<Decision, Refusal> {
    if let Some(made) = idempotency::earlier(state, &order.idempotency)? {
        return Ok(Decision::Repeat(made));
    }
    restoration::refuse_while_held(state)?;
    wallet::refuse_deleted(state, order.wallet)?;
    let earlier = match &order.target {
        SendTarget::Bolt11 { hash, .. } => {
            if let Some(invoice) = state.get::<Invoice>(hash)? {
                return internal::pay(state, draft, order, &invoice);
            }
            earlier_attempt(state, *hash, &order)?
        }
        SendTarget::Offer { .. } => {
            // The node names such a payment only inside the call: with two of them in the dark,
            // nobody could tell which is which.
            if let Some(other) = state.get::<Unlinked>(&())?.and_then(|row| row.payment) {
                return Err(Refusal::OfferUnlinked(other));
            }
            None
        }
    };
    if order.expires_at <= draft.at() {
        return Err(Refusal::InvoiceExpired);
    }
    let needed = sum(sum(order.amount, order.fee_cap)?, order.service_fee)?;
    let available = spendable(state, &order)?;
    if available < needed {
        return Err(Refusal::InsufficientFunds { needed, available });
    }
    Ok(Decision::Commit(set_aside(
        state, draft, order, earlier, needed,
    )?))
}

/// What the order is another attempt of.
struct Earlier {
    /// The latest payment of the hash. It failed.
    latest: Payment,
    /// The payer's own row, to be attempted again.
    own: Option<PaymentId>,
}

/// The failed payment of this hash that the order is another attempt of, if there is one. Whose it is makes
/// no difference: otherwise anybody could fail to pay an invoice, and nobody else could pay it then.
fn earlier_attempt<A: Archive>(
    state: &State<A>,
    hash: PaymentHash,
    order: &PaymentOrder,
) -> Result<Option<Earlier>, Refusal> {
    let Some(payment) = state.payment_of(&hash)? else {
        return Ok(None);
    };
    let is_own = payment.wallet == order.wallet;
    match payment.state {
        PaymentState::Pending | PaymentState::Waiting => Err(Refusal::InFlight(payment.id)),
        PaymentState::Succeeded => Err(Refusal::AlreadyPaid(payment.id)),
        // The node knows a payment to an offer by another id, and may tell of it whoever has the hash.
        PaymentState::Failed if !is_own && payment.offer.is_some() => Err(Refusal::HashInUse),
        PaymentState::Failed if order.cleared != Some(payment.attempt) => {
            Err(Refusal::NotCleared(payment.id))
        }
        PaymentState::Failed if is_own => Ok(Some(Earlier {
            own: Some(payment.id),
            latest: payment,
        })),
        PaymentState::Failed => Ok(Some(Earlier {
            own: superseded(state, hash, order.wallet)?,
            latest: payment,
        })),
    }
}

/// What the payer itself failed to pay before another wallet tried.
fn superseded<A: Archive>(
    state: &State<A>,
    hash: PaymentHash,
    wallet: WalletRef,
) -> Result<Option<PaymentId>, Refusal> {
    let Some(row) = state.get::<Superseded>(&(hash, wallet))? else {
        return Ok(None);
    };
    let own = state.get::<Payment>(&row.payment)?;
    match own.map(|own| own.state) {
        Some(PaymentState::Pending | PaymentState::Waiting) => Err(Refusal::InFlight(row.payment)),
        Some(PaymentState::Succeeded) => Err(Refusal::AlreadyPaid(row.payment)),
        Some(PaymentState::Failed) => Ok(Some(row.payment)),
        None => Ok(None),
    }
}

fn spendable<A: Archive>(state: &State<A>, order: &PaymentOrder) -> Result<Msat, Refusal> {
    match order.wallet {
        WalletRef::House => Ok(state.house_spendable(order.spendable)?),
        WalletRef::Wallet(_) => {
            let own = state.balance(Account::Wallet(order.wallet))?.available();
            // What the house takes stays in the till: no channel has to carry it.
            Ok(own.min(sum(order.spendable, order.service_fee)?))
        }
    }
}

fn set_aside<A: Archive>(
    state: &State<A>,
    draft: Draft,
    order: PaymentOrder,
    earlier: Option<Earlier>,
    needed: Msat,
) -> Result<Record, Refusal> {
    let own = earlier.as_ref().and_then(|earlier| earlier.own);
    let id = own.unwrap_or(order.id);
    let taken = earlier
        .as_ref()
        .map(|earlier| earlier.latest.id)
        .filter(|from| *from != id);
    let accounts = (Account::Wallet(order.wallet), Account::Lightning);
    let draft = draft.transfer(Phase::Reserve, accounts, needed, Cause::Payment(id));
    let draft = keep_key(draft, &order, id);
    let draft = if own.is_some() {
        draft.fact(Fact::PaymentRetried {
            id,
            amount: order.amount,
            fee_cap: order.fee_cap,
            service_fee: order.service_fee,
        })
    } else {
        let mut payment = new_payment(state, draft.at(), &order)?;
        if earlier.is_some() {
            // How the attempt before ended the node may not have told.
            payment.retry_until = None;
        }
        draft
            .fact(Fact::PaymentReserved(Box::new(payment)))
            .event_of_wallet(order.wallet, EventBody::PaymentCreated { id })
    };
    Ok(match taken {
        Some(from) => draft.fact(Fact::HashTaken { from, by: id }).finish(),
        None => draft.finish(),
    })
}

/// The row of a payment that begins.
pub(super) fn new_payment<A: Archive>(
    state: &State<A>,
    at: Timestamp,
    order: &PaymentOrder,
) -> Result<Payment, Refusal> {
    let (hash, bolt11, offer) = match &order.target {
        SendTarget::Bolt11 { text, hash } => (Some(*hash), Some(text.clone()), None),
        SendTarget::Offer { text, payer_note } => {
            let (text, payer_note) = (text.clone(), payer_note.clone());
            (None, None, Some(Offer { text, payer_note }))
        }
    };
    Ok(Payment {
        id: order.id,
        hash,
        wallet: order.wallet,
        origin: order.origin,
        amount: order.amount,
        fee_cap: order.fee_cap,
        bolt11,
        description: order.description.clone(),
        state: PaymentState::Pending,
        attempt: 1,
        created_at: at,
        attempted_at: at,
        number: state.counters(order.wallet)?.payments.saturating_add(1),
        outcome: None,
        offer,
        node_id: None,
        internal: false,
        overdue: false,
        spend: None,
        entry: 0,
        meta: order.meta.clone(),
        tx_number: None,
        target: order.named.clone(),
        service_fee: order.service_fee,
        retry_until: retry::until(order, at),
        deferred: None,
        unreported: false,
    })
}

/// The caller's key for this order, to be kept for good.
pub(super) fn keep_key(draft: Draft, order: &PaymentOrder, payment: PaymentId) -> Draft {
    idempotency::keep(draft, &order.idempotency, Reference::Payment(payment))
}

/// Notes what the node knows a payment to an offer by. Once is enough.
pub(super) fn link<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: PaymentId,
    node_id: NodePaymentId,
) -> Result<Record, Refusal> {
    let unlinked = state.get::<Unlinked>(&())?.unwrap_or_default().payment;
    if unlinked != Some(id) || state.get::<OfferPayment>(&node_id)?.is_some() {
        return Ok(draft.finish());
    }
    let hash = None;
    Ok(draft
        .fact(Fact::PaymentLinked { id, node_id, hash })
        .finish())
}

/// A report names a payment to an offer by an id that we may not have heard yet, and its hash.
fn link_by_report(draft: Draft, payment: &Payment, which: Which) -> Draft {
    let Which::Node { id: node_id, hash } = which else {
        return draft;
    };
    let known = payment.node_id.is_some() && payment.hash.is_some();
    if payment.offer.is_none() || known {
        return draft;
    }
    let id = payment.id;
    draft.fact(Fact::PaymentLinked { id, node_id, hash })
}

pub(super) fn post<A: Archive>(
    state: &State<A>,
    draft: Draft,
    (which, hash): (Which, PaymentHash),
    preimage: Option<Preimage>,
    fee: Msat,
    node_amount: Option<Msat>,
) -> Result<Record, Refusal> {
    let Some(payment) = state.payment_meant(which)? else {
        return post_unknown(
            state,
            draft,
            hash,
            sum(node_amount.unwrap_or(Msat::ZERO), fee)?,
        );
    };
    if payment.state.after(Input::Post).is_none() {
        return Ok(draft.finish()); // The node repeats itself after a restart.
    }
    let (id, wallet) = (payment.id, payment.wallet);
    let total = sum(payment.amount, fee)?;
    let pending = !payment.state.is_final();
    let reserved = if pending {
        payment.reserved().ok_or(Refusal::TooLarge)?
    } else {
        Msat::ZERO
    };
    let cost = cost(state, &payment, total, reserved)?;
    let debited = sum(cost.own, cost.service_fee)?;
    let sent_sat = -shown_change_sat(state, wallet, -i128::from(debited.get()))?;
    let sent_sat = u64::try_from(sent_sat)
        .ok()
        .and_then(Sat::new)
        .ok_or(Refusal::TooLarge)?;
    let payer = (Account::Wallet(wallet), Account::Lightning);
    let sent = Sent {
        preimage,
        fee,
        sent_sat,
        at: draft.at(),
    };
    let draft = link_by_report(draft, &payment, which)
        .fact(Fact::PaymentSent { id, sent })
        .transfer(Phase::Release, payer, reserved, Cause::Payment(id));
    let mut draft = cost.book(draft, &payment).event(
        wallet,
        EventBody::PaymentSent {
            id,
            hash,
            amount: payment.amount,
            fee,
        },
    );
    if !pending {
        draft = draft.alarm(Alarm::PostedAfterVoid { id, amount: total });
    } else if total > sum(payment.amount, payment.fee_cap)? {
        draft = draft.alarm(Alarm::OverFeeCap { id, amount: total });
    }
    Ok(draft.finish())
}

/// Who bears what of a payment that was made.
struct Cost {
    /// The wallet, of what recipient and network got.
    own: Msat,
    /// The house, of the same.
    rest: Msat,
    /// The wallet, for what the house did.
    service_fee: Msat,
}

/// After the recipient and the network the house gets what there is for it.
fn cost<A: Archive>(
    state: &State<A>,
    payment: &Payment,
    total: Msat,
    reserved: Msat,
) -> Result<Cost, Refusal> {
    let (own, rest) = share(state, payment.wallet, total, reserved)?;
    let with_service = sum(total, payment.service_fee)?;
    let (borne, _) = share(state, payment.wallet, with_service, reserved)?;
    Ok(Cost {
        own,
        rest,
        service_fee: borne.saturating_sub(total),
    })
}

impl Cost {
    fn book(&self, draft: Draft, payment: &Payment) -> Draft {
        let (wallet, id) = (Account::Wallet(payment.wallet), payment.id);
        let from_house = (Account::HOUSE, Account::Lightning);
        let cause = || Cause::Payment(id);
        draft
            .post((wallet, Account::Lightning), self.own, cause())
            .post(from_house, self.rest, cause())
            .post(
                (wallet, Account::HOUSE),
                self.service_fee,
                Cause::ServiceFee(id),
            )
    }
}

/// How much of `total` the wallet itself can bear; the house bears the rest.
fn share<A: Archive>(
    state: &State<A>,
    wallet: WalletRef,
    total: Msat,
    reserved: Msat,
) -> Result<(Msat, Msat), Refusal> {
    if wallet == WalletRef::House {
        return Ok((total, Msat::ZERO));
    }
    let free = state.balance(Account::Wallet(wallet))?.available();
    let own = total.min(sum(free, reserved)?);
    Ok((own, total.saturating_sub(own)))
}

fn post_unknown<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
    amount: Msat,
) -> Result<Record, Refusal> {
    let row = Stray {
        hash,
        incoming: false,
        amount,
    };
    if state.get::<Stray>(&row.key())?.is_some() {
        return Ok(draft.finish());
    }
    Ok(draft
        .fact(Fact::Stray(row))
        .post(
            (Account::HOUSE, Account::Lightning),
            amount,
            Cause::UnknownPayment(hash),
        )
        .alarm(Alarm::UnknownPayment { hash, amount })
        .finish())
}

/// Voids the attempt that the node means. A report of an earlier attempt, or one that comes
/// twice, changes nothing.
pub(super) fn void<A: Archive>(
    state: &State<A>,
    draft: Draft,
    which: Which,
    attempt: Option<u32>,
    reason: FailureReason,
) -> Result<Record, Refusal> {
    let Some(payment) = state.payment_meant(which)? else {
        return Ok(draft.finish());
    };
    let stale = attempt.is_some_and(|attempt| attempt != payment.attempt);
    // What one wallet holds for another the node knows nothing of. A failure that was put off has been
    // reported already, and only its own time ends the wait.
    let ended = match payment.state {
        PaymentState::Pending => payment.internal,
        PaymentState::Waiting | PaymentState::Succeeded | PaymentState::Failed => true,
    };
    if stale || ended || restoration::leaves_open(state, &payment)? {
        return Ok(draft.finish());
    }
    if payment.is_worth_another(reason, draft.at()) {
        let id = payment.id;
        return Ok(draft.fact(Fact::PaymentDeferred { id, reason }).finish());
    }
    fail(link_by_report(draft, &payment, which), &payment, reason)
}

/// Releases what is set aside, and tells.
pub(super) fn fail(
    draft: Draft,
    payment: &Payment,
    reason: FailureReason,
) -> Result<Record, Refusal> {
    let (id, hash) = (payment.id, payment.hash);
    let reserved = payment.reserved().ok_or(Refusal::TooLarge)?;
    let accounts = (Account::Wallet(payment.wallet), Account::Lightning);
    Ok(draft
        .fact(Fact::PaymentFailed { id, reason })
        .transfer(Phase::Release, accounts, reserved, Cause::Payment(id))
        .event(
            payment.wallet,
            EventBody::PaymentFailed {
                id,
                hash,
                amount: payment.amount,
                reason,
            },
        )
        .finish())
}

/// Raises one alarm for a payment that has been pending for long.
pub(super) fn raise_overdue<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: PaymentId,
) -> Result<Record, Refusal> {
    let Some(payment) = state.get::<Payment>(&id)? else {
        return Ok(draft.finish());
    };
    if payment.state != PaymentState::Pending || payment.overdue {
        return Ok(draft.finish());
    }
    let amount = payment.amount;
    Ok(draft
        .fact(Fact::PaymentOverdue(id))
        .alarm(Alarm::PaymentOverdue { id, amount })
        .finish())
}
