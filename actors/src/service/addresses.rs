//! Lightning addresses: claimed, listed, given up, handed on, and looked up by those who pay. Owns how
//! a name that nobody chose is found; what one costs is the surfaces'.

use till::address::{Address, is_reserved};
use till::holder::Wallet;
use till::id::WalletId;
use till::ledger::{AddressCommand, Refusal};
use till::money::Sat;

use super::Service;
use super::holders::{ADDRESS_TRIES, address_name};
use super::types::ServiceError;

impl Service {
    /// A name that somebody chose becomes a wallet's, and is paid for.
    ///
    /// # Errors
    /// [`Refusal::AddressTaken`], also for names that nobody can choose;
    /// [`Refusal::InsufficientFunds`]; [`Refusal::TooManyAddresses`].
    pub async fn claim_address(
        &self,
        wallet: WalletId,
        name: String,
        cost: Sat,
    ) -> Result<Address, ServiceError> {
        if is_reserved(&name) {
            return Err(Refusal::AddressTaken.into());
        }
        self.claim(wallet, name, false, cost).await
    }

    /// A name that nobody chose becomes a wallet's, for nothing.
    ///
    /// # Errors
    /// [`Refusal::TooManyAddresses`].
    pub async fn claim_any_address(&self, wallet: WalletId) -> Result<Address, ServiceError> {
        let mut tries = 0;
        loop {
            let name = address_name()?;
            tries += 1;
            match self.claim(wallet, name, true, Sat::ZERO).await {
                Err(ServiceError::Refused(Refusal::AddressTaken)) if tries < ADDRESS_TRIES => {}
                claimed => return claimed,
            }
        }
    }

    async fn claim(
        &self,
        wallet: WalletId,
        name: String,
        generated: bool,
        cost: Sat,
    ) -> Result<Address, ServiceError> {
        let claim = AddressCommand::Claim {
            wallet,
            name: name.clone(),
            generated,
            cost,
        };
        self.parts.ledger.execute(claim).await?;
        self.row::<Address>(&name)?.ok_or(ServiceError::Unknown)
    }

    /// A wallet's addresses, by name.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn addresses_of(&self, wallet: WalletId) -> Result<Vec<Address>, ServiceError> {
        self.read(move |views| views.addresses_of(wallet)).await
    }

    /// The address with this name, if whoever pays it pays a wallet.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn payable_address(&self, name: &str) -> Result<Option<Address>, ServiceError> {
        let address = self.row::<Address>(&name.to_owned())?;
        let Some(address) = address.filter(Address::is_live) else {
            return Ok(None);
        };
        let wallet = self.row::<Wallet>(&address.wallet)?;
        Ok(wallet.filter(Wallet::is_open).map(|_| address))
    }

    /// A wallet gives a name up.
    ///
    /// # Errors
    /// [`Refusal::UnknownAddress`] if it is not that wallet's.
    pub async fn delete_address(&self, wallet: WalletId, name: String) -> Result<(), ServiceError> {
        let delete = AddressCommand::Delete { wallet, name };
        self.parts.ledger.execute(delete).await?;
        Ok(())
    }

    /// A name that was chosen becomes another wallet's.
    ///
    /// # Errors
    /// [`Refusal::UnknownAddress`] if it is not that wallet's, [`Refusal::NotTransferable`] if
    /// nobody chose it, [`Refusal::TooManyAddresses`] if the other wallet has enough.
    pub async fn transfer_address(
        &self,
        from: WalletId,
        name: String,
        to: WalletId,
    ) -> Result<(), ServiceError> {
        let transfer = AddressCommand::Transfer { from, name, to };
        self.parts.ledger.execute(transfer).await?;
        Ok(())
    }
}
