//! What a share allows on which route: one table, looked at before any handler runs. A route that is
//! not in it is the wallet's holder's alone, unless it only looks.

use axum::http::Method;
use till::holder::Permissions;

/// What a route asks of whoever has the wallet by a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// Some permission; a route that tells receiving from paying looks for itself which.
    Any,
    View,
    Receive,
    Send,
    Manage,
    /// Not by a share.
    Holder,
}

/// Whether somebody with these permissions may call a route (its path below `/api/v1`).
pub(super) fn allows(may: Permissions, method: &Method, path: &str) -> bool {
    match right(method, path) {
        Right::Any => may.any(),
        Right::View => may.view,
        Right::Receive => may.receive,
        Right::Send => may.send,
        Right::Manage => may.manage,
        Right::Holder => false,
    }
}

fn right(method: &Method, path: &str) -> Right {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // A HEAD is a GET whose body is left out.
    let method = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    match (method, parts.as_slice()) {
        ("GET", ["wallet"] | ["lnurlscan", _] | ["payments", "fee-reserve"])
        | ("POST", ["payments"] | ["payments", "decode"]) => Right::Any,
        ("PUT" | "PATCH", ["wallet"]) | ("PUT", ["wallet", "share", "invite"] | ["wallet", _]) => {
            Right::Manage
        }
        (_, ["wallet", ..]) => Right::Holder,
        ("POST", ["payments", "lnurl"]) => Right::Send,
        ("POST", ["payments", "settle" | "cancel"] | ["payments", _, "pay-with-nfc"])
        | ("PUT" | "DELETE", ["payments", _]) => Right::Receive,
        ("PATCH", ["payments", "extra"]) | ("PUT", ["payments", _, "labels"]) => Right::Manage,
        ("GET", _) => Right::View,
        (_, _) => Right::Holder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_asks_for_its_right_and_unknown_ones_for_the_holder() {
        let table = [
            ("GET", "/wallet", Right::Any),
            ("HEAD", "/payments", Right::View),
            ("GET", "/payments/history", Right::View),
            ("GET", "/payments/00ff", Right::View),
            ("GET", "/wallet/webhook-secret", Right::Holder),
            ("PUT", "/wallet", Right::Manage),
            ("PUT", "/wallet/new", Right::Manage),
            ("PUT", "/wallet/share/invite", Right::Manage),
            ("DELETE", "/wallet", Right::Holder),
            ("DELETE", "/wallet/share/00ff", Right::Holder),
            ("POST", "/payments", Right::Any),
            ("POST", "/payments/", Right::Any),
            ("POST", "/payments/lnurl", Right::Send),
            ("DELETE", "/payments/00ff", Right::Receive),
            ("POST", "/payments/settle", Right::Receive),
            ("POST", "/something/new", Right::Holder),
        ];
        for (method, path, expected) in table {
            let method: Method = method.parse().expect("a method");
            assert_eq!(right(&method, path), expected, "{method} {path}");
        }
    }
}
