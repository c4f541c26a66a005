//! Rules for Lightning addresses: a name is one wallet's at a time, and is paid for when it is claimed.

use super::draft::Draft;
use super::{restoration, wallet};
use crate::address::{Address, MAX_PER_WALLET};
use crate::id::WalletId;
use crate::ledger::account::{Account, WalletRef};
use crate::ledger::command::{AddressCommand, Refusal};
use crate::ledger::entity::Archive;
use crate::ledger::record::{Fact, Record};
use crate::ledger::state::State;
use crate::ledger::transfer::Cause;
use crate::money::Sat;

pub(super) fn decide<A: Archive>(
    state: &State<A>,
    draft: Draft,
    command: AddressCommand,
) -> Result<Record, Refusal> {
    match command {
        AddressCommand::Claim {
            wallet,
            name,
            generated,
            cost,
        } => {
            wallet::open(state, wallet)?;
            // That it is taken is said to those too who could not have paid for it.
            let draft = claim(state, draft, wallet, (name.clone(), generated, cost))?;
            Ok(pay(state, draft, wallet, &name, cost)?.finish())
        }
        AddressCommand::Delete { wallet, name } => {
            let address = own(state, wallet, name)?;
            let deleted_at = Some(draft.at());
            let address = Address {
                deleted_at,
                ..address
            };
            Ok(draft.fact(Fact::AddressSet(Box::new(address))).finish())
        }
        AddressCommand::Transfer { from, name, to } => {
            let address = own(state, from, name)?;
            if address.generated {
                return Err(Refusal::NotTransferable);
            }
            wallet::open(state, to)?;
            if to != from {
                refuse_more(state, to)?;
            }
            let address = Address {
                wallet: to,
                ..address
            };
            Ok(draft.fact(Fact::AddressSet(Box::new(address))).finish())
        }
    }
}

/// A name of a deleted wallet is not free: money for it would go to somebody else.
pub(super) fn claim<A: Archive>(
    state: &State<A>,
    draft: Draft,
    wallet: WalletId,
    (name, generated, cost): (String, bool, Sat),
) -> Result<Draft, Refusal> {
    let taken = state.get::<Address>(&name)?;
    if taken.is_some_and(|address| address.is_live()) {
        return Err(Refusal::AddressTaken);
    }
    refuse_more(state, wallet)?;
    let address = Address {
        name,
        wallet,
        generated,
        cost,
        created_at: draft.at(),
        deleted_at: None,
    };
    Ok(draft.fact(Fact::AddressSet(Box::new(address))))
}

fn refuse_more<A: Archive>(state: &State<A>, wallet: WalletId) -> Result<(), Refusal> {
    let has = state.counters(WalletRef::Wallet(wallet))?.addresses;
    match has < MAX_PER_WALLET {
        true => Ok(()),
        false => Err(Refusal::TooManyAddresses(MAX_PER_WALLET)),
    }
}

fn pay<A: Archive>(
    state: &State<A>,
    draft: Draft,
    wallet: WalletId,
    name: &str,
    cost: Sat,
) -> Result<Draft, Refusal> {
    if cost > Sat::ZERO {
        restoration::refuse_while_held(state)?;
    }
    let account = Account::Wallet(WalletRef::Wallet(wallet));
    let available = state.balance(account)?.available();
    let needed = cost.to_msat();
    if available < needed {
        return Err(Refusal::InsufficientFunds { needed, available });
    }
    let cause = Cause::AddressBought(name.to_owned());
    Ok(draft.post((account, Account::HOUSE), needed, cause))
}

fn own<A: Archive>(state: &State<A>, wallet: WalletId, name: String) -> Result<Address, Refusal> {
    let address = state.get::<Address>(&name)?;
    let address = address.filter(|address| address.is_live() && address.wallet == wallet);
    address.ok_or(Refusal::UnknownAddress)
}
