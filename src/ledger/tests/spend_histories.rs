//! Random histories of on-chain payments, deposits and closings against a naive model: one list of
//! transactions per payment, one number for the wallet. It knows no accounts and no transfers.

use std::collections::HashMap;

use proptest::prelude::*;

use super::bench::*;
use super::spends::{
    UCID, bump, close, deposit, finished, lost, mined, payment_id, show, spend, sweep, tx, version,
};
use crate::ledger::{Account, CloseCommand, Command, Record, State, WalletRef};
use crate::payment::{Payment, State as PaymentState};
use crate::treasury::{CloseJob, CloseState, Deposit, DepositState, SpendPurpose};

/// Payments that there may be.
const PAYMENTS: u8 = 4;
/// Transactions that each may have.
const VERSIONS: u8 = 3;
/// Transactions from here on are deposits.
const DEPOSITS: u8 = 100;

#[derive(Clone, Debug)]
enum Step {
    See(u8),
    Lose(u8),
    Credit(u8),
    Reverse(u8),
    Spend(u8, u64, u64, bool),
    Bump(u8, u8, u64),
    Mined(u8, u8, u32),
    Finish(u8),
    Lost(u8),
    Close(bool, bool),
    Refuse,
    Show(u8),
    Done,
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let payment = || 0..PAYMENTS;
    let version = || 0..VERSIONS;
    let step = prop_oneof![
        1 => (0..4u8).prop_map(Step::See),
        1 => (0..4u8).prop_map(Step::Lose),
        3 => (0..4u8).prop_map(Step::Credit),
        1 => (0..4u8).prop_map(Step::Reverse),
        4 => (payment(), 1..60_000u64, 1..900u64, any::<bool>())
            .prop_map(|(n, amount, fee, sweeps)| Step::Spend(n, amount, fee, sweeps)),
        3 => (payment(), version(), 1..5_000u64).prop_map(|(n, v, fee)| Step::Bump(n, v, fee)),
        4 => (payment(), version(), 1..4u32).prop_map(|(n, v, at)| Step::Mined(n, v, at)),
        1 => payment().prop_map(Step::Finish),
        2 => payment().prop_map(Step::Lost),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(to, force)| Step::Close(to, force)),
        1 => Just(Step::Refuse),
        1 => (0..2u8).prop_map(Step::Show),
        1 => Just(Step::Done),
        1 => Just(Step::Forget),
    ];
    proptest::collection::vec(step, 1..100)
}

/// Each transaction belongs to one payment.
const fn tx_of(payment: u8, version: u8) -> u8 {
    1 + payment * VERSIONS + version
}

const fn worth(deposit: u8) -> u64 {
    40_000 + 1_000 * deposit as u64
}

fn command(bench: &Bench, step: &Step) -> Option<Command> {
    Some(match *step {
        Step::See(n) => Command::SeeDeposit {
            tx_id: tx(DEPOSITS + n),
            amount: msat(worth(n) * 1_000),
        },
        Step::Lose(n) => Command::LoseDeposit {
            tx_id: tx(DEPOSITS + n),
        },
        Step::Credit(n) => deposit(DEPOSITS + n, worth(n)),
        Step::Reverse(n) => Command::ReverseDeposit {
            tx_id: tx(DEPOSITS + n),
        },
        Step::Spend(n, amount, fee, sweeps) => {
            let known = bench.state.get::<Payment>(&payment_id(n));
            if known.expect("readable").is_some() {
                return None; // Ids are random: none comes twice.
            }
            let purpose = if sweeps {
                sweep()
            } else {
                SpendPurpose::Payment
            };
            spend(n, version(tx_of(n, 0), amount, fee), purpose)
        }
        Step::Bump(n, v, fee) => bump(n, version(tx_of(n, v), 1_000, fee)),
        Step::Mined(n, v, height) => mined(n, tx_of(n, v), height),
        Step::Finish(n) => finished(n),
        Step::Lost(n) => lost(n),
        Step::Close(to, force) => close(to.then_some("vault"), force).into(),
        Step::Refuse => CloseCommand::Refuse {
            user_channel_id: UCID,
        }
        .into(),
        Step::Show(n) => show(90 + n).into(),
        Step::Done => CloseCommand::Finish {
            user_channel_id: UCID,
        }
        .into(),
        Step::Forget => return None,
    })
}

/// What should be true, kept the simplest way there is.
#[derive(Default)]
struct Model {
    /// Deposits that count.
    credited: HashMap<u8, u64>,
    /// What each transaction of a payment takes from the wallet, amount and fee.
    versions: HashMap<(u8, u8), u64>,
    /// The transaction that each payment is to make.
    waiting: HashMap<u8, u8>,
    /// The transaction that each payment has made.
    made: HashMap<u8, u8>,
}

