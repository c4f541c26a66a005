//! The machine is lost: what comes back with the seed alone, with a backup alone, and with both.
//! Each figure is exact: what channels held, what their closings and the fetching cost.

use std::path::{Path, PathBuf};

use bitcoin::OutPoint;
use serde_json::{Value, json};
use till_regtest::world::World;

use crate::audit::{Audited, Books};
use crate::onchain::stranger;
use crate::reconcile::{QUICK, at_rest, business};
use crate::shop::{Shop, text, until, with_index};

/// What a till has on the chain after its start: 20,000,000 sat less a channel and its fee.
struct Before {
    /// On the chain, in sat.
    onchain: u64,
    /// In its two channels, in sat.
    in_channels: u64,
    /// The output that holds the money of the channel which the till opened: it pays for the closing.
    funding: OutPoint,
}

impl Before {
    /// What the channels' last states pay the till.
    fn paid_out(&self, shop: &Shop) -> u64 {
        let chain = shop.world.chain();
        let closing = chain.outspend(&self.funding).unwrap().txid;
        self.in_channels - chain.tx(&closing).unwrap().fee.to_sat()
    }
}

/// A shop after some business, and its books.
async fn a_shop() -> (Shop, Books, Before) {
    let shop = Shop::open_with(&with_index(&QUICK)).await;
    let books = Books::of(&shop);
    business(&shop).await;
    let node = at_rest(&shop, &books).await;
    let channels = shop.get("/wallet/channels").await;
    let till = shop.world.till_node().node_id;
    let theirs = shop.world.customer().channels().await.unwrap();
    let mut with_till = theirs.iter().filter(|channel| channel.counterparty == till);
    let funding = with_till.next().unwrap().funding.unwrap();
    let balances = channels.as_array().unwrap().iter();
    let before = Before {
        onchain: node["onchain_msat"].as_u64().unwrap() / 1_000,
        in_channels: balances.map(|c| c["balanceSat"].as_u64().unwrap()).sum(),
        funding,
    };
    assert!(before.in_channels > 5_900_000, "{channels}");
    (shop, books, before)
}

/// The till's folder is gone, with all that was in it but what `kept` names.
async fn the_machine_is_lost(shop: &Shop, kept: &[&str]) {
    shop.world.till().kill().await.unwrap();
    let dir = folder(&shop.world);
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let is_kept = kept.iter().any(|name| path.ends_with(name));
        if !is_kept && path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else if !is_kept {
            std::fs::remove_file(path).unwrap();
        }
    }
}

fn folder(world: &World) -> PathBuf {
    world.dir().join("till")
}

/// The words, as they stand on paper.
fn words(shop: &Shop) -> String {
    let seed = tilld::seed::open(&folder(&shop.world).join("seed"), None).unwrap();
    seed.phrase().to_string()
}

/// Blocks come until a command of the till's has found what it looks for.
async fn fetched(shop: &Shop, books: &Books, coins: usize) -> Audited {
    let url = shop.world.esplora_url();
    let listed = until("the peers to have closed the channels", async || {
        shop.world.mine(1).await.unwrap();
        let listed = books
            .command(&["recover-channels", "--esplora-url", &url])
            .await;
        assert_eq!(listed.code(), 0, "{}", listed.said());
        let said = listed.said();
        let ready = !said.contains("waits for a block");
        (ready && said.matches(" sat\n").count() == coins).then_some(said)
    })
    .await;
    let (_, address) = shop.post("/wallet/newaddress", json!({})).await;
    let address = text(&address, "address");
    let args = [
        "recover-channels",
        "--esplora-url",
        &url,
        "--to",
        &address,
        "--feerate",
        "3",
    ];
    let sent = books.command(&args).await;
    assert_eq!(sent.code(), 0, "{listed}: {}", sent.said());
    sent
}

/// The number before a word in what was said.
fn number_before(said: &str, word: &str) -> u64 {
    let before = said.split(word).next().unwrap();
    let number = before.split_whitespace().last().unwrap();
    number
        .parse()
        .unwrap_or_else(|_| panic!("{number:?} in {said}"))
}

