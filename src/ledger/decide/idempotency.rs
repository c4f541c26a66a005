//! Callers' keys: the same key with the same request is the same thing, kept for good.

use super::draft::Draft;
use crate::id::RequestHash;
use crate::ledger::command::{IdempotencyKey, Refusal};
use crate::ledger::entity::{Archive, Idempotency};
use crate::ledger::record::{Fact, Record};
use crate::ledger::reference::Reference;
use crate::ledger::state::State;

/// A key, and the digest of what was asked for under it.
type Keyed = Option<(IdempotencyKey, RequestHash)>;

/// What was made under the key before, if anything was.
pub(super) fn earlier<A: Archive>(
    state: &State<A>,
    keyed: &Keyed,
) -> Result<Option<Reference>, Refusal> {
    let Some((key, request)) = keyed else {
        return Ok(None);
    };
    match state.get::<Idempotency>(key)? {
        Some(known) if known.request == *request => Ok(Some(known.reference)),
        Some(_) => Err(Refusal::IdempotencyConflict),
        None => Ok(None),
    }
}

/// From now on the key stands for this.
pub(super) fn keep(draft: Draft, keyed: &Keyed, reference: Reference) -> Draft {
    let Some((key, request)) = keyed.clone() else {
        return draft;
    };
    let kept = Idempotency {
        key,
        request,
        reference,
    };
    draft.fact(Fact::IdempotencyKept(Box::new(kept)))
}

/// Notes what was made under a key, unless that is known already.
pub(super) fn set<A: Archive>(
    state: &State<A>,
    draft: Draft,
    keyed: &Keyed,
    reference: Reference,
) -> Result<Record, Refusal> {
    match earlier(state, keyed)? {
        Some(_) => Ok(draft.finish()),
        None => Ok(keep(draft, keyed, reference).finish()),
    }
}
