//! Index entries of deliveries: those that wait, by whom they are for, and those of webhooks. Owns their
//! keys, and which of them is next.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use till::id::WebhookId;
use till::ledger::WalletRef;
use till::ledger::entity::Damaged;
use till::outbox::Delivery;
use till::time::Timestamp;

use super::index::{Entries, Index, single};
use super::{ViewError, Views};

/// How far one address's deliveries are looked through for one that is due.
const MAX_LOOKED_AT: usize = 64;

/// Whom a delivery is for, as the index has it: a webhook, or the first half of an address's digest.
pub(crate) type Endpoint = [u8; 16];

/// What is to be delivered.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// At most one for each address, in the order of their making.
    pub(crate) now: Vec<(Endpoint, Delivery)>,
    /// When the next one is due, of those that are not yet.
    pub(crate) next: Option<Timestamp>,
}

fn endpoint(row: &Delivery) -> Endpoint {
    // Two wallets may have the same address told, and one of them is not to wait for the other.
    if let Some(webhook) = row.webhook {
        return *webhook.as_bytes();
    }
    let digest: [u8; 32] = Sha256::digest(row.url.as_bytes()).into();
    digest.first_chunk::<16>().copied().unwrap_or_default()
}

/// Where the index goes on behind everything for an address.
fn behind(endpoint: Endpoint) -> Vec<u8> {
    let mut key = single(Index::Waiting, &endpoint);
    key.extend([0xff; 9]);
    key
}

/// endpoint, number -> when it is due, and whether others wait behind it; webhook, number.
pub(super) fn delivery(row: &Delivery) -> Entries {
    let mut entries = Entries::new();
    let tail = [endpoint(row).as_slice(), &row.number.to_be_bytes()].concat();
    if row.webhook.is_some() {
        entries.push((single(Index::OfWebhook, &tail), Vec::new()));
    }
    if row.waits() {
        let due_at = row.due_at.as_millis().to_be_bytes();
        let value = [due_at.as_slice(), &[u8::from(row.holds_back)]].concat();
        entries.push((single(Index::Waiting, &tail), value));
    }
    entries
}

impl Views {
    /// What is due at `now`, at most `most`, and at most `each` of a wallet, for addresses that are not
    /// `busy`: each of these is with the wallet whose delivery is under way. The turn goes round: the
    /// address behind `after` is first, and `after` itself is last.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub(crate) fn due_deliveries(
        &self,
        now: Timestamp,
        busy: &HashMap<Endpoint, WalletRef>,
        after: Endpoint,
        (most, each): (usize, usize),
    ) -> Result<Due, ViewError> {
        self.vital(|| {
            let mut due = Due::default();
            let mut taken: HashMap<WalletRef, usize> = HashMap::new();
            for wallet in busy.values() {
                *taken.entry(*wallet).or_default() += 1;
            }
            let mut from = behind(after);
            let end = single(Index::Waiting, &[0xff; 25]);
            let mut is_round = false;
            while due.now.len() < most {
                let Some(first) = self.tree.range(from..end.clone()).next() else {
                    if is_round {
                        break;
                    }
                    is_round = true;
                    from = single(Index::Waiting, &[]);
                    continue;
                };
                let (endpoint, _, _) = read(&first?)?;
                if is_round && endpoint > after {
                    break;
                }
                if !busy.contains_key(&endpoint)
                    && let Some(row) = self.due_for(endpoint, now, &mut due.next)?
                {
                    let taken = taken.entry(row.wallet).or_default();
                    // What has no place now is looked at again when one of the wallet's is free.
                    if *taken < each {
                        *taken += 1;
                        due.now.push((endpoint, row));
                    }
                }
                from = behind(endpoint);
            }
            Ok(due)
        })
    }

    /// What a webhook was told or is to be told, newest first, from below `after` on.
    ///
    /// # Errors
    /// [`ViewError`] if a row cannot be read.
    pub(crate) fn deliveries_of(
        &self,
        webhook: WebhookId,
        after: Option<u64>,
        most: usize,
    ) -> Result<Vec<Delivery>, ViewError> {
        let key = |number: u64| {
            let tail = [webhook.as_bytes().as_slice(), &number.to_be_bytes()].concat();
            single(Index::OfWebhook, &tail)
        };
        self.vital(|| {
            let range = self.tree.range(key(0)..key(after.unwrap_or(u64::MAX)));
            let mut rows = Vec::new();
            for found in range.rev().take(most) {
                let (key, _) = found?;
                let number = key.last_chunk::<8>().copied().map(u64::from_be_bytes);
                rows.extend(self.get::<Delivery>(&number.unwrap_or_default())?);
            }
            Ok(rows)
        })
    }

    /// What is due for one address, or when it is: nothing overtakes a delivery that holds others back.
    fn due_for(
        &self,
        endpoint: Endpoint,
        now: Timestamp,
        next: &mut Option<Timestamp>,
    ) -> Result<Option<Delivery>, ViewError> {
        let waiting = self.tree.scan_prefix(single(Index::Waiting, &endpoint));
        for found in waiting.take(MAX_LOOKED_AT) {
            let found = found?;
            let (_, number, (due_at, holds_back)) = read(&found)?;
            if due_at <= now {
                return self.get::<Delivery>(&number);
            }
            *next = Some(next.map_or(due_at, |next| next.min(due_at)));
            if holds_back {
                return Ok(None);
            }
        }
        Ok(None)
    }
}

type Found = (Endpoint, u64, (Timestamp, bool));

fn read((key, value): &(sled::IVec, sled::IVec)) -> Result<Found, Damaged> {
    let parts = || {
        let (_, tail) = key.split_first()?;
        let (endpoint, number) = tail.split_first_chunk::<16>()?;
        let (due_at, holds_back) = value.split_first_chunk::<8>()?;
        let number = u64::from_be_bytes(number.try_into().ok()?);
        let due_at = Timestamp::from_millis(u64::from_be_bytes(*due_at));
        Some((*endpoint, number, (due_at, holds_back.first() == Some(&1))))
    };
    parts().ok_or_else(|| Damaged {
        key: hex::encode(key),
        why: "an index entry is too short".into(),
    })
}
