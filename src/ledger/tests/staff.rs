//! Set-up, staff, sessions, wallet tokens and the access log.

use super::bench::Bench;
use crate::access::{
    AccessAction, AccessNote, Business, PasswordHash, Role, Session, Subject, User, UserChanges,
    WalletToken,
};
use crate::id::{SecretHash, SessionId, UserId};
use crate::ledger::{AccessCommand, Refusal, UserChange};
use crate::time::Timestamp;

const ANN: UserId = UserId::from_bytes([1; 16]);
const BOB: UserId = UserId::from_bytes([2; 16]);
const FAR: Timestamp = Timestamp::from_millis(1_000_000_000);

fn secret(of: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id${of}"))
}

fn user(id: UserId, name: &str, role: Role) -> User {
    User {
        id,
        name: name.into(),
        role,
        password: secret("password"),
        pin: secret("pin"),
        created_at: Timestamp::default(),
        sessions_epoch: 0,
        deleted_at: None,
    }
}

fn initialize() -> AccessCommand {
    let business = Business {
        name: None,
        currency: None,
        wallet_password: secret("wallet"),
        initialized_at: Timestamp::default(),
        wallet_epoch: 0,
        admins: 0,
        notes: 0,
    };
    AccessCommand::Initialize {
        business,
        admin: user(ANN, "ann", Role::Admin),
        holder: None,
    }
}

/// Ann administers the till, Bob serves customers.
fn shop() -> Bench {
    let mut bench = Bench::new();
    bench.must(initialize());
    bench.must(add(BOB, "bob", Role::Cashier));
    bench
}

fn add(id: UserId, name: &str, role: Role) -> AccessCommand {
    let user = user(id, name, role);
    AccessCommand::AddUser { by: ANN, user }
}

fn change(user: UserId, change: UserChange) -> AccessCommand {
    let by = ANN;
    AccessCommand::ChangeUser { by, user, change }
}

fn to_role(user: UserId, role: Role) -> AccessCommand {
    let role = Some(role);
    change(
        user,
        UserChange {
            role,
            ..UserChange::default()
        },
    )
}

const fn delete(user: UserId) -> AccessCommand {
    AccessCommand::DeleteUser { by: ANN, user }
}

fn session(n: u8, user: UserId, epoch: u32) -> Session {
    Session {
        id: SessionId::from_bytes([n; 16]),
        user,
        refresh: SecretHash::of(b"first"),
        expires_at: FAR,
        revoked_at: None,
        epoch,
    }
}

fn token(n: u8, epoch: u32) -> WalletToken {
    WalletToken {
        token: SecretHash::of(&[n]),
        session: SessionId::from_bytes([n; 16]),
        used_at: Timestamp::default(),
        revoked_at: None,
        epoch,
    }
}

fn stands(bench: &Bench, n: u8) -> bool {
    let session = bench.get::<Session>(&SessionId::from_bytes([n; 16]));
    let user = bench.get::<User>(&session.user);
    user.admits(&session, Timestamp::from_millis(bench.now))
}

fn opens_wallet(bench: &Bench, n: u8) -> bool {
    let token = bench.get::<WalletToken>(&SecretHash::of(&[n]));
    let now = Timestamp::from_millis(bench.now);
    bench.get::<Business>(&()).admits(&token, now, 900)
}

#[test]
fn the_till_is_set_up_once_and_names_are_unique() {
    let mut bench = shop();
    assert_eq!(bench.run(initialize()), Err(Refusal::AlreadyInitialized));
    let carol = UserId::from_bytes([3; 16]);
    let taken = add(carol, "bob", Role::Cashier);
    assert_eq!(bench.run(taken), Err(Refusal::NameTaken));
    let rename = |name: &str| UserChange {
        name: Some(name.into()),
        ..UserChange::default()
    };
    assert_eq!(
        bench.run(change(BOB, rename("ann"))),
        Err(Refusal::NameTaken)
    );
    assert!(
        !bench.must(change(BOB, rename("bob"))),
        "nothing is different"
    );
    // A name that was left, by a new one or by leaving, is free again.
    bench.must(change(BOB, rename("rob")));
    bench.must(add(carol, "bob", Role::Cashier));
    bench.must(change(carol, rename("carol")));
    bench.must(change(BOB, rename("bob")));
    bench.must(delete(BOB));
    bench.must(change(carol, rename("bob")));
    assert!(bench.get::<User>(&carol).answers_to("bob"));
    assert!(!bench.get::<User>(&BOB).answers_to("bob"));
}

