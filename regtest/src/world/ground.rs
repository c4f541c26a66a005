//! What is there before the till is: chain, Esplora server, provider and customer.

use std::path::Path;
use std::sync::Arc;

use bitcoin::{Amount, OutPoint, TxOut};
use tempfile::TempDir;

use super::esplora::Esplora;
use super::state::State;
use super::{ChainKind, TillAsks, WorldConfig, WorldError};
use crate::chain::{Chain, Fill};
use crate::electrum::{self, Electrum};
use crate::peer::{JitTerms, NewChannel, Peer, PeerConfig};

/// What the customer and the provider get on the chain, in several coins.
const PEER_FUNDS: [Amount; 4] = [Amount::from_sat(25_000_000); 4];
/// The channel of the customer with the provider.
const TRUNK_SAT: u64 = 16_000_000;
/// The provider's part of it.
const TRUNK_PUSH_SAT: u64 = 5_000_000;

/// A real chain, with an Electrum server on it if the till asks one. That needs a block to begin with: without
/// any, bitcoind says that it is still catching up.
fn on_bitcoind(
    program: &Path,
    asks: TillAsks,
    dir: &Path,
) -> Result<(Chain, Option<Electrum>), WorldError> {
    let folder = dir.join("bitcoind");
    match asks {
        TillAsks::Esplora | TillAsks::Bitcoind => Ok((Chain::on_bitcoind(program, &folder)?, None)),
        TillAsks::Electrum => {
            let server = electrum::find().ok_or_else(|| {
                WorldError::Invalid("there is no Electrum server on this machine".to_owned())
            })?;
            let (more, peers) = Electrum::needs(&server).map_err(WorldError::Port)?;
            let more: Vec<&str> = more.iter().map(String::as_str).collect();
            let chain = Chain::on_bitcoind_with(program, &folder, &more)?;
            if chain.tip().height == 0 {
                chain.try_mine(None, 1, Fill::Mempool)?;
            }
            let folder = dir.join("electrum");
            let started =
                chain.with_bitcoind(|bitcoind| Electrum::start(&server, &folder, bitcoind, peers));
            Ok((chain, started.transpose()?))
        }
    }
}

/// What is there before the till is.
pub(super) struct Ground {
    pub(super) chain: Chain,
    pub(super) esplora: Esplora,
    pub(super) electrum: Option<Electrum>,
    pub(super) lsp: Peer,
    pub(super) customer: Peer,
}

impl Ground {
    pub(super) async fn prepare(
        config: &WorldConfig,
        state: &State,
        dir: &Path,
        temp: Option<&Arc<TempDir>>,
    ) -> Result<Self, WorldError> {
        config
            .progress
            .step("starting chain, provider and customer");
        let (chain, electrum) = match (&config.chain, &config.dir) {
            (ChainKind::Bitcoind(program), _) => on_bitcoind(program, config.till_asks, dir)?,
            (ChainKind::Remote(bitcoind), _) => (Chain::on_remote(bitcoind)?, None),
            (ChainKind::Embedded, Some(_)) => (Chain::open(dir.join("chain"))?, None),
            (ChainKind::Embedded, None) => (Chain::new(), None),
        };
        let esplora = Esplora::start(config.remote_esplora.as_deref(), &chain).await?;
        if !esplora.is_ours() {
            // On a chain without a block bitcoind thinks that it is still catching up, and others wait for it.
            if chain.height() == 0 {
                chain.try_mine(None, 1, Fill::Nothing)?;
            }
            config.progress.step("waiting for the Esplora server");
            esplora.shows(chain.tip()).await?;
        }
        let peer = |name: &str, listen| PeerConfig {
            name: name.to_owned(),
            dir: dir.join(name),
            esplora_url: esplora.url(),
            listen,
            trusted_0conf: Vec::new(),
            jit: JitTerms::default(),
            temp: temp.cloned(),
        };
        let (lsp, customer) = tokio::join!(
            Peer::start(peer("lsp", state.lsp)),
            Peer::start(peer("customer", state.customer))
        );
        // One that started beside one that did not has to be stopped, not dropped.
        match (lsp, customer) {
            (Ok(lsp), Ok(customer)) => Ok(Ground {
                chain,
                esplora,
                electrum,
                lsp,
                customer,
            }),
            (Ok(started), Err(error)) | (Err(error), Ok(started)) => {
                started.stop().await?;
                Err(error.into())
            }
            (Err(error), Err(_)) => Err(error.into()),
        }
    }

    /// Stops what has started, where the rest did not: a node must not be dropped while it runs.
    pub(super) async fn abandon(self) {
        let (lsp, customer) = tokio::join!(self.lsp.stop(), self.customer.stop());
        for error in [lsp, customer].into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "while stopping what had started");
        }
        self.esplora.stop().await;
    }

    /// Money for both, and an announced channel from the customer to the provider: what the public
    /// network is in this world.
    pub(super) async fn open_trunk(&self) -> Result<OutPoint, WorldError> {
        let mut payments = Vec::new();
        for peer in [&self.lsp, &self.customer] {
            let script = peer.new_address().await?.script_pubkey();
            payments.extend(PEER_FUNDS.map(|value| TxOut {
                value,
                script_pubkey: script.clone(),
            }));
        }
        self.chain.fund_many(&payments)?;
        let tip = self.chain.try_mine(None, 1, Fill::Mempool)?;
        self.esplora.shows(tip).await?;
        let (lsp, customer) = tokio::join!(
            self.lsp.sync_to(tip.height),
            self.customer.sync_to(tip.height)
        );
        lsp?;
        customer?;
        let opened = self.customer.open_channel(NewChannel {
            node_id: self.lsp.node_id(),
            address: self.lsp.address(),
            capacity_sat: TRUNK_SAT,
            push_sat: TRUNK_PUSH_SAT,
            announce: true,
        });
        Ok(opened.await?.funding)
    }
}
