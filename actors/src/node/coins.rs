//! Builds and signs transactions of the node's on-chain wallet. Owns a second, short-lived wallet on
//! the same keys (BIP 84): ldk-node tells neither its coins nor how to bump a fee. It broadcasts
//! nothing and remembers nothing.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bdk_wallet::error::{BuildFeeBumpError, CreateTxError};
use bdk_wallet::template::Bip84;
use bdk_wallet::{KeychainKind, SignOptions, TxBuilder, Wallet, WalletTx};
use bitcoin::bip32::Xpriv;
use bitcoin::consensus::encode;
use bitcoin::{Address, Amount, FeeRate, Network, OutPoint, Psbt, ScriptBuf, Transaction, TxOut};
use esplora_client::Builder;
use till::id::TxId;
use till::money::Sat;

use super::chain_side::ChainSide;
use super::scan::Index;
use super::{
    BumpRequest, NodeError, OnchainRow, Outlay, SignedSpend, SpendRequest, convert, stored,
};
use crate::chain::{ChainSource, Electrum};

/// No answer of the chain source after this time is no answer.
const TIMEOUT_SECS: u64 = 15;
/// How long reading all coins may take.
const SCAN_TIMEOUT: Duration = Duration::from_secs(180);
/// The most addresses that a wallet is looked through for.
const MAX_ADDRESSES: u32 = 1_000_000;
/// How soon a transaction should be mined whose payer did not say, in blocks.
const TARGET_BLOCKS: u16 = 6;

/// The keys and the way to the coins.
pub(super) struct Coins {
    key: Xpriv,
    network: Network,
    way: Way,
}

/// How the wallet's coins are found.
enum Way {
    /// A server is asked for every address.
    Index(Index),
    /// The node's own wallet is read, and bitcoind asked what has happened to its coins.
    Stored { dir: PathBuf, chain: ChainSide },
}

impl Coins {
    pub(super) fn new(
        mnemonic: &bip39::Mnemonic,
        network: Network,
        dir: &Path,
        chain: &ChainSource,
    ) -> Result<Self, NodeError> {
        let seed = zeroize::Zeroizing::new(mnemonic.to_seed(""));
        let key = Xpriv::new_master(network, seed.as_slice()).map_err(failed)?;
        let way = match chain {
            ChainSource::Esplora(url) => {
                let builder = Builder::new(url).timeout(TIMEOUT_SECS);
                Way::Index(Index::Esplora(builder.build_async().map_err(failed)?))
            }
            ChainSource::Electrum(url) => Way::Index(Index::Electrum(Electrum::new(url))),
            ChainSource::Bitcoind(access) => Way::Stored {
                dir: dir.to_owned(),
                chain: ChainSide::new(access)?,
            },
        };
        Ok(Self { key, network, way })
    }

    /// Whether the node's own wallet knows what has happened to its coins. Where it does not, what it
    /// builds by itself, a channel's funding, could spend them again.
    ///
    /// # Errors
    /// [`NodeError::Unavailable`] if it does not, or nobody answers.
    pub(super) fn node_is_abreast(&self) -> Result<(), NodeError> {
        let Way::Stored { dir, chain } = &self.way else {
            return Ok(());
        };
        let mut wallet = self.stored(dir)?;
        if wait(chain.catch_up(&mut wallet))? == 0 {
            return Ok(());
        }
        let why = "the node's wallet has not seen one of its own transactions yet";
        Err(NodeError::Unavailable(why.into()))
    }

    /// The transactions of the node's wallet, where the node does not tell of all; nothing where it does.
    pub(super) fn rows(&self) -> Result<Vec<OnchainRow>, NodeError> {
        let Way::Stored { dir, .. } = &self.way else {
            return Ok(Vec::new());
        };
        let wallet = self.stored(dir)?;
        Ok(wallet.transactions().map(|tx| row(&wallet, &tx)).collect())
    }

