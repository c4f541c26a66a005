//! From nothing, or from a folder, to a world that can make its first sale.
//!
//! The till's start and the peers' first channel go on side by side; everything else waits for both.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::str::FromStr as _;
use std::sync::Arc;

use bitcoin::secp256k1::PublicKey;
use bitcoin::{Amount, OutPoint};
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};

use super::blocks::parse_address;
use super::channels::CONFIRMATIONS;
use super::follow::follow;
use super::ground::Ground;
use super::remote::{peers_on, resolve};
use super::state::State;
use super::till::TillProcess;
use super::{Inner, NodeAddress, TillAsks, TillClient, World, WorldConfig, WorldError};

impl World {
    /// Starts a world, or resumes the one in the folder.
    ///
    /// # Errors
    /// With the end of the till's log where the till is the reason.
    pub async fn start(config: WorldConfig) -> Result<Self, WorldError> {
        Self::start_unless(config, std::future::pending()).await
    }

    /// [`Self::start`] that is given up, and cleaned up after, when `interrupted` ends first. To
    /// drop the future of a start is not enough: nodes must be stopped.
    ///
    /// # Errors
    /// As [`Self::start`], or [`WorldError::Interrupted`].
    pub async fn start_unless(
        config: WorldConfig,
        interrupted: impl Future<Output = ()> + Send,
    ) -> Result<Self, WorldError> {
        let mut interrupted = pin!(interrupted);
        let (dir, temp) = folder(config.dir.as_deref())?;
        let resumed = State::load(&dir)?;
        let fresh = resumed.is_none();
        let mut state = match resumed {
            Some(state) => state,
            None => State::new(config.till_listen, config.chain.name())?,
        };
        state.made_on(config.chain.name(), &dir)?;
        if let Some(listen) = config.till_listen {
            state.till_http = listen;
        }
        if let Some(host) = &config.peers_host {
            [state.lsp, state.customer] = peers_on(host).await?;
        }
        state.save(&dir)?;
        let ground = Ground::prepare(&config, &state, &dir, temp.as_ref()).await?;
        let beginning = begin(&config, &state, &dir, &ground, fresh);
        let (till, till_node, trunk) = match unless(interrupted.as_mut(), beginning).await {
            Ok(begun) => begun,
            Err(error) => {
                ground.abandon().await;
                return Err(error);
            }
        };
        let world = World {
            inner: Arc::new(Inner {
                client: till.client().clone(),
                credentials: state.credentials.clone(),
                lnbits: OnceCell::new(),
                lnbot: OnceCell::new(),
                till,
                till_node,
                followers: [&ground.lsp, &ground.customer]
                    .map(|peer| follow(&ground.chain, peer, ground.esplora.look_every()))
                    .into(),
                chain: ground.chain,
                chain_name: config.chain.name(),
                till_asks: config.till_asks,
                esplora: ground.esplora,
                electrum: std::sync::Mutex::new(ground.electrum),
                lsp: ground.lsp,
                customer: ground.customer,
                dir,
                opening: Mutex::new(()),
                _temp: temp,
            }),
        };
        let arranging = async {
            match trunk {
                Some(trunk) => world.arrange(&config, trunk).await,
                None => world.resume().await,
            }
        };
        if let Err(error) = unless(interrupted, arranging).await {
            if let Err(error) = world.stop().await {
                tracing::warn!(%error, "while stopping what had started");
            }
            return Err(error);
        }
        state.ready = true;
        state.save(&world.inner.dir)?;
        Ok(world)
    }

    /// Gives the till money and channels.
    async fn arrange(&self, config: &WorldConfig, trunk: OutPoint) -> Result<(), WorldError> {
        let liquidity = config.liquidity;
        if liquidity.onchain_sat > 0 {
            config.progress.step("funding the till");
            let address = parse_address(&self.client().new_address().await?)?;
            let amount = Amount::from_sat(liquidity.onchain_sat);
            self.chain().fund(address.script_pubkey(), amount)?;
        }
        self.mine(1).await?;
        config.progress.step("opening channels");
        let (outbound, inbound) = tokio::join!(
            async {
                match liquidity.outbound_sat {
                    0 => Ok(None),
                    amount => self.open_from_till(amount, 0).await.map(Some),
                }
            },
            async {
                match liquidity.inbound_sat {
                    0 => Ok(None),
                    amount => self.open_to_till(self.lsp(), amount, 0).await.map(Some),
                }
            }
        );
        let (outbound, inbound) = (outbound?, inbound?);
        config.progress.step("confirming them");
        self.mine(CONFIRMATIONS).await?;
        self.customer().usable(trunk).await?;
        if let Some(funding) = outbound {
            self.customer().usable(funding).await?;
            self.usable_by_till(funding.txid).await?;
        }
        if let Some(funding) = inbound {
            self.lsp().usable(funding).await?;
            self.usable_by_till(funding.txid).await?;
        }
        Ok(())
    }

