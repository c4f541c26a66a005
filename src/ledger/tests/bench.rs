//! What the tests work at: a ledger in memory, and short words for its commands.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::id::{OfferId, PaymentHash, PaymentId, Preimage, WalletId};
use crate::invoice::{Description, Invoice};
use crate::ledger::entity::Damaged;
use crate::ledger::{
    Account, Alarm, Archive, Balance, Command, Decision, Entity, EventBody, InvoiceDraft, Origin,
    PaymentOrder, Record, Refusal, State, TransferOrder, WalletRef, Which, decide,
};
use crate::money::Msat;
use crate::node::SendTarget;
use crate::offer::Offer;
use crate::payment::Payment;
use crate::time::Timestamp;
use crate::transaction::{Side, Transaction};

pub(super) const HOUSE: WalletRef = WalletRef::House;
pub(super) const OTHER: WalletRef = WalletRef::Wallet(WalletId::from_bytes([5; 16]));
/// More than any test moves.
pub(super) const PLENTY: u64 = 1_000_000_000_000;

pub(super) fn msat(amount: u64) -> Msat {
    Msat::new(amount).expect("a small amount")
}

pub(super) fn preimage(n: u8) -> Preimage {
    Preimage::from_bytes([n; 32])
}

pub(super) fn hash(n: u8) -> PaymentHash {
    preimage(n).payment_hash()
}

/// An archive that shares its rows, as a view does.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf(pub(super) Rc<RefCell<HashMap<Vec<u8>, Vec<u8>>>>);

impl Archive for Shelf {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Damaged> {
        Ok(self.0.borrow().get(key).cloned())
    }
}

/// A ledger whose records are kept.
pub(super) struct Bench {
    pub(super) state: State<Shelf>,
    pub(super) records: Vec<Record>,
    pub(super) rows: HashMap<Vec<u8>, Vec<u8>>,
    pub(super) now: u64,
}

impl Bench {
    pub(super) fn new() -> Self {
        let state = State::over(Shelf::default()).expect("an empty shelf");
        Self {
            state,
            records: Vec::new(),
            rows: HashMap::new(),
            now: 1_000,
        }
    }

    pub(super) fn run(&mut self, command: impl Into<Command>) -> Result<Decision, Refusal> {
        let decision = decide(
            &self.state,
            command.into(),
            Timestamp::from_millis(self.now),
        )?;
        if let Decision::Commit(record) = &decision
            && !record.is_empty()
        {
            let changes = self.state.evolve(record).expect("a decided record applies");
            self.rows.extend(changes.rows);
            self.records.push(record.clone());
        }
        Ok(decision)
    }

    /// Carries out what must not be refused, and tells whether it changed anything.
    pub(super) fn must(&mut self, command: impl Into<Command>) -> bool {
        let before = self.records.len();
        self.run(command).expect("not refused");
        self.records.len() > before
    }

    pub(super) fn alarms(&self) -> Vec<Alarm> {
        let events = self.records.iter().flat_map(|record| &record.events);
        events
            .filter_map(|event| match &event.body {
                EventBody::Alarm(alarm) => Some(*alarm),
                _ => None,
            })
            .collect()
    }

    pub(super) fn wait_secs(&mut self, secs: u64) {
        self.now += secs * 1_000;
    }

    pub(super) fn balance(&self, account: Account) -> Balance {
        self.state.balance(account).expect("a readable row")
    }

    pub(super) fn owns(&self, wallet: WalletRef) -> i128 {
        self.balance(Account::Wallet(wallet)).credit_msat()
    }

    pub(super) fn invoice(&self, n: u8) -> Invoice {
        self.get::<Invoice>(&hash(n))
    }

    pub(super) fn payment(&self, n: u8) -> Payment {
        self.state
            .payment_of(&hash(n))
            .expect("readable")
            .expect("there")
    }

    pub(super) fn get<E: Entity>(&self, key: &E::Key) -> E {
        self.state.get(key).expect("readable").expect("there")
    }

    /// A wallet's statement, checked: numbers from 1 without a gap, and each line's balance is the sum of
    /// all amounts so far.
    pub(super) fn statement(&self, wallet: WalletRef) -> Vec<Transaction> {
        let WalletRef::Wallet(id) = wallet else {
            panic!("the house has none");
        };
        let count = self.state.counters(wallet).expect("readable").transactions;
        let lines: Vec<Transaction> = (1..=count)
            .map(|number| self.get::<Transaction>(&(id, number)))
            .collect();
        let mut sum = 0;
        for line in &lines {
            let amount = i128::from(line.amount.get());
            sum += match line.side {
                Side::Credit => amount,
                Side::Debit => -amount,
            };
            assert_eq!(sum, i128::from(line.balance_after.get()), "{line:?}");
        }
        assert_eq!(sum, crate::money::balance_sat_floor(self.owns(wallet)));
        let more = self.state.get::<Transaction>(&(id, count + 1));
        assert_eq!(more.expect("readable"), None);
        lines
    }

