//! Who is calling, as an address to count by. Owns nothing; does not look at forwarding headers,
//! which anybody can write.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

/// The caller's address, where the server was told to note it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remote(pub(crate) Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Remote {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(info.map(|info| countable(info.0.ip()))))
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
    use super::*;

    #[test]
    fn a_v6_caller_counts_as_its_network() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert_eq!(countable(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(countable(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
        assert_eq!(countable(ip("192.0.2.1")), ip("192.0.2.1"));
    }
}
