//! Lines of the access log in words. Owns the names of actions: programs look for them, so none is
//! ever changed.

use till::access::{AccessAction, AccessNote, Subject, UserChanges};
use till::time::Timestamp;

use super::role_name;
use crate::pos::wire;

pub(in crate::pos) fn log_line(note: &AccessNote) -> wire::LogLine {
    let (action, detail) = action(&note.action);
    wire::LogLine {
        at: note.at.as_millis(),
        user_id: note.user.to_string(),
        user_name: note.user_name.clone(),
        action,
        detail,
    }
}

fn action(action: &AccessAction) -> (&'static str, String) {
    match action {
        AccessAction::SeedRead => ("seed_read", String::new()),
        AccessAction::SeedRefused => ("seed_refused", "wrong wallet password".to_owned()),
        AccessAction::Export { from, to } => ("export", span(*from, *to)),
        AccessAction::WalletPasswordChanged => ("wallet_password_changed", String::new()),
        AccessAction::WalletPasswordRefused => (
            "wallet_password_refused",
            "wrong wallet password".to_owned(),
        ),
        AccessAction::UserAdded(of) => ("user_added", subject(of)),
        AccessAction::UserChanged(of, what) => ("user_changed", changes(of, *what)),
        AccessAction::UserDeleted(of) => ("user_deleted", subject(of)),
        AccessAction::SessionsEnded(of) => ("sessions_ended", subject(of)),
    }
}

/// Times as everywhere on this surface, in milliseconds since the epoch.
fn span(from: Option<Timestamp>, to: Option<Timestamp>) -> String {
    let millis = |at: Timestamp| at.as_millis().to_string();
    let from = from.map_or_else(|| "the beginning".to_owned(), millis);
    let to = to.map_or_else(|| "now".to_owned(), millis);
    format!("from {from} to {to}")
}

fn subject(of: &Subject) -> String {
    format!("{} {} ({})", role_name(of.role), of.name, of.user)
}

fn changes(of: &Subject, what: UserChanges) -> String {
    let parts = [
        (what.name, "name"),
        (what.role, "role"),
        (what.password, "password"),
        (what.pin, "pin"),
    ];
    let changed: Vec<&str> = parts
        .into_iter()
        .filter_map(|(is_changed, part)| is_changed.then_some(part))
        .collect();
    format!("{}: {}", subject(of), changed.join(", "))
}

#[cfg(test)]
mod tests {
    use till::access::Role;
    use till::id::UserId;

    use super::*;

    #[test]
    fn every_action_has_its_word() {
        let carol = || Subject {
            user: UserId::from_bytes([2; 16]),
            name: "carol".to_owned(),
            role: Role::Cashier,
        };
        let changed = UserChanges {
            name: true,
            pin: true,
            ..UserChanges::default()
        };
        let since = Some(Timestamp::from_millis(5));
        let who = "cashier carol (02020202020202020202020202020202)";
        let table = [
            (AccessAction::SeedRead, "seed_read", String::new()),
            (
                AccessAction::SeedRefused,
                "seed_refused",
                "wrong wallet password".to_owned(),
            ),
            (
                AccessAction::Export {
                    from: since,
                    to: None,
                },
                "export",
                "from 5 to now".to_owned(),
            ),
            (
                AccessAction::WalletPasswordChanged,
                "wallet_password_changed",
                String::new(),
            ),
            (
                AccessAction::WalletPasswordRefused,
                "wallet_password_refused",
                "wrong wallet password".to_owned(),
            ),
            (AccessAction::UserAdded(carol()), "user_added", who.into()),
            (
                AccessAction::UserChanged(carol(), changed),
                "user_changed",
                format!("{who}: name, pin"),
            ),
            (
                AccessAction::UserDeleted(carol()),
                "user_deleted",
                who.into(),
            ),
            (
                AccessAction::SessionsEnded(carol()),
                "sessions_ended",
                who.into(),
            ),
        ];
        for (what, word, detail) in table {
            assert_eq!(action(&what), (word, detail));
        }
    }
}