    /// Builds and signs what is asked for. `newest` is the address that the node's own wallet made
    /// last: no address after it can have coins. Change goes there.
    ///
    /// Blocks, on a thread of the runtime's that may.
    pub(super) fn spend(
        &self,
        request: &SpendRequest,
        newest: &Address,
    ) -> Result<SignedSpend, NodeError> {
        let mut wallet = self.wallet(newest)?;
        let recipient = self.script(&request.address)?;
        if wallet.is_mine(recipient.clone()) {
            return Err(NodeError::OwnAddress);
        }
        let feerate = match request.feerate {
            Some(feerate) => feerate,
            None => self.estimate()?,
        };
        let rate = rate(feerate)?;
        let foreign = unconfirmed_foreign(&wallet);
        let before = trusted(&wallet, &foreign);
        let proceeds = match &request.outlay {
            Outlay::Amount(_) => Vec::new(),
            Outlay::Proceeds { of, .. } => outputs_of(&wallet, of)?,
        };
        let mut builder = wallet.build_tx();
        builder.fee_rate(rate).unspendable(foreign);
        match &request.outlay {
            Outlay::Amount(amount) => {
                builder
                    .add_recipient(recipient.clone(), Amount::from_sat(amount.get()))
                    .drain_to(newest.script_pubkey());
            }
            Outlay::Proceeds { keep, .. } => {
                if proceeds.is_empty() {
                    return Err(NodeError::InsufficientFunds);
                }
                builder.add_utxos(&proceeds).map_err(failed)?;
                builder.manually_selected_only().drain_to(recipient.clone());
                if keep.get() > 0 {
                    builder.add_recipient(newest.script_pubkey(), Amount::from_sat(keep.get()));
                }
            }
        }
        let psbt = finish(builder)?;
        let signed = signed(&wallet, psbt, &recipient, feerate)?;
        let left = before.saturating_sub(signed.amount.get() + signed.fee.get());
        Ok(SignedSpend {
            left: convert::sat(left),
            ..signed
        })
    }

    /// Builds and signs what takes the place of a transaction: the same coins, and more if those do not
    /// suffice, to the same recipient.
    pub(super) fn bump(
        &self,
        request: &BumpRequest,
        newest: &Address,
    ) -> Result<SignedSpend, NodeError> {
        let rate = rate(request.feerate)?;
        let old: Transaction = encode::deserialize(&request.raw).map_err(failed)?;
        let mut wallet = self.wallet(newest)?;
        let old_id = old.compute_txid();
        if wallet.get_tx(old_id).is_none() {
            // Later than whatever it took the place of: that may be what the source has.
            wallet.apply_unconfirmed_txs([(old.clone(), seconds_now() + 1)]);
        }
        let before = trusted(&wallet, &unconfirmed_foreign(&wallet));
        let old_total = taken(&wallet, &old)?;
        let rests_on_it = |tx: &Transaction| {
            tx.input
                .iter()
                .any(|input| input.previous_output.txid == old_id)
        };
        if wallet.transactions().any(|tx| rests_on_it(&tx.tx_node.tx)) {
            return Err(NodeError::NotReplaceable(
                "Another transaction spends its change: bump that one".into(),
            ));
        }
        let (mine, theirs): (Vec<&TxOut>, Vec<&TxOut>) = old
            .output
            .iter()
            .partition(|output| wallet.is_mine(output.script_pubkey.clone()));
        let recipient = theirs
            .first()
            .map(|output| output.script_pubkey.clone())
            .ok_or_else(|| NodeError::NotReplaceable("It pays nobody".into()))?;
        let (fixed, rest) = if request.from_recipient {
            (mine, recipient.clone())
        } else {
            let change = mine.first().map(|output| output.script_pubkey.clone());
            (theirs, change.unwrap_or_else(|| newest.script_pubkey()))
        };
        let fixed = fixed
            .iter()
            .map(|output| (output.script_pubkey.clone(), output.value))
            .collect();
        let mut builder = wallet.build_fee_bump(old_id).map_err(not_bumped)?;
        builder.fee_rate(rate).set_recipients(fixed).drain_to(rest);
        if request.from_recipient {
            builder.manually_selected_only();
        }
        let psbt = finish(builder)?;
        let signed = signed(&wallet, psbt, &recipient, request.feerate)?;
        let left = (before + old_total).saturating_sub(signed.amount.get() + signed.fee.get());
        Ok(SignedSpend {
            left: convert::sat(left),
            ..signed
        })
    }

