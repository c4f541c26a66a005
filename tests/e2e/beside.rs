//! A second till beside the shop's, in this process and on the same chain: for what no HTTP surface
//! offers. Hides its start and its settings.

use std::time::Duration;

use till::fees::LspPolicy;
use till::id::PaymentHash;
use till::invoice::{Description, Held, State};
use till::ledger::{Origin, WalletRef};
use till::money::{Msat, Sat};
use till_actors::chain::ChainSource;
use till_actors::hub::HubLimits;
use till_actors::node::ldk::LdkConfig;
use till_actors::service::{Hold, NewInvoice, Policy};
use till_actors::till::{NodeSource, Till, TillConfig};

use crate::shop::{Shop, until};

pub struct BesideTill {
    pub till: Till,
    _dir: tempfile::TempDir,
}

impl BesideTill {
    /// A till with nothing, whose liquidity provider is the shop's.
    pub async fn start(shop: &Shop) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mnemonic = bip39::Mnemonic::from_entropy(&[3; 16]).unwrap();
        let source = NodeSource::Embedded {
            config: Box::new(node(shop)),
            mnemonic,
        };
        let config = till(shop, dir.path());
        let till = Till::start(config, [3; 64].into(), source).await.unwrap();
        let service = till.service();
        until("the till beside to be ready", async || {
            service.readiness().await.ready.then_some(())
        })
        .await;
        Self { till, _dir: dir }
    }

    /// The height from which on what an invoice holds is given back by the node itself.
    pub async fn deadline(&self, hash: PaymentHash) -> u32 {
        let invoice = self.till.service().invoice(hash).await.unwrap().unwrap();
        match invoice.held {
            Some(Held::Htlc(claim)) => claim.deadline_height.unwrap(),
            Some(Held::Internal { .. }) | None => panic!("no HTLC in {invoice:?}"),
        }
    }

    /// Waits until an invoice stands like this.
    pub async fn becomes(&self, hash: PaymentHash, state: State) {
        let service = self.till.service();
        until(&format!("invoice {hash} to be {state:?}"), async || {
            let invoice = service.invoice(hash).await.unwrap().unwrap();
            (invoice.state == state).then_some(())
        })
        .await;
    }
}

fn node(shop: &Shop) -> LdkConfig {
    let lsp = shop.world.lsp();
    LdkConfig {
        dir: std::path::PathBuf::new(),
        network: bitcoin::Network::Regtest,
        chain: ChainSource::Esplora(shop.world.esplora_url()),
        alias: "beside".into(),
        listen: Vec::new(),
        announce: Vec::new(),
        lsp: Some((lsp.node_id().to_string(), lsp.address().to_string(), None)),
        trusted_peers_0conf: Vec::new(),
        sync_secs: (10, 10, 60),
    }
}

fn till(shop: &Shop, dir: &std::path::Path) -> TillConfig {
    let lsp = LspPolicy {
        max_fee_ppm: 30_000,
        max_fee_floor: Msat::ZERO,
    };
    TillConfig {
        data_dir: dir.to_owned(),
        network: bitcoin::Network::Regtest,
        chain: ChainSource::Esplora(shop.world.esplora_url()),
        policy: Policy {
            lsp: Some(lsp),
            ..Policy::default()
        },
        max_in_flight: 4,
        recheck: Duration::from_secs(1),
        credit_depth: 1,
        scan_every: Duration::from_secs(1),
        sync_too: true,
        outbound: till_actors::outbound::OutboundPolicy::default(),
        rates: till_actors::rates::RatesConfig::default(),
        disk_floor_bytes: 0,
        health_every: Duration::from_secs(60),
        hub: HubLimits {
            max_subscribers: 2,
            max_lag: 16,
        },
    }
}

/// An invoice of the house's.
pub fn house_invoice(amount_sat: u64, hold: Option<Hold>) -> NewInvoice {
    NewInvoice {
        meta: till::meta::Meta::default(),
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: Sat::new(amount_sat).map(Sat::to_msat),
        description: Description::Text("goods".into()),
        external_id: None,
        webhook_url: None,
        expiry_secs: None,
        hold,
        idempotency: None,
    }
}
