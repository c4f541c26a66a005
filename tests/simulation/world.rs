//! One simulated till: a ledger on a forgetful disk, a node with traps, callers and customers, and
//! a scheduler that takes one small step at a time in an order that a seed decides.

use std::collections::{BTreeMap, HashSet, VecDeque};

use fastrand::Rng;
use till::flow::{
    Answer, Cancel, Check, CheckTimes, Effect, OnEvent, Reserve, Retried, Retry, Send, Settle,
    Tend, Tended,
};
use till::id::{PaymentHash, PaymentId, Preimage, WalletId};
use till::invoice::{Invoice, State as InvoiceState};
use till::ledger::{Command, WalletRef};
use till::money::Msat;
use till::node::SendTarget;
use till::payment::{Payment, State as PaymentState};
use till::time::Timestamp;
use till::treasury::{Channel, ChannelState};

use super::disk::{Disk, Reply};
use super::node::{CHANNEL, Node, msat};
use super::rules::Rules;
use super::task::{Asking, Outcome, Phase, Task};
use super::wishes;

/// Invoices of the till's are numbered below, those of others from here on.
pub(crate) const FOREIGN: u8 = 100;
pub(crate) const OTHER: WalletRef = WalletRef::Wallet(WalletId::from_bytes([5; 16]));
/// The invoices that bring the money to begin with.
const FIRST: u8 = 210;
/// What each wallet has to begin with, in msat.
const BEGIN_WITH: u64 = 60_000_000;
/// The pause between two looks, in milliseconds.
const PAUSE: u64 = 60_000;
const HOLD_MAX: u64 = 20 * PAUSE;
/// Pauses after which everything has come to its end, or never will.
const MAX_CALM_ROUNDS: u32 = 80;

/// Everything there is.
pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) now: u64,
    pub(crate) disk: Disk,
    pub(crate) node: Node,
    pub(crate) rules: Rules,
    pub(crate) tasks: BTreeMap<u64, (Task, Phase)>,
    next_task: u64,
    /// What the watcher, which does one thing at a time, is to do next.
    watcher: VecDeque<Task>,
    /// What it does now.
    watching: Option<u64>,
    /// Whether the event at the head of the queue is in hand, and its effect durable.
    event_task: Option<bool>,
    pub(crate) gate: bool,
    started: u64,
    absent: HashSet<(PaymentId, u32)>,
    tended_before: Tended,
    checked: u64,
    tended: u64,
    pub(crate) invoices: u8,
    pub(crate) payments: u8,
    pub(crate) offers: u32,
    /// While true nothing bad happens any more, and everything shall come to its end.
    pub(crate) calm: bool,
    trace: bool,
    pub(crate) crashes: u32,
    /// Attempts that followed by themselves.
    pub(crate) retried: u32,
}