    /// A wallet that knows every coin.
    fn wallet(&self, newest: &Address) -> Result<Wallet, NodeError> {
        match &self.way {
            Way::Index(index) => self.scanned(index, newest),
            Way::Stored { dir, chain } => {
                let mut wallet = self.stored(dir)?;
                self.reveal(&mut wallet, newest)?;
                wait(chain.catch_up(&mut wallet))?;
                Ok(wallet)
            }
        }
    }

    /// The node's own, as it was last synced.
    fn stored(&self, dir: &Path) -> Result<Wallet, NodeError> {
        let [external, internal] =
            [KeychainKind::External, KeychainKind::Internal].map(|kind| Bip84(self.key, kind));
        let known = stored::wallet(dir, self.network)?;
        let wallet = Wallet::load()
            .descriptor(KeychainKind::External, Some(external))
            .descriptor(KeychainKind::Internal, Some(internal))
            .extract_keys()
            .check_network(self.network)
            .load_wallet_no_persist(known)
            .map_err(failed)?;
        wallet.ok_or_else(|| failed("the node has no wallet yet"))
    }

    /// Makes the wallet know the addresses up to the newest.
    fn reveal(&self, wallet: &mut Wallet, newest: &Address) -> Result<(), NodeError> {
        let script = newest.script_pubkey();
        let last = (0..MAX_ADDRESSES).find(|&index| {
            let address = wallet.peek_address(KeychainKind::External, index);
            address.script_pubkey() == script
        });
        let last = last.ok_or_else(|| failed("the node's newest address is none of its keys'"))?;
        let _ = wallet.reveal_addresses_to(KeychainKind::External, last);
        Ok(())
    }

    fn scanned(&self, index: &Index, newest: &Address) -> Result<Wallet, NodeError> {
        let descriptors = [KeychainKind::External, KeychainKind::Internal];
        let [external, internal] = descriptors.map(|keychain| Bip84(self.key, keychain));
        let mut wallet = Wallet::create(external, internal)
            .network(self.network)
            .create_wallet_no_persist()
            .map_err(failed)?;
        self.reveal(&mut wallet, newest)?;
        let change = wallet
            .spk_index()
            .unbounded_spk_iter(KeychainKind::Internal)
            .ok_or_else(|| failed("no change addresses"))?;
        let request = bdk_wallet::chain::spk_client::FullScanRequest::builder()
            .chain_tip(wallet.latest_checkpoint())
            .spks_for_keychain(KeychainKind::Internal, change)
            .build();
        let found = index.full_scan(request)?;
        wallet.apply_update(found).map_err(failed)?;
        let request = wallet.start_sync_with_revealed_spks().build();
        let found = index.sync(request)?;
        wallet.apply_update(found).map_err(failed)?;
        Ok(wallet)
    }

    fn script(&self, address: &str) -> Result<ScriptBuf, NodeError> {
        let invalid = |why: &dyn std::fmt::Display| NodeError::Invalid(why.to_string());
        let address = Address::from_str(address).map_err(|e| invalid(&e))?;
        let address = address
            .require_network(self.network)
            .map_err(|e| invalid(&e))?;
        Ok(address.script_pubkey())
    }

