//! On-chain payments, deposits and the closing of channels. Owns the checks of addresses.

use std::str::FromStr;

use bitcoin::{Address, Amount};
use till::id::{PaymentId, TxId};
use till::treasury::{CloseJob, Deposit, SpendPurpose};

use super::Service;
use super::invoices::no_randomness;
use super::types::{CloseWish, NewBump, NewSpend, ServiceError};
use crate::node::{Outlay, SpendRequest};
use crate::treasury::{BumpWish, SpendWish, Spent};

impl Service {
    /// Pays on the chain, out of the house's own. Returns once the chain source has the transaction,
    /// or did not take it in time: it is broadcast again until it does.
    ///
    /// # Errors
    /// [`ServiceError`] if nothing was begun; only [`ServiceError::Unknown`] leaves that open.
    pub async fn pay_onchain(&self, wanted: NewSpend) -> Result<Spent, ServiceError> {
        let address = self.address(&wanted.address)?;
        let least = address.script_pubkey().minimal_non_dust();
        if Amount::from_sat(wanted.amount.get()) < least {
            return Err(ServiceError::InvalidRequest(format!(
                "the amount is below what an output of this kind must have ({} sat)",
                least.to_sat()
            )));
        }
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(no_randomness)?;
        let wish = SpendWish {
            id: PaymentId::from_bytes(id),
            origin: wanted.origin,
            request: SpendRequest {
                address: address.to_string(),
                outlay: Outlay::Amount(wanted.amount),
                feerate: wanted.feerate,
            },
            purpose: SpendPurpose::Payment,
            idempotency: wanted.idempotency,
        };
        Ok(self.parts.treasury.pay(wish).await?)
    }

    /// Gives a transaction of ours that waits to be mined a higher fee (BIP 125).
    ///
    /// # Errors
    /// [`ServiceError::NothingToBump`] if none waits, and as [`pay_onchain`](Self::pay_onchain).
    pub async fn bump_fee(&self, wanted: NewBump) -> Result<Spent, ServiceError> {
        let wish = BumpWish {
            tx_id: wanted.tx_id,
            feerate: wanted.feerate,
            idempotency: wanted.idempotency,
        };
        Ok(self.parts.treasury.bump(wish).await?)
    }

    /// Closes a channel, and sends its money on if so wished. Returns once the chain shows what closed
    /// it, or did not in time; the rest goes on by itself, whatever happens.
    ///
    /// # Errors
    /// [`ServiceError::UnknownChannel`], or [`ServiceError::Node`] if the peer is not there.
    pub async fn close_channel(&self, wanted: CloseWish) -> Result<CloseJob, ServiceError> {
        let mut wanted = wanted;
        if let Some(to) = &mut wanted.sweep_to {
            to.address = self.address(&to.address)?.to_string();
        }
        Ok(self.parts.treasury.close_channel(wanted).await?)
    }

    /// The deposit of a transaction, whether it counts or not.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn deposit(&self, tx_id: TxId) -> Result<Option<Deposit>, ServiceError> {
        self.row(&tx_id)
    }

    /// Reads an address of this network.
    fn address(&self, text: &str) -> Result<Address, ServiceError> {
        let invalid = |why: &str| ServiceError::InvalidAddress(why.to_owned());
        let address = Address::from_str(text.trim()).map_err(|_| invalid("it cannot be read"))?;
        let network = self.parts.network;
        address
            .require_network(network)
            .map_err(|_| invalid(&format!("it is not for {}", super::network_name(network))))
    }
}
