//! Channels just in time (LSPS2): a till without a channel sells, and what the liquidity provider takes
//! is in the books to the millisatoshi.

use serde_json::{Value, json};
use till::invoice::State;
use till::ledger::{Account, Balance};
use till_actors::service::Hold;

use crate::audit::Books;
use crate::beside::{BesideTill, house_invoice};
use crate::books::{balance, close_and_replay};
use crate::reconcile::at_rest;
use crate::shop::{Answer, Shop, text, until};

/// Looks follow each other quickly, so that no story waits for minutes.
const QUICK: [(&str, &str); 2] = [
    ("TILL_PAYMENTS_RECHECK_SECS", "1"),
    ("TILL_PAYMENTS_WAIT_SECS", "5"),
];

/// What the sandbox's provider takes: 0.4 %, at least 1,000 sat.
const FEE_MIN_SAT: u64 = 1_000;

/// A till without channels sells for the first time.
async fn first_sale(shop: &Shop, amount_sat: u64) -> (Value, Value) {
    let wanted = json!({"amountSat": amount_sat, "externalId": "first"});
    let (status, made) = shop.post("/wallet/createinvoice", wanted).await;
    assert_eq!(status, 200, "{made}");
    let paid = shop.customer_pays(&text(&made, "serialized")).await;
    paid.unwrap();
    let row = shop
        .incoming_becomes(&text(&made, "paymentHash"), "RECEIVED")
        .await;
    (made, row)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_with_nothing_sells_and_its_second_sale_uses_the_channel() {
    let shop = Shop::open_poor(&QUICK).await;
    let books = Books::of(&shop);
    let channels = shop.get("/wallet/channels").await;
    assert_eq!(channels, json!([]));

    let (made, row) = first_sale(&shop, 100_000).await;
    assert_eq!(made["lspFeeSat"], FEE_MIN_SAT, "{made}");
    assert_eq!(row["fees"], FEE_MIN_SAT * 1_000, "{row}");
    assert_eq!(row["requestedSat"], 100_000, "{row}");
    assert_eq!(row["receivedSat"], 100_000 - FEE_MIN_SAT, "{row}");
    let channels = shop.get("/wallet/channels").await;
    assert_eq!(channels[0]["state"], "NORMAL", "{channels}");
    let node = at_rest(&shop, &books).await;
    assert_eq!(node["ledger_lightning_msat"], 99_000_000, "{node}");

    // The channel is half as large again as the first sale.
    let (status, made) = shop
        .post("/wallet/createinvoice", json!({"amountSat": 20_000}))
        .await;
    assert_eq!((status, &made["lspFeeSat"]), (200, &Value::Null), "{made}");
    shop.customer_pays(&text(&made, "serialized"))
        .await
        .unwrap();
    let second = text(&made, "paymentHash");
    let row = shop.incoming_becomes(&second, "RECEIVED").await;
    assert_eq!(
        (&row["receivedSat"], &row["fees"]),
        (&json!(20_000), &json!(0))
    );
    let channels = shop.get("/wallet/channels").await;
    assert_eq!(channels.as_array().unwrap().len(), 1, "{channels}");
    at_rest(&shop, &books).await;

    let accounts = close_and_replay(&shop).await;
    is_gross(&accounts, 120_000_000, FEE_MIN_SAT * 1_000);
}

/// Wallet and `fees:lsp` tell what came in gross, and what the provider took of it.
fn is_gross(accounts: &[Balance], gross_msat: u64, fee_msat: u64) {
    let house = balance(accounts, Account::HOUSE);
    assert_eq!(house.credits_posted, gross_msat);
    assert_eq!(house.debits_posted, fee_msat);
    let fees = balance(accounts, Account::FeesLsp);
    assert_eq!(
        (fees.debits_posted, fees.credits_posted),
        (fee_msat, fee_msat)
    );
    let held = i128::from(gross_msat - fee_msat);
    assert_eq!(balance(accounts, Account::Lightning).debit_msat(), held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_the_claim_forgets_neither_sale_nor_fee() {
    let shop = Shop::open_poor(&QUICK).await;
    let books = Books::of(&shop);
    let (bolt11, hash) = shop.invoice(json!({"amountSat": 100_000})).await;
    // The customer has the preimage, so the till has claimed. What it knows else is left open.
    shop.customer_pays(&bolt11).await.unwrap();
    shop.world.till().kill().await.unwrap();
    shop.world.start_till().await.unwrap();
    let row = shop.incoming_becomes(&hash, "RECEIVED").await;
    assert_eq!(row["fees"], FEE_MIN_SAT * 1_000, "{row}");
    assert_eq!(row["receivedSat"], 100_000 - FEE_MIN_SAT, "{row}");
    at_rest(&shop, &books).await;
    let accounts = close_and_replay(&shop).await;
    let fees = balance(&accounts, Account::FeesLsp);
    assert_eq!(fees.debits_posted, FEE_MIN_SAT * 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_invoice_is_made_that_nothing_could_pay() {
    // One per cent, or 900 sat: less than the provider wants below 100,000 sat.
    let terms = [
        ("TILL_LSP_MAX_FEE_PPM", "10000"),
        ("TILL_LSP_MAX_FEE_FLOOR_SAT", "900"),
    ];
    let shop = Shop::open_poor(&terms).await;
    let ask = async |wanted: Value| shop.post("/wallet/createinvoice", wanted).await;
    let too_small = ask(json!({"amountSat": 4_999})).await;
    refused(&too_small, "offers no channel for this amount");
    let too_dear = ask(json!({"amountSat": 99_999})).await;
    refused(&too_dear, "wants more for a channel");
    let open = ask(json!({})).await;
    refused(&open, "needs an amount");
    let (status, made) = ask(json!({"amountSat": 100_000})).await;
    assert_eq!((status, &made["lspFeeSat"]), (200, &json!(1_000)), "{made}");

    shop.world.lsp().stop().await.unwrap();
    let away = ask(json!({"amountSat": 100_000})).await;
    refused(&away, "cannot be reached");
    // What was refused is nowhere to be seen.
    let rows = shop.get("/wallet/payments/incoming?all=true").await;
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    shop.world.lsp().restart().await.unwrap();
    let (status, made) = ask(json!({"amountSat": 100_000})).await;
    assert_eq!(status, 200, "{made}");
    shop.close().await;
}

fn refused((status, body): &Answer, why: &str) {
    assert_eq!((*status, &body["code"]), (503, &json!("node_unavailable")));
    assert!(text(body, "message").contains(why), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_payment_that_is_never_claimed_costs_nothing() {
    let shop = Shop::open_poor(&[]).await;
    let beside = BesideTill::start(&shop).await;
    let service = beside.till.service();
    let held = service.create_invoice(house_invoice(100_000, Some(Hold::Ours)));
    let held = held.await.unwrap();
    assert_eq!(held.lsp_fee_quoted.unwrap().get(), FEE_MIN_SAT * 1_000);
    let bolt11 = held.bolt11.unwrap();
    let customer = shop.world.customer().clone();
    let paying = tokio::spawn(async move { customer.pay(&bolt11, None).await });
    beside.becomes(held.hash, State::Held).await;

    // Nobody settles it: before the deadline it goes back, and only the channel stays.
    let deadline = beside.deadline(held.hash).await;
    let height = service.readiness().await.height;
    shop.world.mine(deadline - height - 3).await.unwrap();
    until("the deadline to come", async || {
        shop.world.mine(1).await.unwrap();
        let invoice = service.invoice(held.hash).await.unwrap().unwrap();
        (invoice.state == State::Cancelled).then_some(())
    })
    .await;
    assert!(paying.await.unwrap().is_err());
    assert_eq!(service.house_balance().await.unwrap().ledger_msat, 0);

    // It is good for the next sale, which costs nothing.
    let plain = service.create_invoice(house_invoice(50_000, None));
    let plain = plain.await.unwrap();
    assert_eq!(plain.lsp_fee_quoted, None);
    shop.customer_pays(&plain.bolt11.unwrap()).await.unwrap();
    beside.becomes(plain.hash, State::Paid).await;
    let balance = service.house_balance().await.unwrap();
    assert_eq!(balance.ledger_msat, 50_000_000);
    beside.till.stop().await;
    shop.close().await;
}
