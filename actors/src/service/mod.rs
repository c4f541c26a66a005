//! The service: the one door between surfaces and actors. Owns what three surfaces share (which
//! call goes where, in which order); it knows neither wire formats nor messages of actors.

mod access;
mod addresses;
mod channel_info;
mod channels;
mod decode;
mod error;
mod export;
mod health;
mod holders;
mod holds;
mod invoices;
mod lists;
mod lnurl;
mod named;
mod numbered;
mod offers;
mod onchain;
mod own_keys;
mod pay_target;
mod payments;
mod rates;
mod restoration;
mod shares;
mod staff;
mod statements;
mod targets;
pub mod types;
mod wallets;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use till::fees::{FeePolicy, LspPolicy};
use till::ledger::entity::Entity;
use till::ledger::{Account, Balance};
use till::money::Msat;
use till::time::Timestamp;
use till::treasury::{Channel, CloseJob};
use zeroize::Zeroizing;

pub use crate::treasury::Spent;
pub use channels::ChannelEntry;
pub use decode::{Bolt11Details, HintedHop, expiry_of};
pub use holders::{NewHolder, OpenedWallet, WalletBalance};
pub use lists::{
    Compare, Glance, History, ListPage, ListQuery, ListRow, Matches, Named, Order, Period,
    SEARCH_WINDOW,
};
pub use named::RowName;
pub use own_keys::{Bearer, KeyText, Registered};
pub use pay_target::{Price, TargetOrder};
pub use shares::SharedWallet;
pub(crate) use staff::initialization;
pub use statements::StatementLine;
pub use targets::{Recipient, TargetError, TargetKind, Whereabouts};
pub use types::*;

use crate::export::Exporter;
use crate::health::HealthHandle;
use crate::hub::{HubHandle, Listener, SubscribeError, Subscription, Topic};
use crate::ledger::{LedgerHandle, now};
use crate::node::NodeBalances;
use crate::node::handle::NodeHandle;
use crate::payments::PaymentsHandle;
use crate::till::Outward;
use crate::treasury::TreasuryHandle;
use crate::views::Views;
use crate::watcher::{Gate, WatcherHandle};

/// When a caller is told to try again after a queue was full.
const RETRY_AFTER_SECS: u32 = 1;
/// What keeps a till from being ready before its node runs.
const NOT_STARTED: &str = "the node has not started: its chain source does not answer";
/// How long an answer waits for the view to be read.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Limits and defaults that every surface shares.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// What a payment may cost.
    pub fees: FeePolicy,
    /// How long an invoice can be paid if its maker does not say, in seconds.
    pub invoice_expiry_secs: u32,
    /// The most that one invoice or payment may move.
    pub max_amount: Msat,
    /// What a liquidity provider may take, if there is one.
    pub lsp: Option<LspPolicy>,
}

pub(crate) struct Parts {
    pub(crate) network: bitcoin::Network,
    pub(crate) policy: Policy,
    pub(crate) views: Views,
    pub(crate) ledger: LedgerHandle,
    pub(crate) node: NodeHandle,
    pub(crate) payments: PaymentsHandle,
    pub(crate) treasury: TreasuryHandle,
    pub(crate) watcher: WatcherHandle,
    pub(crate) hub: HubHandle,
    pub(crate) health: HealthHandle,
    pub(crate) gate: Gate,
    pub(crate) exporter: Exporter,
    pub(crate) outward: Outward,
    /// What other secrets are derived from; itself derived from the seed.
    pub(crate) root: Zeroizing<[u8; 32]>,
}

/// The one door between surfaces and actors. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    parts: Arc<Parts>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("network", &self.parts.network)
            .finish_non_exhaustive()
    }
}

