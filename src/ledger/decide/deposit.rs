//! Rules for what the house is shown of deposits. The money itself is booked by `treasury`.

use super::draft::Draft;
use crate::id::TxId;
use crate::ledger::account::WalletRef;
use crate::ledger::command::Refusal;
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;
use crate::money::{Msat, Sat};
use crate::treasury::{Credit, Deposit, DepositState};

/// Notes a transaction that pays us and does not count yet.
pub(super) fn see<A: Archive>(
    state: &State<A>,
    draft: Draft,
    tx_id: TxId,
    amount: Msat,
) -> Result<Record, Refusal> {
    let known = state.get::<Deposit>(&tx_id)?;
    if known.is_some_and(|known| known.state != DepositState::Gone) {
        return Ok(draft.finish());
    }
    let seen = row(state, &draft, tx_id, amount)?;
    Ok(draft.fact(Fact::DepositSet(seen)).finish())
}

/// Notes that a transaction which never counted is nowhere any more.
pub(super) fn lose<A: Archive>(
    state: &State<A>,
    draft: Draft,
    tx_id: TxId,
) -> Result<Record, Refusal> {
    match state.get::<Deposit>(&tx_id)? {
        Some(known) if known.state == DepositState::Seen => {
            let state = DepositState::Gone;
            Ok(draft
                .fact(Fact::DepositSet(Deposit { state, ..known }))
                .finish())
        }
        Some(_) | None => Ok(draft.finish()),
    }
}

/// The deposit counts.
pub(super) fn credit<A: Archive>(
    state: &State<A>,
    draft: Draft,
    tx_id: TxId,
    (amount, amount_sat): (Msat, Sat),
) -> Result<Draft, Refusal> {
    let at = draft.at();
    let row = Deposit {
        state: DepositState::Credited,
        credit: Some(Credit { at, amount_sat }),
        ..row(state, &draft, tx_id, amount)?
    };
    Ok(draft.fact(Fact::DepositSet(row)))
}

/// The deposit counts no more; it may again.
pub(super) fn take_back<A: Archive>(
    state: &State<A>,
    draft: Draft,
    tx_id: TxId,
    amount: Msat,
) -> Result<Draft, Refusal> {
    let row = row(state, &draft, tx_id, amount)?;
    Ok(draft.fact(Fact::DepositSet(row)))
}

/// The row as it is before it counts: known by its number, or with the next one.
fn row<A: Archive>(
    state: &State<A>,
    draft: &Draft,
    tx_id: TxId,
    amount: Msat,
) -> Result<Deposit, Refusal> {
    let (number, created_at, entry) = match state.get::<Deposit>(&tx_id)? {
        Some(known) => (known.number, known.created_at, known.entry),
        None => {
            let numbers = state.counters(WalletRef::House)?;
            (numbers.invoices.saturating_add(1), draft.at(), 0)
        }
    };
    Ok(Deposit {
        tx_id,
        amount,
        number,
        created_at,
        state: DepositState::Seen,
        credit: None,
        entry,
    })
}
