//! On-chain money where the chain decides otherwise than was meant: the original is mined instead of
//! its replacement, a reorg gives a payment's coins to another, a closing's money comes back from
//! somebody else.

use bitcoin::absolute::LockTime;
use bitcoin::opcodes::OP_TRUE;
use bitcoin::script::Builder;
use bitcoin::transaction::Version;
use bitcoin::{
    Address, Amount, Network, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid,
    Witness,
};
use serde_json::{Value, json};

use crate::audit::Books;
use crate::closing::{arrives, channel, wish};
use crate::onchain::{audit_agrees, becomes, deposit_becomes, fund, got, pay, payment, stranger};
use crate::shop::{Shop, text, until};

const QUICK: [(&str, &str); 2] = [
    ("TILL_PAYMENTS_RECHECK_SECS", "1"),
    ("TILL_PAYMENTS_WAIT_SECS", "5"),
];

/// Confirmations after which a transaction is taken for final.
const FINAL_DEPTH: u32 = 6;

/// Waits for a payment to be as wanted, with the blocks that there are.
async fn comes_to_be(shop: &Shop, id: &str, status: &str) -> Value {
    until(&format!("payment to be {status}"), async || {
        let row = payment(shop, id).await;
        (row["status"] == status).then_some(row)
    })
    .await
}

/// So much that no coin of the wallet's can be left out.
async fn nearly_all(shop: &Shop) -> u64 {
    let balance = shop.get("/wallet/getbalance").await;
    balance["onchainBalanceSat"].as_u64().unwrap() - 300_000
}

/// A payment is made with what another left.
fn rests_on(shop: &Shop, payment: &Value, parent: Txid) {
    let child = transaction(shop, &text(payment, "txId"));
    let mut inputs = child.input.iter();
    assert!(inputs.any(|input| input.previous_output.txid == parent));
}

fn transaction(shop: &Shop, tx_id: &str) -> Transaction {
    let tx_id: Txid = tx_id.parse().unwrap();
    let view = shop.world.chain().tx(&tx_id).expect("the chain has it");
    (*view.tx).clone()
}

/// A payment that rests on a replacement's change dies with it, and gives its money back.
#[tokio::test(flavor = "multi_thread")]
async fn the_original_may_be_mined_instead_of_the_replacement() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let (first, second) = (stranger(70), stranger(71));
    let paid = pay(&shop, &first, 50_000, 2).await;
    let original = transaction(&shop, &text(&paid, "txId"));
    let (status, bumped) = shop.post("/wallet/bumpfee", json!(30)).await;
    assert_eq!(status, 200, "{bumped}");
    let bumped = transaction(
        &shop,
        &text(&payment(&shop, &text(&paid, "paymentId")).await, "txId"),
    );
    assert_ne!(bumped, original);
    let most = nearly_all(&shop).await;
    let resting = pay(&shop, &second, most, 3).await;
    rests_on(&shop, &resting, bumped.compute_txid());

    // Some miner had not heard of the replacement.
    let chain = shop.world.chain();
    chain.evict(&bumped.compute_txid());
    chain.submit(original.clone()).unwrap();
    chain.mine(1);
    let row = becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    assert_eq!(row["txId"], original.compute_txid().to_string(), "{row}");
    let fee = row["sent"].as_u64().unwrap() - 50_000;
    assert_eq!(paid["feesSat"], fee, "what the original cost");

    // Others are paid meanwhile.
    let third = stranger(72);
    let other = pay(&shop, &third, 10_000, 3).await;
    becomes(&shop, &text(&other, "paymentId"), "SUCCEEDED").await;
    let row = becomes(&shop, &text(&resting, "paymentId"), "FAILED").await;
    assert_eq!(row["amountSat"], most, "{row}");
    let again = pay(&shop, &second, most, 3).await;
    becomes(&shop, &text(&again, "paymentId"), "SUCCEEDED").await;
    assert_eq!(got(&shop, &second), [most], "once");
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

/// Two payments count, the second made with the first one's change; then the chain decides otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn a_reorg_may_take_away_for_good_what_had_counted() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let (first, second) = (stranger(75), stranger(76));
    let paid = pay(&shop, &first, 50_000, 2).await;
    let original = transaction(&shop, &text(&paid, "txId"));
    let (status, bumped) = shop.post("/wallet/bumpfee", json!(30)).await;
    assert_eq!(status, 200, "{bumped}");
    let replacement: Txid = text(&bumped, "txId").parse().unwrap();
    let most = nearly_all(&shop).await;
    let resting = pay(&shop, &second, most, 3).await;
    rests_on(&shop, &resting, replacement);
    let (first_id, second_id) = (text(&paid, "paymentId"), text(&resting, "paymentId"));
    shop.world.mine(1).await.unwrap();
    comes_to_be(&shop, &first_id, "SUCCEEDED").await;
    comes_to_be(&shop, &second_id, "SUCCEEDED").await;

    let chain = shop.world.chain();
    let depth = chain.confirmations(&replacement);
    chain.reorg_without(depth, &[replacement]).unwrap();
    chain.evict(&replacement);
    chain.submit(original.clone()).unwrap();
    shop.world.mine(FINAL_DEPTH).await.unwrap();
    comes_to_be(&shop, &second_id, "FAILED").await;
    let row = comes_to_be(&shop, &first_id, "SUCCEEDED").await;
    assert_eq!(row["txId"], original.compute_txid().to_string(), "{row}");
    assert_eq!(
        (got(&shop, &first), got(&shop, &second)),
        (vec![50_000], vec![])
    );
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

