//! Wire formats, as inline snapshots.

use insta::assert_json_snapshot;
use till::access::Role;
use till::id::{PaymentHash, PaymentId, Preimage, TxId};
use till::invoice::{self, Description, Invoice, Receipt};
use till::ledger::{Alarm, Event, EventBody, Origin, WalletRef};
use till::money::Sat;
use till::payment::{self, FailureReason, Outcome, Payment, Sent};
use till::time::Timestamp;
use till_actors::node::NodeChannel;
use till_actors::service::{ChannelInfo, ChannelPhase, HouseBalance, NodeInfo};

use super::*;
use crate::pos::wire;

const AT: Timestamp = Timestamp::from_millis(1_640_995_200_000);
const LATER: Timestamp = Timestamp::from_millis(1_640_995_300_000);

fn msat(n: u64) -> Msat {
    Msat::new(n).expect("small")
}

fn sat(n: u64) -> Sat {
    Sat::new(n).expect("small")
}

fn open_invoice() -> Invoice {
    Invoice {
        entry: 0,
        meta: till::meta::Meta::default(),
        hash: PaymentHash::from_bytes([0xab; 32]),
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: Some(msat(50_000_000)),
        description: Description::Text("Payment for order #123".into()),
        external_id: Some("order-123".into()),
        webhook_url: None,
        preimage: Some(Preimage::from_bytes([1; 32])),
        created_at: AT,
        expires_at: AT.plus_secs(3_600),
        state: invoice::State::Open,
        bolt11: Some("lnbc500u1p3xnhl2pp5".into()),
        number: 1,
        claim: None,
        receipt: None,
        hold: false,
        held: None,
        offer: None,
        lsp_fee_quoted: None,
        tx_number: None,
        unlisted: false,
        forgotten: false,
    }
}

fn paid_invoice() -> Invoice {
    Invoice {
        state: invoice::State::Paid,
        receipt: Some(Receipt {
            amount: msat(50_000_000),
            amount_sat: sat(50_000),
            lsp_fee: msat(1_500),
            at: LATER,
            payer: None,
        }),
        ..open_invoice()
    }
}

fn pending_payment() -> Payment {
    Payment {
        entry: 0,
        meta: till::meta::Meta::default(),
        id: PaymentId::from_bytes([0xcd; 16]),
        hash: Some(PaymentHash::from_bytes([0xab; 32])),
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: msat(25_000_000),
        fee_cap: msat(250_000),
        bolt11: Some("lnbc250u1p3xnhl2pp5".into()),
        description: Some("Beans".into()),
        state: payment::State::Pending,
        attempt: 1,
        created_at: AT,
        attempted_at: AT,
        number: 1,
        outcome: None,
        offer: None,
        node_id: None,
        internal: false,
        overdue: false,
        spend: None,
        tx_number: None,
        target: None,
        service_fee: Msat::ZERO,
        retry_until: None,
        deferred: None,
        unreported: false,
    }
}

fn sent() -> Sent {
    Sent {
        preimage: Some(Preimage::from_bytes([1; 32])),
        fee: msat(100_999),
        sent_sat: sat(25_101),
        at: LATER,
    }
}