    async fn resume(&self) -> Result<(), WorldError> {
        self.sync().await?;
        let (customer, lsp) = (self.customer(), self.lsp());
        customer.connect(lsp.node_id(), lsp.address()).await?;
        tokio::join!(self.reconnect(customer), self.reconnect(lsp));
        Ok(())
    }
}

/// Work that is given up when `interrupted` ends first.
async fn unless<T>(
    interrupted: Pin<&mut (impl Future<Output = ()> + Send)>,
    work: impl Future<Output = Result<T, WorldError>> + Send,
) -> Result<T, WorldError> {
    tokio::select! {
        biased;
        () = interrupted => Err(WorldError::Interrupted),
        done = work => done,
    }
}

fn folder(dir: Option<&Path>) -> Result<(PathBuf, Option<Arc<TempDir>>), WorldError> {
    let failed = |path: &Path, source| WorldError::Folder {
        path: path.to_owned(),
        source,
    };
    match dir {
        Some(dir) => {
            // It holds keys and passwords, if only of regtest.
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(dir)
                .map_err(|error| failed(dir, error))?;
            let dir = dir.canonicalize().map_err(|error| failed(dir, error))?;
            Ok((dir, None))
        }
        None => {
            let temp = tempfile::Builder::new()
                .prefix("till-world-")
                .tempdir()
                .map_err(|error| failed(&std::env::temp_dir(), error))?;
            Ok((temp.path().to_owned(), Some(Arc::new(temp))))
        }
    }
}

/// Whom the till asks for blocks, where that is not the Esplora server.
fn source_settings(
    config: &WorldConfig,
    ground: &Ground,
) -> Result<BTreeMap<String, String>, WorldError> {
    let settings = match config.till_asks {
        TillAsks::Esplora => vec![],
        TillAsks::Bitcoind => bitcoind_settings(ground)?,
        TillAsks::Electrum => {
            let Some(electrum) = &ground.electrum else {
                let message = "an Electrum server needs a bitcoind".to_owned();
                return Err(WorldError::Invalid(message));
            };
            vec![
                ("TILL_CHAIN_SOURCE", "electrum".to_owned()),
                ("TILL_CHAIN_ELECTRUM_URL", electrum.url()),
            ]
        }
    };
    let named = settings
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Ok(named.collect())
}

fn bitcoind_settings(ground: &Ground) -> Result<Vec<(&'static str, String)>, WorldError> {
    let asked = ground
        .chain
        .with_bitcoind(|bitcoind| (bitcoind.address(), bitcoind.login_file()));
    let Some((address, login)) = asked else {
        let message = "the till cannot ask a bitcoind where there is none".to_owned();
        return Err(WorldError::Invalid(message));
    };
    Ok(vec![
        ("TILL_CHAIN_SOURCE", "bitcoind".to_owned()),
        ("TILL_CHAIN_BITCOIND_RPC", address.to_string()),
        (
            "TILL_CHAIN_BITCOIND_AUTH_FILE",
            login.to_string_lossy().into_owned(),
        ),
    ])
}

/// What any till of this world has to know.
fn shared_settings(
    config: &WorldConfig,
    ground: &Ground,
) -> Result<BTreeMap<String, String>, WorldError> {
    let lsp_id = ground.lsp.node_id().to_string();
    // A name stays where an address does not, as a container's.
    let lsp_address = match &config.peers_host {
        Some(host) => format!("{host}:{}", ground.lsp.address().port()),
        None => ground.lsp.address().to_string(),
    };
    let shared = [
        ("TILL_TILL_NETWORK", "regtest".to_owned()),
        ("TILL_CHAIN_ESPLORA_URL", ground.esplora.url()),
        ("TILL_CHAIN_ONCHAIN_SYNC_SECS", "1".to_owned()),
        ("TILL_CHAIN_LIGHTNING_SYNC_SECS", "1".to_owned()),
        ("TILL_CHAIN_FEE_SYNC_SECS", "10".to_owned()),
        ("TILL_LSP_NODE_ID", lsp_id.clone()),
        ("TILL_LSP_ADDRESS", lsp_address),
        ("TILL_LSP_TRUSTED_PEERS_0CONF", lsp_id),
        ("TILL_LNBOT_OPEN_REGISTRATION", "true".to_owned()),
    ];
    let mut settings: BTreeMap<String, String> = shared
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    settings.extend(source_settings(config, ground)?);
    Ok(settings)
}

