//! What is kept of a world beside its nodes' own data: ports and passwords.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ChainKind, WorldError};
use crate::ports::free_addresses;

const FILE: &str = "world.json";

/// The till's administrator.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Name to log in with.
    pub name: String,
    /// Six digits.
    pub pin: String,
    /// Login password.
    pub password: String,
    /// What opens the wallet.
    pub wallet_password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What worlds had before there was a choice.
fn embedded() -> String {
    ChainKind::Embedded.name().to_owned()
}

/// The state file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    pub(super) credentials: Credentials,
    pub(super) lsp: SocketAddr,
    pub(super) customer: SocketAddr,
    pub(super) till_node: SocketAddr,
    pub(super) till_http: SocketAddr,
    /// Who makes its blocks.
    #[serde(default = "embedded")]
    pub(super) chain: String,
    /// Money and channels are in place.
    pub(super) ready: bool,
}

impl State {
    /// The world that a folder holds, if any.
    pub(super) fn load(dir: &Path) -> Result<Option<Self>, WorldError> {
        let path = dir.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(WorldError::Folder { path, source }),
        };
        let state: State = serde_json::from_slice(&text).map_err(|error| WorldError::Resume {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        if !state.ready {
            let reason = "its start was interrupted; remove the folder".to_owned();
            return Err(WorldError::Resume { path, reason });
        }
        state.with_free_ports().map(Some)
    }

    /// A world to be: free ports and random passwords.
    pub(super) fn new(till_http: Option<SocketAddr>, chain: &str) -> Result<Self, WorldError> {
        let [lsp, customer, till_node, till_free] = free_addresses().map_err(WorldError::Port)?;
        Ok(State {
            credentials: Credentials {
                name: "admin".to_owned(),
                pin: random_pin()?,
                password: random_text()?,
                wallet_password: random_text()?,
            },
            lsp,
            customer,
            till_node,
            till_http: till_http.unwrap_or(till_free),
            chain: chain.to_owned(),
            ready: false,
        })
    }

    /// A world's nodes know the blocks of one chain, and would take another for a reorg of everything.
    pub(super) fn made_on(&self, chain: &str, dir: &Path) -> Result<(), WorldError> {
        if self.chain == chain {
            return Ok(());
        }
        Err(WorldError::Resume {
            path: dir.to_owned(),
            reason: format!("its chain is {}, not {chain}", self.chain),
        })
    }

    /// The same world, at other ports where its own are taken.
    fn with_free_ports(mut self) -> Result<Self, WorldError> {
        let spare = free_addresses::<4>().map_err(WorldError::Port)?;
        let ours = [
            &mut self.lsp,
            &mut self.customer,
            &mut self.till_node,
            &mut self.till_http,
        ];
        for (ours, spare) in ours.into_iter().zip(spare) {
            if TcpListener::bind(*ours).is_err() {
                *ours = spare;
            }
        }
        Ok(self)
    }

    /// Writes it, for the owner's eyes only.
    pub(super) fn save(&self, dir: &Path) -> Result<(), WorldError> {
        let path = dir.join(FILE);
        let text = serde_json::to_vec_pretty(self).map_err(|error| WorldError::Resume {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        let write = || -> std::io::Result<()> {
            let new = dir.join(format!("{FILE}.new"));
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)
        };
        write().map_err(|source| WorldError::Folder {
            path: path.clone(),
            source,
        })
    }
}

fn random<const N: usize>() -> Result<[u8; N], WorldError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| WorldError::Invalid(error.to_string()))?;
    Ok(bytes)
}

fn random_text() -> Result<String, WorldError> {
    Ok(hex::encode(random::<8>()?))
}

fn random_pin() -> Result<String, WorldError> {
    let digits = u32::from_be_bytes(random()?) % 1_000_000;
    Ok(format!("{digits:06}"))
}
