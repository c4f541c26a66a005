//! Reads a wallet's coins from a server that keeps an index of scripts. Owns how many are asked for at once, and
//! how long that may take.

use bdk_electrum::BdkElectrumClient;
use bdk_esplora::EsploraAsyncExt as _;
use bdk_wallet::KeychainKind;
use bdk_wallet::chain::spk_client::{FullScanRequest, FullScanResponse, SyncRequest, SyncResponse};
use electrum_client::{Client, ElectrumApi as _, Error};
use esplora_client::AsyncClient;
use std::sync::Arc;

use super::NodeError;
use super::coins::wait;
use crate::chain::{ChainError, Electrum};

/// Requests to an Esplora server at once, as ldk-node has it.
const PARALLEL_REQUESTS: usize = 4;
/// Scripts that an Electrum server is asked for at once.
const BATCH: usize = 10;
/// Change addresses without a transaction in a row after which there are no more. The node makes one
/// for each transaction that it builds.
const CHANGE_GAP: usize = 50;
/// Outputs that others' transactions spend are not needed: what a wallet pays, it pays with its own.
const WITH_FOREIGN_OUTPUTS: bool = false;

/// Who is asked for every script.
pub(super) enum Index {
    Esplora(AsyncClient),
    Electrum(Electrum),
}

impl Index {
    /// Blocks, on a thread of the runtime's that may.
    pub(super) fn full_scan(
        &self,
        request: FullScanRequest<KeychainKind>,
    ) -> Result<FullScanResponse<KeychainKind>, NodeError> {
        match self {
            Self::Esplora(esplora) => {
                wait(esplora.full_scan(request, CHANGE_GAP, PARALLEL_REQUESTS))
            }
            Self::Electrum(electrum) => wait(by_electrum(electrum, |client| {
                client.full_scan(request, CHANGE_GAP, BATCH, WITH_FOREIGN_OUTPUTS)
            })),
        }
    }

    /// Blocks, on a thread of the runtime's that may.
    pub(super) fn sync(
        &self,
        request: SyncRequest<(KeychainKind, u32)>,
    ) -> Result<SyncResponse, NodeError> {
        match self {
            Self::Esplora(esplora) => wait(esplora.sync(request, PARALLEL_REQUESTS)),
            Self::Electrum(electrum) => wait(by_electrum(electrum, |client| {
                client.sync(request, BATCH, WITH_FOREIGN_OUTPUTS)
            })),
        }
    }
}

/// A question that cannot be asked twice goes over a connection that has just answered.
async fn by_electrum<T: Send + 'static>(
    electrum: &Electrum,
    question: impl FnOnce(BdkElectrumClient<Arc<Client>>) -> Result<T, Error> + Send + 'static,
) -> Result<T, ChainError> {
    let alive = electrum.link().ask(|client| {
        client.ping()?;
        Ok(Arc::clone(client))
    });
    let client = alive.await?;
    let asked = tokio::task::spawn_blocking(move || question(BdkElectrumClient::new(client)));
    match asked.await {
        Ok(answer) => answer.map_err(|error| ChainError::new(error.to_string())),
        Err(error) => Err(ChainError::new(error.to_string())),
    }
}
