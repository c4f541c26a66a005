//! Rules for outgoing payments. Money is set aside before the node hears of a payment, and is
//! posted or released only on what the node says; what the node says is never refused.

use super::draft::Draft;
use super::{Decision, shown_change_sat, sum};
use crate::id::{PaymentHash, Preimage};
use crate::invoice::Invoice;
use crate::ledger::account::{Account, WalletRef};
use crate::ledger::command::{PaymentOrder, Refusal};
use crate::ledger::entity::{Archive, Idempotency, Stray};
use crate::ledger::record::{Alarm, EventBody, Fact, Record};
use crate::ledger::state::State;
use crate::ledger::transfer::{Cause, Phase};
use crate::money::{Msat, Sat};
use crate::payment::{FailureReason, Input, Payment, Sent, State as PaymentState};

pub(super) fn reserve<A: Archive>(
    state: &State<A>,
    draft: Draft,
    order: PaymentOrder,
) -> Result<Decision, Refusal> {
    if let Some((key, request)) = &order.idempotency
        && let Some(known) = state.get::<Idempotency>(key)?
    {
        let same = known.request == *request;
        return if same {
            Ok(Decision::Repeat(known.payment))
        } else {
            Err(Refusal::IdempotencyConflict)
        };
    }
    if state.get::<Invoice>(&order.hash)?.is_some() {
        return Err(Refusal::SelfPayment);
    }
    let earlier = state.payment_of(&order.hash)?;
    if let Some(payment) = &earlier {
        match payment.state {
            PaymentState::Pending => return Err(Refusal::InFlight(payment.id)),
            PaymentState::Succeeded => return Err(Refusal::AlreadyPaid(payment.id)),
            PaymentState::Failed if payment.wallet != order.wallet => {
                return Err(Refusal::HashInUse);
            }
            PaymentState::Failed => {}
        }
    }
    if order.expires_at <= draft.at() {
        return Err(Refusal::InvoiceExpired);
    }
    let needed = sum(order.amount, order.fee_cap)?;
    let available = spendable(state, &order)?;
    if available < needed {
        return Err(Refusal::InsufficientFunds { needed, available });
    }
    Ok(Decision::Commit(set_aside(
        state, draft, order, earlier, needed,
    )?))
}

fn spendable<A: Archive>(state: &State<A>, order: &PaymentOrder) -> Result<Msat, Refusal> {
    match order.wallet {
        WalletRef::House => Ok(state.house_spendable(order.spendable)?),
        WalletRef::Wallet(_) => {
            let own = state.balance(Account::Wallet(order.wallet))?.available();
            Ok(own.min(order.spendable))
        }
    }
}

fn set_aside<A: Archive>(
    state: &State<A>,
    draft: Draft,
    order: PaymentOrder,
    earlier: Option<Payment>,
    needed: Msat,
) -> Result<Record, Refusal> {
    let id = earlier.as_ref().map_or(order.id, |payment| payment.id);
    let accounts = (Account::Wallet(order.wallet), Account::Lightning);
    let mut draft = draft.transfer(Phase::Reserve, accounts, needed, Cause::Payment(id));
    if let Some((key, request)) = order.idempotency {
        let kept = Idempotency {
            key,
            request,
            payment: id,
        };
        draft = draft.fact(Fact::IdempotencyKept(Box::new(kept)));
    }
    if earlier.is_some() {
        let (amount, fee_cap) = (order.amount, order.fee_cap);
        return Ok(draft
            .fact(Fact::PaymentRetried {
                id,
                amount,
                fee_cap,
            })
            .finish());
    }
    let payment = Payment {
        id,
        hash: order.hash,
        wallet: order.wallet,
        origin: order.origin,
        amount: order.amount,
        fee_cap: order.fee_cap,
        bolt11: order.bolt11,
        description: order.description,
        state: PaymentState::Pending,
        attempt: 1,
        created_at: draft.at(),
        attempted_at: draft.at(),
        number: state.counters(order.wallet)?.payments.saturating_add(1),
        outcome: None,
    };
    Ok(draft
        .fact(Fact::PaymentReserved(Box::new(payment)))
        .finish())
}

pub(super) fn post<A: Archive>(
    state: &State<A>,
    draft: Draft,
    hash: PaymentHash,
    preimage: Option<Preimage>,
    fee: Msat,
    node_amount: Option<Msat>,
) -> Result<Record, Refusal> {
    let Some(payment) = state.payment_of(&hash)? else {
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
    let pending = payment.state == PaymentState::Pending;
    let reserved = if pending {
        payment.reserved().ok_or(Refusal::TooLarge)?
    } else {
        Msat::ZERO
    };
    let (own, rest) = share(state, wallet, total, reserved)?;
    let sent_sat = -shown_change_sat(state, wallet, -i128::from(own.get()))?;
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
    let mut draft = draft
        .fact(Fact::PaymentSent { id, sent })
        .transfer(Phase::Release, payer, reserved, Cause::Payment(id))
        .post(payer, own, Cause::Payment(id))
        .post(
            (Account::HOUSE, Account::Lightning),
            rest,
            Cause::Payment(id),
        )
        .event(
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
    } else if total > reserved {
        draft = draft.alarm(Alarm::OverFeeCap { id, amount: total });
    }
    Ok(draft.finish())
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
    if state.get::<Stray>(&(hash, false))?.is_some() {
        return Ok(draft.finish());
    }
    Ok(draft
        .fact(Fact::Stray(Stray {
            hash,
            incoming: false,
            amount,
        }))
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
    hash: PaymentHash,
    attempt: Option<u32>,
    reason: FailureReason,
) -> Result<Record, Refusal> {
    let Some(payment) = state.payment_of(&hash)? else {
        return Ok(draft.finish());
    };
    let stale = attempt.is_some_and(|attempt| attempt != payment.attempt);
    if stale || payment.state.after(Input::Void).is_none() {
        return Ok(draft.finish());
    }
    let id = payment.id;
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
