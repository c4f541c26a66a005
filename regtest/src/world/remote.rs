//! A till that somebody else runs, as in a container of its own: where it is, and what it is told before it starts.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::WorldError;

/// Where the provider and the customer listen, on a host that others reach.
const LSP_PORT: u16 = 9736;
const CUSTOMER_PORT: u16 = 9737;

/// Where a till is found that this program does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteTill {
    /// Base URL of its HTTP surfaces.
    pub url: String,
    /// Host and port of its Lightning node.
    pub node: String,
    /// Written once provider and customer are there: what the till is to be started with, for a shell to read.
    pub settings_file: PathBuf,
}

impl RemoteTill {
    /// Writes the settings, whole or not at all: somebody waits for the file.
    pub(super) fn tell(&self, settings: &BTreeMap<String, String>) -> Result<(), WorldError> {
        let mut text = String::new();
        for (name, value) in settings {
            if value.contains('\'') {
                return Err(WorldError::Invalid(format!("{name} has a quote in it")));
            }
            text.push_str(&format!("{name}='{value}'\n"));
        }
        let write = || -> std::io::Result<()> {
            let new = self.settings_file.with_extension("new");
            let mut file = std::fs::File::create(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&new, &self.settings_file)
        };
        write().map_err(|source| WorldError::Folder {
            path: self.settings_file.clone(),
            source,
        })
    }
}

/// The addresses of provider and customer on a host, which may be a name.
pub(super) async fn peers_on(host: &str) -> Result<[SocketAddr; 2], WorldError> {
    let found = resolve(&format!("{host}:{LSP_PORT}")).await?;
    Ok([found, SocketAddr::new(found.ip(), CUSTOMER_PORT)])
}

/// The address of a host and port; of several the first of version 4.
pub(super) async fn resolve(host_port: &str) -> Result<SocketAddr, WorldError> {
    let bad = |why: String| WorldError::Invalid(format!("{host_port} is no address: {why}"));
    let found = tokio::net::lookup_host(host_port).await;
    let found: Vec<SocketAddr> = found.map_err(|error| bad(error.to_string()))?.collect();
    let fourth = found.iter().find(|addr| matches!(addr.ip(), IpAddr::V4(_)));
    fourth
        .or(found.first())
        .copied()
        .ok_or_else(|| bad("nobody is there".to_owned()))
}
