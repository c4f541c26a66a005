//! Rules for sessions and wallet tokens; staff and shop are in [`staff`].

use super::draft::Draft;
use super::staff;
use crate::access::{Session, TOUCH_EVERY_SECS, User, WalletToken};
use crate::id::{SecretHash, SessionId};
use crate::ledger::command::{AccessCommand, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;
use crate::time::Timestamp;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: AccessCommand,
) -> Result<Record, Refusal> {
    match command {
        AccessCommand::Initialize {
            business,
            admin,
            holder,
        } => staff::initialize(state, draft, business, admin, holder),
        AccessCommand::AddUser { by, user } => staff::add(state, draft, by, user),
        AccessCommand::ChangeUser { by, user, change } => {
            staff::change(state, draft, by, user, change)
        }
        AccessCommand::DeleteUser { by, user } => staff::delete(state, draft, by, user),
        AccessCommand::EndSessions { by, user } => staff::end_sessions(state, draft, by, user),
        AccessCommand::ChangeWalletPassword {
            by,
            password,
            token,
        } => staff::change_wallet_password(state, draft, by, password, token),
        AccessCommand::NoteAccess { by, action } => staff::note_access(state, draft, by, action),
        AccessCommand::OpenSession(session) => open_session(state, draft, session),
        AccessCommand::RotateSession {
            session,
            presented,
            next,
            expires_at,
        } => rotate(state, draft, session, presented, next, expires_at),
        AccessCommand::EndSession { session } => end_session(state, draft, session),
        AccessCommand::GrantWalletToken(token) => grant_wallet_token(state, draft, token),
        AccessCommand::TouchWalletToken { token } => touch(state, draft, token),
        AccessCommand::RevokeWalletToken { token } => revoke(state, draft, token),
    }
}

/// The session was opened for somebody who was on the staff, with the secrets that they had then: if
/// either has changed since, it is not opened.
fn open_session<A: Archive>(
    state: &State<A>,
    draft: Draft,
    session: Session,
) -> Result<Record, Refusal> {
    let user = state.get::<User>(&session.user)?;
    if !user.is_some_and(|user| user.admits(&session, draft.at())) {
        return Err(Refusal::UnknownSession);
    }
    Ok(draft.fact(Fact::SessionSet(session)).finish())
}

/// The session, if it stands at `at`.
pub(super) fn live_session<A: Archive>(
    state: &State<A>,
    session: SessionId,
    at: Timestamp,
) -> Result<Session, Refusal> {
    let session = state
        .get::<Session>(&session)?
        .ok_or(Refusal::UnknownSession)?;
    let user = state.get::<User>(&session.user)?;
    if user.is_some_and(|user| user.admits(&session, at)) {
        return Ok(session);
    }
    Err(Refusal::UnknownSession)
}

/// Exchanges a refresh token. Whoever presents an old one of a live session has stolen it, or was
/// stolen from: the session ends, which is a change and no refusal. The caller sees that from the
/// session.
fn rotate<A: Archive>(
    state: &State<A>,
    draft: Draft,
    session: SessionId,
    presented: SecretHash,
    next: SecretHash,
    expires_at: Timestamp,
) -> Result<Record, Refusal> {
    let session = live_session(state, session, draft.at())?;
    let session = if session.refresh == presented {
        Session {
            refresh: next,
            expires_at,
            ..session
        }
    } else {
        Session {
            revoked_at: Some(draft.at()),
            ..session
        }
    };
    Ok(draft.fact(Fact::SessionSet(session)).finish())
}

fn end_session<A: Archive>(
    state: &State<A>,
    draft: Draft,
    session: SessionId,
) -> Result<Record, Refusal> {
    let session = state
        .get::<Session>(&session)?
        .ok_or(Refusal::UnknownSession)?;
    if session.revoked_at.is_some() {
        return Ok(draft.finish());
    }
    let session = Session {
        revoked_at: Some(draft.at()),
        ..session
    };
    Ok(draft.fact(Fact::SessionSet(session)).finish())
}

/// The token's epoch is that of the password that was typed: if there is another by now, it was
/// the wrong one.
fn grant_wallet_token<A: Archive>(
    state: &State<A>,
    draft: Draft,
    token: WalletToken,
) -> Result<Record, Refusal> {
    live_session(state, token.session, draft.at())?;
    if staff::shop(state)?.wallet_epoch != token.epoch {
        return Err(Refusal::PasswordChanged);
    }
    let token = WalletToken {
        used_at: draft.at(),
        ..token
    };
    Ok(draft.fact(Fact::WalletTokenSet(token)).finish())
}

/// Every use extends a token's life, but not every use is worth a record.
fn touch<A: Archive>(state: &State<A>, draft: Draft, token: SecretHash) -> Result<Record, Refusal> {
    let token = state
        .get::<WalletToken>(&token)?
        .ok_or(Refusal::UnknownSession)?;
    let fresh = draft.at() < token.used_at.plus_secs(TOUCH_EVERY_SECS);
    if fresh || token.revoked_at.is_some() {
        return Ok(draft.finish());
    }
    let token = WalletToken {
        used_at: draft.at(),
        ..token
    };
    Ok(draft.fact(Fact::WalletTokenSet(token)).finish())
}

fn revoke<A: Archive>(
    state: &State<A>,
    draft: Draft,
    token: SecretHash,
) -> Result<Record, Refusal> {
    let token = state
        .get::<WalletToken>(&token)?
        .ok_or(Refusal::UnknownSession)?;
    let token = WalletToken {
        revoked_at: Some(draft.at()),
        ..token
    };
    Ok(draft.fact(Fact::WalletTokenSet(token)).finish())
}