#[test]
fn a_new_invoice_says_all_that_a_till_shows() {
    assert_json_snapshot!(invoice_made(&open_invoice()), @r#"
    {
      "amountSat": 50000,
      "paymentHash": "abababababababababababababababababababababababababababababababab",
      "serialized": "lnbc500u1p3xnhl2pp5",
      "expiresAt": 1640998800000,
      "bip21": "bitcoin:?lightning=lnbc500u1p3xnhl2pp5"
    }
    "#);
}

#[test]
fn a_received_payment_has_the_fields_of_both_sources() {
    assert_json_snapshot!(invoice(&paid_invoice()), @r#"
    {
      "type": "incoming_payment",
      "subType": "lightning",
      "paymentHash": "abababababababababababababababababababababababababababababababab",
      "txId": null,
      "preimage": "0101010101010101010101010101010101010101010101010101010101010101",
      "amountSat": 50000,
      "requestedSat": 50000,
      "receivedSat": 50000,
      "fees": 1500,
      "description": "Payment for order #123",
      "externalId": "order-123",
      "payerNote": null,
      "invoice": "lnbc500u1p3xnhl2pp5",
      "offerId": null,
      "status": "RECEIVED",
      "isPaid": true,
      "isExpired": false,
      "createdAt": 1640995200000,
      "expiresAt": 1640998800000,
      "completedAt": 1640995300000
    }
    "#);
}

#[test]
fn a_preimage_is_shown_only_once_paid() {
    for state in [
        invoice::State::Draft,
        invoice::State::Open,
        invoice::State::Claiming,
        invoice::State::Expired,
        invoice::State::Abandoned,
    ] {
        let invoice = Invoice {
            state,
            ..paid_invoice()
        };
        let shown = super::invoice(&invoice);
        assert_eq!(shown.preimage, None, "{state:?}");
        assert_eq!((shown.is_paid, shown.received_sat), (false, 0), "{state:?}");
    }
}

#[test]
fn an_invoice_s_word_follows_its_state() {
    let table = [
        (invoice::State::Open, "PENDING", false),
        (invoice::State::Claiming, "PENDING", false),
        (invoice::State::Paid, "RECEIVED", false),
        (invoice::State::Expired, "EXPIRED", true),
    ];
    for (state, status, is_expired) in table {
        let invoice = Invoice {
            state,
            ..open_invoice()
        };
        let shown = super::invoice(&invoice);
        assert_eq!((shown.status, shown.is_expired), (status, is_expired));
    }
}

#[test]
fn an_open_amount_is_null_until_it_is_paid() {
    let open = Invoice {
        amount: None,
        description: Description::Hash([2; 32]),
        ..open_invoice()
    };
    let shown = invoice(&open);
    assert_eq!((shown.amount_sat, shown.requested_sat), (None, None));
    assert_eq!(shown.description, None);
    let paid = Invoice {
        amount: None,
        ..paid_invoice()
    };
    let shown = invoice(&paid);
    assert_eq!(
        (shown.amount_sat, shown.requested_sat),
        (Some(50_000), None)
    );
}

#[test]
fn a_sent_payment_shows_cost_and_proof() {
    let payment = Payment {
        state: payment::State::Succeeded,
        outcome: Some(Outcome::Sent(sent())),
        ..pending_payment()
    };
    assert_json_snapshot!(outgoing(&payment), @r#"
    {
      "type": "outgoing_payment",
      "subType": "lightning",
      "paymentId": "cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd",
      "paymentHash": "abababababababababababababababababababababababababababababababab",
      "txId": null,
      "address": null,
      "preimage": "0101010101010101010101010101010101010101010101010101010101010101",
      "amountSat": 25000,
      "sent": 25101,
      "fees": 100999,
      "routingFeeSat": 100,
      "description": "Beans",
      "payerNote": null,
      "invoice": "lnbc250u1p3xnhl2pp5",
      "offer": null,
      "status": "SUCCEEDED",
      "isPaid": true,
      "failureReason": null,
      "createdAt": 1640995200000,
      "completedAt": 1640995300000
    }
    "#);
    assert_json_snapshot!(paid(&payment, &sent()), @r#"
    {
      "recipientAmountSat": 25000,
      "routingFeeSat": 100,
      "paymentId": "cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd",
      "paymentHash": "abababababababababababababababababababababababababababababababab",
      "paymentPreimage": "0101010101010101010101010101010101010101010101010101010101010101"
    }
    "#);
}

#[test]
fn a_new_attempt_hides_the_old_outcome() {
    let outcome = Some(Outcome::Failed {
        reason: FailureReason::NoRoute,
        at: LATER,
    });
    let failed = Payment {
        state: payment::State::Failed,
        outcome,
        ..pending_payment()
    };
    let shown = outgoing(&failed);
    assert_eq!(
        (shown.status, shown.failure_reason),
        ("FAILED", Some("no_route"))
    );
    assert_eq!(shown.completed_at, Some(LATER.as_millis()));
    let retried = Payment {
        state: payment::State::Pending,
        ..failed
    };
    let shown = outgoing(&retried);
    assert_eq!((shown.status, shown.failure_reason), ("PENDING", None));
    assert_eq!(shown.completed_at, None);
}

#[test]
fn the_node_shows_its_channels() {
    let channel = NodeChannel {
        user_channel_id: [1; 16],
        channel_id: "12ab".into(),
        counterparty: "02".repeat(2),
        funding: Some((TxId::from_bytes([0xfe; 32]), 0)),
        capacity: sat(1_500_000),
        outbound: msat(990_000_000),
        inbound: msat(500_000_999),
        balance: sat(1_000_000),
        is_outbound: true,
        is_ready: true,
        is_usable: true,
        confirmations: Some(6),
    };
    let channels = vec![ChannelInfo {
        channel,
        closing: None,
        state: ChannelPhase::Normal,
    }];
    let node = NodeInfo {
        node_id: "03a1".into(),
        network: "mainnet".into(),
        height: 800_000,
        channels,
    };
    assert_json_snapshot!(info(&node, "0.1.0"), @r#"
    {
      "nodeId": "03a1",
      "channels": [
        {
          "state": "NORMAL",
          "channelId": "12ab",
          "balanceSat": 1000000,
          "inboundLiquiditySat": 500000,
          "outboundLiquiditySat": 990000,
          "capacitySat": 1500000,
          "fundingTxId": "fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe",
          "counterparty": "0202",
          "confirmations": 6,
          "closing": null
        }
      ],
      "chain": "mainnet",
      "blockHeight": 800000,
      "version": "0.1.0"
    }
    "#);
}

#[test]
fn the_balance_is_whole_satoshis_rounded_down() {
    let house = HouseBalance {
        ledger_msat: 1_000_999,
        spendable: msat(900_000),
        balance: msat(1_000_999),
        onchain: sat(70_000),
        onchain_spendable: sat(45_000),
    };
    assert_json_snapshot!(balance(&house), @r#"
    {
      "balanceSat": 1000,
      "feeCreditSat": 0,
      "onchainBalanceSat": 70000,
      "onchainSpendableSat": 45000
    }
    "#);
}

fn happened(body: EventBody) -> Event {
    Event {
        id: 7,
        at: Timestamp::from_millis(1_712_150_400_000),
        wallet: WalletRef::House,
        body,
    }
}

fn sale() -> Event {
    happened(EventBody::PaymentReceived {
        hash: PaymentHash::from_bytes([0xab; 32]),
        amount: msat(50_000_000),
        amount_sat: sat(50_000),
        external_id: Some("order-123".into()),
        payer_note: None,
    })
}

#[test]
fn a_sale_is_told_as_the_source_has_it() {
    assert_json_snapshot!(event(&sale(), Role::Cashier), @r#"
    {
      "type": "payment_received",
      "amountSat": 50000,
      "paymentHash": "abababababababababababababababababababababababababababababababab",
      "externalId": "order-123",
      "payerNote": null,
      "eventId": 7,
      "timestamp": 1712150400000
    }
    "#);
}

#[test]
fn the_other_events_have_their_words() {
    let hash = PaymentHash::from_bytes([0xab; 32]);
    let failed = happened(EventBody::PaymentFailed {
        id: PaymentId::from_bytes([0xcd; 16]),
        hash: Some(hash),
        amount: msat(25_000_000),
        reason: FailureReason::RecipientRejected,
    });
    assert_json_snapshot!(event(&failed, Role::Admin), @r#"
    {
      "type": "payment_failed",
      "paymentId": "cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd",
      "paymentHash": "abababababababababababababababababababababababababababababababab",
      "amountSat": 25000,
      "reason": "recipient_rejected_payment",
      "message": "The recipient rejected the payment",
      "eventId": 7,
      "timestamp": 1712150400000
    }
    "#);
    let opened = happened(EventBody::ChannelOpened {
        channel_id: "12ab".into(),
        counterparty: "0202".into(),
    });
    assert_json_snapshot!(event(&opened, Role::Admin), @r#"
    {
      "type": "channel_opened",
      "channelId": "12ab",
      "counterparty": "0202",
      "eventId": 7,
      "timestamp": 1712150400000
    }
    "#);
}

#[test]
fn a_cashier_hears_of_sales_only_and_nobody_of_alarms() {
    let hash = PaymentHash::from_bytes([0xab; 32]);
    let id = PaymentId::from_bytes([0xcd; 16]);
    let (amount, fee) = (msat(1), msat(1));
    let channel = || ("12ab".to_owned(), "0202".to_owned());
    let (channel_id, counterparty) = channel();
    let opened = EventBody::ChannelOpened {
        channel_id,
        counterparty,
    };
    let (channel_id, counterparty) = channel();
    let closed = EventBody::ChannelClosed {
        channel_id,
        counterparty,
    };
    let expired = EventBody::InvoiceExpired {
        hash,
        external_id: None,
    };
    let sent = EventBody::PaymentSent {
        id,
        hash,
        amount,
        fee,
    };
    let table = [
        (sale().body, true, true),
        (expired, true, true),
        (sent, false, true),
        (opened, false, true),
        (closed, false, true),
        (
            EventBody::Alarm(Alarm::UnaskedReceipt { hash, amount }),
            false,
            false,
        ),
    ];
    for (body, cashier, admin) in table {
        let event_of = happened(body.clone());
        assert_eq!(
            event(&event_of, Role::Cashier).is_some(),
            cashier,
            "{body:?}"
        );
        assert_eq!(event(&event_of, Role::Admin).is_some(), admin, "{body:?}");
    }
}

#[test]
fn other_people_s_events_are_not_the_house_s() {
    let theirs = Event {
        wallet: WalletRef::Wallet(till::id::WalletId::from_bytes([9; 16])),
        ..sale()
    };
    assert!(event(&theirs, Role::Admin).is_none());
}

#[test]
fn a_hello_is_as_the_source_has_it() {
    let hello = serde_json::to_string(&wire::Hello { kind: "connected" });
    assert_eq!(hello.expect("serializes"), r#"{"type":"connected"}"#);
}
