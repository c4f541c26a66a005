//! Rules for on-chain payments. The transaction is signed before its money is set aside, and nobody
//! sees it before that is on disk. It is posted when the chain has it, whichever of its versions that
//! is, and voided only when its coins are gone for good.

use super::draft::Draft;
use super::treasury::pay_for_chain;
use super::{Decision, close, idempotency, restoration, shown_change_sat, sum};
use crate::id::{PaymentId, RequestHash};
use crate::ledger::account::{Account, WalletRef};
use crate::ledger::command::{IdempotencyKey, Refusal, SpendCommand, SpendOrder};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Alarm, EventBody, Fact, Record};
use crate::ledger::reference::Reference;
use crate::ledger::state::State;
use crate::ledger::transfer::{Cause, Phase};
use crate::meta::Meta;
use crate::money::{Msat, Sat};
use crate::payment::{FailureReason, Outcome, Payment, Sent, State as PaymentState};
use crate::treasury::{MinedIn, Spend, SpendPurpose, SpendVersion};

/// On-chain payments are the house's, and leave the wallet on the chain.
const ACCOUNTS: (Account, Account) = (Account::HOUSE, Account::Onchain);

type Key = Option<(IdempotencyKey, RequestHash)>;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: SpendCommand,
) -> Result<Decision, Refusal> {
    let record = match command {
        SpendCommand::Reserve(order) => return reserve(state, draft, *order),
        SpendCommand::Replace {
            id,
            version,
            idempotency,
        } => return replace(state, draft, id, version, idempotency),
        SpendCommand::Mine { id, mined } => mine(state, draft, id, mined)?,
        SpendCommand::Finish { id } => finish(state, draft, id)?,
        SpendCommand::Void { id } => void(state, draft, id)?,
    };
    Ok(Decision::Commit(record))
}

fn reserve<A: Archive>(
    state: &State<A>,
    draft: Draft,
    order: SpendOrder,
) -> Result<Decision, Refusal> {
    if let Some(known) = idempotency::earlier(state, &order.idempotency)? {
        return Ok(Decision::Repeat(known));
    }
    restoration::refuse_while_held(state)?;
    let id = order.id;
    let (amount, fee) = (order.version.amount.to_msat(), order.version.fee.to_msat());
    let needed = sum(amount, fee)?;
    affordable(state, needed)?;
    let draft = draft.transfer(Phase::Reserve, ACCOUNTS, needed, Cause::Payment(id));
    let draft = idempotency::keep(draft, &order.idempotency, Reference::Payment(id));
    let draft = match order.purpose {
        SpendPurpose::Payment => draft,
        SpendPurpose::Sweep { user_channel_id } => close::sweep(state, draft, user_channel_id, id)?,
    };
    let at = draft.at();
    let payment = Payment {
        id,
        hash: None,
        wallet: WalletRef::House,
        origin: order.origin,
        amount,
        fee_cap: fee,
        bolt11: None,
        description: None,
        state: PaymentState::Pending,
        attempt: 1,
        created_at: at,
        attempted_at: at,
        number: state.counters(WalletRef::House)?.payments.saturating_add(1),
        outcome: None,
        offer: None,
        node_id: None,
        internal: false,
        overdue: false,
        entry: 0,
        meta: Meta::default(),
        spend: Some(Spend {
            address: order.address,
            purpose: order.purpose,
            versions: vec![SpendVersion {
                at,
                ..order.version
            }],
            mined: None,
            is_final: false,
        }),
        tx_number: None,
        target: None,
        service_fee: Msat::ZERO,
        retry_until: None,
        deferred: None,
        unreported: false,
    };
    let reserved = Fact::SpendReserved(Box::new(payment));
    Ok(Decision::Commit(draft.fact(reserved).finish()))
}

/// Other wallets' money is not the house's to send away.
fn affordable<A: Archive>(state: &State<A>, needed: Msat) -> Result<(), Refusal> {
    let available = state.balance(Account::HOUSE)?.available();
    if available < needed {
        return Err(Refusal::NotTheHouses { needed, available });
    }
    Ok(())
}

fn replace<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: PaymentId,
    version: SpendVersion,
    key: Key,
) -> Result<Decision, Refusal> {
    if let Some(known) = idempotency::earlier(state, &key)? {
        return Ok(Decision::Repeat(known));
    }
    restoration::refuse_while_held(state)?;
    let payment = state.get::<Payment>(&id)?.ok_or(Refusal::UnknownPayment)?;
    let Some(spend) = payment.spend.as_ref() else {
        return Err(Refusal::WrongState);
    };
    let known = spend.version(version.tx_id).is_some();
    if payment.state != PaymentState::Pending || spend.mined.is_some() || known {
        return Err(Refusal::WrongState);
    }
    let before = payment.reserved().ok_or(Refusal::TooLarge)?;
    let after = sum(version.amount.to_msat(), version.fee.to_msat())?;
    affordable(state, after.saturating_sub(before))?;
    let cause = || Cause::Payment(id);
    let at = draft.at();
    let version = SpendVersion { at, ..version };
    let draft = draft
        .transfer(Phase::Release, ACCOUNTS, before, cause())
        .transfer(Phase::Reserve, ACCOUNTS, after, cause())
        .fact(Fact::SpendReplaced { id, version });
    Ok(Decision::Commit(
        idempotency::keep(draft, &key, Reference::Payment(id)).finish(),
    ))
}