impl World {
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        let mut world = Self {
            rng: Rng::with_seed(seed),
            now: 1_000_000,
            disk: Disk::new(),
            node: Node::new(),
            rules: Rules::default(),
            tasks: BTreeMap::new(),
            next_task: 1,
            watcher: VecDeque::new(),
            watching: None,
            event_task: None,
            gate: true,
            started: 1_000_000,
            absent: HashSet::new(),
            tended_before: Tended::default(),
            checked: 0,
            tended: 0,
            invoices: 0,
            payments: 0,
            offers: 0,
            calm: false,
            trace,
            crashes: 0,
            retried: 0,
        };
        let channel = Channel {
            user_channel_id: CHANNEL,
            state: ChannelState::Ready,
            ..wishes::channel()
        };
        world.must(Command::RecordChannel(channel));
        for n in 0..wishes::OFFERS {
            world.must(Command::KeepOffer(Box::new(wishes::offer(n))));
        }
        for (n, wallet) in [(FIRST, WalletRef::House), (FIRST + 1, OTHER)] {
            world.earn(n, wallet);
        }
        world
    }

    fn must(&mut self, command: Command) {
        let at = self.time();
        self.disk.execute(0, command, at);
        self.commit(1);
    }

    /// Money to begin with: a sale like any other.
    fn earn(&mut self, n: u8, wallet: WalletRef) {
        let (hash, amount, lsp_fee) = (hash(n), msat(BEGIN_WITH), Msat::ZERO);
        let draft = wishes::draft(n, wallet, Some(amount));
        self.must(Command::DraftInvoice(Box::new(draft)));
        let bolt11 = format!("ln{n}");
        self.must(Command::IssueInvoice {
            hash,
            bolt11,
            lsp_fee: None,
            idempotency: None,
        });
        self.must(Command::IntendClaim {
            hash,
            amount,
            lsp_fee,
            deadline_height: None,
        });
        self.must(Command::BookReceipt {
            hash,
            amount,
            lsp_fee,
            offer: None,
        });
        self.node.money += i128::from(BEGIN_WITH);
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn say(&self, what: &dyn Fn() -> String) {
        if self.trace {
            println!("{:>9} ms  {}", self.now - 1_000_000, what());
        }
    }

    pub(crate) fn chance(&mut self, of_256: u8) -> bool {
        self.rng.u8(..) < of_256
    }

    /// One step, whichever the seed says.
    pub(crate) fn step(&mut self) {
        match self.rng.u8(..) {
            0..110 => self.run_some_task(),
            110..150 => {
                let jobs = self.rng.usize(1..6);
                self.commit(jobs);
            }
            150..185 => self.node_moves(),
            185..200 => self.time_passes(),
            200..210 => self.take_event(),
            210..216 => self.acknowledge(),
            216..220 if !self.calm => self.crash(),
            216..220 => self.take_event(),
            220..=255 if !self.calm => wishes::something(self),
            220..=255 => self.acknowledge(),
        }
        self.rules.every_step(&self.disk, &self.node);
    }

    // --- the till's actors

    pub(crate) fn spawn(&mut self, task: Task) -> u64 {
        let id = self.next_task;
        self.next_task += 1;
        self.advance(id, task, None);
        id
    }

    fn advance(&mut self, id: u64, mut task: Task, answer: Option<Answer>) {
        let shelf = self.disk.shelf.clone();
        match task.step(&shelf, answer) {
            Ok(effect) => {
                self.say(&|| format!("task {id} wants {effect:?}"));
                self.tasks.insert(id, (task, Phase::Wants(effect)));
            }
            Err(outcome) => self.end(id, outcome),
        }
    }

    fn run_some_task(&mut self) {
        if self.watching.is_none()
            && let Some(task) = self.watcher.pop_front()
        {
            self.watching = Some(self.next_task);
            self.spawn(task);
        }
        let ready: Vec<u64> = self
            .tasks
            .iter()
            .filter(|(_, (_, phase))| match phase {
                Phase::Wants(_) | Phase::Has(_) => true,
                Phase::Waits => false,
            })
            .map(|(id, _)| *id)
            .collect();
        let Some(id) = self.rng.choice(ready) else {
            return;
        };
        let Some((task, phase)) = self.tasks.remove(&id) else {
            return;
        };
        match phase {
            Phase::Wants(effect) => {
                let phase = self.carry_out(id, effect);
                self.tasks.insert(id, (task, phase));
            }
            Phase::Has(answer) => self.advance(id, task, Some(answer)),
            Phase::Waits => {}
        }
    }

    fn carry_out(&mut self, id: u64, effect: Effect) -> Phase {
        // A node that is called at the wrong moment does not answer.
        let away = !self.calm && self.rng.u8(..) < 4;
        self.say(&|| {
            format!(
                "task {id} does it, the node is {}",
                if away { "away" } else { "there" }
            )
        });
        Phase::Has(match effect {
            Effect::Execute(command) => {
                let at = self.time();
                self.disk.execute(id, command, at);
                return Phase::Waits;
            }
            Effect::Claim { hash, amount, .. } => {
                if !away {
                    self.node.claim(hash, amount.get());
                }
                Answer::Claimed(!away)
            }
            Effect::Fail(hash) => {
                if away {
                    self.node.linger(hash);
                } else {
                    self.node.fail(hash);
                }
                Answer::Failed(!away)
            }
            Effect::Send(request) => {
                self.rules.may_send(&self.disk.shelf, &self.node, &request);
                let sent = self.node.send(&request, &mut self.rng);
                self.say(&|| format!("the node says {sent:?}"));
                Answer::Sent(sent)
            }
            Effect::Look if away => Answer::Look(Err(till::flow::Away)),
            Effect::Look => Answer::Look(Ok(self.node.look(&mut self.rng))),
            Effect::Row(_) if away => Answer::Row(Err(till::flow::Away)),
            Effect::Row(id) => Answer::Row(Ok(self.node.row(id))),
        })
    }

    fn end(&mut self, id: u64, outcome: Outcome) {
        if self.watching == Some(id) {
            self.watching = None;
        }
        match outcome {
            Outcome::Event => self.event_task = Some(true),
            Outcome::Reserved(Ok(reserved)) => {
                self.say(&|| format!("caller {id} has {reserved:?}"));
                self.rules.promised_payment(&self.disk.shelf, reserved.id);
                if reserved.send {
                    self.spawn(Task::Send(reserved.id, Send::new(reserved.id)));
                }
            }
            Outcome::Reserved(Err(refused)) => {
                self.say(&|| format!("caller {id} is refused: {refused}"));
                self.rules.refused(&self.disk.shelf, &refused);
            }
            Outcome::Retried(id, Retried::Begun) => {
                self.say(&|| format!("another attempt of {id}"));
                self.retried += 1;
                self.spawn(Task::Send(id, Send::new(id)));
            }
            Outcome::Retried(_, Retried::Not) => {}
            Outcome::Checked(checked) => self.absent = checked.absent,
            Outcome::Tended(tended) => self.tended_before = tended,
            Outcome::Settled(hash, Ok(())) => self.rules.promised_settling(&self.disk.shelf, hash),
            Outcome::Cancelled(hash, Ok(())) => self.rules.promised_cancel(&self.disk.shelf, hash),
            Outcome::Asked(n, true) => self.rules.promised_invoice(&self.disk.shelf, hash(n)),
            Outcome::Settled(_, Err(_))
            | Outcome::Cancelled(_, Err(_))
            | Outcome::Asked(_, false) => {}
            Outcome::Sent => {}
        }
    }

    /// Durable, then visible, then answered, then announced.
    pub(crate) fn commit(&mut self, jobs: usize) {
        let (told, events) = self.disk.commit(jobs);
        for (id, reply) in told {
            self.answer(id, reply);
        }
        self.rules.announced(&self.disk.shelf, &events);
    }

    fn answer(&mut self, id: u64, reply: Reply) {
        if let Some((task, _)) = self.tasks.remove(&id) {
            self.say(&|| format!("task {id} is told {reply:?}"));
            let task_and_answer = (task, Phase::Has(Answer::Executed(reply)));
            self.tasks.insert(id, task_and_answer);
        }
    }

    fn take_event(&mut self) {
        if self.event_task.is_some() {
            return;
        }
        let Some(event) = self.node.events.front().cloned() else {
            self.gate = true;
            return;
        };
        self.say(&|| format!("event {event:?}"));
        self.event_task = Some(false);
        let flow = OnEvent::new(event, !self.gate);
        self.watcher.push_back(Task::Event(flow));
    }

    fn acknowledge(&mut self) {
        if self.event_task == Some(true) {
            if let Some(event) = self.node.events.front() {
                self.rules.acknowledged(&self.disk.shelf, event);
            }
            self.node.acknowledge();
            self.event_task = None;
        }
    }

    fn time_passes(&mut self) {
        // Events are taken within seconds, blocks come every ten minutes.
        let busy = self.watching.is_some() || !self.node.events.is_empty();
        let secs = match self.rng.u8(..) {
            0..200 => self.rng.u64(0..5),
            _ if busy => self.rng.u64(0..5),
            200..250 => self.rng.u64(20..120),
            _ => self.rng.u64(1_000..5_000),
        };
        self.pass(secs * 1_000);
        if secs > 4 {
            self.node.mine();
        }
        self.ticks();
    }

    fn pass(&mut self, millis: u64) {
        self.now += millis;
        self.node.now = self.now;
        if millis > 0 {
            self.node.hurry(&mut self.rng);
        }
    }

    /// What the actors do by the clock.
    pub(crate) fn ticks(&mut self) {
        let busy = |wanted: fn(&Task) -> bool| self.tasks.values().any(|(task, _)| wanted(task));
        let check = self.gate
            && self.now >= self.checked + PAUSE
            && !busy(|task| matches!(task, Task::Check(_)));
        let told = self.gate && self.event_task.is_none() && self.node.events.is_empty();
        let tend = told && self.now >= self.tended + PAUSE && self.watching.is_none();
        if check {
            self.checked = self.now;
            let pending = self.disk.shelf.all::<Payment>();
            let pending = pending
                .into_iter()
                .filter(|payment| payment.state == PaymentState::Pending)
                .filter(|payment| !self.is_handing(payment))
                .collect();
            let channels = self.disk.shelf.all::<Channel>();
            let before = std::mem::take(&mut self.absent);
            let clock = (self.time(), self.now - self.started);
            let times = CheckTimes::from_pause(PAUSE);
            self.spawn(Task::Check(Check::new(
                pending, channels, before, clock, times,
            )));
        }
        if tend {
            self.tended = self.now;
            let before = std::mem::take(&mut self.tended_before);
            let tend = Tend::new(self.to_be_tended(), before, self.time(), HOLD_MAX);
            self.watcher.push_back(Task::Tend(tend));
        }
        self.retry();
        self.expire();
    }

    /// Whoever waits for another attempt gets it when its pause is over; sometimes two want it at once.
    fn retry(&mut self) {
        if !self.gate {
            return;
        }
        let now = self.time();
        for payment in self.disk.shelf.all::<Payment>() {
            let is_due = payment.retry_at().is_some_and(|at| at <= now);
            let again = self.calm || self.rng.u8(..) < 240;
            let alone = !self.is_handing(&payment) || !again;
            if is_due && alone {
                self.spawn(Task::Retry(payment.id, Retry::new(payment.id)));
            }
        }
    }

    /// Whether this process is just handing it over.
    fn is_handing(&self, payment: &Payment) -> bool {
        self.tasks.values().any(|(task, _)| match task {
            Task::Reserve(hash, _) => *hash == payment.hash,
            Task::Send(id, _) | Task::Retry(id, _) => *id == payment.id,
            Task::Event(_)
            | Task::Check(_)
            | Task::Tend(_)
            | Task::Settle(..)
            | Task::Cancel(..)
            | Task::Ask(..) => false,
        })
    }

    fn claiming(&self) -> HashSet<PaymentHash> {
        let invoices = self.disk.shelf.all::<Invoice>();
        let claiming = invoices
            .iter()
            .filter(|invoice| invoice.state == InvoiceState::Claiming);
        claiming.map(|invoice| invoice.hash).collect()
    }

    fn to_be_tended(&self) -> Vec<PaymentHash> {
        let invoices = self.disk.shelf.all::<Invoice>();
        let wanted = invoices.iter().filter(|invoice| {
            matches!(invoice.state, InvoiceState::Claiming | InvoiceState::Held)
                || invoice.state == InvoiceState::Cancelled && invoice.held.is_some()
        });
        wanted.map(|invoice| invoice.hash).collect()
    }

    fn expire(&mut self) {
        let now = self.time();
        for invoice in self.disk.shelf.all::<Invoice>() {
            if invoice.state == InvoiceState::Open && invoice.expires_at <= now {
                let hash = invoice.hash;
                self.disk.execute(0, Command::ExpireInvoice { hash }, now);
            }
        }
    }

    fn crash(&mut self) {
        if self.rng.u8(..) > 90 {
            return;
        }
        self.crashes += 1;
        self.say(&|| "CRASH".into());
        // Some of what waited may have reached the disk though nobody was told.
        let reached = self.rng.usize(..4);
        // Whoever subscribes finds those events when it comes back.
        drop(self.disk.commit(reached));
        self.disk.crash();
        self.node.crash(&mut self.rng);
        self.tasks.clear();
        self.event_task = None;
        self.absent.clear();
        self.tended_before = Tended {
            claiming: self.claiming(),
            ..Tended::default()
        };
        self.watcher.clear();
        self.watching = None;
        self.started = self.now;
        (self.checked, self.tended) = (self.now, 0);
        let has_payments = !self.disk.shelf.all::<Payment>().is_empty();
        self.gate = !has_payments;
        let now = self.time();
        for invoice in self.disk.shelf.all::<Invoice>() {
            if invoice.state == InvoiceState::Draft {
                let hash = invoice.hash;
                self.disk.execute(0, Command::AbandonInvoice { hash }, now);
            }
        }
        self.rules.same_events(&self.disk.shelf);
        self.rules.resumed(&self.disk.shelf);
        self.ticks();
    }

    /// Lets everything come to its end.
    pub(crate) fn calm_down(&mut self) {
        self.calm = true;
        let mut quiet_rounds = 0;
        for _ in 0..MAX_CALM_ROUNDS {
            self.node.memory.connected = true;
            for _ in 0..150 {
                self.step();
            }
            while self.disk.has_work() {
                self.commit(8);
            }
            self.pass(PAUSE);
            self.node.mine();
            self.ticks();
            self.rules.every_step(&self.disk, &self.node);
            quiet_rounds = if self.is_quiet() { quiet_rounds + 1 } else { 0 };
            if quiet_rounds > 3 {
                return;
            }
        }
    }

    /// Whether nothing is left that anybody waits for.
    fn is_quiet(&self) -> bool {
        let pending = |payment: &Payment| !payment.state.is_final();
        self.node.events.is_empty()
            && self.node.outgoing.is_empty()
            && self.to_be_tended().is_empty()
            && !self.disk.shelf.all::<Payment>().iter().any(pending)
    }

    // --- what callers do

    pub(crate) fn ask(&mut self, n: u8, draft: Command) {
        let hash = hash(n);
        let mut task = Task::Ask(n, Asking::Draft(Box::new(draft)));
        let Ok(effect) = task.step(&self.disk.shelf, None) else {
            return;
        };
        let task = Task::Ask(n, Asking::Register(hash));
        let id = self.next_task;
        self.next_task += 1;
        self.tasks.insert(id, (task, Phase::Wants(effect)));
    }

    pub(crate) fn pay(&mut self, order: till::ledger::PaymentOrder) {
        if self.gate {
            let hash = match &order.target {
                SendTarget::Bolt11 { hash, .. } => Some(*hash),
                SendTarget::Offer { .. } => None,
            };
            self.spawn(Task::Reserve(hash, Reserve::new(order)));
        }
    }

    pub(crate) fn settle(&mut self, n: u8) {
        let told = self.rng.bool().then(|| preimage(n));
        self.watcher
            .push_back(Task::Settle(hash(n), Settle::new(hash(n), told)));
    }

    pub(crate) fn cancel(&mut self, n: u8) {
        self.watcher
            .push_back(Task::Cancel(hash(n), Cancel::new(hash(n))));
    }
}

pub(crate) fn preimage(n: u8) -> Preimage {
    Preimage::from_bytes([n; 32])
}

pub(crate) fn hash(n: u8) -> PaymentHash {
    preimage(n).payment_hash()
}
