//! Two peers over a real channel on the in-process chain: the chain, its server and the peers prove
//! each other.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bitcoin::Amount;

use super::{JitTerms, NewChannel, NewInvoice, Peer, PeerConfig, PeerError};
use crate::chain::{Chain, EsploraServer};
use crate::wait::Wait;

const CAPACITY_SAT: u64 = 1_000_000;
const LIMIT: Duration = Duration::from_secs(10);

fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

struct Pair {
    chain: Chain,
    esplora: EsploraServer,
    payer: Peer,
    payee: Peer,
    _dir: tempfile::TempDir,
}

impl Pair {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::new();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let esplora = EsploraServer::start(chain.clone(), any).await.unwrap();
        let peer = |name: &str, dir: &Path| PeerConfig {
            name: name.to_owned(),
            dir: dir.join(name),
            esplora_url: esplora.url(),
            listen: free_address(),
            trusted_0conf: Vec::new(),
            jit: JitTerms::default(),
            temp: None,
        };
        let (payer, payee) = tokio::join!(
            Peer::start(peer("payer", dir.path())),
            Peer::start(peer("payee", dir.path()))
        );
        let pair = Pair {
            chain,
            esplora,
            payer: payer.unwrap(),
            payee: payee.unwrap(),
            _dir: dir,
        };
        pair.fund().await;
        pair
    }

    async fn fund(&self) {
        for peer in [&self.payer, &self.payee] {
            let address = peer.new_address().await.unwrap();
            let amount = Amount::from_sat(2 * CAPACITY_SAT);
            self.chain.fund(address.script_pubkey(), amount).unwrap();
        }
        self.mine(1).await;
    }

    async fn mine(&self, blocks: u32) {
        let tip = self.chain.mine(blocks);
        for peer in [&self.payer, &self.payee] {
            peer.sync_to(tip.height).await.unwrap();
        }
    }

    async fn open_channel(&self) {
        let wanted = NewChannel {
            node_id: self.payee.node_id(),
            address: self.payee.address(),
            capacity_sat: CAPACITY_SAT,
            push_sat: 0,
            announce: false,
        };
        let opened = self.payer.open_channel(wanted).await.unwrap();
        let mut wait = Wait::new("the funding transaction", LIMIT);
        while self.chain.tx(&opened.funding.txid).is_none() {
            wait.pause().await.unwrap();
        }
        self.mine(6).await;
        self.payer.usable(opened.funding).await.unwrap();
        self.payee.usable(opened.funding).await.unwrap();
    }

    async fn stop(self) {
        self.payer.stop().await.unwrap();
        self.payee.stop().await.unwrap();
        self.esplora.stop().await;
    }
}

fn invoice(amount_sat: u64, hold: bool) -> NewInvoice {
    NewInvoice {
        amount_msat: Some(amount_sat * 1000),
        memo: "a coffee".to_owned(),
        expiry_secs: 600,
        hold,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn peers_pay_hold_cancel_and_come_back() {
    let pair = Pair::start().await;
    pair.open_channel().await;
    let (payer, payee) = (&pair.payer, &pair.payee);

    let plain = payee.invoice(invoice(600_000, false)).await.unwrap();
    let paid = payer.pay(&plain.bolt11, None).await.unwrap();
    assert_eq!(paid.payment_hash, plain.payment_hash);
    assert_eq!(paid.fee_msat, 0);
    let again = payer.pay(&plain.bolt11, None).await.unwrap_err();
    assert!(matches!(again, PeerError::PaymentFailed(_)), "{again}");

    let held = payee.invoice(invoice(1_000, true)).await.unwrap();
    assert!(matches!(
        payee.settle(&held.payment_hash).await,
        Err(PeerError::NotHeld)
    ));
    let (paid, ()) = tokio::join!(payer.pay(&held.bolt11, None), async {
        until_held(payee, &held.payment_hash).await;
        payee.settle(&held.payment_hash).await.unwrap();
    });
    assert_eq!(paid.unwrap().payment_hash, held.payment_hash);

    let cancelled = payee.invoice(invoice(1_000, true)).await.unwrap();
    let (failed, ()) = tokio::join!(payer.pay(&cancelled.bolt11, None), async {
        until_held(payee, &cancelled.payment_hash).await;
        payee.cancel(&cancelled.payment_hash).await.unwrap();
    });
    assert!(matches!(failed, Err(PeerError::PaymentFailed(_))));
    // Cancelled before it comes: it is sent back when it comes.
    let failed = payer.pay(&cancelled.bolt11, None).await;
    assert!(matches!(failed, Err(PeerError::PaymentFailed(_))));

    payee.stop().await.unwrap();
    assert!(matches!(
        payee.invoice(invoice(1, false)).await,
        Err(PeerError::Stopped(_))
    ));
    payee.restart().await.unwrap();
    payee
        .connect(payer.node_id(), payer.address())
        .await
        .unwrap();
    let funding = payee.channels().await.unwrap()[0].funding.unwrap();
    payer.usable(funding).await.unwrap();
    payee.usable(funding).await.unwrap();
    let back = payer
        .invoice(NewInvoice {
            amount_msat: None,
            ..invoice(0, false)
        })
        .await
        .unwrap();
    assert!(matches!(
        payee.pay(&back.bolt11, None).await,
        Err(PeerError::Invalid(_))
    ));
    payee.pay(&back.bolt11, Some(20_000_000)).await.unwrap();
    pair.stop().await;
}

async fn until_held(peer: &Peer, hash: &str) {
    let mut wait = Wait::new("the payment to be held", LIMIT);
    while !peer.holds_payment(hash).unwrap() {
        wait.pause().await.unwrap();
    }
}
