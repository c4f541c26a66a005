//! Where callers want to be told. Owns what can be refused by the look of it; what a name stands for is
//! looked up, and checked, when it is used.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{StatusCode, Uri};

use crate::lnbits::error::Error;

/// The longest address, in bytes.
const MAX_URL_BYTES: usize = 2_048;

/// An address of the internet's, over TLS.
pub(super) fn webhook(url: String) -> Result<String, Error> {
    let refused = |detail: String| Error::new(StatusCode::BAD_REQUEST, detail);
    let uri = url
        .parse::<Uri>()
        .ok()
        .filter(|_| url.len() <= MAX_URL_BYTES);
    let parts = uri.as_ref().and_then(|uri| {
        let host = uri.host().filter(|host| !host.is_empty())?;
        Some((uri.scheme_str()?, uri.authority()?.as_str(), host))
    });
    let Some((scheme, authority, host)) = parts else {
        return Err(refused("Callback URL is not allowed.".into()));
    };
    if scheme != "https" || authority.contains('@') || is_inside(host) {
        let origin = authority.rsplit('@').next().unwrap_or_default();
        return Err(refused(format!(
            "Callback URL origin '{scheme}://{origin}' is not allowed. Please check your admin \
             settings."
        )));
    }
    Ok(url)
}

/// Whether a host is, by its look, no host of the internet's.
fn is_inside(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return match address {
            IpAddr::V4(address) => is_inside_v4(address),
            IpAddr::V6(address) => is_inside_v6(address),
        };
    }
    // `127.1` and `0x7f000001` are addresses to some, and names to nobody.
    let last = bare.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with(|first: char| first.is_ascii_digit());
    is_number || bare == "localhost" || bare.ends_with(".localhost") || bare.ends_with(".local")
}

const fn is_inside_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        || first >= 240
        // Carriers' own (RFC 6598), protocol assignments (RFC 6890), benchmarks (RFC 2544).
        || (first == 100 && second & 0xc0 == 64)
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && second & 0xfe == 18)
}

fn is_inside_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4() {
        return is_inside_v4(inner);
    }
    let [first, second, ..] = address.segments();
    // Global unicast is 2000::/3 (RFC 4291); 2001:db8::/32 is for documents, 2002::/16 and
    // 2001::/32 are tunnels to IPv4 hosts.
    first & 0xe000 != 0x2000
        || first == 0x2002
        || (first == 0x2001 && (second == 0x0db8 || second == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_the_internet_are_told() {
        let good = ["https://example.com/hook", "https://8.8.8.8:8443/x?y=1"];
        for url in good {
            assert_eq!(webhook(url.into()), Ok(url.to_owned()));
        }
        let bad = [
            "notaurl",
            "/path",
            "http://example.com/hook",
            "ftp://example.com/hook",
            "https://user@example.com/hook",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[64:ff9b::a00:1]/",
        ];
        for url in bad {
            assert!(webhook(url.into()).is_err(), "{url}");
        }
    }
}
