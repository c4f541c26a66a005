//! Holders, wallets and shares: names, keys that end, and what is left of a wallet that is deleted.

use super::bench::*;
use crate::holder::{Holder, Key, KeyScope, MAX_WALLETS, Permissions, Share, ShareState, Wallet};
use crate::id::{HolderId, SecretHash, ShareId, WalletId};
use crate::invoice::State as InvoiceState;
use crate::ledger::{
    Alarm, Cause, Command, EventBody, HoldCommand, HolderCommand, InvoiceDraft, Origin, Refusal,
    ShareCommand, WalletKeys, WalletRef,
};
use crate::time::Timestamp;

pub(super) const ANA: HolderId = HolderId::from_bytes([1; 16]);
const BEN: HolderId = HolderId::from_bytes([2; 16]);
/// Ana's wallet, which is [`OTHER`].
pub(super) const WALLET: WalletId = WalletId::from_bytes([5; 16]);
pub(super) const SECOND: WalletId = WalletId::from_bytes([6; 16]);

const VIEW: Permissions = Permissions {
    view: true,
    receive: false,
    send: false,
    manage: false,
};

pub(super) fn key(n: u8, wallet: WalletId) -> Key {
    Key {
        hash: SecretHash::from_bytes([n; 32]),
        origin: Origin::Lnbits,
        scope: KeyScope::Admin,
        holder: ANA,
        wallet: Some(wallet),
        share: None,
        created_at: Timestamp::default(),
        revoked_at: None,
        hint: None,
        last_used_at: None,
    }
}

pub(super) fn new_wallet(n: u8, id: WalletId, holder: HolderId) -> WalletKeys {
    let wallet = Wallet {
        id,
        holder,
        number: 0,
        name: format!("wallet {n}"),
        currency: None,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        deleted_at: None,
        epoch: 0,
        key: None,
    };
    let keys = vec![key(n, id)];
    let wallet = Box::new(wallet);
    WalletKeys {
        wallet,
        keys,
        address: None,
    }
}

fn add(id: HolderId, name: &str, wallet: Option<WalletKeys>) -> HolderCommand {
    let holder = Holder {
        id,
        name: Some(name.to_owned()),
        password: None,
        is_admin: false,
        created_at: Timestamp::default(),
        deleted_at: None,
        epoch: 0,
        wallets: 0,
        recovery: None,
        keys: Vec::new(),
    };
    HolderCommand::Add {
        holder: Box::new(holder),
        keys: Vec::new(),
        wallet,
    }
}

/// Ana has a wallet, Ben has none.
pub(super) fn two() -> Bench {
    let mut bench = Bench::new();
    bench.must(add(ANA, "ana", Some(new_wallet(10, WALLET, ANA))));
    bench.must(add(BEN, "ben", None));
    bench
}

fn delete(live: &[u8]) -> HolderCommand {
    HolderCommand::DeleteWallet {
        wallet: WALLET,
        live: live.iter().map(|n| hash(*n)).collect(),
    }
}

#[test]
fn names_are_theirs_alone_and_wallets_are_numbered() {
    let mut bench = two();
    let again = add(HolderId::from_bytes([3; 16]), "ana", None);
    assert_eq!(bench.run(again), Err(Refusal::NameTaken));
    let second = new_wallet(11, SECOND, ANA);
    bench.must(HolderCommand::AddWallet(second));
    assert_eq!(bench.get::<Wallet>(&WALLET).number, 1);
    assert_eq!(bench.get::<Wallet>(&SECOND).number, 2);
    assert_eq!(bench.get::<Holder>(&ANA).wallets, 2);
    let nobody = new_wallet(12, SECOND, HolderId::from_bytes([9; 16]));
    let refused = bench.run(HolderCommand::AddWallet(nobody));
    assert_eq!(refused, Err(Refusal::UnknownHolder));
}

#[test]
fn a_logout_raises_the_number_of_logins() {
    let mut bench = two();
    bench.must(HolderCommand::EndLogins { holder: ANA });
    assert_eq!(bench.get::<Holder>(&ANA).epoch, 1);
    assert_eq!(bench.get::<Holder>(&BEN).epoch, 0);
}

