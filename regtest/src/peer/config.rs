//! How a counterparty's node is built.
//!
//! Every peer offers channels just in time (LSPS2), the customer too: acting as a provider is what
//! lifts the part of a channel that an opener may have in flight from 10 % to all of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ldk_node::bitcoin::Network;
use ldk_node::bitcoin::secp256k1::PublicKey;
use ldk_node::config::{Config, EsploraSyncConfig};
use ldk_node::lightning::ln::msgs::SocketAddress;
use ldk_node::liquidity::LSPS2ServiceConfig;
use ldk_node::logger::LogLevel;
use ldk_node::{Builder, Node};
use tempfile::TempDir;

use super::PeerError;

/// The file that ldk-node keeps everything in.
const STORE_FILE: &str = "ldk_node_data.sqlite";

/// Who a peer is and where it lives.
#[derive(Clone, Debug)]
pub struct PeerConfig {
    /// What it is called in messages, and its alias on the network; at most 32 bytes.
    pub name: String,
    /// Its own folder. The node's key is made there on the first start.
    pub dir: PathBuf,
    /// Base URL of the Esplora server.
    pub esplora_url: String,
    /// Where other nodes reach it.
    pub listen: SocketAddr,
    /// Whose channels it uses before they are confirmed.
    pub trusted_0conf: Vec<PublicKey>,
    /// What it asks for channels just in time.
    pub jit: JitTerms,
    /// The temporary folder that `dir` is in, which must not go before the node has ended.
    pub temp: Option<Arc<TempDir>>,
}

/// Terms of channels just in time (bLIP-52 / LSPS2).
#[derive(Clone, Copy, Debug)]
pub struct JitTerms {
    /// Millionths of the payment that opening costs.
    pub fee_ppm: u32,
    /// What opening costs at least.
    pub min_fee_msat: u64,
    /// How much larger than the payment the channel is, in millionths.
    pub over_provisioning_ppm: u32,
    /// Smallest first payment.
    pub min_payment_msat: u64,
    /// Largest first payment. With the over-provisioning it must stay below the 16,777,215 sat
    /// that a channel can hold.
    pub max_payment_msat: u64,
}

impl Default for JitTerms {
    fn default() -> Self {
        JitTerms {
            fee_ppm: 4_000,
            min_fee_msat: 1_000_000,
            over_provisioning_ppm: 500_000,
            min_payment_msat: 5_000_000,
            max_payment_msat: 11_000_000_000,
        }
    }
}

impl JitTerms {
    fn service(self) -> LSPS2ServiceConfig {
        LSPS2ServiceConfig {
            require_token: None,
            advertise_service: false,
            channel_opening_fee_ppm: self.fee_ppm,
            channel_over_provisioning_ppm: self.over_provisioning_ppm,
            min_channel_opening_fee_msat: self.min_fee_msat,
            min_channel_lifetime: 4_320,
            max_client_to_self_delay: 1_008,
            min_payment_size_msat: self.min_payment_msat,
            max_payment_size_msat: self.max_payment_msat,
            client_trusts_lsp: false,
        }
    }
}

/// Builds the node; it does not run yet. Blocks on the disk.
pub(super) fn build(config: &PeerConfig) -> Result<Node, PeerError> {
    std::fs::create_dir_all(&config.dir)?;
    prepare_store(&config.dir)?;
    let node = Config {
        network: Network::Regtest,
        storage_dir_path: config.dir.to_string_lossy().into_owned(),
        trusted_peers_0conf: config.trusted_0conf.clone(),
        ..Config::default()
    };
    let failed = |source| PeerError::Build {
        name: config.name.clone(),
        source,
    };
    let sync = EsploraSyncConfig {
        background_sync_config: None,
    };
    let mut builder = Builder::from_config(node);
    builder
        .set_chain_source_esplora(config.esplora_url.clone(), Some(sync))
        .set_filesystem_logger(None, Some(LogLevel::Info))
        .set_liquidity_provider_lsps2(config.jit.service())
        .set_node_alias(config.name.clone())
        .map_err(failed)?
        .set_listening_addresses(vec![SocketAddress::from(config.listen)])
        .map_err(failed)?;
    builder.build().map_err(failed)
}

/// In WAL mode the store makes payments 10 to 30 % faster; the mode stays with the file.
fn prepare_store(dir: &Path) -> Result<(), rusqlite::Error> {
    let store = rusqlite::Connection::open(dir.join(STORE_FILE))?;
    store.pragma_update(None, "journal_mode", "WAL")
}
