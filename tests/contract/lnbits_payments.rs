//! `POST /payments` and what can be asked about a payment, in both dialects of the LNbits surface.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Fate, Foreign, payment_hash};
use support::lnbits::Wallet;
use till::payment::FailureReason;
use till_actors::till::TillConfig;
use tilld::lnbits::Dialect;

/// Both dialects, with the status of a field that cannot be.
const DIALECTS: [(Dialect, u16); 2] = [(Dialect::Documented, 422), (Dialect::V1, 400)];
/// SHA-256 of "hello".
const HELLO_HASH: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn text(value: &Value, field: &str) -> String {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("no {field} in {value}"))
        .to_owned()
}

async fn asks(wallet: &Wallet, body: Value) -> Value {
    let (status, made) = wallet.post("/payments", body).await;
    assert_eq!(status, 201, "{made}");
    made
}

async fn earn(app: &TestApp, wallet: &Wallet, sat: u64) {
    let made = asks(wallet, json!({"out": false, "amount": sat})).await;
    app.node.customer_pays(&text(&made, "bolt11"), sat * 1_000);
    let path = format!("/payments/{}", text(&made, "payment_hash"));
    until(async || (wallet.get(&path).await.1["paid"] == true).then_some(())).await;
}

async fn pays(wallet: &Wallet, bolt11: &str) -> (u16, Value) {
    let body = json!({"out": true, "bolt11": bolt11});
    wallet.post("/payments", body).await
}

