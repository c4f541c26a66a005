//! On-chain payments on real blocks: paid, bumped, refused, and killed between any two of their steps.

use bitcoin::hashes::Hash;
use bitcoin::{Address, Network, ScriptBuf, Txid, WPubkeyHash};
use reqwest::Method;
use serde_json::{Value, json};

use crate::audit::Books;
use crate::shop::{Shop, text, until};

const QUICK: [(&str, &str); 2] = [
    ("TILL_PAYMENTS_RECHECK_SECS", "1"),
    ("TILL_PAYMENTS_WAIT_SECS", "5"),
];

/// Somebody's address, whose coins nobody else moves.
pub fn stranger(who: u8) -> Address {
    let script = ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array([who; 20]));
    Address::from_script(&script, Network::Regtest).unwrap()
}

/// What somebody has got on the chain, in satoshis each.
pub fn got(shop: &Shop, address: &Address) -> Vec<u64> {
    let coins = shop.world.chain().utxos(&address.script_pubkey());
    coins
        .iter()
        .map(|coin| coin.output.value.to_sat())
        .collect()
}

/// Gives the till coins of its own.
pub async fn fund(shop: &Shop, amount_sat: u64) {
    let (_, address) = shop.post("/wallet/newaddress", json!({})).await;
    let address = text(&address, "address");
    let tx_id = shop.world.fund(&address, amount_sat, true).await.unwrap();
    deposit_becomes(shop, &tx_id.to_string(), "RECEIVED").await;
}

/// Waits until the till has seen a deposit, and has it as wanted.
pub async fn deposit_becomes(shop: &Shop, tx_id: &str, status: &str) -> Value {
    let path = format!("/wallet/payments/incoming/{tx_id}");
    until(&format!("deposit {tx_id} to be {status}"), async || {
        let (found, row) = shop.try_call(Method::GET, &path, None, &[]).await.unwrap();
        (found == 200 && row["status"] == status).then_some(row)
    })
    .await
}

pub async fn pay(shop: &Shop, to: &Address, amount_sat: u64, feerate: u64) -> Value {
    let (status, paid) = shop
        .post(
            "/wallet/payonchain",
            json!({"amountSat": amount_sat, "address": to.to_string(), "feerateSatByte": feerate}),
        )
        .await;
    assert_eq!(status, 200, "{paid}");
    paid
}

pub async fn payment(shop: &Shop, id: &str) -> Value {
    shop.get(&format!("/wallet/payments/outgoing/{id}")).await
}

/// Mines until a payment is as wanted.
pub async fn becomes(shop: &Shop, id: &str, status: &str) -> Value {
    until(&format!("on-chain payment to be {status}"), async || {
        shop.world.mine(1).await.unwrap();
        let row = payment(shop, id).await;
        (row["status"] == status).then_some(row)
    })
    .await
}

pub async fn audit_agrees(shop: &Shop, books: &Books) {
    until("ledger and node to agree", async || {
        shop.world.mine(1).await.unwrap();
        let audit = books.audit(&["--json"]).await;
        let node = audit.json()["node"].clone();
        let agrees = node["onchain_msat"].is_i64() && node["explanation"].is_null();
        (agrees && audit.code() == 0).then_some(())
    })
    .await;
}

/// Feerates are by weight: a virtual byte is up to a whole one too much.
fn is_due(fee: u64, vsize: u64, feerate: u64) -> bool {
    (feerate * (vsize - 1)..=feerate * vsize).contains(&fee)
}