/// The process with all its settings, not started. One that somebody else runs is told them.
fn till_process(
    config: &WorldConfig,
    state: &State,
    dir: &Path,
    ground: &Ground,
) -> Result<TillProcess, WorldError> {
    let mut env = shared_settings(config, ground)?;
    if let Some(remote) = &config.remote_till {
        let url = reqwest::Url::parse(&remote.url)
            .map_err(|error| WorldError::Invalid(format!("{}: {error}", remote.url)))?;
        remote.tell(&env)?;
        let client = TillClient::new(url, state.credentials.clone())?;
        return Ok(TillProcess::remote(env, client));
    }
    let data_dir = dir.join("till").to_string_lossy().into_owned();
    let own = [
        ("TILL_TILL_DATA_DIR", data_dir),
        ("TILL_HTTP_LISTEN", state.till_http.to_string()),
        ("TILL_HTTP_SHUTDOWN_GRACE_SECS", "10".to_owned()),
        ("TILL_NODE_LISTEN", state.till_node.to_string()),
        ("TILL_LOG_JSON", "true".to_owned()),
    ];
    env.extend(own.map(|(name, value)| (name.to_owned(), value)));
    env.extend(config.env.iter().cloned());
    let http = env.get("TILL_HTTP_LISTEN").map_or("", String::as_str);
    let url = reqwest::Url::parse(&format!("http://{http}"))
        .map_err(|error| WorldError::Invalid(format!("TILL_HTTP_LISTEN: {error}")))?;
    let client = TillClient::new(url, state.credentials.clone())?;
    let log = dir.join("tilld.log");
    Ok(TillProcess::new(config.tilld.clone(), env, log, client))
}

/// Starts the process; a fresh one is initialised first, and gets its administrator.
async fn wake(till: &TillProcess, fresh: bool) -> Result<(), WorldError> {
    if fresh && till.is_ours() {
        till.init().await?;
    }
    till.start().await?;
    let client = till.client();
    client.set_up().await?;
    client.login().await?;
    Ok(())
}

/// Starts the till and, beside it in a new world, the peers' own channel.
async fn begin(
    config: &WorldConfig,
    state: &State,
    dir: &Path,
    ground: &Ground,
    fresh: bool,
) -> Result<(TillProcess, NodeAddress, Option<OutPoint>), WorldError> {
    let till = till_process(config, state, dir, ground)?;
    if !fresh {
        config.progress.step("starting tilld");
        wake(&till, false).await?;
        let node = till_node(config, &till).await?;
        return Ok((till, node, None));
    }
    let step = "starting tilld; the customer opens a channel to the provider";
    config.progress.step(step);
    let (woken, trunk) = tokio::join!(wake(&till, true), ground.open_trunk());
    woken?;
    let trunk = trunk?;
    let node = till_node(config, &till).await?;
    Ok((till, node, Some(trunk)))
}

async fn till_node(config: &WorldConfig, till: &TillProcess) -> Result<NodeAddress, WorldError> {
    let unclear = |what: &str| WorldError::Invalid(format!("the till's {what} cannot be read"));
    let info = till.client().node_info().await?;
    let listen = till.setting("TILL_NODE_LISTEN").unwrap_or_default();
    // The first of a comma separated list is where the till's peers look for it.
    let first = listen.split(',').next().unwrap_or_default().trim();
    let address = match &config.remote_till {
        Some(remote) => resolve(&remote.node).await?,
        None => first.parse().map_err(|_bad| unclear("node address"))?,
    };
    Ok(NodeAddress {
        node_id: PublicKey::from_str(&info.node_id).map_err(|_bad| unclear("node id"))?,
        address,
    })
}
