//! Requests for on-chain payments, fee bumps and closings.

use till::id::{RequestHash, TxId};
use till::ledger::{IdempotencyKey, Origin, WalletRef};
use till::treasury::SweepTo;
use till_actors::service::{CloseWish, NewBump, NewSpend};

use crate::pos::field::{self, Invalid};
use crate::pos::wire::{self, Whole};

pub(in crate::pos) fn pay_onchain(
    request: &wire::PayOnchain,
    key: Option<String>,
) -> Result<NewSpend, Invalid> {
    let amount = field::amount("amountSat", request.amount_sat.0)?;
    let feerate = feerate(request.feerate_sat_byte)?;
    let address = field::onchain_address("address", &request.address)?;
    let canonical = format!("{address}\n{}\n{}", amount.get(), feerate.unwrap_or(0));
    Ok(NewSpend {
        origin: Origin::Pos,
        address,
        amount,
        feerate,
        idempotency: key.map(|key| idempotency("payonchain", key, &canonical)),
    })
}

pub(in crate::pos) fn bump_fee(
    request: &wire::BumpFee,
    key: Option<String>,
) -> Result<NewBump, Invalid> {
    let (tx_id, rate) = match request {
        wire::BumpFee::Bare(rate) => (None, *rate),
        wire::BumpFee::Named {
            tx_id,
            feerate_sat_byte,
        } => (tx_id.as_deref(), *feerate_sat_byte),
    };
    let tx_id = tx_id.map(|text| text.parse::<TxId>());
    let tx_id = tx_id
        .transpose()
        .map_err(|error| Invalid::new("txId", error.to_string()))?;
    let feerate = field::feerate("feerateSatByte", rate.0)?;
    let named = tx_id.map_or_else(String::new, |tx_id| tx_id.to_string());
    let canonical = format!("{named}\n{feerate}");
    Ok(NewBump {
        tx_id,
        feerate,
        idempotency: key.map(|key| idempotency("bumpfee", key, &canonical)),
    })
}

pub(in crate::pos) fn close_channel(request: wire::CloseChannel) -> Result<CloseWish, Invalid> {
    let feerate = feerate(request.feerate_sat_byte)?;
    let sweep_to = match (request.address, feerate) {
        (Some(address), feerate) => Some(SweepTo {
            address: field::onchain_address("address", &address)?,
            feerate,
        }),
        (None, Some(_)) => {
            let rule = "is for the transaction to the address, which is missing";
            return Err(Invalid::new("feerateSatByte", rule));
        }
        (None, None) => None,
    };
    Ok(CloseWish {
        channel_id: field::channel_id("channelId", &request.channel_id)?,
        force: request.force.unwrap_or(false),
        sweep_to,
    })
}

fn feerate(given: Option<Whole>) -> Result<Option<u64>, Invalid> {
    let feerate = given.map(|rate| field::feerate("feerateSatByte", rate.0));
    feerate.transpose()
}

fn idempotency(operation: &str, key: String, canonical: &str) -> (IdempotencyKey, RequestHash) {
    let canonical = format!("{operation}\n{canonical}");
    let key = IdempotencyKey {
        origin: Origin::Pos,
        wallet: WalletRef::House,
        operation: operation.to_owned(),
        key,
    };
    (key, RequestHash::of(canonical.as_bytes()))
}
