//! Worlds that are kept in a folder and resumed.

use std::fs::OpenOptions;
use std::io::Write as _;

use till_regtest::chain::{Chain, OpenError};

use crate::support::{FEE_SAT, Purse, output_of};

#[test]
fn a_world_is_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let purse = Purse::new(1);
    let (tip, stale, confirmed, waiting) = {
        let chain = Chain::open(folder.path()).expect("opens");
        let coin = purse.coin(&chain, 100_000);
        let stale = chain.mine(2).hash;
        let tip = chain.reorg(2).expect("deep enough");
        let parent = purse.pass_on(&coin, FEE_SAT);
        let child = purse.pass_on(&output_of(&parent, 0), FEE_SAT);
        let waiting = [parent, child].map(|tx| chain.submit(tx).expect("accepted"));
        (tip, stale, coin.0.txid, waiting)
    };

    let chain = Chain::open(folder.path()).expect("opens again");

    assert_eq!(chain.tip(), tip);
    assert_eq!(chain.mempool(), waiting);
    assert!(chain.confirmations(&confirmed) > 0);
    assert!(
        !chain
            .block(&stale)
            .expect("stale blocks are kept")
            .in_best_chain
    );
    chain.mine(1);
    assert_eq!(chain.confirmations(&waiting[1]), 1);
}

#[test]
fn a_tail_cut_off_by_a_crash_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let tip = Chain::open(folder.path()).expect("opens").mine(5);
    let blocks = folder.path().join("blocks.dat");
    let whole = std::fs::metadata(&blocks).expect("written").len();
    let file = OpenOptions::new().write(true).open(&blocks).expect("opens");
    file.set_len(whole - 3).expect("cut");

    let chain = Chain::open(folder.path()).expect("opens");
    assert_eq!(chain.height(), tip.height - 1);
    let tip = chain.mine(2);
    drop(chain);

    assert_eq!(Chain::open(folder.path()).expect("opens").tip(), tip);
}

#[test]
fn damage_is_reported_not_skipped() {
    let folder = tempfile::tempdir().expect("a folder");
    Chain::open(folder.path()).expect("opens").mine(2);
    let blocks = folder.path().join("blocks.dat");
    let mut file = OpenOptions::new()
        .append(true)
        .open(&blocks)
        .expect("opens");
    file.write_all(b"this is no block").expect("written");

    assert!(matches!(
        Chain::open(folder.path()),
        Err(OpenError::Damaged { .. })
    ));
}

#[test]
fn a_folder_has_one_user() {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = Chain::open(folder.path()).expect("opens");

    assert!(matches!(Chain::open(folder.path()), Err(OpenError::InUse)));
    drop(chain);
    assert!(Chain::open(folder.path()).is_ok());
}