#[test]
fn a_change_that_changes_nothing_is_none() {
    let mut bench = two();
    let change = |name: Option<&str>, currency: Option<&str>| HolderCommand::ChangeWallet {
        wallet: WALLET,
        name: name.map(str::to_owned),
        currency: currency.map(str::to_owned),
    };
    assert!(bench.must(change(Some("bar"), Some("EUR"))));
    assert!(!bench.must(change(Some("bar"), Some("EUR"))));
    assert!(!bench.must(change(None, None)));
    assert!(bench.must(change(None, Some(""))));
    let wallet = bench.get::<Wallet>(&WALLET);
    assert_eq!((wallet.name.as_str(), wallet.currency), ("bar", None));
}

#[test]
fn new_keys_end_the_old_ones_and_only_once() {
    let mut bench = two();
    let replace = |new: u8, old: u8, epoch: u32| HolderCommand::ReplaceKeys {
        wallet: WALLET,
        epoch,
        old: vec![SecretHash::from_bytes([old; 32])],
        new: vec![key(new, WALLET)],
    };
    bench.must(replace(20, 10, 0));
    assert!(
        !bench
            .get::<Key>(&SecretHash::from_bytes([10; 32]))
            .is_live()
    );
    assert!(
        bench
            .get::<Key>(&SecretHash::from_bytes([20; 32]))
            .is_live()
    );
    assert_eq!(bench.get::<Wallet>(&WALLET).epoch, 1);
    let late = bench.run(replace(21, 10, 0));
    assert_eq!(late, Err(Refusal::WrongState), "somebody was faster");
    let second = new_wallet(11, SECOND, ANA);
    bench.must(HolderCommand::AddWallet(second));
    let foreign = bench.run(replace(22, 11, 1));
    assert_eq!(foreign, Err(Refusal::WrongState), "a key of another wallet");
}

#[test]
fn a_deleted_wallet_s_invoices_are_cancelled_and_its_money_is_the_house_s() {
    let mut bench = two();
    bench.earn(1, OTHER, 7_500);
    bench.ask(2, OTHER, Some(1_000));
    bench.ask(3, HOUSE, Some(1_000));
    assert!(bench.must(delete(&[2])));
    assert_eq!((bench.owns(OTHER), bench.owns(HOUSE)), (0, 7_500));
    assert_eq!(bench.invoice(2).state, InvoiceState::Cancelled);
    assert_eq!(bench.invoice(3).state, InvoiceState::Open);
    let record = bench.records.last().expect("a record");
    assert_eq!(record.transfers.len(), 1);
    assert_eq!(record.transfers[0].cause, Cause::WalletDeleted(WALLET));
    assert!(matches!(
        record.events.as_slice(),
        [event] if matches!(event.body, EventBody::InvoiceCancelled { .. }) && event.wallet == OTHER
    ));
    assert_eq!(bench.run(delete(&[])), Err(Refusal::UnknownWallet));
}

#[test]
fn nothing_begins_in_a_deleted_wallet() {
    let mut bench = two();
    bench.must(draft(4, OTHER, Some(100)));
    bench.ask(5, OTHER, Some(100));
    bench.wait_secs(100);
    bench.must(Command::ExpireInvoice { hash: hash(5) });
    bench.must(delete(&[]));
    let issue = Command::IssueInvoice {
        hash: hash(4),
        bolt11: "ln".into(),
        lsp_fee: None,
        idempotency: None,
    };
    let unknown = Err(Refusal::UnknownWallet);
    assert_eq!(bench.run(issue), unknown, "drafted before");
    assert_eq!(bench.run(draft(6, OTHER, Some(100))), unknown);
    assert_eq!(bench.run(reserve(9, OTHER, 0, 0)), unknown);
    assert_eq!(
        bench.run(intend(5, 100)),
        unknown,
        "an HTLC for an expired one"
    );
    let standing = Command::KeepOffer(Box::new(offer(1, OTHER, None)));
    assert_eq!(bench.run(standing), unknown);
    let change = HolderCommand::ChangeWallet {
        wallet: WALLET,
        name: Some("x".into()),
        currency: None,
    };
    assert_eq!(bench.run(change), unknown);
}