/// Books what the chain has. Told again of the same, nothing changes; told of another version, which
/// a reorg can bring, the first one is taken back.
fn mine<A: Archive>(
    state: &State<A>,
    draft: Draft,
    id: PaymentId,
    mined: MinedIn,
) -> Result<Record, Refusal> {
    let payment = state.get::<Payment>(&id)?.ok_or(Refusal::UnknownPayment)?;
    let Some(spend) = payment.spend.as_ref() else {
        return Err(Refusal::WrongState);
    };
    if spend.mined == Some(mined) || spend.is_final {
        return Ok(draft.finish());
    }
    let version = spend.version(mined.tx_id).ok_or(Refusal::WrongState)?;
    let (amount, fee) = (version.amount.to_msat(), version.fee.to_msat());
    let same = spend.mined.is_some_and(|known| known.tx_id == mined.tx_id);
    let sent = Sent {
        preimage: None,
        fee,
        sent_sat: sent_sat(state, &payment, same, sum(amount, fee)?)?,
        at: draft.at(),
    };
    let draft = draft.fact(Fact::SpendMined { id, mined, sent });
    if same {
        return Ok(draft.finish()); // Another block has it now; the money moved before.
    }
    let draft = undo(draft, &payment)?;
    let cause = Cause::Spent {
        payment: id,
        tx_id: mined.tx_id,
    };
    let draft = draft.post(ACCOUNTS, amount, cause.clone());
    let draft = pay_for_chain(draft, Account::Onchain, fee, cause);
    let draft = match spend.purpose {
        SpendPurpose::Payment => draft,
        SpendPurpose::Sweep { user_channel_id } => close::swept(state, draft, user_channel_id, id)?,
    };
    let tx_id = mined.tx_id;
    let told = EventBody::SpendMined {
        id,
        tx_id,
        amount,
        fee,
    };
    let draft = draft.event(payment.wallet, told);
    Ok(match payment.state {
        PaymentState::Pending | PaymentState::Waiting | PaymentState::Succeeded => draft,
        PaymentState::Failed => {
            let amount = sum(amount, fee)?;
            draft.alarm(Alarm::PostedAfterVoid { id, amount })
        }
    }
    .finish())
}

fn sent_sat<A: Archive>(
    state: &State<A>,
    payment: &Payment,
    same: bool,
    total: Msat,
) -> Result<Sat, Refusal> {
    if let (true, Some(Outcome::Sent(sent))) = (same, &payment.outcome) {
        return Ok(sent.sent_sat);
    }
    let change = -shown_change_sat(state, payment.wallet, -i128::from(total.get()))?;
    u64::try_from(change)
        .ok()
        .and_then(Sat::new)
        .ok_or(Refusal::TooLarge)
}

/// Lets go of what is set aside, or takes back what another version had posted.
fn undo(draft: Draft, payment: &Payment) -> Result<Draft, Refusal> {
    let cause = || Cause::Payment(payment.id);
    let posted = payment.spend.as_ref().and_then(|spend| {
        let mined = spend.mined?;
        spend.version(mined.tx_id)
    });
    Ok(match (payment.state, posted) {
        (PaymentState::Pending | PaymentState::Waiting, _) => {
            let reserved = payment.reserved().ok_or(Refusal::TooLarge)?;
            draft.transfer(Phase::Release, ACCOUNTS, reserved, cause())
        }
        (PaymentState::Succeeded, Some(version)) => {
            let back = (Account::Onchain, Account::FeesChain);
            let and_back = (Account::FeesChain, Account::HOUSE);
            let fee = version.fee.to_msat();
            let cause = || Cause::Spent {
                payment: payment.id,
                tx_id: version.tx_id,
            };
            draft
                .post(
                    (Account::Onchain, Account::HOUSE),
                    version.amount.to_msat(),
                    cause(),
                )
                .post(back, fee, cause())
                .post(and_back, fee, cause())
        }
        (PaymentState::Succeeded, None) | (PaymentState::Failed, _) => draft,
    })
}

fn finish<A: Archive>(state: &State<A>, draft: Draft, id: PaymentId) -> Result<Record, Refusal> {
    let payment = state.get::<Payment>(&id)?.ok_or(Refusal::UnknownPayment)?;
    let spend = payment.spend.ok_or(Refusal::WrongState)?;
    if spend.is_final || spend.mined.is_none() {
        return Ok(draft.finish());
    }
    Ok(draft.fact(Fact::SpendFinal(id)).finish())
}

/// Its coins went another way for good. What a reorg took away after it had counted is taken back.
fn void<A: Archive>(state: &State<A>, draft: Draft, id: PaymentId) -> Result<Record, Refusal> {
    let payment = state.get::<Payment>(&id)?.ok_or(Refusal::UnknownPayment)?;
    let Some(spend) = payment.spend.as_ref() else {
        return Err(Refusal::WrongState);
    };
    let draft = match (payment.state, spend.is_final) {
        (PaymentState::Pending | PaymentState::Waiting, _) => undo(draft, &payment)?,
        (PaymentState::Succeeded, false) => undo(draft, &payment)?.fact(Fact::SpendUnmined(id)),
        (PaymentState::Succeeded, true) | (PaymentState::Failed, _) => return Ok(draft.finish()),
    };
    let reason = FailureReason::CoinsSpent;
    let draft = draft.fact(Fact::PaymentFailed { id, reason });
    let draft = match spend.purpose {
        SpendPurpose::Payment => draft,
        SpendPurpose::Sweep { user_channel_id } => {
            close::unswept(state, draft, user_channel_id, id)?
        }
    };
    let (hash, amount) = (None, payment.amount);
    let failed = EventBody::PaymentFailed {
        id,
        hash,
        amount,
        reason,
    };
    Ok(draft.event(payment.wallet, failed).finish())
}
