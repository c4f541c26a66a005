//! Building and starting the node. Owns the retries while its chain source is away.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use till::inception::Inception;

use super::StartError;
use super::generation::{self, GenerationError};
use crate::chain::{ChainClient, ChainError, ChainSource};
use crate::journal::{Journal, JournalError};
use crate::node::handle::NodeHandle;
use crate::node::ldk::{LdkConfig, LdkNode};
use crate::node::{LightningNode, NodeError};
use crate::views::Views;

/// How long to wait before the chain source is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Where the node comes from.
pub enum NodeSource {
    /// An embedded one, in `<data folder>/node`.
    Embedded {
        /// How it is set up; its folder is filled in.
        config: Box<LdkConfig>,
        /// Its seed.
        mnemonic: bip39::Mnemonic,
    },
    /// One that runs already.
    Running(Arc<dyn LightningNode>),
}

impl std::fmt::Debug for NodeSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Embedded { .. } => "Embedded",
            Self::Running(_) => "Running",
        })
    }
}

/// A node that is built, and bound to the journal.
pub(super) enum NodeToStart {
    Embedded(Arc<LdkNode>),
    Running(Arc<dyn LightningNode>),
}

/// Why there is no node to start.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Generation(#[from] GenerationError),
}

impl From<BuildError> for StartError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Node(error) => Self::Node(error),
            BuildError::Journal(error) => Self::Journal(error),
            BuildError::Generation(error) => Self::Generation(error),
        }
    }
}

impl NodeSource {
    /// The node, not started. A first one only where its chain source can be trusted with it.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong; no node was made then.
    pub(super) async fn make(
        self,
        journal: &mut Journal,
        views: &Views,
        dir: &Path,
    ) -> Result<NodeToStart, StartError> {
        let is_seed_known = journal.was_restored() || views.get::<Inception>(&())?.is_some();
        self.check_first_start(dir, is_seed_known).await?;
        Ok(self.build(journal, dir)?)
    }

    /// Asks the chain source before there is a node. A new wallet begins at the block that a bitcoind has
    /// now; where none answers, it would begin at the first of all, and read every block since.
    ///
    /// # Errors
    /// [`NodeError::Unavailable`] says what is wrong; [`StartError::BlindSource`] where the seed was used before,
    /// because that wallet would begin there as well, behind its own money.
    async fn check_first_start(&self, dir: &Path, is_seed_known: bool) -> Result<(), StartError> {
        let Self::Embedded { config, .. } = self else {
            return Ok(());
        };
        if super::store::node_exists(dir) {
            return Ok(());
        }
        if is_seed_known && matches!(config.chain, ChainSource::Bitcoind(_)) {
            return Err(StartError::BlindSource);
        }
        let unavailable = |error: ChainError| NodeError::Unavailable(error.to_string());
        let chain = ChainClient::new(&config.chain).map_err(unavailable)?;
        Ok(chain.check(config.network).await.map_err(unavailable)?)
    }

    fn build(self, journal: &mut Journal, dir: &Path) -> Result<NodeToStart, BuildError> {
        let node = match self {
            Self::Embedded {
                mut config,
                mnemonic,
            } => {
                config.dir = dir.join("node");
                let exists = super::store::node_exists(dir);
                journal.before_node(exists)?;
                generation::begin(journal, &config.dir, exists)?;
                NodeToStart::Embedded(Arc::new(LdkNode::build(&config, &mnemonic)?))
            }
            Self::Running(node) => NodeToStart::Running(node),
        };
        journal.claim_node(&node.node().node_id())?;
        Ok(node)
    }
}

impl NodeToStart {
    /// The node, started or not: whoever stops the till stops it in any case, since one that is
    /// dropped while it starts would run on.
    pub(super) fn node(&self) -> Arc<dyn LightningNode> {
        match self {
            Self::Embedded(node) => Arc::clone(node) as Arc<dyn LightningNode>,
            Self::Running(node) => Arc::clone(node),
        }
    }

    /// Starts the node, however long it takes, and puts it in its place.
    pub(super) async fn run(self, handle: NodeHandle) {
        let node = match self {
            Self::Running(node) => return handle.connect(node),
            Self::Embedded(node) => node,
        };
        loop {
            let starting = Arc::clone(&node);
            match tokio::task::spawn_blocking(move || starting.start()).await {
                Ok(Ok(())) => break,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the node does not start yet; trying again");
                    handle.does_not_start(error.to_string());
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                Err(_) => return,
            }
        }
        tracing::info!(node_id = node.node_id(), "the node has started");
        handle.connect(node);
    }
}
