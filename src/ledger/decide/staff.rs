//! Rules for the shop and its staff. Whatever changes who may do what is noted in the access log, in
//! the same record.

use super::access::live_session;
use super::draft::Draft;
use super::holder;
use crate::access::{
    AccessAction, AccessNote, Business, PasswordHash, Role, Subject, User, UserChanges, UserName,
    WalletToken,
};
use crate::holder::Holder;
use crate::id::UserId;
use crate::ledger::command::{Refusal, UserChange, WalletKeys};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;

pub(super) fn initialize<A: Archive>(
    state: &State<A>,
    draft: Draft,
    business: Business,
    admin: User,
    first: Option<(Box<Holder>, WalletKeys)>,
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
    let draft = draft
        .fact(Fact::BusinessSet(Box::new(business)))
        .fact(Fact::UserSet(Box::new(admin)));
    match first {
        Some((first, wallet)) => holder::add(state, draft, *first, Vec::new(), Some(wallet)),
        None => Ok(draft.finish()),
    }
}

pub(super) fn add<A: Archive>(
    state: &State<A>,
    draft: Draft,
    by: UserId,
    user: User,
) -> Result<Record, Refusal> {
    refuse_taken(state, &user.name)?;
    let user = User {
        created_at: draft.at(),
        ..user
    };
    let action = AccessAction::UserAdded(subject(&user));
    let draft = draft.fact(Fact::UserSet(Box::new(user)));
    Ok(note(state, draft, by, action)?.finish())
}

pub(super) fn change<A: Archive>(
    state: &State<A>,
    draft: Draft,
    by: UserId,
    user: UserId,
    change: UserChange,
) -> Result<Record, Refusal> {
    let user = present(state, user)?;
    let name = change.name.filter(|name| *name != user.name);
    if let Some(name) = &name {
        refuse_taken(state, name)?;
    }
    let role = change.role.filter(|role| *role != user.role);
    match role {
        Some(Role::Cashier) => refuse_last_admin(state, &user)?,
        Some(Role::Admin) | None => {}
    }
    let changes = UserChanges {
        name: name.is_some(),
        role: role.is_some(),
        password: change.password.is_some(),
        pin: change.pin.is_some(),
    };
    if !changes.any() {
        return Ok(draft.finish());
    }
    let user = User {
        name: name.unwrap_or(user.name),
        role: role.unwrap_or(user.role),
        password: change.password.unwrap_or(user.password),
        pin: change.pin.unwrap_or(user.pin),
        sessions_epoch: user
            .sessions_epoch
            .saturating_add(u32::from(changes.ends_sessions())),
        ..user
    };
    let action = AccessAction::UserChanged(subject(&user), changes);
    let draft = draft.fact(Fact::UserSet(Box::new(user)));
    Ok(note(state, draft, by, action)?.finish())
}

pub(super) fn delete<A: Archive>(
    state: &State<A>,
    draft: Draft,
    by: UserId,
    user: UserId,
) -> Result<Record, Refusal> {
    let user = present(state, user)?;
    refuse_last_admin(state, &user)?;
    let action = AccessAction::UserDeleted(subject(&user));
    // Noted before they go: they may have asked for it themselves.
    let draft = note(state, draft, by, action)?;
    let user = User {
        deleted_at: Some(draft.at()),
        sessions_epoch: user.sessions_epoch.saturating_add(1),
        ..user
    };
    Ok(draft.fact(Fact::UserSet(Box::new(user))).finish())
}

pub(super) fn end_sessions<A: Archive>(
    state: &State<A>,
    draft: Draft,
    by: UserId,
    user: UserId,
) -> Result<Record, Refusal> {
    let user = present(state, user)?;
    let user = User {
        sessions_epoch: user.sessions_epoch.saturating_add(1),
        ..user
    };
    let action = AccessAction::SessionsEnded(subject(&user));
    let draft = draft.fact(Fact::UserSet(Box::new(user)));
    Ok(note(state, draft, by, action)?.finish())
}

/// All tokens of the old password end, but the one who knew it goes on with a new one.
pub(super) fn change_wallet_password<A: Archive>(
    state: &State<A>,
    draft: Draft,
    by: UserId,
    password: PasswordHash,
    token: WalletToken,
) -> Result<Record, Refusal> {
    live_session(state, token.session, draft.at())?;
    let shop = shop(state)?;
    if shop.wallet_epoch != token.epoch {
        return Err(Refusal::PasswordChanged);
    }
    let epoch = shop.wallet_epoch.saturating_add(1);
    let token = WalletToken {
        used_at: draft.at(),
        epoch,
        ..token
    };
    let shop = Business {
        wallet_password: password,
        wallet_epoch: epoch,
        ..shop
    };
    let draft = draft
        .fact(Fact::BusinessSet(Box::new(shop)))
        .fact(Fact::WalletTokenSet(token));
    let action = AccessAction::WalletPasswordChanged;
    Ok(note(state, draft, by, action)?.finish())
}

pub(super) fn note_access<A: Archive>(
    state: &State<A>,
    draft: Draft,
    by: UserId,
    action: AccessAction,
) -> Result<Record, Refusal> {
    Ok(note(state, draft, by, action)?.finish())
}

/// Adds a line to the access log. Whoever was deleted meanwhile does nothing any more.
fn note<A: Archive>(
    state: &State<A>,
    draft: Draft,
    by: UserId,
    action: AccessAction,
) -> Result<Draft, Refusal> {
    let by = state.get::<User>(&by)?.filter(User::is_present);
    let by = by.ok_or(Refusal::UnknownSession)?;
    let note = AccessNote {
        number: shop(state)?.notes.saturating_add(1),
        at: draft.at(),
        user: by.id,
        user_name: by.name,
        action,
    };
    Ok(draft.fact(Fact::AccessNoted(Box::new(note))))
}

/// The shop; where there is none, nobody can have logged in.
pub(super) fn shop<A: Archive>(state: &State<A>) -> Result<Business, Refusal> {
    state.get::<Business>(&())?.ok_or(Refusal::UnknownSession)
}

fn present<A: Archive>(state: &State<A>, user: UserId) -> Result<User, Refusal> {
    let user = state.get::<User>(&user)?.filter(User::is_present);
    user.ok_or(Refusal::UnknownUser)
}

fn refuse_taken<A: Archive>(state: &State<A>, name: &String) -> Result<(), Refusal> {
    let Some(given) = state.get::<UserName>(name)? else {
        return Ok(());
    };
    match state.get::<User>(&given.user)? {
        Some(user) if user.answers_to(name) => Err(Refusal::NameTaken),
        Some(_) | None => Ok(()),
    }
}

fn refuse_last_admin<A: Archive>(state: &State<A>, user: &User) -> Result<(), Refusal> {
    if user.is_admin() && shop(state)?.admins <= 1 {
        return Err(Refusal::LastAdmin);
    }
    Ok(())
}

fn subject(user: &User) -> Subject {
    Subject {
        user: user.id,
        name: user.name.clone(),
        role: user.role,
    }
}
