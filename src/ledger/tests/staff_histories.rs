//! Random histories of a staff against what must hold of any: names are one person's, somebody
//! administers the till, the log has no gap, and a replay gives the same rows.

use std::collections::HashMap;

use proptest::prelude::*;

use super::bench::{Bench, Shelf};
use crate::access::{AccessNote, Business, PasswordHash, Role, Session, User};
use crate::id::{SecretHash, SessionId, UserId};
use crate::ledger::{AccessCommand, Entity, Fact, Record, State, UserChange};
use crate::time::Timestamp;

/// People who come and go, and names that they want.
const PEOPLE: u8 = 4;
const NAMES: [&str; 3] = ["ann", "bob", "carol"];

#[derive(Clone, Debug)]
enum Step {
    Add(u8, usize, bool),
    Change(u8, Option<usize>, Option<bool>, bool),
    Delete(u8),
    EndSessions(u8),
    Login(u8, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0..PEOPLE;
    let name = 0..NAMES.len();
    let role = proptest::option::of(any::<bool>());
    let step = prop_oneof![
        (who.clone(), name.clone(), any::<bool>()).prop_map(|(n, name, a)| Step::Add(n, name, a)),
        (who.clone(), proptest::option::of(name), role, any::<bool>())
            .prop_map(|(n, name, role, pin)| Step::Change(n, name, role, pin)),
        who.clone().prop_map(Step::Delete),
        who.clone().prop_map(Step::EndSessions),
        (who, any::<u8>()).prop_map(|(n, session)| Step::Login(n, session)),
    ];
    proptest::collection::vec(step, 1..60)
}

const fn role(admin: bool) -> Role {
    if admin { Role::Admin } else { Role::Cashier }
}

fn user(n: u8, name: &str, admin: bool) -> User {
    User {
        id: UserId::from_bytes([n; 16]),
        name: name.to_owned(),
        role: role(admin),
        password: PasswordHash::new("password".into()),
        pin: PasswordHash::new("pin".into()),
        created_at: Timestamp::default(),
        sessions_epoch: 0,
        deleted_at: None,
    }
}

fn rows<E: Entity>(bench: &Bench) -> Vec<E> {
    let of_kind = bench.rows.iter().filter(|(key, _)| key[0] == E::KIND as u8);
    of_kind
        .map(|(key, bytes)| E::from_bytes(key, bytes).expect("readable"))
        .collect()
}

/// Somebody who is there does it: the first administrator that is found.
fn command(bench: &Bench, step: &Step) -> Option<AccessCommand> {
    let users = rows::<User>(bench);
    let by = users.iter().find(|user| user.is_admin()).expect("one").id;
    let id = |n: u8| UserId::from_bytes([n; 16]);
    Some(match *step {
        // Ids are random: nobody is ever given that of somebody else.
        Step::Add(n, ..) if users.iter().any(|user| user.id == id(n)) => return None,
        Step::Add(n, name, admin) => AccessCommand::AddUser {
            by,
            user: user(n, NAMES[name], admin),
        },
        Step::Change(n, name, admin, pin) => AccessCommand::ChangeUser {
            by,
            user: id(n),
            change: UserChange {
                name: name.map(|name| NAMES[name].to_owned()),
                role: admin.map(role),
                password: None,
                pin: pin.then(|| PasswordHash::new("another".into())),
            },
        },
        Step::Delete(n) => AccessCommand::DeleteUser { by, user: id(n) },
        Step::EndSessions(n) => AccessCommand::EndSessions { by, user: id(n) },
        Step::Login(n, session) => AccessCommand::OpenSession(Session {
            id: SessionId::from_bytes([session; 16]),
            user: id(n),
            refresh: SecretHash::of(b"secret"),
            expires_at: Timestamp::from_millis(u64::MAX),
            revoked_at: None,
            epoch: users.iter().find(|user| user.id == id(n))?.sessions_epoch,
        }),
    })
}

fn check(bench: &Bench) {
    let users = rows::<User>(bench);
    let mut names: Vec<&str> = users
        .iter()
        .filter(|user| user.is_present())
        .map(|user| user.name.as_str())
        .collect();
    let present = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), present, "a name is one person's");
    let shop = bench.get::<Business>(&());
    let admins = users.iter().filter(|user| user.is_admin()).count();
    assert_eq!(usize::try_from(shop.admins), Ok(admins));
    assert!(admins > 0, "somebody administers the till");
    let noted: Vec<u64> = bench
        .records
        .iter()
        .flat_map(|record| &record.facts)
        .filter_map(|fact| match fact {
            Fact::AccessNoted(note) => Some(note.number),
            _ => None,
        })
        .collect();
    assert!(
        noted.iter().copied().eq(1..=shop.notes),
        "no gap: {noted:?}"
    );
    assert_eq!(rows::<AccessNote>(bench).len(), noted.len());
}

/// Who was logged in and is not any more, and the other way round.
fn standing(bench: &Bench) -> HashMap<SessionId, bool> {
    let now = Timestamp::from_millis(bench.now);
    let stands = |session: &Session| bench.get::<User>(&session.user).admits(session, now);
    rows::<Session>(bench)
        .iter()
        .map(|session| (session.id, stands(session)))
        .collect()
}

fn live(steps: &[Step]) -> Bench {
    let mut bench = Bench::new();
    let business = Business {
        name: None,
        currency: None,
        wallet_password: PasswordHash::new("wallet".into()),
        initialized_at: Timestamp::default(),
        wallet_epoch: 0,
        admins: 0,
        notes: 0,
    };
    bench.must(AccessCommand::Initialize {
        business,
        admin: user(0, NAMES[0], true),
        holder: None,
    });
    for step in steps {
        let Some(command) = command(&bench, step) else {
            continue;
        };
        let (before, done) = (standing(&bench), bench.run(command).is_ok());
        check(&bench);
        let after = standing(&bench);
        if !done {
            assert_eq!(before, after, "a refusal changes nothing");
        }
        if matches!(step, Step::Login(..)) {
            continue;
        }
        // Whatever is done to people ends sessions, and never brings one back.
        for (session, stands) in after {
            assert!(!stands || before[&session], "{step:?}");
        }
    }
    bench
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_staff_holds_together_and_replays(steps in steps()) {
        let bench = live(&steps);
        let mut replayed = State::over(Shelf::default()).expect("an empty shelf");
        let mut rows = HashMap::new();
        for record in &bench.records {
            let bytes = crate::ledger::entity::encode(record);
            let read: Record = minicbor::decode(&bytes).expect("what was encoded");
            prop_assert_eq!(&read, record);
            rows.extend(replayed.evolve(&read).expect("applies").rows);
        }
        prop_assert_eq!(rows, bench.rows);
    }
}
