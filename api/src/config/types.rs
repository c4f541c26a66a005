//! The types of single settings: network, chain source, URL, node id, peer address.
//!
//! Each is checked when it is made, so the rest of the program never meets a bad one. They know
//! nothing of files, environment variables or flags.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use bitcoin::secp256k1::PublicKey;
use ipnet::IpNet;

/// The Bitcoin network the till runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Real money.
    Mainnet,
    /// The signed test network.
    Signet,
    /// The public test network (BIP 94).
    Testnet4,
    /// A private network on this machine.
    Regtest,
}

impl Network {
    /// All networks, in the order they are listed to people.
    pub const ALL: [Self; 4] = [Self::Mainnet, Self::Signet, Self::Testnet4, Self::Regtest];

    /// The name used in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Signet => "signet",
            Self::Testnet4 => "testnet4",
            Self::Regtest => "regtest",
        }
    }

    /// The Esplora server used when none is configured. Regtest has no public one; 3002 is the
    /// port on which the usual Esplora servers answer for regtest.
    pub(crate) fn default_esplora(self) -> &'static str {
        match self {
            Self::Mainnet => "https://blockstream.info/api",
            Self::Signet => "https://mempool.space/signet/api",
            Self::Testnet4 => "https://mempool.space/testnet4/api",
            Self::Regtest => "http://127.0.0.1:3002",
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|network| network.as_str() == text)
            .ok_or(())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Network> for bitcoin::Network {
    fn from(network: Network) -> Self {
        match network {
            Network::Mainnet => Self::Bitcoin,
            Network::Signet => Self::Signet,
            Network::Testnet4 => Self::Testnet4,
            Network::Regtest => Self::Regtest,
        }
    }
}

/// Where the till learns of blocks and transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainSource {
    /// An HTTP server that speaks the Esplora API.
    Esplora,
    /// The RPC of a bitcoind.
    Bitcoind,
    /// An Electrum server.
    Electrum,
}

impl FromStr for ChainSource {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "esplora" => Ok(Self::Esplora),
            "bitcoind" => Ok(Self::Bitcoind),
            "electrum" => Ok(Self::Electrum),
            _ => Err(()),
        }
    }
}

impl fmt::Display for ChainSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Esplora => "esplora",
            Self::Bitcoind => "bitcoind",
            Self::Electrum => "electrum",
        })
    }
}

/// How the LNbits surface speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// As LNbits' documentation has it.
    Documented,
    /// As LNbits 1.6 servers do.
    V1,
}

impl FromStr for Dialect {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "documented" => Ok(Self::Documented),
            "v1" => Ok(Self::V1),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::V1 => "v1",
        })
    }
}

/// Path segments at least this long are taken for access tokens and not shown.
const TOKEN_SEGMENT_CHARS: usize = 16;

/// The base URL of an HTTP API, without a trailing slash, query or fragment.
///
/// Such URLs may carry a user name, a password or an access token, so `Debug` and `Display` show a
/// redacted form; [`HttpUrl::as_str`] is the real one.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(String);

impl HttpUrl {
    /// The URL as it has to be called, access tokens included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HttpUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let uri: axum::http::Uri = text.parse().map_err(|_| ())?;
        let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        let host = uri.host().is_some_and(|host| !host.is_empty());
        if scheme && host && uri.query().is_none() && !text.contains('#') {
            Ok(Self(text.trim_end_matches('/').to_owned()))
        } else {
            Err(())
        }
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let (authority, path) = rest
            .split_once('/')
            .map_or((rest, None), |(a, p)| (a, Some(p)));
        match authority.rsplit_once('@') {
            Some((_, host)) => write!(f, "{scheme}://...@{host}")?,
            None => write!(f, "{scheme}://{authority}")?,
        }
        for segment in path.into_iter().flat_map(|path| path.split('/')) {
            let long = segment.chars().count() >= TOKEN_SEGMENT_CHARS;
            write!(f, "/{}", if long { "..." } else { segment })?;
        }
        Ok(())
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The id of a Lightning node: a compressed public key (BOLT 1), shown as 66 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId(PublicKey);

impl NodeId {
    /// The key itself.
    pub fn public_key(&self) -> PublicKey {
        self.0
    }
}

/// Length of a compressed public key in hex digits.
const NODE_ID_HEX_CHARS: usize = 66;

impl FromStr for NodeId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.len() == NODE_ID_HEX_CHARS {
            text.parse().map(Self).map_err(|_| ())
        } else {
            Err(())
        }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A network of proxies, or a single one: `10.0.0.0/8`, `127.0.0.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyNetwork(pub IpNet);

impl FromStr for ProxyNetwork {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let single = text.parse::<IpAddr>().map(IpNet::from);
        single.or_else(|_| text.parse()).map(Self).map_err(|_| ())
    }
}

impl fmt::Display for ProxyNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(network) = self;
        match network.prefix_len() == network.max_prefix_len() {
            true => network.addr().fmt(f),
            false => network.fmt(f),
        }
    }
}

/// Longest host name of the DNS (RFC 1035), in bytes.
const MAX_HOST_BYTES: usize = 253;

/// Where a Lightning peer can be reached: `host:port`, where the host is an IPv4 address, an IPv6
/// address in brackets, a DNS name or an onion name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAddress(String);

impl PeerAddress {
    /// The address as `host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port by themselves.
    pub fn parts(&self) -> Option<(&str, u16)> {
        let (host, port) = self.0.rsplit_once(':')?;
        Some((host, port.parse().ok()?))
    }
}

impl FromStr for PeerAddress {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (host, port) = text.rsplit_once(':').ok_or(())?;
        let port: u16 = port.parse().map_err(|_| ())?;
        let named = (1..=MAX_HOST_BYTES).contains(&host.len())
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if port > 0 && (named || text.parse::<SocketAddr>().is_ok()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(())
        }
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an Electrum server listens: `tcp://host:port`, or `ssl://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElectrumUrl(String);

impl ElectrumUrl {
    /// The URL as it has to be called.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ElectrumUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (scheme, address) = text.split_once("://").ok_or(())?;
        let _: PeerAddress = address.parse()?;
        let is_known = matches!(scheme, "tcp" | "ssl");
        is_known.then(|| Self(text.to_owned())).ok_or(())
    }
}

impl fmt::Display for ElectrumUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
