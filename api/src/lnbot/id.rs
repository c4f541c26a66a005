//! Ids as this surface writes them: a prefix and 32 hexadecimal digits.

use till::id::{HolderId, WalletId, WebhookId};

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
}
