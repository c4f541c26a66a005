//! Puts the ledger to the node. What was seen to happen is booked with its reason, up to what it can
//! explain: what closings cost, what forwarding earned. The rest raises an alarm, and nothing is
//! booked for it.

use super::draft::Draft;
use super::treasury::pay_for_chain;
use crate::ledger::account::Account;
use crate::ledger::command::Refusal;
use crate::ledger::entity::Archive;
use crate::ledger::record::{Alarm, Fact, Record};
use crate::ledger::state::State;
use crate::ledger::transfer::Cause;
use crate::money::Msat;
use crate::treasury::{Allowance, Figures};

/// Notes what forwarding earned. The node may tell of it twice, so it is a bound and not booked.
pub(super) fn note_routing<A: Archive>(
    state: &State<A>,
    draft: Draft,
    earned: Msat,
) -> Result<Record, Refusal> {
    if earned.is_zero() {
        return Ok(draft.finish());
    }
    let known = state.get::<Allowance>(&())?.unwrap_or_default();
    let routing_msat = known.routing_msat.saturating_add(earned.get());
    Ok(draft
        .fact(Fact::AllowanceSet(Allowance {
            routing_msat,
            ..known
        }))
        .finish())
}

/// Books what explains the difference between the ledger and `figures`.
///
/// MUST be asked only with figures that were taken while nothing was on its way: the ledger refuses
/// itself while a payment is pending.
pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    figures: Figures,
    seq: u64,
) -> Result<Record, Refusal> {
    let lightning = state.balance(Account::Lightning)?;
    if lightning.credits_pending > 0 || state.progress().seq != seq {
        return Err(Refusal::WrongState);
    }
    let closing = state.balance(Account::Closing)?.debit_msat();
    // What is signed away has left the wallet, though no block has it yet.
    let onchain = state.balance(Account::Onchain)?;
    let onchain = onchain.debit_msat() - i128::from(onchain.credits_pending);
    let known = state.get::<Allowance>(&())?.unwrap_or_default();

    let difference = beyond(
        lightning.debit_msat() + closing - figures.closing_msat,
        &figures,
    );
    let off_chain = onchain - figures.onchain_msat;
    if off_chain != 0 {
        // A transaction of the wallet's that nobody has booked: nothing can be concluded beside it.
        return Ok(settle(draft, known, known, difference + off_chain).finish());
    }
    let untouched = draft.clone();
    // What left channels and is not in the wallet yet is on its way there; whatever is explained is
    // settled in the account of open channels.
    let draft = shift(draft, figures.closing_msat - closing)?;
    if difference == 0 {
        return Ok(settle(draft, known, known, 0).finish());
    }
    if difference > 0 && difference <= i128::from(known.closing_msat) {
        let spent = msat(difference)?;
        let allowance = Allowance {
            closing_msat: known.closing_msat - spent.get(),
            ..known
        };
        let draft = pay_for_chain(draft, Account::Lightning, spent, Cause::Closing);
        return Ok(settle(draft, known, allowance, 0).finish());
    }
    if difference < 0 && -difference <= i128::from(known.routing_msat) {
        let earned = msat(-difference)?;
        let allowance = Allowance {
            routing_msat: known.routing_msat - earned.get(),
            ..known
        };
        let accounts = (Account::Lightning, Account::HOUSE);
        let draft = draft.post(accounts, earned, Cause::Routing);
        return Ok(settle(draft, known, allowance, 0).finish());
    }
    Ok(settle(untouched, known, known, difference).finish())
}

/// What the ledger has in channels, on the way back from them and on the chain, less what the node
/// has; zero within what the node leaves open by rounding.
#[must_use]
pub fn difference_msat([lightning, closing, onchain]: [i128; 3], figures: &Figures) -> i128 {
    let in_channels = lightning + closing - figures.closing_msat;
    beyond(in_channels, figures) + (onchain - figures.onchain_msat)
}

/// By how much the ledger has more in channels than the node can have, or less (negative).
fn beyond(booked: i128, figures: &Figures) -> i128 {
    let above = booked - figures.channels_high_msat;
    let below = booked - figures.channels_low_msat;
    if above > 0 { above } else { below.min(0) }
}

/// Moves between what is in channels and what is on its way back from them.
fn shift(draft: Draft, to_closing: i128) -> Result<Draft, Refusal> {
    let amount = msat(to_closing.abs())?;
    let accounts = if to_closing > 0 {
        (Account::Closing, Account::Lightning)
    } else {
        (Account::Lightning, Account::Closing)
    };
    Ok(draft.post(accounts, amount, Cause::Closing))
}

/// Notes what is left of the allowance, and raises an alarm where a difference is new.
fn settle(draft: Draft, known: Allowance, left: Allowance, unexplained: i128) -> Draft {
    let difference_msat = i64::try_from(unexplained).unwrap_or(i64::MAX);
    let allowance = Allowance {
        unexplained_msat: difference_msat,
        ..left
    };
    if allowance == known {
        return draft;
    }
    let draft = draft.fact(Fact::AllowanceSet(allowance));
    if difference_msat == known.unexplained_msat || difference_msat == 0 {
        return draft;
    }
    draft.alarm(Alarm::Unexplained { difference_msat })
}

fn msat(amount: i128) -> Result<Msat, Refusal> {
    u64::try_from(amount)
        .ok()
        .and_then(Msat::new)
        .ok_or(Refusal::TooLarge)
}
