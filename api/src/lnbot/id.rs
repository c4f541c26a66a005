//! How things are named in paths and answers: ids, a prefix and 32 hexadecimal digits; and a wallet's
//! invoices and payments, by number or hash.

use till::id::{HolderId, WalletId, WebhookId};
use till_actors::service::RowName;

/// What a wallet's id begins with.
const WALLET: &str = "wal_";
/// What a user's id begins with.
const USER: &str = "usr_";
/// What a webhook's id begins with.
const WEBHOOK: &str = "whk_";

pub(crate) fn wallet(id: WalletId) -> String {
    format!("{WALLET}{id}")
}

pub(crate) fn user(id: HolderId) -> String {
    format!("{USER}{id}")
}

/// The wallet that a text names, if it has the form of an id.
pub(crate) fn parse_wallet(text: &str) -> Option<WalletId> {
    text.strip_prefix(WALLET)?.parse().ok()
}

pub(crate) fn webhook(id: WebhookId) -> String {
    format!("{WEBHOOK}{id}")
}

/// The webhook that a text names, if it has the form of an id.
pub(crate) fn parse_webhook(text: &str) -> Option<WebhookId> {
    text.strip_prefix(WEBHOOK)?.parse().ok()
}

/// How a path names an invoice or a payment; `None` names nothing.
pub(crate) fn row_name(text: &str) -> Option<RowName> {
    match text.parse() {
        Ok(hash) => Some(RowName::Hash(hash)),
        Err(_not_a_hash) => text.parse().ok().map(RowName::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let id = WalletId::from_bytes([0xab; 16]);
        assert_eq!(parse_wallet(&wallet(id)), Some(id));
        let hex = "ab".repeat(16);
        for bad in [
            "",
            "wal_",
            "wal_00",
            &hex,
            &format!("usr_{hex}"),
            &format!("wal_{hex}0"),
        ] {
            assert_eq!(parse_wallet(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_row_has_a_number_or_a_hash() {
        assert!(matches!(row_name("7"), Some(RowName::Number(7))));
        assert!(matches!(row_name(&"ab".repeat(32)), Some(RowName::Hash(_))));
        // 64 digits could be either; they are a hash, as no number has so many.
        assert!(matches!(row_name(&"01".repeat(32)), Some(RowName::Hash(_))));
        for bad in ["", "x", "-1", "1.5", "4294967296", "abcd"] {
            assert!(row_name(bad).is_none(), "{bad}");
        }
    }
}
