//! The shop, its staff and the access log. Owns the ids of people; passwords come in hashed.

use till::access::{AccessAction, AccessNote, Business, PasswordHash, Role, User, UserName};
use till::id::{SessionId, UserId};
use till::ledger::{AccessCommand, Origin, UserChange};
use till::time::Timestamp;

use super::Service;
use super::access::{new_wallet_token, random};
use super::holders::{new_holder, new_wallet};
use super::types::{InitialSetup, ServiceError};

/// What the first administrator's own wallet is called.
const FIRST_WALLET: &str = "LNbits wallet";

impl Service {
    /// The shop, once the till is set up.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn business(&self) -> Result<Option<Business>, ServiceError> {
        self.row(&())
    }

    /// Sets the till up, once. Its first administrator has a wallet, too, under the same name and
    /// password.
    ///
    /// # Errors
    /// [`Refusal::AlreadyInitialized`](till::ledger::Refusal) the second time.
    pub async fn initialize(&self, setup: InitialSetup) -> Result<User, ServiceError> {
        let (id, initialize) = initialization(&self.parts.root, setup)?;
        self.access(initialize).await?;
        self.row(&id)?.ok_or(ServiceError::Unknown)
    }

    /// Adds a member of staff, for `by`.
    ///
    /// # Errors
    /// [`Refusal::NameTaken`](till::ledger::Refusal) if somebody has that name.
    pub async fn add_user(
        &self,
        by: UserId,
        name: String,
        role: Role,
        password: PasswordHash,
        pin: PasswordHash,
    ) -> Result<User, ServiceError> {
        let user = new_user(name, role, password, pin)?;
        let id = user.id;
        self.access(AccessCommand::AddUser { by, user }).await?;
        self.row(&id)?.ok_or(ServiceError::Unknown)
    }

    /// Changes a member of staff, for `by`. Another role, password or PIN ends all their sessions.
    ///
    /// # Errors
    /// [`Refusal`](till::ledger::Refusal): `UnknownUser`, `NameTaken`, or `LastAdmin`.
    pub async fn change_user(
        &self,
        by: UserId,
        user: UserId,
        change: UserChange,
    ) -> Result<User, ServiceError> {
        self.access(AccessCommand::ChangeUser { by, user, change })
            .await?;
        self.row(&user)?.ok_or(ServiceError::Unknown)
    }

    /// Deletes a member of staff, for `by`, and ends all their sessions.
    ///
    /// # Errors
    /// [`Refusal`](till::ledger::Refusal): `UnknownUser` or `LastAdmin`.
    pub async fn delete_user(&self, by: UserId, user: UserId) -> Result<(), ServiceError> {
        self.access(AccessCommand::DeleteUser { by, user }).await
    }

    /// Ends all sessions of a member of staff, for `by`, and their wallet tokens with them.
    ///
    /// # Errors
    /// [`Refusal::UnknownUser`](till::ledger::Refusal) if there is nobody with this id.
    pub async fn end_sessions(&self, by: UserId, user: UserId) -> Result<(), ServiceError> {
        self.access(AccessCommand::EndSessions { by, user }).await
    }

    /// Changes the wallet password, for `by`, who typed the one of this epoch correctly. Every
    /// wallet token ends; the text of a new one for this session is returned.
    ///
    /// # Errors
    /// [`Refusal::PasswordChanged`](till::ledger::Refusal) if there is another password by now.
    pub async fn change_wallet_password(
        &self,
        by: UserId,
        session: SessionId,
        epoch: u32,
        password: PasswordHash,
    ) -> Result<String, ServiceError> {
        let (secret, token) = new_wallet_token(session, epoch)?;
        self.access(AccessCommand::ChangeWalletPassword {
            by,
            password,
            token,
        })
        .await?;
        Ok(secret)
    }

    /// Writes into the access log that `by` did something. Done before the deed where it gives
    /// something away: once this returns, it is on disk.
    ///
    /// # Errors
    /// [`ServiceError`] if it could not be written down; then the deed must not happen.
    pub async fn note_access(&self, by: UserId, action: AccessAction) -> Result<(), ServiceError> {
        self.access(AccessCommand::NoteAccess { by, action }).await
    }

    /// A page of the access log, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn access_notes(
        &self,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<AccessNote>, ServiceError> {
        self.read(move |views| views.access_notes(offset, limit))
            .await
    }

    /// All members of staff.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn users(&self) -> Result<Vec<User>, ServiceError> {
        let mut users = self.read(|views| views.all::<User>()).await?;
        users.retain(User::is_present);
        Ok(users)
    }

    /// The member of staff with this name.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<User>, ServiceError> {
        let Some(given) = self.row::<UserName>(&name.to_owned())? else {
            return Ok(None);
        };
        let user = self.row::<User>(&given.user)?;
        Ok(user.filter(|user| user.answers_to(name)))
    }

    /// The member of staff with this id.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, ServiceError> {
        Ok(self.row::<User>(&id)?.filter(User::is_present))
    }

    async fn access(&self, command: AccessCommand) -> Result<(), ServiceError> {
        self.parts.ledger.execute(command).await?;
        Ok(())
    }
}

/// The first set-up as the ledger takes it, with the name of who will administer the till. Keys of their
/// wallet follow from `root`.
pub(crate) fn initialization(
    root: &[u8; 32],
    setup: InitialSetup,
) -> Result<(UserId, AccessCommand), ServiceError> {
    let business = Business {
        name: setup.business_name,
        currency: setup.business_currency,
        wallet_password: setup.wallet_password,
        initialized_at: Timestamp::default(),
        wallet_epoch: 0,
        admins: 0,
        notes: 0,
    };
    let admin = new_user(setup.name, Role::Admin, setup.password, setup.pin)?;
    let id = admin.id;
    let holder = new_holder(Some(admin.name.clone()), Some(admin.password.clone()), true)?;
    let wallet = new_wallet(root, Origin::Lnbits, holder.id, FIRST_WALLET.to_owned())?;
    let initialize = AccessCommand::Initialize {
        business,
        admin,
        holder: Some((Box::new(holder), wallet)),
    };
    Ok((id, initialize))
}

fn new_user(
    name: String,
    role: Role,
    password: PasswordHash,
    pin: PasswordHash,
) -> Result<User, ServiceError> {
    let id = UserId::from_bytes(random()?);
    Ok(User {
        id,
        name,
        role,
        password,
        pin,
        created_at: Timestamp::default(),
        sessions_epoch: 0,
        deleted_at: None,
    })
}