impl Service {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
        }
    }

    /// The time by the system's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        now()
    }

    /// `regtest`, `signet`, `testnet4` or `mainnet`.
    #[must_use]
    pub fn network(&self) -> &'static str {
        network_name(self.parts.network)
    }

    /// HMAC-SHA-256 of the seed's root and a purpose: a key that survives restarts.
    #[must_use]
    pub fn derive_key(&self, purpose: &str) -> [u8; 32] {
        hmac_sha256(self.parts.root.as_slice(), purpose)
    }

    /// Events of `topic` after `since`, replayed from the log and then live, without a gap;
    /// `None` starts with the next one.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] when there are too many subscribers, or too many on one account.
    pub async fn subscribe(
        &self,
        topic: Topic,
        since: Option<u64>,
        listener: Listener,
    ) -> Result<Subscription, ServiceError> {
        match self.parts.hub.subscribe(topic, since, listener).await {
            Ok(subscription) => Ok(subscription),
            Err(SubscribeError::Busy | SubscribeError::Unavailable) => Err(ServiceError::Busy {
                retry_after_secs: RETRY_AFTER_SECS,
            }),
        }
    }

    /// How many subscribers there are.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.parts.hub.subscribers()
    }

    /// The house's money, by the ledger and by what the channels can carry.
    ///
    /// # Errors
    /// [`ServiceError::Node`] while the node is not running.
    pub async fn house_balance(&self) -> Result<HouseBalance, ServiceError> {
        use till::ledger::state::{ASSETS, house_balance, house_spendable};
        let node = self.node_balances().await?;
        let channels = node.spendable;
        self.read(move |views| {
            let balance = |account| {
                Ok::<_, crate::views::ViewError>(
                    views
                        .get::<Balance>(&account)?
                        .unwrap_or(Balance::empty(account)),
                )
            };
            let house = balance(Account::HOUSE)?;
            let held: Vec<Balance> = ASSETS.into_iter().map(balance).collect::<Result<_, _>>()?;
            Ok(HouseBalance {
                ledger_msat: house.credit_msat(),
                spendable: house_spendable(&house, &held, channels),
                balance: house_balance(&house, &held, channels),
                onchain: node.onchain_total,
                onchain_spendable: node.onchain_spendable,
            })
        })
        .await
    }

    /// The node and its channels.
    ///
    /// # Errors
    /// [`ServiceError::Node`] while the node is not running.
    pub async fn node_info(&self) -> Result<NodeInfo, ServiceError> {
        let told = self.parts.node.call(|node| {
            let height = node.status().height;
            let channels = (node.channels(), node.closings());
            Ok((node.node_id(), height, channels))
        });
        let (node_id, height, (open, closing)) = told.await?;
        let (rows, jobs) = self
            .read(|views| Ok((views.all::<Channel>()?, views.all::<CloseJob>()?)))
            .await?;
        Ok(NodeInfo {
            node_id,
            network: self.network().to_owned(),
            height,
            channels: channel_info::infos(open, &closing, &rows, &jobs),
        })
    }

    /// What the node holds, by its own account.
    ///
    /// # Errors
    /// [`ServiceError::Node`] while the node is not running.
    pub async fn node_balances(&self) -> Result<NodeBalances, ServiceError> {
        Ok(self.parts.node.call(|node| Ok(node.balances())).await?)
    }

    /// A fresh address of the on-chain wallet.
    ///
    /// # Errors
    /// [`ServiceError::Node`] while the node is not running.
    pub async fn new_address(&self) -> Result<String, ServiceError> {
        Ok(self.parts.node.call(|node| node.new_address()).await?)
    }

    /// Whether payments can be made and taken, and why not.
    pub async fn readiness(&self) -> Readiness {
        let status = self.parts.node.call(|node| Ok(node.status())).await;
        let (height, reason) = match status {
            Ok(status) if !status.running => (status.height, Some("the node is not running")),
            Ok(status) if status.last_sync_secs.is_none() => (
                status.height,
                Some("the node has not reached its chain source yet"),
            ),
            Ok(status) if !self.parts.gate.is_open() => (
                status.height,
                Some("the node is still telling what happened before its last stop"),
            ),
            Ok(status) => (status.height, None),
            Err(_) => (0, Some(NOT_STARTED)),
        };
        let reason = match (reason, self.parts.node.trouble()) {
            (Some(NOT_STARTED), Some(trouble)) => Some(format!("{NOT_STARTED} ({trouble})")),
            (reason, _) => reason.map(str::to_owned),
        };
        Readiness {
            ready: reason.is_none(),
            reason,
            // A view that cannot be read stops the till elsewhere.
            holds_payments: self.holds_payments().unwrap_or(false),
            height,
        }
    }

    #[cfg(test)]
    pub(crate) fn views(&self) -> &Views {
        &self.parts.views
    }

    /// Reads the views off the async threads.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Views) -> Result<T, crate::views::ViewError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let views = self.parts.views.clone();
        let task = tokio::task::spawn_blocking(move || read(&views));
        match tokio::time::timeout(READ_TIMEOUT, task).await {
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(_)) => Err(ServiceError::Stopping),
            Err(_) => Err(ServiceError::Busy {
                retry_after_secs: RETRY_AFTER_SECS,
            }),
        }
    }

    /// One row, which is found in microseconds and mostly in memory.
    fn row<E: Entity>(&self, key: &E::Key) -> Result<Option<E>, ServiceError> {
        Ok(self.parts.views.get(key)?)
    }
}

pub(crate) fn hmac_sha256(key: &[u8], message: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

/// The name that configuration and answers use.
pub(crate) fn network_name(network: bitcoin::Network) -> &'static str {
    match network {
        bitcoin::Network::Bitcoin => "mainnet",
        bitcoin::Network::Testnet => "testnet",
        bitcoin::Network::Testnet4 => "testnet4",
        bitcoin::Network::Signet => "signet",
        bitcoin::Network::Regtest => "regtest",
    }
}
