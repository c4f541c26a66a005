//! What peers paid out when they closed channels that the node has lost: found by the seed alone, and
//! fetched. Owns looking, building and signing; it knows no journal and no node, and needs none.
//!
//! A peer that closes a channel alone pays what is ours to one of a few scripts that follow from the
//! seed ([`crate::node::keys`]). ldk-node looks for them only as long as it knows the channel.

mod outputs;
mod sweep;

use bitcoin::{Address, Network, OutPoint, ScriptBuf, Transaction};
use till::money::Sat;

pub use outputs::Outputs;

use crate::chain::ChainError;
use crate::node::NodeError;
use crate::node::keys::{ClosedBalance, closed_balances};

/// Blocks in which the transaction is to be mined, if nobody names a feerate.
const TARGET_BLOCKS: u16 = 6;
/// The feerate below which nobody relays, in sat/vB.
const MIN_FEERATE: f64 = 1.0;

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The seed gives no keys.
    #[error(transparent)]
    Keys(#[from] NodeError),
    /// The chain source cannot be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The address is not one of this network.
    #[error("{0:?} is not an address of this network")]
    Address(String),
    /// What there is does not pay for its transaction.
    #[error("{amount} sat would cost {fee} sat to fetch: wait for lower fees")]
    TooLittle {
        /// All there is.
        amount: u64,
        /// What miners would get.
        fee: u64,
    },
    /// A transaction that does not verify must not leave.
    #[error("the transaction could not be signed: {0}")]
    Sign(String),
    /// The system refuses a runtime.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// An output of a closing that is ours.
#[derive(Clone, Debug)]
pub struct Coin {
    outpoint: OutPoint,
    amount: Sat,
    /// Whether a block has it: before, it cannot be spent.
    pub is_mined: bool,
    /// Which of the scripts it is.
    balance: usize,
}

impl Coin {
    /// Transaction and index, as people write it.
    #[must_use]
    pub fn name(&self) -> String {
        self.outpoint.to_string()
    }

    /// What is in it.
    #[must_use]
    pub const fn amount(&self) -> Sat {
        self.amount
    }
}

/// What was sent.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The transaction's id.
    pub tx_id: String,
    /// What arrives.
    pub amount: Sat,
    /// What miners get.
    pub fee: Sat,
}

/// Looks and fetches for one seed.
pub struct Recovery {
    network: Network,
    outputs: Outputs,
    balances: Vec<ClosedBalance>,
}

impl std::fmt::Debug for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recovery")
    }
}

impl Recovery {
    /// For the seed of these words, on this network.
    ///
    /// # Errors
    /// [`RecoverError`] if there are no keys or no client.
    pub fn new(
        mnemonic: &bip39::Mnemonic,
        network: Network,
        outputs: Outputs,
    ) -> Result<Self, RecoverError> {
        Ok(Self {
            network,
            outputs,
            balances: closed_balances(mnemonic, network)?,
        })
    }

    /// Everything that was paid to one of the seed's scripts and is still there. Asks for each of
    /// them, and tells `progress` how many of how many were asked for.
    ///
    /// # Errors
    /// [`RecoverError::Chain`]; nothing may be concluded then.
    pub async fn find(
        &self,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Vec<Coin>, RecoverError> {
        let (scripts, of) = (self.scripts(), self.balances.len());
        let found = self.outputs.find(scripts, |done| progress(done, of));
        let mut coins = found.await?;
        coins.sort_by_key(|coin| coin.outpoint);
        Ok(coins)
    }

    fn scripts(&self) -> Vec<ScriptBuf> {
        self.balances
            .iter()
            .map(|ours| ours.script.clone())
            .collect()
    }

    /// Sends all that is mined to `address`, at a feerate in sat/vB or at what the chain source
    /// thinks is due; `None` if nothing is mined.
    ///
    /// # Errors
    /// [`RecoverError`]; after one of the chain source it may have been sent all the same.
    pub async fn fetch(
        &self,
        coins: &[Coin],
        address: &str,
        feerate: Option<u64>,
    ) -> Result<Option<Fetched>, RecoverError> {
        let to = self.address(address)?;
        let mined: Vec<&Coin> = coins.iter().filter(|coin| coin.is_mined).collect();
        if mined.is_empty() {
            return Ok(None);
        }
        let sat_per_vb = match feerate {
            Some(feerate) => feerate,
            None => due(self.outputs.feerate(TARGET_BLOCKS).await?),
        };
        let (transaction, fee) = sweep::build(&self.balances, &mined, &to, sat_per_vb)?;
        self.outputs.broadcast(&transaction).await?;
        Ok(Some(fetched(&transaction, fee)))
    }

    fn address(&self, text: &str) -> Result<Address, RecoverError> {
        let parsed = text
            .trim()
            .parse::<Address<bitcoin::address::NetworkUnchecked>>();
        let checked = parsed
            .ok()
            .and_then(|address| address.require_network(self.network).ok());
        checked.ok_or_else(|| RecoverError::Address(text.to_owned()))
    }
}

fn fetched(transaction: &Transaction, fee: u64) -> Fetched {
    let amount = transaction
        .output
        .iter()
        .map(|output| output.value.to_sat());
    Fetched {
        tx_id: transaction.compute_txid().to_string(),
        amount: Sat::new(amount.sum()).unwrap_or(Sat::ZERO),
        fee: Sat::new(fee).unwrap_or(Sat::ZERO),
    }
}

/// What is due for a transaction that is in no hurry, rounded up.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a feerate is positive and far below what an integer holds"
)]
fn due(feerate: Option<f64>) -> u64 {
    let feerate = feerate.unwrap_or(MIN_FEERATE);
    feerate.max(MIN_FEERATE).ceil() as u64
}
