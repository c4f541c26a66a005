//! A regtest chain: inside the process with mining, mempool, script checks and reorgs on demand, or
//! the picture of a real bitcoind's.
//!
//! [`Chain`] is the handle that everything else holds; [`EsploraServer`] shows it to wallets and
//! nodes over HTTP. In-process the rules are bitcoind's where a wallet can see them. Blocks come from our own
//! miner only, so there is no peer-to-peer network and no block validation beyond linkage. With a real bitcoind
//! every block is its own, every transaction is judged by it, and only the index for Esplora is ours.
//!
//! | file | owns |
//! | --- | --- |
//! | `state`, `index` | blocks, coins, who spent what, history by script |
//! | `mempool` | unconfirmed transactions and their families |
//! | `policy`, `verify`, `accept`, `package`, `reject` | what may enter the mempool, and why not |
//! | `miner`, `wallet` | new blocks, and the money that comes from them |
//! | `world`, `query`, `view` | all of it together: changes, questions, answers |
//! | `handle`, `store` | the shared handle, and the folder a world is resumed from |
//! | `real`, `host`, `news` | the same changes where a real bitcoind makes them, whose it is, and how its chain is followed |
//! | `esplora` | the HTTP server |

mod accept;
mod esplora;
mod handle;
mod host;
mod index;
mod mempool;
mod miner;
mod news;
mod package;
mod policy;
mod query;
mod real;
mod reject;
mod state;
mod store;
mod verify;
mod view;
mod wallet;
mod world;

pub use esplora::EsploraServer;
pub use handle::Chain;
pub use index::ScriptKey;
pub use miner::Fill;
pub use package::{MAX_PACKAGE_COUNT, PackageOutcome};
pub use policy::{INCREMENTAL_RELAY_FEE_SAT_PER_KVB, MIN_RELAY_FEE_SAT_PER_KVB};
pub use reject::Reject;
pub use state::ConnectError;
pub use store::OpenError;
pub use view::{BlockView, Confirmation, MerklePath, Outspend, ScriptTotals, Tip, TxView, Utxo};
pub use wallet::FundError;
pub use world::{DEFAULT_FEERATE_SAT_PER_VB, ReorgError};