/// The original is what a mempool has; nobody takes the replacement; another replacement helps.
#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_that_nobody_has_can_be_replaced() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let friend = stranger(73);
    let paid = pay(&shop, &friend, 50_000, 2).await;
    // Somebody spends what is not confirmed yet, at a high fee: a replacement has to pay for that too.
    let to = anybodys();
    let waiting = pay(&shop, &to, 60_000, 2).await;
    let child = transaction(&shop, &text(&waiting, "txId"));
    let child = spend(&child, &to, &stranger(74), 30_000);
    shop.world.chain().submit(child).unwrap();
    let id = text(&waiting, "paymentId");
    let body = json!({"txId": text(&waiting, "txId"), "feerateSatByte": 5});
    let (status, bumped) = shop.post("/wallet/bumpfee", body).await;
    assert_eq!(
        (status, &bumped["status"]),
        (202, &json!("pending")),
        "{bumped}"
    );
    let newest = text(&payment(&shop, &id).await, "txId");
    assert!(shop.world.chain().tx(&newest.parse().unwrap()).is_none());

    let body = json!({"txId": newest, "feerateSatByte": 400});
    let (status, bumped) = shop.post("/wallet/bumpfee", body).await;
    assert_eq!(status, 200, "{bumped}");
    let newest = text(&payment(&shop, &id).await, "txId");
    transaction(&shop, &newest);
    let row = becomes(&shop, &id, "SUCCEEDED").await;
    assert_eq!(row["txId"], newest, "{row}");
    becomes(&shop, &text(&paid, "paymentId"), "SUCCEEDED").await;
    assert_eq!(got(&shop, &friend), [50_000]);
    assert_eq!(got(&shop, &to), [60_000]);
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

/// A channel's money went to somebody, who sends some of it back: that is a deposit.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_closing_paid_and_somebody_pays_back_is_a_deposit() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let id = channel(&shop).await;
    let vault = anybodys();
    let (status, closing) = shop.post("/wallet/closechannel", wish(&id, &vault)).await;
    assert_eq!(status, 200, "{closing}");
    let amount = arrives(&shop, &id, &vault).await;
    let rows = shop.get("/wallet/payments/outgoing?limit=1").await;
    let sweep = transaction(&shop, &text(&rows[0], "txId"));

    let (_, address) = shop.post("/wallet/newaddress", json!({})).await;
    let back: Address<_> = text(&address, "address").parse().unwrap();
    let back = spend(&sweep, &vault, &back.assume_checked(), 1_000);
    let deposit = shop.world.chain().submit(back).unwrap().to_string();
    deposit_becomes(&shop, &deposit, "PENDING").await;
    shop.world.mine(1).await.unwrap();
    let row = deposit_becomes(&shop, &deposit, "RECEIVED").await;
    assert_eq!(row["receivedSat"], amount - 1_000, "{row}");
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

/// To send a channel's money to the wallet itself is to leave it there.
#[tokio::test(flavor = "multi_thread")]
async fn a_closing_to_an_address_of_the_till_s_own_leaves_the_money_where_it_is() {
    let shop = Shop::open_with(&QUICK).await;
    let books = Books::of(&shop);
    fund(&shop, 1_000_000).await;
    let id = channel(&shop).await;
    let (_, own) = shop.post("/wallet/newaddress", json!({})).await;
    let own: Address<_> = text(&own, "address").parse().unwrap();
    let body = wish(&id, &own.assume_checked());
    let (status, closing) = shop.post("/wallet/closechannel", body).await;
    assert_eq!(status, 200, "{closing}");
    until("the channel to be gone", async || {
        shop.world.mine(1).await.unwrap();
        let info = shop.get("/wallet/getinfo").await;
        let channels = info["channels"].as_array().unwrap().clone();
        let is_gone = channels.iter().all(|one| one["channelId"] != id);
        is_gone.then_some(())
    })
    .await;
    let rows = shop.get("/wallet/payments/outgoing?all=true").await;
    assert_eq!(rows, json!([]), "nothing was sent");
    audit_agrees(&shop, &books).await;
    shop.close().await;
}

fn anybodys_script() -> ScriptBuf {
    Builder::new().push_opcode(OP_TRUE).into_script()
}

/// An address whose coins everybody can spend.
fn anybodys() -> Address {
    Address::p2wsh(&anybodys_script(), Network::Regtest)
}

/// Spends what a transaction paid to [`anybodys`].
fn spend(parent: &Transaction, from: &Address, to: &Address, fee_sat: u64) -> Transaction {
    let script = from.script_pubkey();
    let vout = parent.output.iter().position(|o| o.script_pubkey == script);
    let vout = vout.expect("it pays that address");
    let value = parent.output[vout].value - Amount::from_sat(fee_sat);
    let mut witness = Witness::new();
    witness.push(anybodys_script().as_bytes());
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(parent.compute_txid(), u32::try_from(vout).unwrap()),
            script_sig: ScriptBuf::new(),
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
            witness,
        }],
        output: vec![TxOut {
            value,
            script_pubkey: to.script_pubkey(),
        }],
    }
}
