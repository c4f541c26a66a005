//! Answers of an Electrum server. Owns what such a server says of a transaction: it keeps histories of scripts,
//! and gives a transaction by its id whether or not its block is still in the best chain.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitcoin::constants::genesis_block;
use bitcoin::{Network, OutPoint, ScriptBuf, Transaction, TxOut, Txid};
use electrum_client::{Client, ElectrumApi as _, Error, GetHistoryRes, ListUnspentRes, Param};
use till::money::Sat;

use super::electrum_link::{Link, LinkError, said};
use super::{ChainError, Mined, from_txid};

/// How a server says that a transaction is nowhere: bitcoind's words, which most servers pass on, and those of
/// servers that look by themselves.
const NOWHERE: [&str; 2] = ["no such mempool", "missing transaction"];
/// With the same words, a bitcoind says that it cannot look yet.
const CANNOT_LOOK: &str = "still in the process";
/// Some versions talk to nobody who does not say first what he is, which the node does not.
const WANTS_VERSION: &str = "server.version";
/// Outputs whose scripts are asked about to place a transaction: servers do not tell long histories.
const MAX_SCRIPTS: usize = 4;
/// Transactions of a script that are looked through for what spends an output.
const MAX_HISTORY: usize = 2_000;
/// Transactions and scripts that are asked for in one go.
const BATCH: usize = 20;
/// A newest block of this age is not the newest; bitcoind's own measure.
const MAX_TIP_AGE: Duration = Duration::from_secs(24 * 3_600);
/// Satoshis in a kilobyte's fee of one bitcoin, per virtual byte.
const SAT_PER_VB_IN_BTC_PER_KVB: f64 = 100_000.0;

/// Asks one server. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Electrum(Link);

/// A transaction, and where it is.
struct Found {
    transaction: Transaction,
    /// `None` while it waits.
    height: Option<u32>,
}

impl Electrum {
    pub(crate) fn new(url: &str) -> Self {
        Self(Link::new(url))
    }

    /// The way to it, for who asks something of his own.
    pub(crate) fn link(&self) -> &Link {
        &self.0
    }

    /// Whether it can be the chain source of a till on `network`, now.
    ///
    /// # Errors
    /// [`ChainError`] says what is wrong, for the operator.
    pub(super) async fn check(&self, network: Network) -> Result<(), ChainError> {
        let asked = self.0.ask(|client| {
            let first = client.block_header(0)?;
            Ok((first, client.block_headers_subscribe()?))
        });
        let (first, tip) = match asked.await {
            Ok(told) => told,
            Err(LinkError::Refused(why)) if why.contains(WANTS_VERSION) => {
                let why = "the Electrum server wants server.version before all else, which the node does not \
                           send: electrs and Fulcrum do not ask for it";
                return Err(ChainError::new(why));
            }
            Err(error) => return Err(error.into()),
        };
        if first.block_hash() != genesis_block(network).block_hash() {
            let wanted = network.to_core_arg();
            let why =
                format!("the Electrum server is on another network, and this till on {wanted}");
            return Err(ChainError::new(why));
        }
        // On regtest nobody mines by the clock: an old tip says nothing there.
        if network == Network::Regtest {
            return Ok(());
        }
        let mined = UNIX_EPOCH + Duration::from_secs(tip.header.time.into());
        let age = SystemTime::now().duration_since(mined).unwrap_or_default();
        if age > MAX_TIP_AGE {
            let (height, hours) = (tip.height, age.as_secs() / 3_600);
            let why =
                format!("the Electrum server is behind: its block {height} is {hours} hours old");
            return Err(ChainError::new(why));
        }
        Ok(())
    }

    pub(super) async fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, ChainError> {
        let found = self.0.ask(move |client| find(client, txid)).await?;
        Ok(found.map(|found| found.transaction))
    }

    pub(super) async fn mined(&self, txid: Txid) -> Result<Option<Mined>, ChainError> {
        let asked = self.0.ask(move |client| {
            let Some(found) = find(client, txid)? else {
                return Ok(None);
            };
            let inputs = found.transaction.input.iter();
            let outpoints = inputs.map(|input| input.previous_output);
            let outpoints: Vec<OutPoint> = outpoints.filter(|one| !one.is_null()).collect();
            let spent = outputs(client, &outpoints)?;
            Ok(Some((found, spent)))
        });
        let Some((found, spent)) = asked.await? else {
            return Ok(None);
        };
        let value_in: u64 = spent.iter().map(|(_, output)| output.value.to_sat()).sum();
        let outputs = found.transaction.output.iter();
        let value_out: u64 = outputs.map(|output| output.value.to_sat()).sum();
        let spends = spent.iter();
        Ok(Some(Mined {
            // A coinbase makes money and pays nobody.
            fee: sat(value_in.saturating_sub(value_out)),
            height: found.height,
            spends: spends
                .map(|(outpoint, output)| (from_txid(outpoint.txid), sat(output.value.to_sat())))
                .collect(),
        }))
    }

    pub(super) async fn spender(&self, outpoint: OutPoint) -> Result<Option<Txid>, ChainError> {
        let asked = self.0.ask(move |client| spender(client, outpoint));
        Ok(asked.await?)
    }

    pub(crate) async fn broadcast(&self, transaction: &Transaction) -> Result<(), ChainError> {
        let transaction = transaction.clone();
        let asked = self
            .0
            .ask(move |client| client.transaction_broadcast(&transaction));
        asked.await.map(drop).map_err(ChainError::from)
    }

