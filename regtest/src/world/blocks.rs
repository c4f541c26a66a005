//! Blocks and money: mine, reorg, fund, and wait until everybody has seen it.

use std::str::FromStr as _;
use std::time::Duration;

use bitcoin::address::NetworkUnchecked;
use bitcoin::{Address, Amount, Network, Txid};

use super::{Inner, World, WorldError};
use crate::chain::{Fill, Tip};
use crate::peer::Peer;
use crate::wait::Wait;

/// How long the till may take to reach the tip.
const TILL_SYNC_LIMIT: Duration = Duration::from_secs(90);
/// Most blocks mined at once.
const MAX_BLOCKS: u32 = 10_000;

impl World {
    /// Mines and waits until every node that runs has seen the tip. While the Esplora server is
    /// stopped nobody can.
    ///
    /// # Errors
    /// If somebody does not keep up.
    pub async fn mine(&self, blocks: u32) -> Result<Tip, WorldError> {
        if blocks > MAX_BLOCKS {
            let message = format!("at most {MAX_BLOCKS} blocks at once");
            return Err(WorldError::Invalid(message));
        }
        let tip = self.inner.chain.try_mine(None, blocks, Fill::Mempool)?;
        self.follow_up(tip).await
    }

    /// Replaces the newest blocks by one more than there were, and waits like [`Self::mine`].
    ///
    /// # Errors
    /// If there are not that many, or somebody does not keep up.
    pub async fn reorg(&self, depth: u32) -> Result<Tip, WorldError> {
        let tip = self.inner.chain.reorg(depth)?;
        self.follow_up(tip).await
    }

    async fn follow_up(&self, tip: Tip) -> Result<Tip, WorldError> {
        if self.inner.esplora.is_running().await {
            self.inner.sync_to(tip).await?;
        }
        Ok(tip)
    }

    /// Waits until every node that runs has seen the tip.
    ///
    /// # Errors
    /// If the Esplora server is stopped, or somebody does not keep up.
    pub async fn sync(&self) -> Result<Tip, WorldError> {
        if !self.inner.esplora.is_running().await {
            return Err(WorldError::EsploraStopped);
        }
        let tip = self.inner.chain.tip();
        self.inner.sync_to(tip).await?;
        Ok(tip)
    }

    /// Pays to an address; a block confirms it if `confirm` is set.
    ///
    /// # Errors
    /// If the address is not one of regtest, or the amount is dust.
    pub async fn fund(
        &self,
        address: &str,
        amount_sat: u64,
        confirm: bool,
    ) -> Result<Txid, WorldError> {
        let address = parse_address(address)?;
        if amount_sat > Amount::MAX_MONEY.to_sat() {
            return Err(WorldError::Invalid(
                "there is not that much money".to_owned(),
            ));
        }
        let amount = Amount::from_sat(amount_sat);
        let txid = self.inner.chain.fund(address.script_pubkey(), amount)?;
        if confirm {
            self.mine(1).await?;
        }
        Ok(txid)
    }
}

impl Inner {
    pub(super) async fn sync_to(&self, tip: Tip) -> Result<(), WorldError> {
        self.esplora.shows(tip).await?;
        let (customer, lsp, till) = tokio::join!(
            sync_peer(&self.customer, tip),
            sync_peer(&self.lsp, tip),
            self.sync_till(tip)
        );
        customer?;
        lsp?;
        till
    }

    async fn sync_till(&self, tip: Tip) -> Result<(), WorldError> {
        if !self.till.is_running().await {
            return Ok(());
        }
        let what = format!("the till to reach block {}", tip.height);
        let mut wait = Wait::new(what, TILL_SYNC_LIMIT);
        while self.client.node_info().await?.block_height < tip.height {
            wait.pause().await?;
        }
        Ok(())
    }
}

async fn sync_peer(peer: &Peer, tip: Tip) -> Result<(), WorldError> {
    if peer.is_running() {
        peer.sync_to(tip.height).await?;
    }
    Ok(())
}

pub(super) fn parse_address(text: &str) -> Result<Address, WorldError> {
    Address::<NetworkUnchecked>::from_str(text.trim())
        .and_then(|address| address.require_network(Network::Regtest))
        .map_err(|error| WorldError::Invalid(format!("not an address of regtest: {error}")))
}