#[test]
fn what_was_seen_has_to_be_all_there_is() {
    let mut bench = two();
    bench.ask(1, OTHER, None);
    bench.ask(2, OTHER, None);
    bench.ask(3, HOUSE, None);
    let stale = Err(Refusal::WrongState);
    assert_eq!(bench.run(delete(&[])), stale);
    assert_eq!(bench.run(delete(&[1])), stale, "one was made meanwhile");
    assert_eq!(bench.run(delete(&[1, 1])), stale, "one is told twice");
    assert_eq!(bench.run(delete(&[1, 3])), stale, "one is the house's");
    bench.must(delete(&[2, 1]));
}

#[test]
fn a_wallet_with_something_on_its_way_stays() {
    let busy = || Err(Refusal::WalletBusy);
    let mut bench = two();
    bench.earn(1, OTHER, 5_000);
    bench.must(reserve(9, OTHER, 1_000, 10));
    assert_eq!(bench.run(delete(&[])), busy(), "a payment is pending");
    bench.must(void(9, None));
    bench.ask(2, OTHER, Some(1_000));
    bench.must(intend(2, 1_000));
    assert_eq!(bench.run(delete(&[2])), busy(), "an HTLC is being claimed");
    bench.must(Command::LapseClaim { hash: hash(2) });
    bench.must(delete(&[2]));
    assert_eq!(bench.owns(HOUSE), 5_000);
}

#[test]
fn a_held_invoice_keeps_both_wallets() {
    let mut bench = two();
    bench.must(HolderCommand::AddWallet(new_wallet(11, SECOND, ANA)));
    let second = WalletRef::Wallet(SECOND);
    bench.earn(1, second, 5_000);
    let Command::DraftInvoice(wanted) = draft(2, OTHER, Some(1_000)) else {
        unreachable!("a draft")
    };
    let hold = true;
    bench.must(Command::DraftInvoice(Box::new(InvoiceDraft {
        hold,
        ..*wanted
    })));
    bench.must(Command::IssueInvoice {
        hash: hash(2),
        bolt11: "ln2".into(),
        lsp_fee: None,
        idempotency: None,
    });
    bench.must(reserve(2, second, 1_000, 0));
    assert_eq!(bench.run(delete(&[2])), Err(Refusal::WalletBusy));
    let payers = HolderCommand::DeleteWallet {
        wallet: SECOND,
        live: Vec::new(),
    };
    assert_eq!(bench.run(payers.clone()), Err(Refusal::WalletBusy));
    bench.must(HoldCommand::Cancel { hash: hash(2) });
    bench.must(delete(&[]));
    bench.must(payers);
    assert_eq!(bench.owns(HOUSE), 5_000);
}

#[test]
fn money_that_comes_late_is_the_house_s_with_an_alarm() {
    let mut bench = two();
    bench.ask(1, OTHER, Some(1_000));
    bench.must(intend(1, 1_000));
    bench.must(Command::LapseClaim { hash: hash(1) });
    bench.must(Command::KeepOffer(Box::new(offer(1, OTHER, None))));
    bench.must(delete(&[1]));
    bench.must(receipt(1, 1_000));
    assert!(!bench.must(receipt(1, 1_000)), "told twice");
    assert_eq!((bench.owns(OTHER), bench.owns(HOUSE)), (0, 1_000));
    let alarm = Alarm::UnaskedReceipt {
        hash: hash(1),
        amount: msat(1_000),
    };
    assert_eq!(bench.alarms(), [alarm]);
    bench.must(Command::BookReceipt {
        hash: hash(7),
        amount: msat(300),
        lsp_fee: msat(0),
        offer: Some(crate::node::OfferReceipt {
            offer_id: offer_id(1),
            payer_note: None,
            preimage: Some(preimage(7)),
        }),
    });
    assert_eq!((bench.owns(OTHER), bench.owns(HOUSE)), (0, 1_300));
}

#[test]
fn what_was_booked_before_the_end_is_not_booked_again() {
    let mut bench = two();
    bench.earn(1, OTHER, 1_000);
    bench.must(delete(&[]));
    assert!(!bench.must(receipt(1, 1_000)), "the node repeats itself");
    assert_eq!(bench.owns(HOUSE), 1_000);
    assert_eq!(bench.alarms(), []);
}

