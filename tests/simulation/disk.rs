//! The ledger on a disk that loses what was not synced. Owns what is durable and what only memory
//! knows; a crash leaves the former.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use till::ledger::entity::Damaged;
use till::ledger::{
    Archive, Changes, Command, Decision, Done, Entity, Event, Record, Refusal, State, decide,
};
use till::time::Timestamp;

/// Rows that are durable and visible.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf(Rc<RefCell<BTreeMap<Vec<u8>, Vec<u8>>>>);

impl Archive for Shelf {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Damaged> {
        Ok(self.0.borrow().get(key).cloned())
    }
}

impl Shelf {
    /// The row with this key.
    pub(crate) fn get<E: Entity>(&self, key: &E::Key) -> Option<E> {
        let key = E::key_bytes(key);
        let rows = self.0.borrow();
        rows.get(&key)
            .map(|bytes| E::from_bytes(&key, bytes).expect("a row of ours"))
    }

    /// Every row of a kind.
    pub(crate) fn all<E: Entity>(&self) -> Vec<E> {
        let rows = self.0.borrow();
        let of_kind = rows.range(vec![E::KIND as u8]..vec![E::KIND as u8 + 1]);
        of_kind
            .map(|(key, bytes)| E::from_bytes(key, bytes).expect("a row of ours"))
            .collect()
    }
}

/// Whoever waits for an answer.
pub(crate) type Caller = u64;
/// What a caller is told.
pub(crate) type Reply = Result<Done, Refusal>;

struct Job {
    change: Option<(Record, Changes)>,
    caller: Caller,
    reply: Reply,
}

/// The ledger.
pub(crate) struct Disk {
    state: State<Shelf>,
    pub(crate) shelf: Shelf,
    /// What the disk has.
    pub(crate) journal: Vec<Record>,
    queue: VecDeque<Job>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let shelf = Shelf::default();
        let state = State::over(shelf.clone()).expect("an empty shelf");
        Self {
            state,
            shelf,
            journal: Vec::new(),
            queue: VecDeque::new(),
        }
    }

    /// Decides in memory. The caller is answered by a commit, refusals too.
    pub(crate) fn execute(&mut self, caller: Caller, command: Command, now: Timestamp) {
        let (change, reply) = match decide(&self.state, command, now) {
            Ok(Decision::Commit(record)) if record.is_empty() => (None, Ok(Done::Unchanged)),
            Ok(Decision::Commit(record)) => {
                let changes = self
                    .state
                    .evolve(&record)
                    .expect("a decided record applies");
                (Some((record, changes)), Ok(Done::Changed))
            }
            Ok(Decision::Repeat(id)) => (None, Ok(Done::Repeat(id))),
            Err(refusal) => (None, Err(refusal)),
        };
        self.queue.push_back(Job {
            change,
            caller,
            reply,
        });
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Makes up to `jobs` jobs durable and visible; returns who may be told what, and the events to
    /// be announced.
    pub(crate) fn commit(&mut self, jobs: usize) -> (Vec<(Caller, Reply)>, Vec<Event>) {
        let (mut told, mut events) = (Vec::new(), Vec::new());
        for _ in 0..jobs {
            let Some(job) = self.queue.pop_front() else {
                break;
            };
            if let Some((record, changes)) = job.change {
                events.extend(record.events.iter().cloned());
                self.journal.push(record);
                self.shelf.0.borrow_mut().extend(changes.rows);
                self.state.forget_through(changes.seq);
            }
            told.push((job.caller, job.reply));
        }
        (told, events)
    }

    /// Memory is gone. The views are rebuilt from the journal, and must be what they were.
    pub(crate) fn crash(&mut self) {
        let rebuilt = Shelf::default();
        let mut state = State::over(rebuilt.clone()).expect("an empty shelf");
        for record in &self.journal {
            let changes = state.evolve(record).expect("the journal applies");
            rebuilt.0.borrow_mut().extend(changes.rows);
            state.forget_through(changes.seq);
        }
        assert_eq!(
            *rebuilt.0.borrow(),
            *self.shelf.0.borrow(),
            "a replay of the journal gives other rows than were visible"
        );
        self.queue.clear();
        self.shelf = rebuilt;
        self.state = state;
    }
}
