//! A till whose disk is nearly full: nothing new is begun, and everything else goes on.

use serde_json::json;
use support::app::TestApp;
use support::fake_node::Foreign;

#[tokio::test(flavor = "multi_thread")]
async fn below_the_floor_invoices_and_payments_are_turned_away_with_503() {
    // No disk has so much room.
    let app = TestApp::start_above(u64::MAX, |_| ()).await.set_up().await;
    let admin = app.wallet_admin().await;
    let bolt11 = app.node.foreign(Foreign::default());
    for (path, body) in [
        ("/wallet/invoice", json!({"amountSat": 1_000})),
        ("/wallet/createinvoice", json!({"amountSat": 1_000})),
        ("/wallet/payinvoice", json!({ "invoice": bolt11 })),
    ] {
        let (status, answer) = admin.post(path, body).await;
        assert_eq!(status, 503, "{path}: {answer}");
        assert_eq!(answer["code"], "node_unavailable", "{path}: {answer}");
    }
    // Reading, and what is under way, is not touched.
    assert_eq!(admin.get("/wallet/getbalance").await.0, 200);
    assert_eq!(admin.get("/wallet/payments/outgoing").await.1, json!([]));
}
