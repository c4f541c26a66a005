//! Every rule at its edges.

use super::*;

#[test]
fn rules_hold_at_their_edges() {
    let long = |n: usize| "a".repeat(n);
    let table: &[(&str, bool, bool)] = &[
        ("name of 64", name("f", &long(64)).is_ok(), true),
        ("name of 65", name("f", &long(65)).is_ok(), false),
        ("no name", name("f", "").is_ok(), false),
        ("name with space", name("f", "Ana Lima").is_ok(), true),
        ("name with outer space", name("f", " Ana").is_ok(), false),
        ("name with bell", name("f", "A\u{7}").is_ok(), false),
        ("pin of 4", pin("f", "0123").is_ok(), true),
        ("pin of 12", pin("f", "012345678901").is_ok(), true),
        ("pin of 3", pin("f", "012").is_ok(), false),
        ("pin of 13", pin("f", "0123456789012").is_ok(), false),
        ("pin of letters", pin("f", "12a4").is_ok(), false),
        ("pin of other digits", pin("f", "١٢٣٤").is_ok(), false),
        ("password of 8", password("f", &long(8)).is_ok(), true),
        ("password of 7", password("f", &long(7)).is_ok(), false),
        ("password of 129", password("f", &long(129)).is_ok(), false),
        (
            "currency",
            currency("f", "eur") == Ok("EUR".to_owned()),
            true,
        ),
        ("no currency", currency("f", "euro").is_ok(), false),
        ("one satoshi", amount("f", 1).is_ok(), true),
        ("no satoshi", amount("f", 0).is_ok(), false),
        (
            "all money",
            amount("f", 2_100_000_000_000_000).is_ok(),
            true,
        ),
        (
            "more than that",
            amount("f", 2_100_000_000_000_001).is_ok(),
            false,
        ),
        (
            "description of 639",
            description("f", long(639)).is_ok(),
            true,
        ),
        (
            "description of 640",
            description("f", long(640)).is_ok(),
            false,
        ),
        (
            "reference of 256",
            external_id("f", long(256)).is_ok(),
            true,
        ),
        (
            "reference of 257",
            external_id("f", long(257)).is_ok(),
            false,
        ),
        ("a second", expiry("f", 1).is_ok(), true),
        ("a week", expiry("f", 604_800).is_ok(), true),
        ("no time", expiry("f", 0).is_ok(), false),
        ("more than a week", expiry("f", 604_801).is_ok(), false),
        (
            "https",
            webhook_url("f", "https://a.example/x?y".into()).is_ok(),
            true,
        ),
        (
            "http",
            webhook_url("f", "http://a.example/".into()).is_ok(),
            false,
        ),
        (
            "user in url",
            webhook_url("f", "https://u:p@a.example/".into()).is_ok(),
            false,
        ),
        (
            "no host",
            webhook_url("f", "https:///x".into()).is_ok(),
            false,
        ),
        (
            "node id",
            node_id("f", &format!("02{}", long(64))).is_ok(),
            true,
        ),
        ("short node id", node_id("f", "02ab").is_ok(), false),
        (
            "uncompressed node id",
            node_id("f", &format!("04{}", long(64))).is_ok(),
            false,
        ),
        ("peer", peer_address("f", "10.0.0.2:9735").is_ok(), true),
        ("v6 peer", peer_address("f", "[::1]:9735").is_ok(), true),
        (
            "peer without port",
            peer_address("f", "peer.example").is_ok(),
            false,
        ),
        (
            "peer at port 0",
            peer_address("f", "peer.example:0").is_ok(),
            false,
        ),
        (
            "peer with space",
            peer_address("f", "a b:9735").is_ok(),
            false,
        ),
    ];
    for (what, is, should) in table {
        assert_eq!(is, should, "{what}");
    }
}

#[test]
fn a_broken_rule_names_its_field() {
    let broken = amount("amountSat", 0).expect_err("zero");
    let text = "amountSat must be a whole number of satoshis, at least 1";
    assert_eq!(broken.to_string(), text);
}