#[test]
fn a_payment_that_succeeds_after_all_is_the_house_s_to_pay() {
    let mut bench = two();
    bench.earn(1, OTHER, 5_000);
    bench.must(reserve(9, OTHER, 1_000, 10));
    bench.must(void(9, None));
    bench.must(delete(&[]));
    bench.must(post(9, 5));
    assert_eq!((bench.owns(OTHER), bench.owns(HOUSE)), (0, 5_000 - 1_005));
}

fn share_id() -> ShareId {
    Share::id_of(WALLET, BEN)
}

fn invite(to: HolderId) -> HolderCommand {
    HolderCommand::Share(ShareCommand::Invite {
        wallet: WALLET,
        to,
        permissions: VIEW,
    })
}

fn accept(n: u8, epoch: u32) -> HolderCommand {
    HolderCommand::Share(ShareCommand::Accept {
        share: share_id(),
        epoch,
        keys: vec![key(n, WALLET)],
    })
}

#[test]
fn a_share_is_invited_accepted_and_ends_with_its_keys() {
    let mut bench = two();
    let given = |bench: &Bench, n| bench.get::<Key>(&SecretHash::from_bytes([n; 32]));
    let revoke = || HolderCommand::Share(ShareCommand::Revoke { share: share_id() });
    assert_eq!(bench.run(accept(30, 0)), Err(Refusal::UnknownShare));
    assert_eq!(
        bench.run(invite(ANA)),
        Err(Refusal::AlreadyInvited),
        "her own"
    );
    bench.must(invite(BEN));
    assert_eq!(bench.run(invite(BEN)), Err(Refusal::AlreadyInvited));
    bench.must(accept(30, 0));
    assert_eq!(bench.run(invite(BEN)), Err(Refusal::AlreadyInvited));
    let theirs = given(&bench, 30);
    assert_eq!((theirs.holder, theirs.share), (BEN, Some(share_id())));
    bench.must(revoke());
    assert!(!given(&bench, 30).is_live());
    assert_eq!(bench.get::<Share>(&share_id()).state, ShareState::Revoked);
    assert_eq!(bench.run(revoke()), Err(Refusal::UnknownShare));
    bench.must(invite(BEN));
    assert_eq!(
        bench.run(accept(31, 0)),
        Err(Refusal::UnknownShare),
        "of before"
    );
    bench.must(accept(31, 1));
    assert!(given(&bench, 31).is_live());
    assert!(!given(&bench, 30).is_live(), "an old key stays old");
}

#[test]
fn a_rejected_share_gives_nothing() {
    let mut bench = two();
    bench.must(invite(BEN));
    let reject = HolderCommand::Share(ShareCommand::Reject { share: share_id() });
    bench.must(reject);
    assert_eq!(bench.run(accept(30, 0)), Err(Refusal::UnknownShare));
    bench.must(invite(BEN));
    bench.must(delete(&[]));
    assert_eq!(bench.run(accept(30, 1)), Err(Refusal::UnknownWallet));
    assert_eq!(bench.run(invite(BEN)), Err(Refusal::UnknownWallet));
}

#[test]
fn an_account_has_so_many_wallets_and_deleted_ones_count() {
    let mut bench = Bench::new();
    let wallet = |n: u32| {
        let mut id = [9; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        WalletKeys {
            keys: Vec::new(),
            ..new_wallet(0, WalletId::from_bytes(id), ANA)
        }
    };
    bench.must(add(ANA, "ana", Some(wallet(1))));
    for n in 2..=MAX_WALLETS {
        bench.must(HolderCommand::AddWallet(wallet(n)));
    }
    let too_many = Err(Refusal::TooManyWallets(MAX_WALLETS));
    let one_more = HolderCommand::AddWallet(wallet(MAX_WALLETS + 1));
    assert_eq!(bench.run(one_more.clone()), too_many);
    bench.must(HolderCommand::DeleteWallet {
        wallet: wallet(1).wallet.id,
        live: Vec::new(),
    });
    assert_eq!(bench.run(one_more), too_many);
    bench.must(add(BEN, "ben", Some(new_wallet(1, SECOND, BEN))));
}