#[test]
fn one_administrator_is_always_left() {
    let mut bench = shop();
    for last in [to_role(ANN, Role::Cashier), delete(ANN)] {
        assert_eq!(bench.run(last), Err(Refusal::LastAdmin));
    }
    bench.must(to_role(BOB, Role::Admin));
    assert!(!bench.must(to_role(BOB, Role::Admin)), "he is one already");
    assert_eq!(bench.get::<Business>(&()).admins, 2);
    bench.must(to_role(ANN, Role::Cashier));
    assert_eq!(bench.run(delete(BOB)), Err(Refusal::LastAdmin));
    bench.must(delete(ANN));
    assert_eq!(bench.get::<Business>(&()).admins, 1);
    assert_eq!(
        bench.run(to_role(BOB, Role::Cashier)),
        Err(Refusal::LastAdmin)
    );
}

#[test]
fn who_is_deleted_is_gone_for_everybody() {
    let mut bench = shop();
    bench.must(delete(BOB));
    let gone = [
        delete(BOB),
        to_role(BOB, Role::Admin),
        AccessCommand::EndSessions { by: ANN, user: BOB },
    ];
    for command in gone {
        assert_eq!(bench.run(command), Err(Refusal::UnknownUser));
    }
    let by_bob = AccessCommand::NoteAccess {
        by: BOB,
        action: AccessAction::SeedRead,
    };
    assert_eq!(bench.run(by_bob), Err(Refusal::UnknownSession));
    let late = AccessCommand::OpenSession(session(1, BOB, 1));
    assert_eq!(bench.run(late), Err(Refusal::UnknownSession));
}

#[test]
fn another_secret_or_role_ends_every_session() {
    let secret = || Some(secret("new"));
    let none = UserChange::default;
    let changes = [
        (
            change(
                BOB,
                UserChange {
                    pin: secret(),
                    ..none()
                },
            ),
            true,
        ),
        (
            change(
                BOB,
                UserChange {
                    password: secret(),
                    ..none()
                },
            ),
            true,
        ),
        (to_role(BOB, Role::Admin), true),
        (AccessCommand::EndSessions { by: ANN, user: BOB }, true),
        (delete(BOB), true),
        (
            change(
                BOB,
                UserChange {
                    name: Some("rob".into()),
                    ..none()
                },
            ),
            false,
        ),
    ];
    for (change, ends) in changes {
        let mut bench = shop();
        bench.must(AccessCommand::OpenSession(session(1, BOB, 0)));
        bench.must(AccessCommand::OpenSession(session(2, BOB, 0)));
        bench.must(AccessCommand::OpenSession(session(3, ANN, 0)));
        let before = bench.records.len();
        let what = format!("{change:?}");
        bench.must(change);
        assert_eq!(bench.records.len(), before + 1, "{what}");
        assert_eq!(
            (stands(&bench, 1), stands(&bench, 2)),
            (!ends, !ends),
            "{what}"
        );
        assert!(stands(&bench, 3), "{what}");
        // A login that was checked against the old secret comes too late.
        let late = bench.run(AccessCommand::OpenSession(session(4, BOB, 0)));
        assert_eq!(late.is_err(), ends, "{what}");
        let rotated = bench.run(AccessCommand::RotateSession {
            session: SessionId::from_bytes([1; 16]),
            presented: SecretHash::of(b"first"),
            next: SecretHash::of(b"second"),
            expires_at: FAR,
        });
        assert_eq!(rotated.is_err(), ends, "{what}");
        let granted = bench.run(AccessCommand::GrantWalletToken(token(1, 0)));
        assert_eq!(granted.is_err(), ends, "{what}");
    }
}

#[test]
fn an_old_refresh_token_ends_the_session() {
    let mut bench = shop();
    bench.must(AccessCommand::OpenSession(session(1, ANN, 0)));
    let rotate = |presented: &[u8], next: &[u8]| AccessCommand::RotateSession {
        session: SessionId::from_bytes([1; 16]),
        presented: SecretHash::of(presented),
        next: SecretHash::of(next),
        expires_at: FAR,
    };
    bench.must(rotate(b"first", b"second"));
    assert!(stands(&bench, 1));
    bench.must(rotate(b"first", b"stolen"));
    assert!(!stands(&bench, 1));
    assert_eq!(
        bench.run(rotate(b"second", b"third")),
        Err(Refusal::UnknownSession)
    );
}

