//! Keys that are given out, what gives a lost account back, and Lightning addresses.

use super::holders::{ANA, SECOND, WALLET, key, new_wallet, two};
use crate::address::Address;
use crate::holder::{Holder, Key, KeyScope, Wallet};
use crate::id::{SecretHash, WalletId};
use crate::ledger::{AddressCommand, HolderCommand, KeyChange, Refusal};
use crate::money::Sat;

fn own_key(n: u8) -> Key {
    Key {
        scope: KeyScope::Holder,
        wallet: None,
        ..key(n, WALLET)
    }
}

fn digest(n: u8) -> SecretHash {
    SecretHash::from_bytes([n; 32])
}

fn change(change: KeyChange) -> HolderCommand {
    let wallet = WALLET;
    HolderCommand::WalletKey { wallet, change }
}

#[test]
fn a_wallet_has_one_key_that_is_given_out() {
    let mut bench = two();
    let give = |n| Box::new(key(n, WALLET));
    let none = bench.run(change(KeyChange::Revoke));
    assert_eq!(none, Err(Refusal::UnknownKey));
    bench.must(change(KeyChange::Give(give(40))));
    let again = bench.run(change(KeyChange::Give(give(41))));
    assert_eq!(again, Err(Refusal::KeyExists));
    bench.must(change(KeyChange::Rotate(give(42))));
    assert!(!bench.get::<Key>(&digest(40)).is_live());
    assert!(bench.get::<Key>(&digest(42)).is_live());
    assert_eq!(bench.get::<Wallet>(&WALLET).key, Some(digest(42)));
    bench.must(change(KeyChange::Revoke));
    assert!(!bench.get::<Key>(&digest(42)).is_live());
    bench.must(change(KeyChange::Give(give(43))));
    // The keys that another surface derived are none of this one's business.
    assert!(bench.get::<Key>(&digest(10)).is_live());
}

#[test]
fn an_account_is_restored_by_its_latest_words_and_its_old_keys_end() {
    let mut bench = two();
    bench.must(HolderCommand::SetRecovery {
        holder: ANA,
        digest: digest(70),
    });
    bench.must(HolderCommand::SetRecovery {
        holder: ANA,
        digest: digest(71),
    });
    let restore = |digest, keys: [u8; 2]| HolderCommand::Restore {
        digest,
        keys: keys.map(own_key).into(),
    };
    let replaced = bench.run(restore(digest(70), [60, 61]));
    assert_eq!(replaced, Err(Refusal::UnknownRecovery));
    bench.must(restore(digest(71), [60, 61]));
    bench.must(HolderCommand::ReplaceOwnKey {
        holder: ANA,
        slot: 1,
        key: Box::new(own_key(62)),
    });
    let slots = vec![digest(60), digest(62)];
    assert_eq!(bench.get::<Holder>(&ANA).keys, slots);
    assert!(!bench.get::<Key>(&digest(61)).is_live());
    bench.must(restore(digest(71), [63, 64]));
    for ended in [60, 62] {
        assert!(!bench.get::<Key>(&digest(ended)).is_live(), "{ended}");
    }
    let nobodys = HolderCommand::ReplaceOwnKey {
        holder: ANA,
        slot: 2,
        key: Box::new(own_key(65)),
    };
    assert_eq!(bench.run(nobodys), Err(Refusal::UnknownKey));
}

#[test]
fn an_address_is_one_wallets_and_is_paid_for() {
    let mut bench = two();
    bench.must(HolderCommand::AddWallet(new_wallet(11, SECOND, ANA)));
    let claim = |wallet: WalletId, name: &str, cost| AddressCommand::Claim {
        wallet,
        name: name.to_owned(),
        generated: cost == 0,
        cost: Sat::new(cost).expect("an amount"),
    };
    let poor = bench.run(claim(WALLET, "shop", 2_000));
    assert!(matches!(poor, Err(Refusal::InsufficientFunds { .. })));
    bench.must(claim(WALLET, "k9x2mwp", 0));
    let taken = bench.run(claim(SECOND, "k9x2mwp", 0));
    assert_eq!(taken, Err(Refusal::AddressTaken));
    let transfer = |from, name: &str, to| AddressCommand::Transfer {
        from,
        name: name.to_owned(),
        to,
    };
    let generated = bench.run(transfer(WALLET, "k9x2mwp", SECOND));
    assert_eq!(generated, Err(Refusal::NotTransferable));
    let name = "k9x2mwp".to_owned();
    let not_theirs = AddressCommand::Delete {
        wallet: SECOND,
        name: name.clone(),
    };
    assert_eq!(bench.run(not_theirs), Err(Refusal::UnknownAddress));
    bench.must(AddressCommand::Delete {
        wallet: WALLET,
        name: name.clone(),
    });
    bench.must(claim(SECOND, &name, 0));
    assert_eq!(bench.get::<Address>(&name).wallet, SECOND);
}