async fn balance(wallet: &Wallet) -> Value {
    wallet.get("/wallet").await.1["balance"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_has_every_field() {
    for (dialect, _) in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let shop = app.wallet("shop").await;
        let made = asks(
            &shop,
            json!({
                "out": false, "amount": 21, "unit": "sat", "memo": "tea", "expiry": 600,
                "extra": {"tag": "lnurlp", "order": {"id": 7}}, "labels": ["a", "b"],
                "external_id": "ord-1", "webhook": "https://example.com/hook", "internal": true,
                "nobody_knows": 1,
            }),
        )
        .await;
        let hash = text(&made, "payment_hash");
        assert_eq!(made["checking_id"], json!(hash));
        assert_eq!(made["wallet_id"], json!(shop.id));
        let is_v1 = dialect == Dialect::V1;
        assert_eq!(made["amount"], json!(if is_v1 { 21_000 } else { 21 }));
        assert_eq!(made["amount_msat"], 21_000);
        assert_eq!((&made["fee"], &made["fee_msat"]), (&json!(0), &json!(0)));
        assert_eq!(made["bolt11"], made["payment_request"]);
        assert_eq!(payment_hash(&text(&made, "bolt11")).to_string(), hash);
        assert_eq!(made["status"], "pending");
        assert_eq!(made["memo"], "tea");
        assert_eq!(made["webhook"], "https://example.com/hook");
        assert_eq!(made["tag"], "lnurlp");
        assert_eq!(made["extra"], json!({"tag": "lnurlp", "order": {"id": 7}}));
        assert_eq!(made["labels"], json!(["a", "b"]));
        assert_eq!(made["external_id"], "ord-1");
        assert_eq!(made["time"].is_u64(), !is_v1, "{made}");
        for moment in ["expiry", "created_at", "updated_at"] {
            assert!(text(&made, moment).ends_with("+00:00"), "{made}");
        }
        for field in [
            "preimage",
            "webhook_status",
            "extension",
            "fiat_provider",
            "held_until_height",
        ] {
            assert_eq!(made.get(field), Some(&Value::Null), "{field}");
        }
        assert_eq!(made["held"], false);
        let (_, looked) = shop.get(&format!("/payments/{hash}")).await;
        assert_eq!(looked["details"], made);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_come_in_many_shapes() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let shop = app.wallet("shop").await;
    let good = [
        (json!("7"), "sat", 7),
        (json!(7.0), "sat", 7),
        (json!(1_001), "msat", 2),
        (json!(0.000_000_21), "btc", 21),
    ];
    for (amount, unit, sat) in good {
        let made = asks(&shop, json!({"out": false, "amount": amount, "unit": unit})).await;
        assert_eq!(made["amount"], sat, "{amount} {unit}");
    }
    let bolt11 = asks(
        &shop,
        json!({"out": false, "amount": 3, "description_hash": HELLO_HASH}),
    );
    let unhashed =
        json!({"out": false, "amount": 3, "memo": "zz", "unhashed_description": "68656c6c6f"});
    for made in [bolt11.await, asks(&shop, unhashed).await] {
        let asked = json!({"data": made["bolt11"]});
        let (_, decoded) = shop.post("/payments/decode", asked).await;
        assert_eq!(decoded["description_hash"], HELLO_HASH);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_for_is_refused() {
    for (dialect, invalid) in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let shop = app.wallet("shop").await;
        let cases = [
            (json!({}), invalid),
            (json!({"amount": 0}), invalid),
            (json!({"amount": -5}), invalid),
            (json!({"amount": "abc"}), invalid),
            (json!({"amount": 1.9}), invalid),
            (json!({"amount": 0.5}), invalid),
            (json!({"amount": [1]}), invalid),
            (json!({"amount": 99_999_999_999_999_u64}), 400),
            (json!({"amount": 2_100_000_000_000_001_u64}), invalid),
            (json!({"amount": 1, "unit": "EUR"}), 400),
            (json!({"amount": 1, "unit": "parsec"}), invalid),
            (json!({"amount": 1, "memo": "x".repeat(641)}), invalid),
            (json!({"amount": 1, "memo": "é".repeat(600)}), invalid),
            (json!({"amount": 1, "description_hash": "nothex"}), invalid),
            (
                json!({"amount": 1, "unhashed_description": "hello"}),
                invalid,
            ),
            (json!({"amount": 1, "expiry": -1}), invalid),
            (json!({"amount": 1, "expiry": 10_000_000_000_u64}), invalid),
            (json!({"amount": 1, "extra": "text"}), invalid),
            (
                json!({"amount": 1, "extra": {"a": "x".repeat(9_000)}}),
                invalid,
            ),
            (json!({"amount": 1, "labels": vec!["l"; 100]}), invalid),
            (json!({"amount": 1, "external_id": "has space"}), invalid),
            (json!({"amount": 1, "payment_hash": "abc"}), invalid),
            (json!({"amount": 1, "webhook": "notaurl"}), 400),
            (
                json!({"amount": 1, "webhook": "https://10.0.0.1/hook"}),
                400,
            ),
            (json!({"amount": 1, "lnurl_callback": "notaurl"}), 400),
            (json!({"amount": 1, "lnurl_withdraw": {}}), invalid),
        ];
        for (mut body, wanted) in cases {
            body["out"] = json!(false);
            let (status, answer) = shop.post("/payments", body.clone()).await;
            assert_eq!(status, wanted, "{dialect:?} {body}: {answer}");
            assert!(!answer["detail"].is_null(), "{answer}");
        }
        let key = Some(shop.inkey.as_str());
        let pay = json!({"bolt11": "lnbcrt1"});
        let (status, _) = shop.call(Method::POST, "/payments", key, Some(&pay)).await;
        assert_eq!(
            status, 403,
            "an invoice key pays nothing, and out is true where absent"
        );
        let (status, _) = shop.call(Method::POST, "/payments", None, Some(&pay)).await;
        assert_eq!(status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_to_others_succeed_and_fail() {
    for (dialect, _) in DIALECTS {
        let is_v1 = dialect == Dialect::V1;
        let app = TestApp::lnbits(dialect).await;
        let shop = app.wallet("shop").await;
        earn(&app, &shop, 5_000).await;
        let asked = app.node.foreign(Foreign {
            fate: Fate::Succeeds(1_234),
            ..Foreign::default()
        });
        let body = json!({
            "bolt11": format!("lightning:{}", asked.to_uppercase()), "amount": 0, "extra": {"note": "x"},
        });
        let (status, paid) = shop.post("/payments", body).await;
        assert_eq!(
            (status, &paid["status"]),
            (201, &json!("success")),
            "{paid}"
        );
        assert_eq!(
            paid["amount"],
            json!(if is_v1 { -1_000_000 } else { -1_000 })
        );
        assert_eq!(paid["amount_msat"], -1_000_000);
        assert_eq!(paid["fee"], json!(if is_v1 { -1_234 } else { 1_234 }));
        assert_eq!(
            (&paid["memo"], &paid["extra"]["note"]),
            (&json!("goods"), &json!("x"))
        );
        assert!(
            paid["preimage"].is_string() && paid["expiry"].is_string(),
            "{paid}"
        );
        assert_eq!(balance(&shop).await, 3_998_766);

        let (status, again) = pays(&shop, &asked).await;
        let told = if is_v1 { "success" } else { "failed" };
        assert_eq!((status, &again["status"]), (520, &json!(told)), "{again}");

        let fate = Fate::Fails(FailureReason::NoRoute);
        let unpayable = app.node.foreign(Foreign {
            fate,
            ..Foreign::default()
        });
        for _ in 0..2 {
            let (status, failed) = pays(&shop, &unpayable).await;
            assert_eq!(status, if is_v1 { 201 } else { 520 }, "{failed}");
            assert_eq!(failed["status"], "failed", "{failed}");
        }
        let big = app.node.foreign(Foreign {
            amount_msat: Some(9_000_000),
            ..Foreign::default()
        });
        let (status, poor) = pays(&shop, &big).await;
        assert_eq!(
            (status, &poor["detail"]),
            (520, &json!("Insufficient balance."))
        );
        let open = app.node.foreign(Foreign {
            amount_msat: None,
            ..Foreign::default()
        });
        assert_eq!(pays(&shop, &open).await.0, 520);
        let (status, missing) = shop.post("/payments", json!({"out": true})).await;
        assert_eq!(
            (status, &missing["detail"]),
            (400, &json!("Missing BOLT11 invoice"))
        );
        let (status, bad) = pays(&shop, "lnbc1garbage").await;
        assert_eq!(status, if is_v1 { 520 } else { 400 }, "{bad}");
        assert_eq!(balance(&shop).await, 3_998_766, "what failed costs nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_is_not_known_yet_is_no_failure() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let shop = app.wallet("shop").await;
    earn(&app, &shop, 5_000).await;
    let fate = Fate::Silence;
    let asked = app.node.foreign(Foreign {
        fate,
        ..Foreign::default()
    });
    let (status, paid) = pays(&shop, &asked).await;
    assert_eq!(
        (status, &paid["status"]),
        (201, &json!("pending")),
        "{paid}"
    );
    let (status, again) = pays(&shop, &asked).await;
    assert_eq!(
        (status, &again["status"]),
        (520, &json!("pending")),
        "{again}"
    );
    app.node.decide(payment_hash(&asked), Fate::Succeeds(0));
    let path = format!("/payments/{}", text(&paid, "checking_id"));
    until(async || (shop.get(&path).await.1["paid"] == true).then_some(())).await;
    assert_eq!(balance(&shop).await, 4_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_of_an_internal_payment_see_their_own() {
    for (dialect, _) in DIALECTS {
        let is_v1 = dialect == Dialect::V1;
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        let nobody = app.wallet("nobody").await;
        earn(&app, &shop, 1_000).await;
        let asked = asks(
            &friend,
            json!({"out": false, "amount": 200, "memo": "loan"}),
        )
        .await;
        let (hash, bolt11) = (text(&asked, "payment_hash"), text(&asked, "bolt11"));
        let path = format!("/payments/{hash}");

        let keyless = friend.call(Method::GET, &path, None, None).await;
        let unpaid = if is_v1 {
            (200, json!({"paid": false}))
        } else {
            keyless.clone()
        };
        assert_eq!(keyless, unpaid);
        assert_eq!(keyless.0, if is_v1 { 200 } else { 401 });
        assert_eq!(friend.get(&path).await.1["preimage"], Value::Null);

        let (status, paid) = pays(&shop, &bolt11).await;
        assert_eq!(
            (status, &paid["status"]),
            (201, &json!("success")),
            "{paid}"
        );
        let internal = format!("internal_{hash}");
        let named = if is_v1 { &internal } else { &hash };
        assert_eq!(
            (&paid["checking_id"], &paid["payment_hash"]),
            (&json!(named), &json!(hash))
        );
        assert_eq!(
            (&paid["fee_msat"], &paid["amount_msat"]),
            (&json!(0), &json!(-200_000))
        );
        assert!(paid["preimage"].is_string(), "{paid}");

        for path in [path.clone(), format!("/payments/{internal}")] {
            let (_, sent) = shop.get(&path).await;
            assert_eq!(sent["details"]["amount_msat"], -200_000, "{sent}");
            let (_, got) = friend.get(&path).await;
            assert_eq!(got["details"]["amount_msat"], 200_000, "{got}");
            assert_eq!(got["preimage"], paid["preimage"]);
            assert_eq!(nobody.get(&path).await.0, 404);
            if is_v1 {
                let keyless = friend.call(Method::GET, &path, None, None).await;
                assert_eq!(keyless, (200, json!({"paid": true})));
            }
        }
        let (status, again) = pays(&shop, &bolt11).await;
        assert_eq!(
            (status, &again["detail"]),
            (520, &json!("Internal invoice already paid."))
        );
        assert_eq!(balance(&shop).await, 800_000);
        assert_eq!(balance(&friend).await, 200_000);
        assert_eq!(shop.get("/payments/nope").await.0, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_invoice_shows_its_payer_nothing_of_its_maker() {
    for (dialect, _) in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        earn(&app, &shop, 1_000).await;
        let body = json!({"out": false, "amount": 5, "expiry": 1, "extra": {"secret": 1}});
        let asked = asks(&friend, body).await;
        let path = format!("/payments/{}", text(&asked, "payment_hash"));
        until(async || (friend.get(&path).await.1["status"] == "failed").then_some(())).await;
        let (status, failed) = pays(&shop, &text(&asked, "bolt11")).await;
        assert_eq!(failed["status"], "failed", "{failed}");
        if dialect == Dialect::V1 {
            assert_eq!(status, 201);
            assert_eq!(failed["wallet_id"], json!(shop.id));
            assert_eq!(
                (&failed["extra"], &failed["preimage"]),
                (&json!({}), &Value::Null)
            );
        } else {
            assert_eq!(
                (status, &failed["detail"]),
                (520, &json!("Invoice expired."))
            );
        }
        assert_eq!(friend.get(&path).await.1["preimage"], Value::Null);
        assert_eq!(balance(&shop).await, 1_000_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_kept_and_only_their_wallet_sets_them() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
    let made = asks(&shop, json!({"out": false, "amount": 5, "extra": {"a": 1}})).await;
    let hash = text(&made, "payment_hash");
    let key = Some(shop.adminkey.as_str());
    let more = json!({"payment_hash": hash, "extra": {"k": "v"}});
    let patch = async |wallet: &Wallet, key: Option<&str>| {
        wallet
            .call(Method::PATCH, "/payments/extra", key, Some(&more))
            .await
    };
    assert_eq!(patch(&shop, Some(&shop.inkey)).await.0, 403);
    assert_eq!(patch(&friend, Some(&friend.adminkey)).await.0, 404);
    let (status, row) = patch(&shop, key).await;
    assert_eq!(
        (status, &row["extra"]),
        (200, &json!({"a": 1, "k": "v"})),
        "{row}"
    );
    let (status, twice) = patch(&shop, key).await;
    assert_eq!(
        (status, &twice["detail"]),
        (400, &json!("Extra keys already exist: k."))
    );

    let path = format!("/payments/{hash}/labels");
    let labels = json!({"labels": ["x"]});
    let (status, done) = shop.call(Method::PUT, &path, key, Some(&labels)).await;
    let told = json!({"success": true, "message": "Payment labels updated."});
    assert_eq!((status, done), (200, told));
    let (_, row) = shop.get(&format!("/payments/{hash}")).await;
    assert_eq!(row["details"]["labels"], json!(["x"]));
    assert_eq!(row["details"]["extra"], json!({"a": 1, "k": "v"}));
    let (status, _) = shop
        .call(Method::PUT, "/payments/zz/labels", key, Some(&labels))
        .await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_asks_for_money_can_be_read() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let shop = app.wallet("shop").await;
    let made = asks(
        &shop,
        json!({"out": false, "amount": 1_000, "memo": "tea", "expiry": 600}),
    )
    .await;
    let decode = async |body: Value| {
        let path = "/payments/decode";
        shop.call(Method::POST, path, None, Some(&body)).await
    };
    let (status, said) = decode(json!({"data": made["bolt11"]})).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(
        (&said["currency"], &said["amount_msat"]),
        (&json!("bcrt"), &json!(1_000_000))
    );
    assert_eq!(
        (&said["expiry"], &said["description"]),
        (&json!(600), &json!("tea"))
    );
    assert_eq!(said["payment_hash"], made["payment_hash"]);
    assert_eq!(text(&said, "signature").len(), 130);
    let wanted = json!({"data": made["bolt11"], "filter_fields": ["payment_hash", "amount_msat"]});
    let (_, said) = decode(wanted).await;
    assert_eq!(
        said,
        json!({"payment_hash": made["payment_hash"], "amount_msat": 1_000_000})
    );
    let lnurl = "LNURL1DP68GURN8GHJ7UM9WFMXJCM99E3K7MF0V9CXJ0M385EKVCENXC6R2C35XVUKXEFCV5MKVV34X5EKZD3EV56NYD3HXQURZEPEXEJXXEPNXSCRVWFNV9NXZCN9XQ6XYEFHVGCXXCMYXYMNSERXFQ5FNS";
    let url = "https://service.com/api?q=3fc3645b439ce8e7f2553a69e5267081d96dcd340693afabe04be7b0ccd178df";
    assert_eq!(
        decode(json!({"data": lnurl})).await,
        (200, json!({"domain": url}))
    );
    let (_, said) = decode(json!({"data": "tips@Example.com"})).await;
    assert_eq!(
        said,
        json!({"domain": "https://example.com/.well-known/lnurlp/tips"})
    );
    for bad in ["nope", "", "@", "lnurl1zz", "lno1zz"] {
        let (status, said) = decode(json!({"data": bad})).await;
        assert_eq!(status, 400, "{bad}: {said}");
        assert!(
            text(&said, "message").starts_with("Failed to decode"),
            "{said}"
        );
    }
    assert_eq!(decode(json!({})).await.0, 422);

    let path = format!("/payments/fee-reserve?invoice={}", text(&made, "bolt11"));
    let said = shop.call(Method::GET, &path, None, None).await;
    assert_eq!(said, (200, json!({"fee_reserve": 20_000})));
    for path in ["/payments/fee-reserve", "/payments/fee-reserve?invoice=bad"] {
        assert_eq!(shop.call(Method::GET, path, None, None).await.0, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_with_the_same_key_is_the_same_payment() {
    let app = TestApp::lnbits(Dialect::Documented).await;
    let shop = app.wallet("shop").await;
    earn(&app, &shop, 5_000).await;
    let (first, second) = (
        app.node.foreign(Foreign::default()),
        app.node.foreign(Foreign::default()),
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let pay = async |bolt11: &str, key: &str| {
        let request = client.post(format!("{}/api/v1/payments", app.url));
        let request = request.header("x-api-key", &shop.adminkey);
        let request = request.header("idempotency-key", key);
        let answer = request.json(&json!({"bolt11": bolt11})).send();
        let answer = answer.await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let paid = pay(&first, "k1").await;
    assert_eq!(paid.0, 201, "{}", paid.1);
    assert_eq!(pay(&first, "k1").await, paid);
    assert_eq!(pay(&second, "k1").await.0, 409);
    assert_eq!(pay(&first, "").await.0, 400);
    assert_eq!(app.node.times_sent(payment_hash(&first)), 1);
    assert_eq!(balance(&shop).await, 4_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn paying_oneself_moves_nothing_and_cancelled_invoices_are_not_paid() {
    for (dialect, _) in DIALECTS {
        let app = TestApp::lnbits(dialect).await;
        let (shop, friend) = (app.wallet("shop").await, app.wallet("friend").await);
        earn(&app, &shop, 1_000).await;
        let own = asks(&shop, json!({"out": false, "amount": 5})).await;
        let (status, paid) = pays(&shop, &text(&own, "bolt11")).await;
        let told = (status, &paid["status"]);
        assert_eq!(told, (201, &json!("success")), "{paid}");
        let path = format!("/payments/{}", text(&own, "payment_hash"));
        let (_, looked) = shop.get(&path).await;
        assert_eq!(looked["details"]["amount_msat"], -5_000, "{looked}");
        assert_eq!(balance(&shop).await, 1_000_000);
        let (status, again) = pays(&shop, &text(&own, "bolt11")).await;
        let told = (status, &again["status"]);
        assert_eq!(told, (520, &json!("failed")), "{again}");

        let asked = asks(&friend, json!({"out": false, "amount": 5})).await;
        let cancel = json!({"payment_hash": asked["payment_hash"]});
        assert_eq!(friend.post("/payments/cancel", cancel).await.0, 200);
        let (status, refused) = pays(&shop, &text(&asked, "bolt11")).await;
        let wanted = if dialect == Dialect::V1 { 201 } else { 520 };
        assert_eq!(
            (status, &refused["status"]),
            (wanted, &json!("failed")),
            "{refused}"
        );
        assert_eq!(balance(&shop).await, 1_000_000);
    }
}

/// Whether this machine may be called is the operator's to say, for webhooks and callbacks alike.
#[tokio::test(flavor = "multi_thread")]
async fn callbacks_go_where_the_operator_lets_them() {
    let outside = [
        "ftp://example.com/hook",
        "https://user@example.com/hook",
        "https://10.1.2.3/",
        "https://169.254.169.254/",
        "https://[::ffff:10.0.0.1]/",
        // Names are looked up when they are called.
        "http://example.com/hook",
        "https://2130706433/",
        "http://[::1]:1/",
        "http://localhost:1/",
        "http://127.0.0.1:1/",
    ];
    for (allow_loopback, refused) in [(false, 10), (true, 5)] {
        let allow = |till: &mut TillConfig| till.outbound.allow_loopback = allow_loopback;
        let app = TestApp::lnbits_with(Dialect::V1, allow).await;
        let shop = app.wallet("shop").await;
        for (n, url) in outside.iter().enumerate() {
            let wanted = if n < refused { 400 } else { 201 };
            let body = json!({"out": false, "amount": 1, "webhook": url});
            let (status, answer) = shop.post("/payments", body).await;
            assert_eq!(status, wanted, "{url}: {answer}");
            let body = json!({"out": true, "bolt11": "lnbcrt1", "webhook": url});
            let (status, answer) = shop.post("/payments", body).await;
            let is_about_it = answer["detail"].to_string().contains("Callback URL");
            assert_eq!(
                (status == 400 && is_about_it),
                n < refused,
                "{url}: {answer}"
            );
            if n < refused {
                let body = json!({"out": false, "amount": 1, "lnurl_callback": url});
                let (status, answer) = shop.post("/payments", body).await;
                assert_eq!(status, 400, "{url}: {answer}");
            }
        }
        let good = json!({"out": false, "amount": 1, "webhook": "https://example.com/hook"});
        assert_eq!(shop.post("/payments", good).await.0, 201);
    }
}
