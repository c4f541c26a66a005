//! How many unpaid invoices each address of the network has asked for. Owns the bound on them, in
//! memory: a restart forgives, the ledger's own bounds do not.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use till::id::PaymentHash;
use till::time::Timestamp;

/// How many unpaid invoices one address may have asked for.
const MAX_EACH: usize = 50;
/// How many tickets are kept in all: more than the ledger lets wait, since what was paid meanwhile is
/// noticed only when its address asks again.
const MAX_TICKETS: usize = 20_000;

/// One invoice, or one that is being made.
#[derive(Clone, Copy, Debug)]
struct Ticket {
    number: u64,
    hash: Option<PaymentHash>,
    until: Timestamp,
}

#[derive(Debug, Default)]
struct Tickets {
    of: HashMap<IpAddr, Vec<Ticket>>,
    count: usize,
    last: u64,
}

/// Counts unpaid invoices by who asked for them. Callers of which no address is known share one count.
#[derive(Debug, Default)]
pub(super) struct Outstanding(Mutex<Tickets>);

/// A place for one invoice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    address: IpAddr,
    number: u64,
}

impl Outstanding {
    fn tickets(&self) -> MutexGuard<'_, Tickets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for an invoice that can be paid until then, if there is one.
    pub(super) fn take(
        &self,
        address: Option<IpAddr>,
        now: Timestamp,
        until: Timestamp,
    ) -> Option<Place> {
        let address = countable(address);
        let mut tickets = self.tickets();
        tickets.forget(address, |ticket| ticket.until <= now);
        if tickets.count >= MAX_TICKETS {
            tickets.sweep(now);
        }
        let has = tickets.of.get(&address).map_or(0, Vec::len);
        if has >= MAX_EACH || tickets.count >= MAX_TICKETS {
            return None;
        }
        tickets.last += 1;
        tickets.count += 1;
        let number = tickets.last;
        tickets.of.entry(address).or_default().push(Ticket {
            number,
            hash: None,
            until,
        });
        Some(Place { address, number })
    }

    /// The place is this invoice's.
    pub(super) fn fill(&self, place: Place, hash: PaymentHash) {
        let mut tickets = self.tickets();
        let those = tickets.of.get_mut(&place.address).into_iter().flatten();
        for ticket in those.filter(|ticket| ticket.number == place.number) {
            ticket.hash = Some(hash);
        }
    }

    /// There is no invoice after all.
    pub(super) fn give_back(&self, place: Place) {
        let is_it = |ticket: &Ticket| ticket.number == place.number;
        self.tickets().forget(place.address, is_it);
    }

    /// What an address has asked for, as far as it was made.
    pub(super) fn invoices(&self, address: Option<IpAddr>) -> Vec<PaymentHash> {
        let tickets = self.tickets();
        let those = tickets.of.get(&countable(address)).into_iter().flatten();
        those.filter_map(|ticket| ticket.hash).collect()
    }

    /// These do not wait any more.
    pub(super) fn settled(&self, address: Option<IpAddr>, hashes: &[PaymentHash]) {
        let is_one = |ticket: &Ticket| ticket.hash.is_some_and(|hash| hashes.contains(&hash));
        self.tickets().forget(countable(address), is_one);
    }
}

impl Tickets {
    fn forget(&mut self, address: IpAddr, which: impl Fn(&Ticket) -> bool) {
        let Some(those) = self.of.get_mut(&address) else {
            return;
        };
        let before = those.len();
        those.retain(|ticket| !which(ticket));
        self.count -= before - those.len();
        if those.is_empty() {
            self.of.remove(&address);
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        let addresses: Vec<IpAddr> = self.of.keys().copied().collect();
        for address in addresses {
            self.forget(address, |ticket| ticket.until <= now);
        }
    }
}

fn countable(address: Option<IpAddr>) -> IpAddr {
    address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000);
    const END: Timestamp = Timestamp::from_millis(2_000);

    fn hash(n: u8) -> PaymentHash {
        PaymentHash::from_bytes([n; 32])
    }

    #[test]
    fn each_address_has_fifty_and_gets_them_back() {
        let counts = Outstanding::default();
        let (ana, ben) = (Some([192, 0, 2, 1].into()), Some([192, 0, 2, 2].into()));
        for n in 0..50 {
            let place = counts.take(ana, START, END).expect("a place");
            counts.fill(place, hash(n));
        }
        assert!(counts.take(ana, START, END).is_none());
        assert!(counts.take(ben, START, END).is_some());
        assert_eq!(counts.invoices(ana).len(), 50);

        counts.settled(ana, &[hash(7), hash(8)]);
        let place = counts.take(ana, START, END).expect("one was paid");
        assert!(counts.take(ana, START, END).is_some());
        assert!(counts.take(ana, START, END).is_none());
        counts.give_back(place);
        assert!(counts.take(ana, START, END).is_some(), "it was not made");

        let later = Timestamp::from_millis(5_000);
        assert!(counts.take(ana, END, later).is_some(), "all have expired");
        assert_eq!(counts.tickets().count, 2, "ana's new one and ben's");
        counts.tickets().sweep(later);
        assert!(counts.tickets().of.is_empty(), "nothing is kept for good");
    }
}