    /// What the chain source thinks is due, in sat/vB, at least 1.
    fn estimate(&self) -> Result<u64, NodeError> {
        let estimate = match &self.way {
            Way::Index(Index::Esplora(esplora)) => {
                let estimates = wait(esplora.get_fee_estimates())?;
                esplora_client::convert_fee_rate(usize::from(TARGET_BLOCKS), estimates)
                    .map(f64::from)
            }
            Way::Index(Index::Electrum(electrum)) => wait(electrum.feerate(TARGET_BLOCKS))?,
            Way::Stored { chain, .. } => wait(chain.feerate(TARGET_BLOCKS))?,
        };
        // Rounded up, and within bounds whatever the source says.
        Ok(estimate.map_or(1, |estimate| estimate.ceil().clamp(1.0, 1_000.0) as u64))
    }
}

/// What a transaction did to the wallet, by the same sums as the node's own rows.
fn row(wallet: &Wallet, tx: &WalletTx<'_>) -> OnchainRow {
    let (sent, received) = wallet.sent_and_received(&tx.tx_node.tx);
    // Unknown where others' coins are in it, and then others have paid it.
    let fee = wallet.calculate_fee(&tx.tx_node.tx);
    let (sent, received) = (sent.to_sat(), received.to_sat());
    let fee = fee.map_or(0, Amount::to_sat);
    let incoming = sent <= received;
    let amount = if incoming {
        received.saturating_sub(sent.saturating_sub(fee))
    } else {
        sent.saturating_sub(fee).saturating_sub(received)
    };
    OnchainRow {
        tx_id: convert::tx_id(tx.tx_node.txid),
        incoming,
        amount: convert::sat(amount).to_msat(),
        fee: convert::sat(if incoming { 0 } else { fee }).to_msat(),
        height: tx.chain_position.confirmation_height_upper_bound(),
    }
}

/// Coins that somebody else may yet take back: outputs of unconfirmed transactions that are not all
/// ours.
fn unconfirmed_foreign(wallet: &Wallet) -> Vec<OutPoint> {
    let is_ours = |tx: &Transaction| {
        tx.input.iter().all(|input| {
            let spent = wallet.tx_graph().get_txout(input.previous_output);
            spent.is_some_and(|output| wallet.is_mine(output.script_pubkey.clone()))
        })
    };
    wallet
        .list_unspent()
        .filter(|coin| {
            let parent = wallet.tx_graph().get_tx(coin.outpoint.txid);
            let is_safe = parent.is_some_and(|tx| is_ours(&tx));
            !coin.chain_position.is_confirmed() && !is_safe
        })
        .map(|coin| coin.outpoint)
        .collect()
}

/// What a transaction takes from the wallet, in satoshis: what others get, and the fee.
fn taken(wallet: &Wallet, transaction: &Transaction) -> Result<u64, NodeError> {
    let fee = wallet.calculate_fee(transaction).map_err(failed)?;
    let outputs = transaction.output.iter();
    let theirs = outputs.filter(|output| !wallet.is_mine(output.script_pubkey.clone()));
    let paid: u64 = theirs.map(|output| output.value.to_sat()).sum();
    Ok(paid + fee.to_sat())
}

/// What the wallet can count on, in satoshis.
fn trusted(wallet: &Wallet, foreign: &[OutPoint]) -> u64 {
    let coins = wallet.list_unspent();
    let coins = coins.filter(|coin| !foreign.contains(&coin.outpoint));
    coins.map(|coin| coin.txout.value.to_sat()).sum()
}

/// The unspent outputs of some transactions, all of which are confirmed.
fn outputs_of(wallet: &Wallet, transactions: &[TxId]) -> Result<Vec<OutPoint>, NodeError> {
    let mut coins = Vec::new();
    for coin in wallet.list_unspent() {
        if !transactions.contains(&convert::tx_id(coin.outpoint.txid)) {
            continue;
        }
        if !coin.chain_position.is_confirmed() {
            let why = "a channel's money is not in the chain any more";
            return Err(NodeError::Unavailable(why.into()));
        }
        coins.push(coin.outpoint);
    }
    Ok(coins)
}

