//! Making, decoding and watching invoices.

use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Foreign, LSP_FEE_MSAT, payment_hash};
use till::fees::LspPolicy;
use till::money::Msat;

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_answers_what_the_source_documents_and_more() {
    let app = TestApp::initialized().await;
    let cashier = app.cashier().await;
    let wanted = json!({
        "description": "Payment for order #123", "amountSat": 50_000,
        "externalId": "order-123", "expirySeconds": 3_600, "unknownField": true,
    });
    for path in ["/wallet/invoice", "/wallet/createinvoice"] {
        let (status, made) = cashier.post(path, wanted.clone()).await;
        assert_eq!(status, 200, "{made}");
        assert_eq!(made["amountSat"], 50_000);
        let bolt11 = made["serialized"].as_str().unwrap();
        assert!(bolt11.starts_with("lnbcrt500u1"), "{bolt11}");
        assert_eq!(made["paymentHash"], payment_hash(bolt11).to_string());
        assert!(made["expiresAt"].is_u64());
        assert!(made["bip21"].as_str().unwrap().contains(bolt11));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_an_invoice_has_its_bounds() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let hash = "ab".repeat(32);
    let good = [
        json!({}),
        json!({"amountSat": null}),
        json!({"amountSat": 1}),
        json!({"amountSat": 1_000_000_000}),
        json!({"description": "ä".repeat(319)}),
        json!({"descriptionHash": hash}),
        json!({"externalId": "x".repeat(256)}),
        json!({"expirySeconds": 1}),
        json!({"expirySeconds": 604_800}),
        json!({"webhookUrl": "https://shop.example/paid"}),
    ];
    for body in good {
        let (status, answer) = admin.post("/wallet/createinvoice", body.clone()).await;
        assert_eq!(status, 200, "{body}: {answer}");
    }
    let bad = [
        (json!({"amountSat": 0}), "amountSat"),
        (json!({"amountSat": -5}), "amountSat"),
        (json!({"amountSat": 1.5}), "amountSat"),
        (json!({"amountSat": "12"}), "amountSat"),
        (json!({"amountSat": 1e30}), "amountSat"),
        (json!({"amountSat": u64::MAX}), "amount"),
        (json!({"amountSat": 1_000_000_001}), "amount"),
        (json!({"description": "x".repeat(640)}), "description"),
        (json!({"description": 7}), "description"),
        (json!({"descriptionHash": "ab"}), "descriptionHash"),
        (
            json!({"description": "a", "descriptionHash": hash}),
            "description",
        ),
        (json!({"externalId": "x".repeat(257)}), "externalId"),
        (json!({"expirySeconds": 0}), "expirySeconds"),
        (json!({"expirySeconds": 604_801}), "expirySeconds"),
        (json!({"webhookUrl": "http://shop.example"}), "webhookUrl"),
        (json!({"webhookUrl": "javascript:alert(1)"}), "webhookUrl"),
    ];
    for (body, field) in bad {
        let (status, answer) = admin.post("/wallet/createinvoice", body.clone()).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("invalid_request")),
            "{body}: {answer}"
        );
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains(field), "{body}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_too_small_is_sent_back() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let (_, made) = admin
        .post("/wallet/createinvoice", json!({"amountSat": 100}))
        .await;
    let bolt11 = made["serialized"].as_str().unwrap();
    let hash = payment_hash(bolt11);
    app.node.customer_pays(bolt11, 99_999);
    until(async || app.node.has_refused(hash).then_some(())).await;
    let path = format!("/wallet/payments/incoming/{hash}");
    assert_eq!(admin.get(&path).await.1["status"], "PENDING");
    app.node.customer_pays(bolt11, 100_000);
    until(async || (admin.get(&path).await.1["status"] == "RECEIVED").then_some(())).await;
    // Paid is paid: a second HTLC goes back, and nothing is credited for it.
    app.node.customer_pays(bolt11, 100_000);
    let (_, other) = admin
        .post("/wallet/createinvoice", json!({"amountSat": 1}))
        .await;
    app.node
        .customer_pays(other["serialized"].as_str().unwrap(), 1_000);
    let path = format!(
        "/wallet/payments/incoming/{}",
        other["paymentHash"].as_str().unwrap()
    );
    until(async || (admin.get(&path).await.1["status"] == "RECEIVED").then_some(())).await;
    assert_eq!(admin.get("/wallet/getbalance").await.1["balanceSat"], 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn decoding_answers_amount_and_description_or_one_error() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let bolt11 = app.node.foreign(Foreign::default());
    for text in [
        bolt11.clone(),
        bolt11.to_uppercase(),
        format!("lightning:{bolt11}"),
    ] {
        let (status, decoded) = admin
            .post("/wallet/decodeinvoice", json!({"invoice": text}))
            .await;
        assert_eq!(status, 200, "{decoded}");
        assert_eq!(
            (&decoded["amountSat"], &decoded["description"]),
            (&json!(1_000), &json!("goods"))
        );
    }
    let open = app.node.foreign(Foreign {
        amount_msat: None,
        ..Foreign::default()
    });
    let (_, decoded) = admin
        .post("/wallet/decodeinvoice", json!({"invoice": open}))
        .await;
    assert_eq!(decoded["amountSat"], Value::Null);

    let mut broken = bolt11.clone();
    broken.replace_range(30..31, if &broken[30..31] == "q" { "p" } else { "q" });
    let wrong: Vec<Value> = vec![
        json!({"invoice": ""}),
        json!({"invoice": "lnbc1"}),
        json!({"invoice": broken}),
        json!({"invoice": "x".repeat(20_000)}),
        json!({"invoice": 5}),
        json!({}),
    ];
    for body in wrong {
        let answer = admin.post("/wallet/decodeinvoice", body).await;
        assert_eq!(answer, (400, json!({"error": "Could not decode invoice"})));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_needs_a_channel_says_what_the_provider_takes() {
    let lsp = LspPolicy {
        max_fee_ppm: 1_000,
        max_fee_floor: Msat::ZERO,
    };
    let app = TestApp::with_lsp(lsp).await;
    let admin = app.wallet_admin().await;
    let ask = async |wanted: Value| admin.post("/wallet/createinvoice", wanted).await;
    // The channels of the fake node can receive 500,000 sat.
    let (status, made) = ask(json!({"amountSat": 500_000})).await;
    assert_eq!(status, 200, "{made}");
    assert!(made.get("lspFeeSat").is_none(), "{made}");
    let (status, made) = ask(json!({})).await;
    assert_eq!(status, 200, "{made}");
    // A part of a satoshi is told as a whole one: it is never more than what was told.
    let (status, made) = ask(json!({"amountSat": 1_100_000})).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["lspFeeSat"], LSP_FEE_MSAT.div_ceil(1_000));
    // A thousandth of this is less than the provider wants.
    let (status, refused) = ask(json!({"amountSat": 1_000_000})).await;
    assert_eq!(
        (status, &refused["code"]),
        (503, &json!("node_unavailable"))
    );
    assert_eq!(refused["message"], "too dear");
    let rows = admin.get("/wallet/payments/incoming?all=true").await.1;
    assert_eq!(rows.as_array().unwrap().len(), 3, "{rows}");
}
