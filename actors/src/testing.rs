//! What this crate's tests stand on: a ledger on a real journal and real views, and a node that
//! is asked and never acts.

use std::future::{Future, pending};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use till::id::{NodePaymentId, PaymentHash, PaymentId, Preimage};
use till::invoice::Description;
use till::ledger::{
    Command, Decision, InvoiceDraft, Origin, PaymentOrder, State, WalletRef, decide,
};
use till::money::Msat;
use till::time::Timestamp;
use till::treasury::Figures;

use crate::journal::Journal;
use crate::node::{
    BumpRequest, ClosingBalance, JitInvoice, LightningNode, Look, MadeOffer, NodeBalances,
    NodeChannel, NodeError, NodeEvent, NodePayment, NodeStatus, OfferRequest, OnchainRow,
    OpenChannelRequest, ReceiveRequest, SendFault, SendRequest, SendTarget, SignedSpend,
    SpendRequest, SpliceRequest,
};
use crate::views::{Views, catch_up};

/// A ledger whose records go to the journal and the views at once.
pub(crate) struct Books {
    pub(crate) journal: Journal,
    pub(crate) views: Views,
    pub(crate) state: State<Views>,
    pub(crate) now: u64,
}

impl Books {
    pub(crate) fn open(dir: &Path) -> Self {
        let journal = Journal::open(&dir.join("journal.sqlite"), "regtest").unwrap();
        let views = Views::open(&dir.join("views")).unwrap();
        let state = catch_up(&journal, &views).unwrap();
        let now = state.progress().at.as_millis().max(1_000);
        Self {
            journal,
            views,
            state,
            now,
        }
    }

    pub(crate) fn run(&mut self, command: Command) {
        self.now += 1;
        let decision = decide(&self.state, command, Timestamp::from_millis(self.now)).unwrap();
        let Decision::Commit(record) = decision else {
            panic!("a repeat")
        };
        let changes = self.state.evolve(&record).unwrap();
        self.journal.append([record].iter()).unwrap();
        self.views.apply(&[&changes], self.journal.head()).unwrap();
    }

    pub(crate) fn ask(&mut self, n: u8, external_id: Option<&str>) {
        let external_id = external_id.map(str::to_owned);
        let draft = InvoiceDraft {
            external_id,
            ..draft(n)
        };
        self.run(Command::DraftInvoice(Box::new(draft)));
        self.run(Command::IssueInvoice {
            hash: hash(n),
            bolt11: format!("ln{n}"),
            lsp_fee: None,
            idempotency: None,
        });
    }

    pub(crate) fn earn(&mut self, n: u8) {
        let (hash, amount, lsp_fee) = (hash(n), msat(1_000), Msat::ZERO);
        self.run(Command::IntendClaim {
            hash,
            amount,
            lsp_fee,
            deadline_height: None,
        });
        self.run(Command::BookReceipt {
            hash,
            amount,
            lsp_fee,
            offer: None,
        });
    }
}

