//! The guides to the surfaces in lines of curl, run as they stand beside a world: what somebody
//! pastes who has never seen the till. Knows nothing of what the lines mean.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use till_regtest::control::Control;
use tokio::process::Command;

use crate::shop::Shop;

const POS: &str = include_str!("../../docs/pos-curl.md");
const LNBOT: &str = include_str!("../../docs/lnbot-curl.md");
const LNBITS: &str = include_str!("../../docs/lnbits-curl.md");
const BLOCK: &str = "```sh\n";
const BLOCK_END: &str = "```\n";
/// The whole page takes well under a minute where nobody else needs the machine.
pub const LIMIT: Duration = Duration::from_secs(300);

/// The operations of the document that the surface follows.
const OPERATIONS: [&str; 24] = [
    "post $TILL/wallet/auth ",
    "post $TILL/wallet/logout ",
    "get $TILL/wallet/getinfo",
    "get $TILL/wallet/getbalance",
    "post $TILL/wallet/invoice ",
    "post $TILL/wallet/createinvoice ",
    "post $TILL/wallet/payinvoice ",
    "post $TILL/wallet/payoffer ",
    "post $TILL/wallet/payonchain ",
    "post $TILL/wallet/bumpfee ",
    "post $TILL/wallet/decodeinvoice ",
    "post $TILL/wallet/closechannel ",
    "post $TILL/wallet/export ",
    "get $TILL/wallet/seed",
    "get \"$TILL/wallet/payments/incoming?",
    "get $TILL/wallet/payments/incoming/",
    "get \"$TILL/wallet/payments/outgoing?",
    "get $TILL/wallet/payments/outgoing/",
    "get $TILL/wallet/payments/outgoingbyhash/",
    "$TILL/ws/payments",
    // Without these a client gets no further.
    "post $TILL/auth/login ",
    "post $TILL/auth/refresh ",
    "post $TILL/auth/logout ",
    "post $TILL/wallet/newaddress ",
];

/// The page's blocks, one after the other, as a reader pastes them.
pub fn script(guide: &str) -> String {
    let blocks = guide.split(BLOCK).skip(1);
    let blocks = blocks.map(|rest| rest.split_once(BLOCK_END).unwrap().0);
    blocks.collect()
}

#[test]
fn the_guide_leaves_no_operation_out() {
    let script = script(POS);
    for operation in OPERATIONS {
        assert!(script.contains(operation), "{operation}");
    }
}

/// Whether the machine has what the page is written for; a till needs neither.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

pub fn shell(dir: &Path, script: &Path) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["-euxo", "pipefail"])
        .arg(script)
        .env("TMPDIR", dir)
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    bash
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_works_as_it_stands() {
    let settings = [("TILL_PAYMENTS_RECHECK_SECS", "1")];
    let Some(said) = run(POS, &settings).await else {
        return;
    };
    for event in ["payment_received", "payment_sent", "channel_closed"] {
        let told = format!("\"type\":\"{event}\"");
        assert!(said.contains(&told), "{event} was not told: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_lnbits_works_as_it_stands() {
    let settings = [("TILL_LNBITS_OPEN_REGISTRATION", "true")];
    let Some(said) = run(LNBITS, &settings).await else {
        return;
    };
    assert!(said.contains("\"order_id\":\"123\""), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_lnbot_works_as_it_stands() {
    let settings = [("TILL_LNBOT_PUBLIC_CALLS_PER_MINUTE", "100")];
    let Some(said) = run(LNBOT, &settings).await else {
        return;
    };
    assert!(said.contains("\"reference\":\"task-1\""), "{said}");
}

/// Runs a page beside a world of its own: what it said, if this machine has what it takes.
async fn run(guide: &str, settings: &[(&str, &str)]) -> Option<String> {
    if let Some(missing) = ["bash", "curl"]
        .into_iter()
        .find(|name| !is_installed(name))
    {
        println!("not run: this machine has no {missing}");
        return None;
    }
    let shop = Shop::open_with(settings).await;
    let loopback = ([127, 0, 0, 1], 0).into();
    let control = Control::start(shop.world.clone(), loopback).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("guide.sh");
    std::fs::write(&file, script(guide)).unwrap();

    let mut bash = shell(dir.path(), &file);
    bash.env("TILL", shop.world.client().url())
        .env("CONTROL", control.url());
    let ended = tokio::time::timeout(LIMIT, bash.output()).await;
    let output = ended.expect("the guide comes to its end").unwrap();
    let (said, traced) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}\n{traced}");
    let said = said.into_owned();
    control.stop().await;
    shop.close().await;
    Some(said)
}
