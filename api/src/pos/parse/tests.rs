//! What requests are refused, as a table, and what the good ones become.

use till::id::PaymentHash;

use super::*;

fn invoice(json: &str) -> Result<NewInvoice, String> {
    let request = serde_json::from_str(json).map_err(|e| e.to_string())?;
    new_invoice(request).map_err(|e| e.to_string())
}

fn decoded(amount_msat: Option<u64>) -> DecodedInvoice {
    DecodedInvoice {
        hash: PaymentHash::from_bytes([7; 32]),
        amount: amount_msat.and_then(Msat::new),
        description: Description::Text("tea".into()),
        expires_at: Timestamp::from_millis(0),
        payee: "02".repeat(33),
    }
}

fn pay(json: &str, amount_msat: Option<u64>) -> Result<NewPayment, String> {
    let request = serde_json::from_str(json).map_err(|e| e.to_string())?;
    new_payment(&request, &decoded(amount_msat), None).map_err(|e| e.to_string())
}

#[test]
fn a_bare_invoice_has_no_amount_and_the_default_expiry() {
    let wanted = invoice("{}").expect("good");
    assert_eq!(wanted.amount, None);
    assert_eq!(wanted.expiry_secs, None);
    assert_eq!(wanted.description, Description::Text(String::new()));
}

#[test]
fn a_full_invoice_keeps_everything() {
    let wanted = invoice(
        r#"{"description":"Payment for order #123","amountSat":50000,"externalId":"order-123",
            "expirySeconds":3600,"webhookUrl":"https://shop.example/paid","somethingElse":1}"#,
    )
    .expect("good");
    assert_eq!(wanted.amount.map(Msat::get), Some(50_000_000));
    assert_eq!(wanted.external_id.as_deref(), Some("order-123"));
    assert_eq!(wanted.expiry_secs, Some(3_600));
    let url = "https://shop.example/paid";
    assert_eq!(wanted.webhook_url.as_deref(), Some(url));
}