pub(crate) fn draft(n: u8) -> InvoiceDraft {
    InvoiceDraft {
        meta: till::meta::Meta::default(),
        unlisted: false,
        hash: hash(n),
        preimage: Some(Preimage::from_bytes([n; 32])),
        hold: false,
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: Some(msat(1_000)),
        description: Description::Text("goods".into()),
        external_id: None,
        webhook_url: None,
        expiry_secs: 60,
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

pub(crate) fn msat(amount: u64) -> Msat {
    Msat::new(amount).unwrap()
}

pub(crate) fn hash(n: u8) -> PaymentHash {
    Preimage::from_bytes([n; 32]).payment_hash()
}

pub(crate) fn reserve(n: u8, amount: u64) -> Command {
    Command::ReservePayment(Box::new(PaymentOrder {
        meta: till::meta::Meta::default(),
        id: PaymentId::from_bytes([n; 16]),
        target: SendTarget::Bolt11 {
            text: format!("ln{n}"),
            hash: hash(n),
        },
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: msat(amount),
        fee_cap: Msat::ZERO,
        description: None,
        expires_at: Timestamp::from_millis(u64::MAX),
        spendable: msat(1_000_000_000),
        idempotency: None,
        cleared: None,
        named: None,
        service_fee: Msat::ZERO,
        retry_secs: 0,
    }))
}

/// A node that answers what it was told to, and does nothing.
#[derive(Debug, Default)]
pub(crate) struct QuietNode;

impl LightningNode for QuietNode {
    fn node_id(&self) -> String {
        "02".repeat(33)
    }
    fn status(&self) -> NodeStatus {
        NodeStatus {
            running: true,
            height: 1,
            last_sync_secs: Some(1),
        }
    }
    fn receive_for_hash(&self, _: &ReceiveRequest) -> Result<String, NodeError> {
        Err(NodeError::Busy)
    }
    fn create_offer(&self, _: &OfferRequest) -> Result<MadeOffer, NodeError> {
        Err(NodeError::Busy)
    }
    fn claim(&self, _: PaymentHash, _: Msat, _: &Preimage) -> Result<(), NodeError> {
        Ok(())
    }
    fn fail(&self, _: PaymentHash) -> Result<(), NodeError> {
        Ok(())
    }
    fn forget(&self, _: PaymentHash) -> Result<(), NodeError> {
        Ok(())
    }
    fn send(&self, _: &SendRequest) -> Result<NodePaymentId, SendFault> {
        Err(SendFault::Unclear)
    }
    fn payment(&self, _: NodePaymentId) -> Option<NodePayment> {
        None
    }
    fn look(&self) -> Look {
        Look::default()
    }
    fn channels(&self) -> Vec<NodeChannel> {
        Vec::new()
    }
    fn balances(&self) -> NodeBalances {
        NodeBalances::default()
    }
    fn figures(&self) -> Option<Figures> {
        None
    }
    fn new_address(&self) -> Result<String, NodeError> {
        Err(NodeError::Busy)
    }
    fn onchain_rows(&self) -> Vec<OnchainRow> {
        Vec::new()
    }
    fn open_channel(&self, _: &OpenChannelRequest) -> Result<[u8; 16], NodeError> {
        Err(NodeError::Busy)
    }
    fn build_spend(&self, _: &SpendRequest) -> Result<SignedSpend, NodeError> {
        Err(NodeError::InsufficientFunds)
    }

    fn build_bump(&self, _: &BumpRequest) -> Result<SignedSpend, NodeError> {
        Err(NodeError::InsufficientFunds)
    }

    fn close_channel(&self, _: [u8; 16], _: &str, _: bool) -> Result<(), NodeError> {
        Ok(())
    }

    fn closings(&self) -> Vec<ClosingBalance> {
        Vec::new()
    }

    fn sync(&self) -> Result<(), NodeError> {
        Ok(())
    }
    fn next_event(&self) -> Pin<Box<dyn Future<Output = NodeEvent> + Send + '_>> {
        Box::pin(pending())
    }
    fn event_handled(&self) -> Result<(), NodeError> {
        Ok(())
    }
    fn stop(&self) -> Result<(), NodeError> {
        Ok(())
    }
    fn receive_jit_for_hash(
        &self,
        _: &ReceiveRequest,
        _: Msat,
        _: Msat,
    ) -> Result<JitInvoice, NodeError> {
        Err(NodeError::Busy)
    }
    fn peer_address(&self, _: &str) -> Option<String> {
        None
    }
    fn connect(&self, _: &str, _: Option<&str>) -> Result<(), NodeError> {
        Err(NodeError::Busy)
    }
    fn splice(&self, _: &SpliceRequest, _: &str) -> Result<(), NodeError> {
        Err(NodeError::Busy)
    }
}

/// A till's configuration for a folder; nobody listens where its chain should be.
pub(crate) fn config(dir: &Path) -> crate::till::TillConfig {
    crate::till::TillConfig {
        data_dir: dir.to_owned(),
        network: bitcoin::Network::Regtest,
        chain: crate::chain::ChainSource::Esplora("http://127.0.0.1:9".into()),
        policy: crate::service::Policy::default(),
        max_in_flight: 4,
        recheck: std::time::Duration::from_secs(3_600),
        credit_depth: 1,
        scan_every: std::time::Duration::from_secs(3_600),
        sync_too: false,
        outbound: crate::outbound::OutboundPolicy {
            allow_loopback: true,
            ..crate::outbound::OutboundPolicy::default()
        },
        rates: crate::rates::RatesConfig::default(),
        disk_floor_bytes: 0,
        health_every: std::time::Duration::from_secs(60),
        hub: crate::hub::HubLimits {
            max_subscribers: 2,
            max_lag: 3,
        },
    }
}

/// A running till on a folder, and its node.
pub(crate) async fn start(
    dir: &Path,
) -> Result<(crate::till::Till, Arc<QuietNode>), crate::till::StartError> {
    let node = Arc::new(QuietNode);
    let source = crate::till::NodeSource::Running(Arc::clone(&node) as _);
    let till = crate::till::Till::start(config(dir), [1; 64].into(), source).await?;
    Ok((till, node))
}