#[test]
fn a_wallet_token_lives_from_use_to_use() {
    let mut bench = shop();
    bench.must(AccessCommand::OpenSession(session(1, ANN, 0)));
    bench.must(AccessCommand::GrantWalletToken(token(1, 0)));
    let touch = || AccessCommand::TouchWalletToken {
        token: SecretHash::of(&[1]),
    };
    assert!(!bench.must(touch()), "not every use is worth a record");
    bench.wait_secs(899);
    assert!(opens_wallet(&bench, 1));
    assert!(bench.must(touch()));
    bench.wait_secs(899);
    assert!(opens_wallet(&bench, 1));
    bench.wait_secs(1);
    assert!(!opens_wallet(&bench, 1));
    bench.must(AccessCommand::RevokeWalletToken {
        token: SecretHash::of(&[1]),
    });
    bench.now = 1_000;
    assert!(!opens_wallet(&bench, 1));
}

#[test]
fn another_wallet_password_ends_every_token_but_its_own() {
    let mut bench = shop();
    for n in [1, 2, 3] {
        bench.must(AccessCommand::OpenSession(session(n, ANN, 0)));
    }
    bench.must(AccessCommand::GrantWalletToken(token(1, 0)));
    bench.must(AccessCommand::GrantWalletToken(token(2, 0)));
    let to = |n, epoch| AccessCommand::ChangeWalletPassword {
        by: ANN,
        password: secret("new"),
        token: token(n, epoch),
    };
    bench.must(to(3, 0));
    assert_eq!(
        [1, 2, 3].map(|n| opens_wallet(&bench, n)),
        [false, false, true]
    );
    assert_eq!(bench.get::<Business>(&()).wallet_password, secret("new"));
    // Whoever typed the old one while it was being changed typed the wrong one.
    assert_eq!(bench.run(to(2, 0)), Err(Refusal::PasswordChanged));
    let late = AccessCommand::GrantWalletToken(token(1, 0));
    assert_eq!(bench.run(late), Err(Refusal::PasswordChanged));
    bench.must(AccessCommand::GrantWalletToken(token(1, 1)));
    assert!(opens_wallet(&bench, 1));
}

#[test]
fn the_log_tells_who_did_what_in_the_record_that_did_it() {
    let mut bench = shop();
    bench.must(change(
        BOB,
        UserChange {
            pin: Some(secret("new")),
            ..UserChange::default()
        },
    ));
    bench.must(AccessCommand::NoteAccess {
        by: ANN,
        action: AccessAction::SeedRead,
    });
    bench.must(delete(BOB));
    let bob = Subject {
        user: BOB,
        name: "bob".into(),
        role: Role::Cashier,
    };
    let pin = UserChanges {
        pin: true,
        ..UserChanges::default()
    };
    let expected = [
        AccessAction::UserAdded(bob.clone()),
        AccessAction::UserChanged(bob.clone(), pin),
        AccessAction::SeedRead,
        AccessAction::UserDeleted(bob),
    ];
    assert_eq!(bench.get::<Business>(&()).notes, 4);
    for (number, action) in (1..).zip(expected) {
        let note = bench.get::<AccessNote>(&number);
        assert_eq!((note.user, note.user_name.as_str()), (ANN, "ann"));
        assert_eq!(note.action, action);
    }
}

#[test]
fn rows_of_an_earlier_release_are_read() {
    // As version 2 of the records wrote them: without the fields that came later.
    #[derive(minicbor::Encode)]
    struct OldSession(
        #[n(0)] SessionId,
        #[n(1)] UserId,
        #[n(2)] SecretHash,
        #[n(3)] Timestamp,
        #[n(4)] Option<Timestamp>,
    );
    let Session {
        id,
        user,
        refresh,
        expires_at,
        ..
    } = session(1, ANN, 0);
    let old = OldSession(id, user, refresh, expires_at, None);
    let bytes = crate::ledger::entity::encode(&old);
    let read: Session = minicbor::decode(&bytes).expect("an old row");
    assert_eq!(read, session(1, ANN, 0));
}
