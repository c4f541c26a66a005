//! Who is calling, as an address to count by. Owns whose word on that is taken: nobody's, but of proxies
//! that the operator has named.
//!
//! Only `X-Forwarded-For` is read. With a second header a client could always write the one that its proxy
//! does not.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::{Extension, Router};
use ipnet::IpNet;

/// Whom a proxy speaks for: what it was told, and then whom it heard that from.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Proxies that tell whom they speak for, and are believed.
#[derive(Clone, Debug)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Those in these networks.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Has all surfaces of a server count callers behind these proxies one by one.
    pub fn before(self, app: Router) -> Router {
        app.layer(Extension(self))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The first address, from our side, that is not a trusted proxy's. What stands to its left anybody
    /// can have written.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let mut client = peer.to_canonical();
        while self.trusts(client) {
            let Some(hop) = hops.next().and_then(address) else {
                break;
            };
            client = hop;
        }
        client
    }
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    let address = bare.unwrap_or(hop).parse::<IpAddr>();
    let address = address.or_else(|_| hop.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// The caller's address, where the server was told to note it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remote(pub(crate) Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Remote {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = info.map(|info| info.0.ip());
        let client = match parts.extensions.get::<TrustedProxies>() {
            Some(proxies) => peer.map(|peer| proxies.client(peer, &parts.headers)),
            None => peer,
        };
        Ok(Self(client.map(countable)))
    }
}

/// An address as a limiter counts it: whoever has one IPv6 address has its whole /64.
fn countable(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// Whom a request counts for that came from `peer` with these header lines.
    fn client(peer: &str, lines: &[&'static str]) -> IpAddr {
        let networks = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"];
        let networks = networks.map(|text| text.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        TrustedProxies::new(networks).client(ip(peer), &headers)
    }

    #[test]
    fn a_v6_caller_counts_as_its_network() {
        assert_eq!(countable(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(countable(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
        assert_eq!(countable(ip("192.0.2.1")), ip("192.0.2.1"));
    }

    #[test]
    fn a_trusted_proxy_tells_whom_it_speaks_for() {
        let table: [(&str, &[&str], &str); 10] = [
            ("127.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("::ffff:127.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("127.0.0.1", &["192.0.2.1, 10.1.2.3"], "192.0.2.1"),
            ("127.0.0.1", &["192.0.2.1", "10.1.2.3"], "192.0.2.1"),
            ("127.0.0.1", &["192.0.2.1:4711"], "192.0.2.1"),
            ("fd00::1", &["2001:db8::1"], "2001:db8::1"),
            ("fd00::1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("fd00::1", &["[2001:db8::1]"], "2001:db8::1"),
            // Somebody inside calls.
            ("127.0.0.1", &["10.9.9.9"], "10.9.9.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
        ];
        for (peer, lines, expected) in table {
            assert_eq!(client(peer, lines), ip(expected), "{peer} {lines:?}");
        }
    }

    #[test]
    fn nobody_else_is_believed() {
        let table: [(&str, &[&str], &str); 5] = [
            ("192.0.2.9", &["198.51.100.1"], "192.0.2.9"),
            ("192.0.2.9", &["127.0.0.1"], "192.0.2.9"),
            // What the client wrote itself stands to the left of what the proxy did.
            ("127.0.0.1", &["198.51.100.1, 192.0.2.1"], "192.0.2.1"),
            ("127.0.0.1", &["198.51.100.1, junk"], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1, junk, 10.0.0.7"], "10.0.0.7"),
        ];
        for (peer, lines, expected) in table {
            assert_eq!(client(peer, lines), ip(expected), "{peer} {lines:?}");
        }
    }
}
