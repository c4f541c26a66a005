//! Tells the node where blocks and transactions come from. Owns how ldk-node is set up for each kind of source.

use ldk_node::Builder;
use ldk_node::config::{BackgroundSyncConfig, ElectrumSyncConfig, EsploraSyncConfig};

use super::NodeError;
use super::ldk::LdkConfig;
use crate::chain::{ChainSource, Relay};

/// A bitcoind is asked through a relay, which has to live as long as the node.
pub(super) fn set_chain_source(
    builder: &mut Builder,
    config: &LdkConfig,
) -> Result<Option<Relay>, NodeError> {
    match &config.chain {
        ChainSource::Esplora(url) => {
            let sync = EsploraSyncConfig {
                background_sync_config: Some(sync_config(config)),
            };
            builder.set_chain_source_esplora(url.clone(), Some(sync));
            Ok(None)
        }
        ChainSource::Electrum(url) => {
            let sync = ElectrumSyncConfig {
                background_sync_config: Some(sync_config(config)),
            };
            builder.set_chain_source_electrum(url.clone(), Some(sync));
            Ok(None)
        }
        ChainSource::Bitcoind(access) => {
            let relay = Relay::start(access);
            let relay = relay.map_err(|error| NodeError::Failed(error.to_string()))?;
            let at = relay.access();
            let password = at.login.password.to_string();
            builder.set_chain_source_bitcoind_rpc(
                at.host.clone(),
                at.port,
                at.login.user.clone(),
                password,
            );
            Ok(Some(relay))
        }
    }
}

fn sync_config(config: &LdkConfig) -> BackgroundSyncConfig {
    let (onchain, lightning, fees) = config.sync_secs;
    BackgroundSyncConfig {
        onchain_wallet_sync_interval_secs: onchain,
        lightning_wallet_sync_interval_secs: lightning,
        fee_rate_cache_update_interval_secs: fees,
    }
}
