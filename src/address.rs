//! Lightning addresses (LUD-16): names under which a wallet can be paid. Owns which names there can be;
//! what one costs is the surfaces'.

use minicbor::{Decode, Encode};

use crate::id::WalletId;
use crate::money::Sat;
use crate::time::Timestamp;

/// The fewest characters of a name that somebody chose.
pub const MIN_NAME_CHARS: usize = 3;
/// The most characters of a name.
pub const MAX_NAME_CHARS: usize = 36;
/// How many characters a name has that nobody chose.
pub const GENERATED_CHARS: usize = 7;

/// The most characters of what a payer writes after a `+`.
pub const MAX_TAG_CHARS: usize = 64;
/// How many names a wallet can have at a time.
pub const MAX_PER_WALLET: u32 = 100;
/// Names that look like the owner's word: nobody can choose them.
const RESERVED: [&str; 16] = [
    "abuse",
    "admin",
    "administrator",
    "billing",
    "help",
    "hostmaster",
    "info",
    "noreply",
    "no-reply",
    "postmaster",
    "root",
    "security",
    "service",
    "support",
    "system",
    "webmaster",
];

/// A name under which a wallet can be paid. A deleted one can be claimed again by anybody.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Address {
    /// The part before the `@`.
    #[n(0)]
    pub name: String,
    /// Whose it is.
    #[n(1)]
    pub wallet: WalletId,
    /// Whether nobody chose it: it cost nothing, and cannot be given to another wallet.
    #[n(2)]
    pub generated: bool,
    /// What was paid for it.
    #[n(3)]
    pub cost: Sat,
    /// When it was claimed.
    #[n(4)]
    pub created_at: Timestamp,
    /// When it was given up.
    #[n(5)]
    pub deleted_at: Option<Timestamp>,
}

impl Address {
    /// Whether it can be paid.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.deleted_at.is_none()
    }
}

/// Whether a name can be chosen: 3 to 36 of `a-z`, `0-9` and hyphens, none of them at an end.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (MIN_NAME_CHARS..=MAX_NAME_CHARS).contains(&name.len())
        && name.bytes().all(is_allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Whether a text can stand after the `+` in an address that is paid. It comes into web addresses: it has
/// what names have by LUD-16.
#[must_use]
pub fn is_tag(text: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_.".contains(&c);
    (1..=MAX_TAG_CHARS).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// Whether nobody can choose a name, because payers would take it for the till's owner.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_typed_in_one_way() {
        for good in ["abc", "my-bot", "k9x2mwp", &"a".repeat(36)] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "ab",
            "My",
            "Bot1",
            "a.b.c",
            "-abc",
            "abc-",
            "a b c",
            "bot+tag",
            "żaba",
            &"a".repeat(37),
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
