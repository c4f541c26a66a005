//! What clients of real servers take for granted and the documentation does not have: the `v1` dialect's
//! spelling of shares, how LNbits' pages take one, and what `/payments` leaves out.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use tilld::lnbits::Dialect;

#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_spelled_and_taken_as_lnbits_pages_do() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let (ana, ben) = (app.holder("ana").await, app.holder("ben").await);
    let named = json!({"name": "till"});
    assert_eq!(ana.call(Method::POST, "/wallet", &named).await.0, 200);
    let wallet = ana.wallet_named("till").await;
    let take = json!({"wallet_type": "lightning-shared", "shared_wallet_id": wallet.id});
    let uninvited = ben.call(Method::POST, "/wallet", &take).await;
    assert_eq!(uninvited, (400, json!({"detail": "Invitation not found."})));

    let names = json!(["view-payments", "receive-payments"]);
    let invite = json!({"username": "ben", "permissions": names});
    let (key, path) = (Some(wallet.adminkey.as_str()), "/wallet/share/invite");
    let (status, invited) = wallet.call(Method::PUT, path, key, Some(&invite)).await;
    assert_eq!(
        (status, &invited["permissions"]),
        (200, &names),
        "{invited}"
    );
    let (_, me) = ben.get("/auth").await;
    let request = &me["extra"]["wallet_invite_requests"][0];
    assert_eq!(request["permissions"], names, "{me}");

    let (status, taken) = ben.call(Method::POST, "/wallet", &take).await;
    assert_eq!(status, 200, "{taken}");
    assert_eq!(taken["wallet_type"], "lightning-shared");
    assert_eq!(taken["shared_wallet_id"], wallet.id);
    assert_eq!(taken["share_permissions"], names);
    assert_ne!(taken["adminkey"], wallet.adminkey);
    let again = ben.call(Method::POST, "/wallet", &take).await;
    assert_eq!(again, (200, taken), "taken once, shown again");
    let (_, list) = ben.get("/wallets").await;
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");

    let mirror = ben.wallet_named("till").await;
    let asked = json!({"out": false, "amount": 5});
    let (status, made) = mirror.post("/payments", asked).await;
    assert_eq!(status, 201, "receive-payments: {made}");
    let pay = json!({"out": true, "bolt11": made["bolt11"]});
    assert_eq!(
        mirror.post("/payments", pay).await.0,
        403,
        "not send-payments"
    );
    let (status, _) = mirror
        .call(Method::PUT, "/wallet/mine", Some(&mirror.adminkey), None)
        .await;
    assert_eq!(status, 403, "not manage");
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_leaves_out_what_failed_unless_it_is_asked_for() {
    for (dialect, listed) in [(Dialect::V1, 1), (Dialect::Documented, 2)] {
        let app = TestApp::lnbits(dialect).await;
        let wallet = app.wallet("shop").await;
        let asked = json!({"out": false, "amount": 5, "memo": "open"});
        assert_eq!(wallet.post("/payments", asked).await.0, 201);
        let asked = json!({"out": false, "amount": 7, "memo": "late", "expiry": 1});
        let (_, late) = wallet.post("/payments", asked).await;
        let path = format!("/payments/{}", late["checking_id"].as_str().unwrap());
        until(async || (wallet.get(&path).await.1["status"] == "failed").then_some(())).await;

        let count = async |path: &str| {
            let (status, list) = wallet.get(path).await;
            assert_eq!(status, 200, "{path} {list}");
            let rows = list.as_array().or(list["data"].as_array());
            rows.unwrap().len()
        };
        assert_eq!(count("/payments").await, listed, "{dialect:?}");
        assert_eq!(count("/payments?status=failed").await, 1, "{dialect:?}");
        assert_eq!(count("/payments/paginated").await, 2, "{dialect:?}");
        let (_, shown) = wallet.get(&path).await;
        let labels: Value = match dialect {
            Dialect::V1 => json!(["expired"]),
            Dialect::Documented => json!([]),
        };
        assert_eq!(shown["details"]["labels"], labels, "{dialect:?}");
    }
}