    /// An invoice that can be paid.
    pub(super) fn ask(&mut self, n: u8, wallet: WalletRef, amount: Option<u64>) {
        self.must(draft(n, wallet, amount));
        self.must(Command::IssueInvoice {
            hash: hash(n),
            bolt11: format!("ln{n}"),
            lsp_fee: None,
            idempotency: None,
        });
    }

    /// The whole of a sale.
    pub(super) fn earn(&mut self, n: u8, wallet: WalletRef, amount: u64) {
        self.ask(n, wallet, Some(amount));
        self.must(intend(n, amount));
        self.must(receipt(n, amount));
    }
}

pub(super) fn draft(n: u8, wallet: WalletRef, amount: Option<u64>) -> Command {
    Command::DraftInvoice(Box::new(InvoiceDraft {
        meta: crate::meta::Meta::default(),
        unlisted: false,
        hash: hash(n),
        preimage: Some(preimage(n)),
        hold: false,
        wallet,
        origin: Origin::Pos,
        amount: amount.map(msat),
        description: Description::Text("goods".into()),
        external_id: None,
        webhook_url: None,
        expiry_secs: 100,
    }))
}

pub(super) fn intend(n: u8, amount: u64) -> Command {
    let (hash, amount) = (hash(n), msat(amount));
    Command::IntendClaim {
        hash,
        amount,
        lsp_fee: Msat::ZERO,
        deadline_height: Some(9),
    }
}

pub(super) fn receipt(n: u8, amount: u64) -> Command {
    Command::BookReceipt {
        hash: hash(n),
        amount: msat(amount),
        lsp_fee: Msat::ZERO,
        offer: None,
    }
}

pub(super) fn order(n: u8, wallet: WalletRef, amount: u64, fee_cap: u64) -> PaymentOrder {
    PaymentOrder {
        meta: crate::meta::Meta::default(),
        id: PaymentId::from_bytes([n; 16]),
        target: SendTarget::Bolt11 {
            text: format!("ln{n}"),
            hash: hash(n),
        },
        wallet,
        origin: Origin::Pos,
        amount: msat(amount),
        fee_cap: msat(fee_cap),
        description: None,
        expires_at: Timestamp::from_millis(u64::MAX),
        spendable: msat(PLENTY),
        idempotency: None,
        cleared: None,
        named: None,
        service_fee: Msat::ZERO,
        retry_secs: 0,
    }
}

pub(super) fn transfer(n: u8, from: WalletRef, to: WalletRef, amount: u64) -> Command {
    Command::Transfer(Box::new(TransferOrder {
        id: PaymentId::from_bytes([n; 16]),
        preimage: preimage(n),
        from,
        to,
        origin: Origin::Lnbot,
        amount: msat(amount),
        named: "bob@till".into(),
        offer: None,
        tag: None,
        description: "for Bob".into(),
        idempotency: None,
        meta: crate::meta::Meta::default(),
    }))
}

pub(super) fn reserve(n: u8, wallet: WalletRef, amount: u64, fee_cap: u64) -> Command {
    Command::ReservePayment(Box::new(order(n, wallet, amount, fee_cap)))
}

pub(super) fn post(n: u8, fee: u64) -> Command {
    let (hash, preimage) = (hash(n), Some(preimage(n)));
    Command::PostPayment {
        which: Which::to_invoice(hash),
        hash,
        preimage,
        fee: msat(fee),
        node_amount: Some(msat(77)),
    }
}

pub(super) fn void(n: u8, attempt: Option<u32>) -> Command {
    let reason = crate::payment::FailureReason::NoRoute;
    Command::VoidPayment {
        which: Which::to_invoice(hash(n)),
        attempt,
        reason,
    }
}

pub(super) fn offer_id(n: u8) -> OfferId {
    OfferId::from_bytes([n; 32])
}

/// An offer of ours that does not expire.
pub(super) fn offer(n: u8, wallet: WalletRef, amount: Option<u64>) -> Offer {
    Offer {
        id: offer_id(n),
        text: format!("lno{n}"),
        wallet,
        origin: Origin::Pos,
        amount: amount.map(msat),
        description: Some("beer".into()),
        expires_at: None,
        created_at: Timestamp::default(),
        standing: false,
    }
}