#[test]
fn odd_invoices_are_refused() {
    let cases = [
        (r#"{"amountSat":0}"#.to_owned(), "amountSat"),
        (r#"{"amountSat":-1}"#.to_owned(), "a whole number"),
        (r#"{"amountSat":1.5}"#.to_owned(), "a whole number"),
        (r#"{"amountSat":"1000"}"#.to_owned(), "a whole number"),
        (r#"{"amountSat":2100000000000001}"#.to_owned(), "amountSat"),
        (
            r#"{"amountSat":18446744073709551616}"#.to_owned(),
            "a whole number",
        ),
        (r#"{"expirySeconds":0}"#.to_owned(), "expirySeconds"),
        (r#"{"expirySeconds":604801}"#.to_owned(), "expirySeconds"),
        (
            r#"{"webhookUrl":"http://a.example"}"#.to_owned(),
            "webhookUrl",
        ),
        (
            r#"{"descriptionHash":"abcd"}"#.to_owned(),
            "descriptionHash",
        ),
        (
            r#"{"description":"","descriptionHash":""}"#.to_owned(),
            "description",
        ),
        (
            format!(r#"{{"description":"{}"}}"#, "é".repeat(320)),
            "description",
        ),
        (
            format!(r#"{{"externalId":"{}"}}"#, "x".repeat(257)),
            "externalId",
        ),
    ];
    for (json, named) in cases {
        let refused = invoice(&json).expect_err(&json);
        assert!(refused.contains(named), "{json}: {refused}");
    }
}

#[test]
fn a_payment_s_amount_fits_its_invoice() {
    let amount = |json: &str, own: Option<u64>| pay(json, own).map(|p| p.amount.map(Msat::get));
    let (bare, named) = (
        r#"{"invoice":"lnbc1"}"#,
        r#"{"invoice":"lnbc1","amountSat":25}"#,
    );
    assert_eq!(amount(bare, Some(25_000)), Ok(None));
    assert_eq!(amount(named, Some(25_000)), Ok(None));
    assert_eq!(
        amount(named, Some(24_500)),
        Ok(None),
        "the amount as we decode it"
    );
    assert_eq!(amount(named, None), Ok(Some(25_000)));
    let refused = amount(named, Some(26_000)).expect_err("another amount");
    assert_eq!(
        refused,
        "amountSat must be the invoice's own amount, 26 sat"
    );
    assert!(
        amount(bare, None)
            .expect_err("open")
            .starts_with("amountSat is required")
    );
    let none = r#"{"invoice":"lnbc1","amountSat":0}"#;
    assert!(amount(none, None).is_err());
}

#[test]
fn an_invoice_may_come_as_a_uri() {
    assert_eq!(pasted(" lightning:lnbc1x\n"), "lnbc1x");
    assert_eq!(pasted("LIGHTNING:LNBC1X"), "LNBC1X");
    assert_eq!(pasted("lnbc1x"), "lnbc1x");
    assert_eq!(pasted("é"), "é");
}

#[test]
fn the_same_request_hashes_the_same_whatever_its_form() {
    let hash = |json: &str, own| {
        let request = serde_json::from_str(json).expect("good");
        let order = new_payment(&request, &decoded(own), Some("k".into())).expect("good");
        order.idempotency.expect("a key was sent").1
    };
    let one = hash(r#"{"invoice":"lnbc1x"}"#, Some(5_000));
    let same = hash(
        r#"{"invoice":" lightning:LNBC1X","amountSat":5}"#,
        Some(5_000),
    );
    assert_eq!(one, same);
    assert_ne!(one, hash(r#"{"invoice":"lnbc1y"}"#, Some(5_000)));
    assert_ne!(
        hash(r#"{"invoice":"lnbc1x","amountSat":5}"#, None),
        hash(r#"{"invoice":"lnbc1x","amountSat":6}"#, None)
    );
}

#[test]
fn channels_are_checked_before_the_node_hears_of_them() {
    let id = "02".repeat(33);
    let open = |rest: &str| {
        let json = format!(r#"{{"nodeId":"{id}","address":"10.0.0.2:9735"{rest}}}"#);
        let request = serde_json::from_str(&json).map_err(|e| e.to_string())?;
        open_channel(&request, None).map_err(|e| e.to_string())
    };
    let wanted = open(r#","amountSat":100000,"pushSat":1000,"announce":true"#).expect("good");
    assert_eq!(wanted.request.push.get(), 1_000_000);
    assert!(wanted.request.announce);
    let quiet = open(r#","amountSat":100000"#).expect("good");
    assert!(!quiet.request.announce);
    for (bad, named) in [
        (r#","amountSat":0"#, "amountSat"),
        (r#","amountSat":5,"pushSat":5"#, "pushSat"),
        (r#","amountSat":5,"announce":"yes""#, "boolean"),
        ("", "amountSat"),
    ] {
        let refused = open(bad).expect_err(bad);
        assert!(refused.contains(named), "{bad}: {refused}");
    }
}

#[test]
fn all_that_is_said_of_a_channel_makes_it_the_same() {
    let hash = |rest: &str| {
        let id = "0a".repeat(32);
        let json = format!(r#"{{"nodeId":"02{id}","address":"10.0.0.2:9735"{rest}}}"#);
        let request = serde_json::from_str(&json).expect("good");
        let wanted = open_channel(&request, Some("k".into())).expect("good");
        wanted.idempotency.expect("a key").1
    };
    let one = hash(r#","amountSat":5"#);
    assert_eq!(one, hash(r#","amountSat":5,"pushSat":0,"announce":false"#));
    for other in [
        r#","amountSat":6"#,
        r#","amountSat":5,"pushSat":1"#,
        r#","amountSat":5,"announce":true"#,
    ] {
        assert_ne!(one, hash(other), "{other}");
    }
}

#[test]
fn pages_are_bounded() {
    let list = |limit, from, to| {
        let query = wire::ListQuery {
            limit,
            from,
            to,
            ..wire::ListQuery::default()
        };
        outgoing(&query).map(|query| query.limit)
    };
    assert_eq!(list(None, None, None), Ok(20));
    assert_eq!(list(Some(1_000), Some(1), Some(1)), Ok(1_000));
    assert!(list(Some(0), None, None).is_err());
    assert!(list(Some(1_001), None, None).is_err());
    assert!(list(None, Some(2), Some(1)).is_err());
}

#[test]
fn only_received_payments_are_listed_unless_all_are_wanted() {
    let paid_only = |all| {
        let query = wire::ListQuery {
            all,
            ..wire::ListQuery::default()
        };
        incoming(query).map(|query| query.paid_only)
    };
    assert_eq!(paid_only(None), Ok(true));
    assert_eq!(paid_only(Some(false)), Ok(true));
    assert_eq!(paid_only(Some(true)), Ok(false));
}

#[test]
fn a_login_has_one_secret() {
    let try_login = |json: &str| {
        let request = serde_json::from_str(json).map_err(|e| e.to_string())?;
        let login = login(request).map_err(|e| e.to_string())?;
        Ok::<_, String>(login.is_pin)
    };
    assert_eq!(try_login(r#"{"name":"ana","pin":"1234"}"#), Ok(true));
    assert_eq!(try_login(r#"{"name":"ana","password":"x"}"#), Ok(false));
    for bad in [
        r#"{"name":"ana"}"#,
        r#"{"name":"ana","pin":"1","password":"x"}"#,
        r#"{"name":"","pin":"1234"}"#,
        r#"{"name":"ana","pin":""}"#,
        r#"{"name":"ana","pin":1234}"#,
    ] {
        assert!(try_login(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_role_is_one_of_two() {
    let add = |role: &str| {
        let json = format!(r#"{{"name":"b","password":"longenough","pin":"1234","role":{role}}}"#);
        serde_json::from_str::<wire::NewUser>(&json).map_err(|e| e.to_string())
    };
    assert!(add(r#""cashier""#).is_ok());
    assert!(add(r#""admin""#).is_ok());
    let refused = add(r#""owner""#).err().expect("unknown");
    assert!(refused.contains("unknown variant `owner`"), "{refused}");
}