    /// What is due for a transaction that should be mined within so many blocks, in sat/vB; `None` where the
    /// server has seen too little to tell.
    pub(crate) async fn feerate(&self, blocks: u16) -> Result<Option<f64>, ChainError> {
        let asked = self.0.ask(move |client| {
            let within = Param::Usize(blocks.into());
            client.raw_call("blockchain.estimatefee", [within])
        });
        // Servers say "no estimate" in several ways, by a number that is no feerate or by no number.
        let rate = asked.await?.as_f64().filter(|rate| *rate > 0.0);
        Ok(rate.map(|rate| rate * SAT_PER_VB_IN_BTC_PER_KVB))
    }

    /// What is unspent of what was paid to each of the scripts.
    pub(crate) async fn unspent(
        &self,
        scripts: Vec<ScriptBuf>,
    ) -> Result<Vec<Vec<ListUnspentRes>>, ChainError> {
        let asked = self.0.ask(move |client| {
            client.batch_script_list_unspent(scripts.iter().map(ScriptBuf::as_script))
        });
        Ok(asked.await?)
    }
}

/// The transaction as the server keeps it, whatever has become of its block.
fn kept(client: &Client, txid: Txid) -> Result<Option<Transaction>, Error> {
    match client.transaction_get(&txid) {
        Ok(transaction) => Ok(Some(transaction)),
        Err(Error::Protocol(refusal)) if is_nowhere(&said(&refusal)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_nowhere(said: &str) -> bool {
    let said = said.to_lowercase();
    NOWHERE.iter().any(|words| said.contains(words)) && !said.contains(CANNOT_LOOK)
}

/// Only what the history of one of its scripts has is in the best chain, or waits.
fn find(client: &Client, txid: Txid) -> Result<Option<Found>, Error> {
    let Some(transaction) = kept(client, txid)? else {
        return Ok(None);
    };
    let history = history(client, &transaction)?;
    let place = history.iter().find(|one| one.tx_hash == txid);
    Ok(place.map(|place| Found {
        transaction,
        // What waits has a height of 0, or of -1 while it rests on something that waits.
        height: u32::try_from(place.height).ok().filter(|at| *at > 0),
    }))
}

/// The history of the first script of a transaction that the server tells one of.
fn history(client: &Client, transaction: &Transaction) -> Result<Vec<GetHistoryRes>, Error> {
    let outputs = transaction.output.iter();
    let scripts = outputs.map(|output| &output.script_pubkey);
    let scripts = scripts.filter(|script| !script.is_op_return());
    let mut refused = Error::Message("it has no script that has a history".to_owned());
    for script in scripts.take(MAX_SCRIPTS) {
        match client.script_get_history(script) {
            Err(error @ Error::Protocol(_)) => refused = error,
            answered => return answered,
        }
    }
    Err(refused)
}

fn spender(client: &Client, outpoint: OutPoint) -> Result<Option<Txid>, Error> {
    let Some(parent) = kept(client, outpoint.txid)? else {
        return Ok(None);
    };
    let script = &output(&parent, outpoint)?.script_pubkey;
    let is_it = |coin: &ListUnspentRes| {
        coin.tx_hash == outpoint.txid && u32::try_from(coin.tx_pos).ok() == Some(outpoint.vout)
    };
    if client.script_list_unspent(script)?.iter().any(is_it) {
        return Ok(None);
    }
    let history = client.script_get_history(script)?;
    if history.len() > MAX_HISTORY {
        return Err(Error::Message("a script has too long a history".to_owned()));
    }
    let others = history.iter().map(|one| one.tx_hash);
    let others: Vec<Txid> = others.filter(|txid| *txid != outpoint.txid).collect();
    for some in others.chunks(BATCH) {
        let found = client.batch_transaction_get(some)?;
        let spends = |tx: &&Transaction| {
            let mut inputs = tx.input.iter();
            inputs.any(|input| input.previous_output == outpoint)
        };
        if let Some(spender) = found.iter().find(spends) {
            return Ok(Some(spender.compute_txid()));
        }
    }
    Ok(None)
}

/// What was in these outputs.
fn outputs(client: &Client, outpoints: &[OutPoint]) -> Result<Vec<(OutPoint, TxOut)>, Error> {
    let mut found = Vec::new();
    for some in outpoints.chunks(BATCH) {
        let parents = client.batch_transaction_get(some.iter().map(|one| &one.txid))?;
        for (outpoint, parent) in some.iter().zip(&parents) {
            found.push((*outpoint, output(parent, *outpoint)?.clone()));
        }
    }
    Ok(found)
}

fn output(transaction: &Transaction, outpoint: OutPoint) -> Result<&TxOut, Error> {
    let index = usize::try_from(outpoint.vout).ok();
    let output = index.and_then(|index| transaction.output.get(index));
    output.ok_or_else(|| Error::Message(format!("it has no output {outpoint}")))
}

fn sat(value: u64) -> Sat {
    Sat::new(value).unwrap_or(Sat::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_has_looked_says_that_a_transaction_is_nowhere() {
        let cases = [
            (
                "daemon error: DaemonError({'code': -5, 'message': 'No such mempool or blockchain transaction. \
                 Use gettransaction for wallet transactions.'})",
                true,
            ),
            (
                "No such mempool transaction. Use -txindex or provide a block hash",
                true,
            ),
            ("missing transaction", true),
            (
                "No such mempool transaction. Blockchain transactions are still in the process of being indexed.",
                false,
            ),
            ("excessive resource usage", false),
            ("daemon error: WarmingUpError()", false),
        ];
        for (said, nowhere) in cases {
            assert_eq!(is_nowhere(said), nowhere, "{said}");
        }
    }
}
