//! Set-up, staff, sessions and wallet tokens.

use super::bench::Bench;
use crate::access::{Business, PasswordHash, Role, Session, User, WalletToken};
use crate::id::{SecretHash, SessionId, UserId};
use crate::ledger::AccessCommand;
use crate::ledger::Refusal;
use crate::time::Timestamp;

fn secret() -> PasswordHash {
    PasswordHash::new("$argon2id$".into())
}

fn user(n: u8, name: &str) -> User {
    let id = UserId::from_bytes([n; 16]);
    let (password, pin, created_at) = (secret(), secret(), Timestamp::default());
    User {
        id,
        name: name.into(),
        role: Role::Admin,
        password,
        pin,
        created_at,
    }
}

fn initialize() -> AccessCommand {
    let business = Business {
        name: None,
        currency: None,
        wallet_password: secret(),
        initialized_at: Timestamp::default(),
    };
    AccessCommand::Initialize {
        business,
        admin: user(1, "ann"),
    }
}

#[test]
fn the_till_is_set_up_once_and_names_are_unique() {
    let mut bench = Bench::new();
    bench.must(initialize());
    assert_eq!(bench.run(initialize()), Err(Refusal::AlreadyInitialized));
    assert_eq!(
        bench.run(AccessCommand::AddUser(user(2, "ann"))),
        Err(Refusal::NameTaken)
    );
    bench.must(AccessCommand::AddUser(user(2, "bob")));
    assert_eq!(bench.get::<User>(&UserId::from_bytes([2; 16])).name, "bob");
}

#[test]
fn an_old_refresh_token_ends_the_session() {
    let mut bench = Bench::new();
    let session = SessionId::from_bytes([1; 16]);
    let far = Timestamp::from_millis(1_000_000);
    bench.must(AccessCommand::OpenSession(Session {
        id: session,
        user: UserId::from_bytes([1; 16]),
        refresh: SecretHash::of(b"first"),
        expires_at: far,
        revoked_at: None,
    }));
    let rotate = |presented: &[u8], next: &[u8]| AccessCommand::RotateSession {
        session,
        presented: SecretHash::of(presented),
        next: SecretHash::of(next),
        expires_at: far,
    };
    bench.must(rotate(b"first", b"second"));
    assert!(
        bench
            .get::<Session>(&session)
            .is_live(Timestamp::from_millis(2_000))
    );
    bench.must(rotate(b"first", b"stolen"));
    assert!(
        !bench
            .get::<Session>(&session)
            .is_live(Timestamp::from_millis(2_000))
    );
    assert_eq!(
        bench.run(rotate(b"second", b"third")),
        Err(Refusal::UnknownSession)
    );
}

#[test]
fn a_wallet_token_lives_from_use_to_use() {
    let mut bench = Bench::new();
    let token = SecretHash::of(b"token");
    let session = SessionId::from_bytes([1; 16]);
    let row = WalletToken {
        token,
        session,
        used_at: Timestamp::default(),
        revoked_at: None,
    };
    bench.must(AccessCommand::GrantWalletToken(row));
    let alive = |bench: &Bench| {
        bench
            .get::<WalletToken>(&token)
            .is_live(Timestamp::from_millis(bench.now), 900)
    };
    assert!(
        !bench.must(AccessCommand::TouchWalletToken { token }),
        "not every use is worth a record"
    );
    bench.wait_secs(899);
    assert!(alive(&bench));
    assert!(bench.must(AccessCommand::TouchWalletToken { token }));
    bench.wait_secs(899);
    assert!(alive(&bench));
    bench.wait_secs(1);
    assert!(!alive(&bench));
    bench.must(AccessCommand::RevokeWalletToken { token });
    bench.now = 1_000;
    assert!(!alive(&bench));
}
