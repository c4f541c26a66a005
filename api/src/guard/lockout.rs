//! The stop on guessing: who has failed how often, and until when they wait. Owns the counts, in
//! memory and bounded; time comes in as an argument.

use std::collections::HashMap;
use std::net::IpAddr;

use till::time::Timestamp;

/// When guessing of passwords and PINs is stopped, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct LockoutSettings {
    /// Failures after which an account, or an address, is locked.
    pub max_failures: u32,
    /// The first lock, in seconds; each further failure doubles it.
    pub first_lock_secs: u64,
    /// The longest lock, in seconds.
    pub max_lock_secs: u64,
    /// Seconds without a failure or lock after which an account's failures are forgotten. Longer
    /// than `max_failures` of the longest locks, or waiting would be quicker than guessing on.
    pub forget_account_secs: u64,
    /// The same for an address. Shorter, since a shop's tills may all share one, and a login that
    /// succeeds clears the account only.
    pub forget_address_secs: u64,
    /// How many accounts and addresses are remembered at most.
    pub max_entries: usize,
}

impl Default for LockoutSettings {
    fn default() -> Self {
        Self {
            max_failures: 5,
            first_lock_secs: 30,
            max_lock_secs: 60 * 60,
            forget_account_secs: 24 * 60 * 60,
            forget_address_secs: 15 * 60,
            max_entries: 10_000,
        }
    }
}

/// More doublings than this exceed every sensible cap, and the width of the number.
const MAX_DOUBLINGS: u32 = 32;

/// What failures are counted by. A login and the wallet password do not share a count.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A login, by the name as it was typed, whether there is such a user or not.
    Login(String),
    /// Logins from an address, at whatever surface: a thief has no other one there.
    LoginFrom(IpAddr),
    /// The wallet password, by the administrator who types it.
    Wallet(till::id::UserId),
    /// Wallet passwords from an address.
    WalletFrom(IpAddr),
    /// A holder of wallets, by the name as it was typed. Not the count of the staff's login of that
    /// name: where anybody may register, a thief would take the name, log in, and clear it.
    Holder(String),
}

/// As much of a name counts, in characters: nobody has a longer one, and what is typed is kept.
const MAX_NAME_CHARS: usize = 128;

impl Key {
    /// A login by this name.
    pub(crate) fn login(name: &str) -> Self {
        Self::Login(beginning(name))
    }

    /// A holder of wallets by this name.
    pub(crate) fn holder(name: &str) -> Self {
        Self::Holder(beginning(name))
    }
}

fn beginning(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    failures: u32,
    locked_until: Timestamp,
    forget_at: Timestamp,
}

/// Failures by key.
#[derive(Debug)]
pub(crate) struct Lockout {
    settings: LockoutSettings,
    entries: HashMap<Key, Entry>,
}

impl Lockout {
    pub(crate) fn new(settings: LockoutSettings) -> Self {
        Self {
            settings,
            entries: HashMap::new(),
        }
    }

    /// How many seconds the longest-locked of `keys` still has to wait; `None` if none is locked.
    pub(crate) fn wait_secs(&self, keys: &[Key], now: Timestamp) -> Option<u64> {
        keys.iter()
            .filter_map(|key| self.entries.get(key))
            .map(|entry| entry.locked_until.millis_since(now).div_ceil(1_000))
            .max()
            .filter(|secs| *secs > 0)
    }

    /// A guess was wrong: counts against all of `keys`.
    pub(crate) fn failed(&mut self, keys: &[Key], now: Timestamp) {
        for key in keys {
            self.make_room(key, now);
            let known = self.entries.get(key).filter(|entry| now < entry.forget_at);
            let failures = known.map_or(0, |entry| entry.failures).saturating_add(1);
            let locked_until = now.plus_secs(self.lock_secs(failures));
            let entry = Entry {
                failures,
                locked_until,
                forget_at: locked_until.plus_secs(self.forget_secs(key)),
            };
            self.entries.insert(key.clone(), entry);
        }
    }

    /// A guess was right: the account's failures are forgotten. An address's are not, or a thief
    /// with one account could try all others without end.
    pub(crate) fn succeeded(&mut self, account: &Key) {
        self.entries.remove(account);
    }

    fn lock_secs(&self, failures: u32) -> u64 {
        let Some(doublings) = failures.checked_sub(self.settings.max_failures) else {
            return 0;
        };
        let factor = 1_u64 << doublings.min(MAX_DOUBLINGS);
        let grown = self.settings.first_lock_secs.saturating_mul(factor);
        grown.min(self.settings.max_lock_secs)
    }

