//! A transaction in JSON: inputs with the outputs they spend, outputs, status.

use bitcoin::hex::DisplayHex as _;
use bitcoin::{Address, Network, Script, TxIn, TxOut};
use serde::Serialize;

use super::StatusJson;
use crate::chain::TxView;

#[derive(Debug, Serialize)]
pub(crate) struct OutputJson {
    scriptpubkey: String,
    scriptpubkey_asm: String,
    scriptpubkey_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scriptpubkey_address: Option<String>,
    value: u64,
}

impl From<&TxOut> for OutputJson {
    fn from(output: &TxOut) -> Self {
        let script = &output.script_pubkey;
        let address = Address::from_script(script, Network::Regtest).ok();
        OutputJson {
            scriptpubkey: script.to_hex_string(),
            scriptpubkey_asm: script.to_asm_string(),
            scriptpubkey_type: script_type(script),
            scriptpubkey_address: address.map(|address| address.to_string()),
            value: output.value.to_sat(),
        }
    }
}

fn script_type(script: &Script) -> &'static str {
    match script {
        script if script.is_empty() => "empty",
        script if script.is_op_return() => "op_return",
        script if script.is_p2pk() => "p2pk",
        script if script.is_p2pkh() => "p2pkh",
        script if script.is_p2sh() => "p2sh",
        script if script.is_p2wpkh() => "v0_p2wpkh",
        script if script.is_p2wsh() => "v0_p2wsh",
        script if script.is_p2tr() => "v1_p2tr",
        script if script.is_multisig() => "multisig",
        _ => "unknown",
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct InputJson {
    txid: String,
    vout: u32,
    prevout: Option<OutputJson>,
    scriptsig: String,
    scriptsig_asm: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    witness: Vec<String>,
    is_coinbase: bool,
    sequence: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    inner_redeemscript_asm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inner_witnessscript_asm: Option<String>,
}

impl InputJson {
    fn new(input: &TxIn, spent: Option<&TxOut>) -> Self {
        let redeem = spent
            .filter(|spent| spent.script_pubkey.is_p2sh())
            .and_then(|_| input.script_sig.redeem_script());
        let is_p2wsh = spent.is_some_and(|spent| spent.script_pubkey.is_p2wsh())
            || redeem.is_some_and(Script::is_p2wsh);
        let witness_script = input
            .witness
            .last()
            .filter(|_| is_p2wsh)
            .map(Script::from_bytes);
        InputJson {
            txid: input.previous_output.txid.to_string(),
            vout: input.previous_output.vout,
            prevout: spent.map(OutputJson::from),
            scriptsig: input.script_sig.to_hex_string(),
            scriptsig_asm: input.script_sig.to_asm_string(),
            witness: input
                .witness
                .iter()
                .map(|item| item.to_lower_hex_string())
                .collect(),
            is_coinbase: input.previous_output.is_null(),
            sequence: input.sequence.to_consensus_u32(),
            inner_redeemscript_asm: redeem.map(Script::to_asm_string),
            inner_witnessscript_asm: witness_script.map(Script::to_asm_string),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct TxJson {
    txid: String,
    version: i32,
    locktime: u32,
    vin: Vec<InputJson>,
    vout: Vec<OutputJson>,
    size: usize,
    weight: u64,
    fee: u64,
    status: StatusJson,
}

impl From<&TxView> for TxJson {
    fn from(view: &TxView) -> Self {
        let tx = &view.tx;
        let inputs = tx.input.iter().zip(&view.spent);
        TxJson {
            txid: view.txid.to_string(),
            version: tx.version.0,
            locktime: tx.lock_time.to_consensus_u32(),
            vin: inputs
                .map(|(input, spent)| InputJson::new(input, spent.as_ref()))
                .collect(),
            vout: tx.output.iter().map(OutputJson::from).collect(),
            size: tx.total_size(),
            weight: tx.weight().to_wu(),
            fee: view.fee.to_sat(),
            status: view.confirmation.into(),
        }
    }
}