impl Model {
    /// Follows a step that changed something.
    fn follow(&mut self, step: &Step) {
        match *step {
            Step::Credit(n) => drop(self.credited.insert(n, worth(n))),
            Step::Reverse(n) => drop(self.credited.remove(&n)),
            Step::Spend(n, amount, fee, _) => {
                self.versions.insert((n, 0), amount + fee);
                self.waiting.insert(n, 0);
            }
            Step::Bump(n, v, fee) => {
                self.versions.insert((n, v), 1_000 + fee);
                self.waiting.insert(n, v);
            }
            Step::Mined(n, v, _) => {
                self.waiting.remove(&n);
                self.made.insert(n, v);
            }
            Step::Lost(n) => {
                self.waiting.remove(&n);
                self.made.remove(&n);
            }
            Step::See(_) | Step::Lose(_) | Step::Finish(_) | Step::Close(..) => {}
            Step::Refuse | Step::Show(_) | Step::Done | Step::Forget => {}
        }
    }

    fn sum(&self, which: &HashMap<u8, u8>) -> u64 {
        which.iter().map(|(n, v)| self.versions[&(*n, *v)]).sum()
    }

    fn check(&self, bench: &Bench) {
        let onchain = bench.balance(Account::Onchain);
        let came: u64 = self.credited.values().sum();
        let left = i128::from(came) - i128::from(self.sum(&self.made));
        assert_eq!(onchain.debit_msat(), left * 1_000, "what the wallet holds");
        let house = bench.balance(Account::Wallet(WalletRef::House));
        assert_eq!(house.credit_msat(), left * 1_000, "is the house's");
        let aside = self.sum(&self.waiting) * 1_000;
        assert_eq!(onchain.credits_pending, aside);
        assert_eq!(house.debits_pending, aside);
        let fees = bench.balance(Account::FeesChain);
        assert_eq!(fees.debits_posted, fees.credits_posted, "passed through");
        for n in 0..PAYMENTS {
            let row = bench.state.get::<Payment>(&payment_id(n));
            let Some(row) = row.expect("readable") else {
                continue;
            };
            let spend = row.spend.as_ref().expect("on the chain");
            let wanted = match (self.waiting.contains_key(&n), self.made.get(&n)) {
                (true, _) => (PaymentState::Pending, None),
                (false, Some(v)) => (PaymentState::Succeeded, Some(tx(tx_of(n, *v)))),
                (false, None) => (PaymentState::Failed, None),
            };
            let mined = spend.mined.map(|mined| mined.tx_id);
            assert_eq!((row.state, mined), wanted, "payment {n}");
        }
        for n in 0..4 {
            let row = bench.state.get::<Deposit>(&tx(DEPOSITS + n));
            let counts =
                row.expect("readable").map(|row| row.state) == Some(DepositState::Credited);
            assert_eq!(counts, self.credited.contains_key(&n));
        }
        let job = bench.state.get::<CloseJob>(&UCID).expect("readable");
        if let Some(CloseState::Sweeping { payment, .. }) = job.map(|job| job.state) {
            let row = bench.get::<Payment>(&payment);
            assert_eq!(row.state, PaymentState::Pending, "it is on its way");
        }
    }
}

fn live(steps: &[Step]) -> Bench {
    let mut bench = Bench::new();
    let mut model = Model::default();
    for step in steps {
        if let Step::Forget = step {
            let archive = Shelf::default();
            archive.0.borrow_mut().extend(bench.rows.clone());
            bench.state = State::over(archive).expect("a full shelf");
        }
        let Some(command) = command(&bench, step) else {
            continue;
        };
        let before = bench.records.len();
        let refused = bench.run(command.clone()).is_err();
        if refused || bench.records.len() == before {
            continue;
        }
        model.follow(step);
        model.check(&bench);
        if !matches!(step, Step::Bump(..) | Step::Spend(..)) {
            assert!(!bench.must(command), "told again, it changes nothing");
        }
    }
    bench
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_chain_s_books_hold_at_every_step_and_replay(steps in steps()) {
        let bench = live(&steps);
        let mut replayed = State::over(Shelf::default()).expect("an empty shelf");
        let mut rows = HashMap::new();
        for record in &bench.records {
            let bytes = crate::ledger::entity::encode(record);
            let read: Record = minicbor::decode(&bytes).expect("what was encoded");
            prop_assert_eq!(&read, record);
            rows.extend(replayed.evolve(&read).expect("applies").rows);
        }
        prop_assert_eq!(rows, bench.rows);
    }
}