/// What `recover-channels` sent, and what it cost.
fn sent(said: &str) -> (u64, u64) {
    let line = said.lines().find(|line| line.starts_with("Sent ")).unwrap();
    (
        number_before(line, " sat to "),
        number_before(line, " sat of fees"),
    )
}

/// The first start does not take a chain source that never looks back. Nobody listens where that is said to be.
async fn blind(shop: &Shop) {
    let login = shop.world.dir().join("login");
    std::fs::write(&login, "till:secret").unwrap();
    let bitcoind = [
        ("TILL_CHAIN_SOURCE", "bitcoind"),
        ("TILL_CHAIN_BITCOIND_RPC", "127.0.0.1:1"),
        ("TILL_CHAIN_BITCOIND_AUTH_FILE", login.to_str().unwrap()),
    ];
    let refused = shop.world.till().start_with(&bitcoind).await.unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("and the first start looks once"),
        "{refused}"
    );
}

async fn balances(shop: &Shop) -> Value {
    shop.get("/wallet/getbalance").await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_seed_alone_the_money_comes_back_and_the_books_do_not() {
    let (shop, books, before) = a_shop().await;
    let paper = shop.world.dir().join("paper");
    std::fs::write(&paper, words(&shop)).unwrap();
    let node_id = shop.world.till_node().node_id;
    the_machine_is_lost(&shop, &[]).await;

    let paper = paper.to_str().unwrap();
    let args = [
        "init",
        "--recover",
        "--words-file",
        paper,
        "--no-passphrase",
    ];
    let made = books.command(&args).await;
    assert_eq!(made.code(), 0, "{}", made.said());
    blind(&shop).await;
    shop.world.till().start().await.unwrap();
    // A new till to its staff, the same node to the network.
    let setup = shop.get("/initial-setup").await;
    assert_eq!(setup["initialized"], false, "{setup}");
    shop.world.client().set_up().await.unwrap();
    shop.world.client().login().await.unwrap();
    assert_eq!(shop.world.till_node().node_id, node_id);
    let info = shop.get("/wallet/getinfo").await;
    assert_eq!(info["nodeId"], node_id.to_string());
    until("the wallet to be found on the chain", async || {
        let found = balances(&shop).await["onchainBalanceSat"] == before.onchain;
        found.then_some(())
    })
    .await;
    assert_eq!(shop.get("/wallet/channels").await, json!([]));

    // Nobody knows whom to call: a peer comes by itself, or the operator looks for it.
    let (lsp, customer) = (shop.world.lsp(), shop.world.customer());
    let till = shop.world.till_node();
    lsp.connect(till.node_id, till.address).await.unwrap();
    let nobody = format!("{}@127.0.0.1:1", customer.node_id());
    let refused = books.command(&["channels", "connect", &nobody]).await;
    assert_eq!(refused.code(), 1, "{}", refused.said());
    let peer = format!("{}@{}", customer.node_id(), customer.address());
    let connected = books.command(&["channels", "connect", &peer]).await;
    assert_eq!(connected.code(), 0, "{}", connected.said());
    let said = fetched(&shop, &books, 2).await.said();
    let (amount, fee) = sent(&said);
    assert_eq!(amount + fee, before.paid_out(&shop), "to the satoshi");
    shop.world.mine(1).await.unwrap();
    until("all of it to be in the wallet", async || {
        let all = balances(&shop).await["onchainBalanceSat"] == before.onchain + amount;
        all.then_some(())
    })
    .await;
    // The new books begin with what the wallet had; what came and went before is no deposit of theirs.
    let after = at_rest(&shop, &books).await;
    assert_eq!(after["difference_msat"], 0, "{after}");
    assert_eq!(
        after["opening_onchain_msat"],
        before.onchain * 1_000,
        "{after}"
    );
    let said = books.audit(&[]).await.said();
    assert!(
        said.contains("begin with a recovery from the seed at block"),
        "{said}"
    );
    // The sales are not there any more; what was fetched is the only thing that came.
    let rows = shop.get("/wallet/payments/incoming?all=true").await;
    let came: Vec<&Value> = rows.as_array().unwrap().iter().collect();
    assert_eq!(came.len(), 1, "{rows}");
    assert_eq!(came[0]["receivedSat"], amount, "{rows}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_backup_alone_the_books_can_be_read_and_no_till_starts() {
    let (shop, books, _) = a_shop().await;
    let file = shop.world.dir().join("backup.tar");
    let file = file.to_str().unwrap();
    let taken = books.command(&["backup", file]).await;
    assert_eq!(taken.code(), 0, "{}", taken.said());
    let open = books.audit(&["--json"]).await.json();
    the_machine_is_lost(&shop, &[]).await;

    let refused = books.command(&["restore", file]).await;
    assert_eq!(refused.code(), 2, "{}", refused.said());
    assert!(refused.said().contains("the words of the seed are needed"));
    let restored = books.command(&["restore", file, "--books-only"]).await;
    assert_eq!(restored.code(), 0, "{}", restored.said());
    let audit = books.audit(&["--json"]).await;
    assert_eq!(audit.code(), 0, "{}", audit.said());
    // One more: that payments are held back.
    let records = audit.json()["records"].as_u64().unwrap();
    assert_eq!(Some(records - 1), open["records"].as_u64());
    let started = shop.world.till().start().await.unwrap_err().to_string();
    assert!(started.contains("there is no seed at"), "{started}");
    shop.world.till().kill().await.unwrap();
    shop.world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_both_money_and_books_come_back_and_agree() {
    let (shop, books, before) = a_shop().await;
    let rows = shop.get("/wallet/payments/incoming?all=true").await;
    let held = at_rest(&shop, &books).await;
    let file = shop.world.dir().join("backup.tar");
    let file = file.to_str().unwrap();
    let taken = books.command(&["backup", file]).await;
    assert_eq!(taken.code(), 0, "{}", taken.said());
    let paper = shop.world.dir().join("paper");
    std::fs::write(&paper, words(&shop)).unwrap();
    // Somebody keeps the node's folder, and puts it back: the worst that can be done.
    the_machine_is_lost(&shop, &["node"]).await;
    let old_node = shop.world.dir().join("old-node");
    std::fs::rename(books.file("node"), &old_node).unwrap();

    let paper = paper.to_str().unwrap();
    let args = ["restore", file, "--words-file", paper, "--no-passphrase"];
    let restored = books.command(&args).await;
    assert_eq!(restored.code(), 0, "{}", restored.said());
    std::fs::rename(&old_node, books.file("node")).unwrap();
    let refused = shop.world.till().start().await.unwrap_err().to_string();
    assert!(refused.contains("Move the folder `node` away"), "{refused}");
    std::fs::remove_dir_all(books.file("node")).unwrap();
    blind(&shop).await;

    // It finds its peers by itself, and they close.
    shop.world.till().start().await.unwrap();
    shop.world.client().login().await.unwrap();
    assert_eq!(
        shop.get("/wallet/payments/incoming?all=true").await,
        rows,
        "every sale is there"
    );
    nothing_is_paid_before_it_is_acknowledged(&shop, &books).await;
    // Until the money is fetched an alarm says how much the node lacks: all that was in channels.
    let missing = until("the alarm about what is not back", async || {
        let node = books.audit(&["--json"]).await.json()["node"].clone();
        (node["unexplained"] == true).then_some(node)
    })
    .await;
    assert_eq!(missing["difference_msat"], held["ledger_lightning_msat"]);
    let said = fetched(&shop, &books, 2).await.said();
    let (amount, fee) = sent(&said);
    assert_eq!(amount + fee, before.paid_out(&shop), "to the satoshi");
    let after = at_rest(&shop, &books).await;
    assert_eq!(after["ledger_lightning_msat"], 0, "{after}");
    assert_eq!(after["difference_msat"], 0, "{after}");
    let onchain = (before.onchain + amount) * 1_000;
    assert_eq!(after["ledger_onchain_msat"], onchain, "{after}");
    // What is gone is what the closings and the fetching cost, and nothing else.
    let total = |node: &Value| {
        let accounts = ["lightning", "closing", "onchain"];
        let msat = accounts.map(|name| node[format!("ledger_{name}_msat")].as_u64().unwrap());
        msat.iter().sum::<u64>()
    };
    let lost = total(&held) - total(&after);
    let anchors_and_rest = total(&held) - (before.onchain + before.in_channels) * 1_000;
    let closing = before.in_channels - before.paid_out(&shop);
    assert_eq!(lost, anchors_and_rest + (closing + fee) * 1_000);
    payments_are_let_go(&shop, &books).await;
    shop.close().await;
}

/// Pays somebody on the chain.
async fn pays_onchain(shop: &Shop) -> (u16, Value) {
    let address = stranger(1).to_string();
    let body = json!({"address": address, "amountSat": 10_000, "feerateSatByte": 3});
    shop.post("/wallet/payonchain", body).await
}

async fn nothing_is_paid_before_it_is_acknowledged(shop: &Shop, books: &Books) {
    let (status, answer) = pays_onchain(shop).await;
    assert_eq!(
        (status, &answer["code"]),
        (503, &json!("payments_held")),
        "{answer}"
    );
    let asked = shop.customer_asks(Some(1_000), false).await;
    let (status, answer) = shop.pays(&asked.bolt11).await;
    assert_eq!(
        (status, &answer["code"]),
        (503, &json!("payments_held")),
        "{answer}"
    );
    let told = books.command(&["acknowledge-restore"]).await;
    assert_eq!(told.code(), 2, "{}", told.said());
    let known = books
        .command(&["acknowledge-restore", "--json"])
        .await
        .json();
    assert_eq!(known["payments_held"], true, "{known}");
    assert_eq!(known["undecided"], json!([]), "{known}");
    // It survives a kill.
    shop.world.till().kill().await.unwrap();
    shop.world.till().start().await.unwrap();
    shop.world.client().login().await.unwrap();
}

async fn payments_are_let_go(shop: &Shop, books: &Books) {
    assert_eq!(pays_onchain(shop).await.0, 503);
    let told = books.command(&["acknowledge-restore", "--yes"]).await;
    assert_eq!(told.code(), 0, "{}", told.said());
    assert!(told.said().contains("The node agrees"), "{}", told.said());
    let (status, answer) = pays_onchain(shop).await;
    assert_eq!(status, 200, "{answer}");
}

/// Puts a folder of the till's beside, or back.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_channel_state_is_refused_and_one_that_is_forced_is_never_used() {
    let (shop, books, _) = a_shop().await;
    let (node, old) = (books.file("node"), shop.world.dir().join("old-node"));
    shop.world.till().stop().await.unwrap();
    copy(&node, &old);
    shop.world.start_till().await.unwrap();
    business(&shop).await;
    shop.world.till().stop().await.unwrap();
    let newest = shop.world.dir().join("newest-node");
    std::fs::rename(&node, &newest).unwrap();
    copy(&old, &node);
    let refused = shop.world.till().start().await.unwrap_err().to_string();
    assert!(refused.contains("is older than the journal"), "{refused}");

    // Whoever forges the number learns from LDK, once a peer is there, and nothing is broadcast.
    std::fs::copy(newest.join("generation"), node.join("generation")).unwrap();
    let _ = shop.world.start_till().await;
    until("the node to notice", async || {
        let log = std::fs::read_to_string(shop.world.till().log()).unwrap();
        log.contains("We have fallen behind").then_some(())
    })
    .await;
    until("the process to end", async || {
        shop.world.till().pid().await.is_none().then_some(())
    })
    .await;
    assert_eq!(
        shop.world.chain().mempool(),
        [],
        "no old state was broadcast"
    );
    shop.world.till().kill().await.unwrap();
    shop.world.stop().await.unwrap();
}