fn tx(shop: &Shop, tx_id: &str) -> Option<(u64, u64)> {
    let tx_id: Txid = tx_id.parse().unwrap();
    let view = shop.world.chain().tx(&tx_id)?;
    Some((
        view.tx.vsize() as u64,
        u64::from(shop.world.chain().confirmations(&tx_id)),
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn money_comes_and_goes_on_the_chain() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    let mut display = shop.display().await;

    // A deposit is seen before it counts.
    let (_, address) = shop.post("/wallet/newaddress", json!({})).await;
    let address = text(&address, "address");
    let deposit = shop.world.fund(&address, 1_000_000, false).await.unwrap();
    let seen = deposit_becomes(&shop, &deposit.to_string(), "PENDING").await;
    assert_eq!(seen["subType"], "onchain", "{seen}");
    assert_eq!(
        (&seen["amountSat"], &seen["receivedSat"]),
        (&json!(1_000_000), &json!(0))
    );
    shop.world.mine(1).await.unwrap();
    let counted = shop
        .incoming_becomes(&deposit.to_string(), "RECEIVED")
        .await;
    assert_eq!(counted["receivedSat"], 1_000_000, "{counted}");
    let listed = shop.get("/wallet/payments/incoming").await;
    assert_eq!(listed[0]["txId"], deposit.to_string(), "{listed}");

    let friend = stranger(1);
    let body = json!({"amountSat": 100_000, "address": friend.to_string(), "feerateSatByte": 5});
    let key = [("Idempotency-Key", "one")];
    let call = async |body: &Value| {
        shop.try_call(Method::POST, "/wallet/payonchain", Some(body.clone()), &key)
            .await
            .unwrap()
    };
    let (status, paid) = call(&body).await;
    assert_eq!(status, 200, "{paid}");
    assert_eq!(paid["amountSat"], 100_000);
    let (vsize, depth) = tx(&shop, &text(&paid, "txId")).expect("it is in the mempool");
    let fee = paid["feesSat"].as_u64().unwrap();
    assert_eq!(depth, 0);
    assert!(is_due(fee, vsize, 5), "{fee} for {vsize} vB");
    let (status, again) = call(&body).await;
    assert_eq!(
        (status, &again["txId"]),
        (200, &paid["txId"]),
        "a repeat is no second payment"
    );
    let (status, other) = call(&json!({"amountSat": 1_000, "address": friend.to_string()})).await;
    assert_eq!(
        (status, &other["code"]),
        (409, &json!("idempotency_conflict"))
    );

    let id = text(&paid, "paymentId");
    let row = payment(&shop, &id).await;
    assert_eq!(
        (&row["status"], &row["subType"]),
        (&json!("PENDING"), &json!("onchain"))
    );
    let row = becomes(&shop, &id, "SUCCEEDED").await;
    assert_eq!(row["txId"], paid["txId"]);
    assert_eq!(row["sent"].as_u64().unwrap(), 100_000 + fee, "{row}");
    assert_eq!(got(&shop, &friend), [100_000]);
    let told = display.next_of("payment_sent").await;
    assert_eq!(
        (&told["txId"], &told["miningFeeSat"]),
        (&paid["txId"], &json!(fee))
    );

    // The change can be spent before it is confirmed.
    let first = pay(&shop, &friend, 200_000, 2).await;
    let second = pay(&shop, &friend, 300_000, 2).await;
    assert_ne!(first["txId"], second["txId"]);
    becomes(&shop, &text(&second, "paymentId"), "SUCCEEDED").await;
    let mut amounts = got(&shop, &friend);
    amounts.sort_unstable();
    assert_eq!(amounts, [100_000, 200_000, 300_000]);
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_paid_on_the_chain_says_why() {
    let shop = Shop::open_with(&QUICK).await;
    fund(&shop, 500_000).await;
    let spendable = shop.get("/wallet/getbalance").await["onchainSpendableSat"].clone();
    let (_, own) = shop.post("/wallet/newaddress", json!({})).await;
    let own = text(&own, "address");
    let friend = stranger(1).to_string();
    let mainnet = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    let cases = [
        (
            json!({"amountSat": 1_000, "address": mainnet, "feerateSatByte": 1}),
            400,
            "invalid_address",
        ),
        (
            json!({"amountSat": 1_000, "address": "nobody", "feerateSatByte": 1}),
            400,
            "invalid_address",
        ),
        (
            json!({"amountSat": 1_000, "address": "x".repeat(91), "feerateSatByte": 1}),
            400,
            "invalid_request",
        ),
        (
            json!({"amountSat": 293, "address": friend, "feerateSatByte": 1}),
            400,
            "invalid_request",
        ),
        (
            json!({"amountSat": 0, "address": friend, "feerateSatByte": 1}),
            400,
            "invalid_request",
        ),
        (
            json!({"amountSat": 1_000, "address": friend, "feerateSatByte": 0}),
            400,
            "invalid_request",
        ),
        (
            json!({"amountSat": 1_000, "address": friend, "feerateSatByte": 5_001}),
            400,
            "invalid_request",
        ),
        (
            json!({"amountSat": spendable, "address": friend, "feerateSatByte": 1}),
            402,
            "insufficient_funds",
        ),
        (
            json!({"amountSat": 900_000_000, "address": friend, "feerateSatByte": 1}),
            402,
            "insufficient_funds",
        ),
        (
            json!({"amountSat": 1_000, "address": own, "feerateSatByte": 1}),
            409,
            "self_payment",
        ),
    ];
    for (body, status, code) in cases {
        let (got, answer) = shop.post("/wallet/payonchain", body.clone()).await;
        assert_eq!(
            (got, &answer["code"]),
            (status, &json!(code)),
            "{body}: {answer}"
        );
    }
    // What channels may need to be closed is kept, and the answer says what would help.
    let (_, poor) = shop
        .post(
            "/wallet/payonchain",
            json!({"amountSat": spendable, "address": friend, "feerateSatByte": 1}),
        )
        .await;
    let message = text(&poor, "message");
    assert!(message.contains("kept to close channels"), "{message}");
    assert!(message.contains("would free"), "{message}");
    let pending = shop.get("/wallet/payments/outgoing?all=true").await;
    assert_eq!(pending, json!([]), "nothing is half done");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_is_bumped_and_the_replacement_mined() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let nothing = shop.post("/wallet/bumpfee", json!(25)).await;
    assert_eq!((nothing.0, &nothing.1["code"]), (409, &json!("conflict")));

    let friend = stranger(2);
    let paid = pay(&shop, &friend, 150_000, 1).await;
    let old_fee = paid["feesSat"].as_u64().unwrap();
    let too_low = shop.post("/wallet/bumpfee", json!(1)).await;
    assert_eq!(
        (too_low.0, &too_low.1["code"]),
        (400, &json!("invalid_request"))
    );

    let (status, bumped) = shop.post("/wallet/bumpfee", json!(25)).await;
    assert_eq!(status, 200, "{bumped}");
    assert_eq!(bumped["newFeerateSatByte"], 25);
    let (vsize, _) = tx(&shop, &text(&bumped, "txId")).expect("it is in the mempool");
    let more = bumped["additionalFeesSat"].as_u64().unwrap();
    let fee = old_fee + more;
    assert!(is_due(fee, vsize, 25), "{fee} for {vsize} vB");

    // Again, by name, with a key that makes a repeat the same bump.
    let body = json!({"txId": text(&bumped, "txId"), "feerateSatByte": 40});
    let key = [("Idempotency-Key", "bump")];
    let call = async || {
        shop.try_call(Method::POST, "/wallet/bumpfee", Some(body.clone()), &key)
            .await
            .unwrap()
    };
    let (status, again) = call().await;
    assert_eq!(status, 200, "{again}");
    let (_, repeated) = call().await;
    assert_eq!(repeated, again);

    let row = becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    assert_eq!(row["txId"], again["txId"]);
    assert!(tx(&shop, &text(&again, "txId")).is_some_and(|(_, depth)| depth > 0));
    assert_eq!(
        tx(&shop, &text(&paid, "txId")),
        None,
        "the original is gone"
    );
    assert_eq!(tx(&shop, &text(&bumped, "txId")), None);
    assert_eq!(got(&shop, &friend), [150_000]);
    let fee = fee + again["additionalFeesSat"].as_u64().unwrap();
    assert_eq!(row["sent"].as_u64().unwrap(), 150_000 + fee);

    let late = shop
        .post(
            "/wallet/bumpfee",
            json!({"txId": text(&paid, "txId"), "feerateSatByte": 90}),
        )
        .await;
    assert_eq!(late.0, 409, "{late:?}");
    let unknown = shop
        .post(
            "/wallet/bumpfee",
            json!({"txId": "ab".repeat(32), "feerateSatByte": 9}),
        )
        .await;
    assert_eq!(unknown.0, 404, "{unknown:?}");
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_s_funding_is_never_replaced() {
    let shop = Shop::open_with(&QUICK).await;
    fund(&shop, 1_000_000).await;
    let peer = shop.world.customer();
    let wanted = json!({"nodeId": peer.node_id().to_string(), "address": peer.address().to_string(),
        "amountSat": 300_000});
    let (status, opened) = shop.post("/wallet/channels", wanted).await;
    assert_eq!(status, 201, "{opened}");
    let funding = text(&opened, "fundingTxId");
    for body in [json!(50), json!({"txId": funding, "feerateSatByte": 50})] {
        let refused = shop.post("/wallet/bumpfee", body).await;
        assert_eq!(
            (refused.0, &refused.1["code"]),
            (409, &json!("conflict")),
            "{refused:?}"
        );
    }
    shop.close().await;
}

/// The till dies at `point` while it does what `path` asks for, and is started again.
pub async fn dies(shop: &Shop, point: &str, path: &str, body: Value) {
    shop.world.till().stop().await.unwrap();
    let at = [("CRASH_AT", point)];
    shop.world.till().start_with(&at).await.unwrap();
    let answer = shop.try_call(Method::POST, path, Some(body), &[]).await;
    until(
        &format!("the till to die at {point}: {answer:?}"),
        async || shop.world.till().pid().await.is_none().then_some(()),
    )
    .await;
    shop.world.till().start().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_survives_death_between_any_two_steps() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 2_000_000).await;
    let points = [
        ("spend.built", false),
        ("spend.journaled", true),
        ("spend.broadcast", true),
        ("spend.seen", true),
        ("spend.synced", true),
    ];
    for (who, (point, is_paid)) in (10..).zip(points) {
        let friend = stranger(who);
        let body = json!({"amountSat": 50_000, "address": friend.to_string(), "feerateSatByte": 3});
        dies(&shop, point, "/wallet/payonchain", body).await;
        let rows = shop.get("/wallet/payments/outgoing?limit=1").await;
        if is_paid {
            let row = becomes(&shop, &text(&rows[0], "paymentId"), "SUCCEEDED").await;
            assert_eq!(row["address"], friend.to_string(), "{point}");
            assert_eq!(got(&shop, &friend), [50_000], "{point}");
        } else {
            shop.world.mine(2).await.unwrap();
            assert_eq!(rows, json!([]), "{point}");
            assert!(got(&shop, &friend).is_empty(), "{point}");
        }
    }
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bump_survives_death_between_any_two_steps() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    for (who, (point, is_bumped)) in (20..).zip([
        ("bump.built", false),
        ("bump.journaled", true),
        ("spend.broadcast", true),
    ]) {
        let friend = stranger(who);
        let paid = pay(&shop, &friend, 50_000, 2).await;
        dies(&shop, point, "/wallet/bumpfee", json!(30)).await;
        let id = text(&paid, "paymentId");
        let newest = payment(&shop, &id).await["txId"].clone();
        assert_eq!(newest != paid["txId"], is_bumped, "{point}");
        let newest = newest.as_str().unwrap().to_owned();
        until("the newest to be in the mempool", async || {
            tx(&shop, &newest)
        })
        .await;
        let row = becomes(&shop, &id, "SUCCEEDED").await;
        assert_eq!(row["txId"], newest, "{point}");
        assert_eq!(got(&shop, &friend), [50_000], "{point}");
    }
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_source_that_is_away_loses_nothing() {
    let shop = Shop::open_with(&QUICK).await;
    fund(&shop, 1_000_000).await;
    shop.world.stop_esplora().await;
    let friend = stranger(3);
    let body = json!({"amountSat": 50_000, "address": friend.to_string(), "feerateSatByte": 3});
    let (status, answer) = shop.post("/wallet/payonchain", body).await;
    assert_eq!(
        (status, &answer["code"]),
        (503, &json!("node_unavailable")),
        "{answer}"
    );
    shop.world.start_esplora().await.unwrap();
    assert_eq!(
        shop.get("/wallet/payments/outgoing?all=true").await,
        json!([])
    );
    let paid = until("the chain source to be asked again", async || {
        let body = json!({"amountSat": 50_000, "address": friend.to_string(), "feerateSatByte": 3});
        let (status, paid) = shop.post("/wallet/payonchain", body).await;
        (status == 200).then_some(paid)
    })
    .await;
    becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    assert_eq!(got(&shop, &friend), [50_000]);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorg_does_not_lose_a_payment() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let friend = stranger(4);
    let paid = pay(&shop, &friend, 50_000, 3).await;
    let tx_id: Txid = text(&paid, "txId").parse().unwrap();
    becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    // The block goes, and the transaction is in nobody's mempool any more.
    let depth = shop.world.chain().confirmations(&tx_id);
    shop.world.chain().reorg_without(depth, &[tx_id]).unwrap();
    shop.world.chain().evict(&tx_id);
    until("it to be broadcast again", async || {
        tx(&shop, &tx_id.to_string())
    })
    .await;
    shop.world.mine(1).await.unwrap();
    assert_eq!(got(&shop, &friend), [50_000]);
    audit_agrees(&shop, &books).await;
    shop.close().await;
}
