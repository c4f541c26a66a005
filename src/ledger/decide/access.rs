//! Rules for staff, sessions and wallet tokens.

use super::draft::Draft;
use crate::access::{Business, Session, TOUCH_EVERY_SECS, User, UserName, WalletToken};
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
        AccessCommand::Initialize { business, admin } => initialize(state, draft, business, admin),
        AccessCommand::AddUser(user) => add_user(state, draft, user),
        AccessCommand::OpenSession(session) => Ok(open_session(draft, session)),
        AccessCommand::RotateSession {
            session,
            presented,
            next,
            expires_at,
        } => rotate(state, draft, session, presented, next, expires_at),
        AccessCommand::EndSession { session } => end_session(state, draft, session),
        AccessCommand::GrantWalletToken(token) => Ok(grant_wallet_token(draft, token)),
        AccessCommand::TouchWalletToken { token } => touch(state, draft, token),
        AccessCommand::RevokeWalletToken { token } => revoke(state, draft, token),
    }
}

fn initialize<A: Archive>(
    state: &State<A>,
    draft: Draft,
    business: Business,
    admin: User,
) -> Result<Record, Refusal> {
    if state.get::<Business>(&())?.is_some() {
        return Err(Refusal::AlreadyInitialized);
    }
    let business = Business {
        initialized_at: draft.at(),
        ..business
    };
    let admin = User {
        created_at: draft.at(),
        ..admin
    };
    Ok(draft
        .fact(Fact::BusinessSet(Box::new(business)))
        .fact(Fact::UserSet(Box::new(admin)))
        .finish())
}

fn add_user<A: Archive>(state: &State<A>, draft: Draft, user: User) -> Result<Record, Refusal> {
    if state.get::<UserName>(&user.name)?.is_some() {
        return Err(Refusal::NameTaken);
    }
    let user = User {
        created_at: draft.at(),
        ..user
    };
    Ok(draft.fact(Fact::UserSet(Box::new(user))).finish())
}

fn open_session(draft: Draft, session: Session) -> Record {
    draft.fact(Fact::SessionSet(session)).finish()
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
    let session = state
        .get::<Session>(&session)?
        .ok_or(Refusal::UnknownSession)?;
    if !session.is_live(draft.at()) {
        return Err(Refusal::UnknownSession);
    }
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

fn grant_wallet_token(draft: Draft, token: WalletToken) -> Record {
    let token = WalletToken {
        used_at: draft.at(),
        ..token
    };
    draft.fact(Fact::WalletTokenSet(token)).finish()
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