    fn forget_secs(&self, key: &Key) -> u64 {
        match key {
            Key::Login(_) | Key::Wallet(_) | Key::Holder(_) => self.settings.forget_account_secs,
            Key::LoginFrom(_) | Key::WalletFrom(_) => self.settings.forget_address_secs,
        }
    }

    /// Memory is bounded: what is forgotten goes first, then what is closest to it, which no lock
    /// in force is while there is anything else.
    fn make_room(&mut self, key: &Key, now: Timestamp) {
        if self.entries.len() < self.settings.max_entries || self.entries.contains_key(key) {
            return;
        }
        self.entries.retain(|_, entry| now < entry.forget_at);
        if self.entries.len() < self.settings.max_entries {
            return;
        }
        let soonest = self
            .entries
            .iter()
            .min_by_key(|(_, entry)| (entry.locked_until.max(now), entry.forget_at))
            .map(|(key, _)| key.clone());
        if let Some(key) = soonest {
            self.entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: LockoutSettings = LockoutSettings {
        max_failures: 5,
        first_lock_secs: 30,
        max_lock_secs: 100,
        forget_account_secs: 1_000,
        forget_address_secs: 10,
        max_entries: 3,
    };

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn login(name: &str) -> [Key; 1] {
        [Key::Login(name.to_owned())]
    }

    fn fail(lockout: &mut Lockout, keys: &[Key], times: usize, now: Timestamp) {
        for _ in 0..times {
            lockout.failed(keys, now);
        }
    }

    #[test]
    fn the_fifth_failure_locks_and_each_further_one_locks_longer() {
        let mut lockout = Lockout::new(SETTINGS);
        let ana = login("ana");
        fail(&mut lockout, &ana, 4, at(0));
        assert_eq!(lockout.wait_secs(&ana, at(0)), None);
        lockout.failed(&ana, at(0));
        assert_eq!(lockout.wait_secs(&ana, at(0)), Some(30));
        assert_eq!(lockout.wait_secs(&ana, at(29)), Some(1));
        assert_eq!(lockout.wait_secs(&ana, at(30)), None);
        lockout.failed(&ana, at(30));
        assert_eq!(lockout.wait_secs(&ana, at(30)), Some(60));
        fail(&mut lockout, &ana, 40, at(90));
        assert_eq!(lockout.wait_secs(&ana, at(90)), Some(100), "the cap");
        assert_eq!(lockout.wait_secs(&login("ben"), at(90)), None);
    }

    #[test]
    fn success_clears_the_account_but_not_the_address() {
        let mut lockout = Lockout::new(SETTINGS);
        let here = Key::LoginFrom("192.0.2.1".parse().expect("an address"));
        let keys = [Key::Login("ana".into()), here.clone()];
        fail(&mut lockout, &keys, 5, at(0));
        lockout.succeeded(&keys[0]);
        assert_eq!(lockout.wait_secs(&keys[..1], at(0)), None);
        assert_eq!(lockout.wait_secs(&[here], at(0)), Some(30));
    }

    #[test]
    fn old_failures_are_forgotten() {
        let mut lockout = Lockout::new(SETTINGS);
        let ana = login("ana");
        fail(&mut lockout, &ana, 4, at(0));
        lockout.failed(&ana, at(1_000));
        assert_eq!(lockout.wait_secs(&ana, at(1_000)), None);
    }

    #[test]
    fn memory_is_bounded_and_locks_outlive_the_flood() {
        let mut lockout = Lockout::new(SETTINGS);
        let ana = login("ana");
        fail(&mut lockout, &ana, 5, at(0));
        for n in 0..100 {
            lockout.failed(&login(&format!("nobody{n}")), at(1));
        }
        assert_eq!(lockout.entries.len(), 3);
        assert_eq!(lockout.wait_secs(&ana, at(1)), Some(29));
    }

    #[test]
    fn a_name_of_any_length_is_kept_short() {
        let (long, kept) = ("a".repeat(1_000_000), "a".repeat(MAX_NAME_CHARS));
        assert_eq!(Key::login(&long), Key::Login(kept.clone()));
        assert_eq!(Key::holder(&long), Key::Holder(kept));
        assert_eq!(Key::login("ana"), Key::Login("ana".into()));
    }

    #[test]
    fn nothing_overflows_at_the_end_of_counting() {
        let mut lockout = Lockout::new(SETTINGS);
        let ana = login("ana");
        let entry = Entry {
            failures: u32::MAX,
            locked_until: at(0),
            forget_at: at(10),
        };
        lockout.entries.insert(ana[0].clone(), entry);
        lockout.failed(&ana, at(1));
        assert_eq!(lockout.wait_secs(&ana, at(1)), Some(100));
    }
}