fn signed(
    wallet: &Wallet,
    mut psbt: Psbt,
    recipient: &ScriptBuf,
    feerate: u64,
) -> Result<SignedSpend, NodeError> {
    let fee = psbt.fee().map_err(failed)?;
    let is_complete = wallet
        .sign(&mut psbt, SignOptions::default())
        .map_err(failed)?;
    if !is_complete {
        return Err(failed("a coin could not be signed for"));
    }
    let tx = psbt.extract_tx().map_err(failed)?;
    let paid = tx
        .output
        .iter()
        .filter(|output| output.script_pubkey == *recipient);
    // What is left for a recipient who bears the fee may be dust, and is then left out.
    if paid.clone().count() == 0 {
        let why = "the fee would leave the recipient nothing";
        return Err(NodeError::Invalid(why.into()));
    }
    Ok(SignedSpend {
        tx_id: convert::tx_id(tx.compute_txid()),
        raw: encode::serialize(&tx),
        amount: convert::sat(paid.map(|output| output.value.to_sat()).sum()),
        fee: convert::sat(fee.to_sat()),
        feerate,
        left: Sat::ZERO,
    })
}

fn rate(feerate: u64) -> Result<FeeRate, NodeError> {
    FeeRate::from_sat_per_vb(feerate).ok_or_else(|| NodeError::Invalid("the feerate".into()))
}

fn finish<C: bdk_wallet::coin_selection::CoinSelectionAlgorithm>(
    builder: TxBuilder<'_, C>,
) -> Result<Psbt, NodeError> {
    builder.finish().map_err(|error| match error {
        CreateTxError::CoinSelection(_) | CreateTxError::NoUtxosSelected => {
            NodeError::InsufficientFunds
        }
        CreateTxError::OutputBelowDustLimit(_) => {
            NodeError::Invalid("the amount is too small to be sent (dust)".into())
        }
        CreateTxError::FeeRateTooLow { .. } | CreateTxError::FeeTooLow { .. } => {
            NodeError::Invalid("the feerate must be higher than that of the transaction".into())
        }
        CreateTxError::Descriptor(_)
        | CreateTxError::Policy(_)
        | CreateTxError::SpendingPolicyRequired(_)
        | CreateTxError::Version0
        | CreateTxError::Version1Csv
        | CreateTxError::LockTime { .. }
        | CreateTxError::RbfSequenceCsv { .. }
        | CreateTxError::NoRecipients
        | CreateTxError::Psbt(_)
        | CreateTxError::MissingKeyOrigin(_)
        | CreateTxError::UnknownUtxo
        | CreateTxError::MissingNonWitnessUtxo(_)
        | CreateTxError::MiniscriptPsbt(_) => failed(error),
    })
}

fn not_bumped(error: BuildFeeBumpError) -> NodeError {
    match error {
        BuildFeeBumpError::TransactionConfirmed(_) => {
            NodeError::NotReplaceable("The transaction is confirmed".into())
        }
        BuildFeeBumpError::IrreplaceableTransaction(_) => {
            NodeError::NotReplaceable("The transaction does not allow its replacement".into())
        }
        BuildFeeBumpError::UnknownUtxo(_)
        | BuildFeeBumpError::TransactionNotFound(_)
        | BuildFeeBumpError::FeeRateUnavailable
        | BuildFeeBumpError::InvalidOutputIndex(_) => failed(error),
    }
}

/// Waits for the chain source on a thread that may block.
pub(super) fn wait<T, E: std::fmt::Display>(
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, NodeError> {
    let in_time = async { tokio::time::timeout(SCAN_TIMEOUT, answer).await };
    match tokio::runtime::Handle::current().block_on(in_time) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(NodeError::Unavailable(error.to_string())),
        Err(_) => Err(NodeError::Unavailable(
            "the chain source did not tell all coins in time".into(),
        )),
    }
}

pub(super) fn failed(why: impl std::fmt::Display) -> NodeError {
    NodeError::Failed(why.to_string())
}

pub(super) fn seconds_now() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |elapsed| elapsed.as_secs())
}
