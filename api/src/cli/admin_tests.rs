//! Conversations about the first administrator: named at `tilld init`, by flags or by a person, or later.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::process::ExitCode;

use till::ledger::Refusal;
use till_actors::till::{StoppedError, StoppedTill};
use zeroize::Zeroizing;

use super::tests::Machine;
use crate::pos::{Secret, SetupWish};

const INIT: &str = "tilld init --network regtest --no-passphrase --listen 127.0.0.1:9154 --lsp \
                    0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798@a:1 \
                    --esplora-url http://127.0.0.1:1";
const PASSWORD: &str = "S3cur3P4ssw0rd!!";

/// Whether the till in the folder has been set up: a second set-up is then refused.
fn is_set_up(machine: &Machine) -> bool {
    let wish = SetupWish {
        name: "eve".into(),
        password: Secret::new(PASSWORD.into()),
        pin: Secret::new("1234".into()),
        wallet_password: None,
        business_name: None,
        business_currency: None,
    };
    let network = bitcoin::Network::Regtest;
    let mut till = StoppedTill::open(&machine.path(".tilld"), network).unwrap();
    match till.initialize(&Zeroizing::new([1; 64]), wish.prepare().unwrap()) {
        Ok(()) => false,
        Err(StoppedError::Refused(Refusal::AlreadyInitialized)) => true,
        Err(error) => unreachable!("{error}"),
    }
}

/// Files with secrets, as a script has them.
fn with_files() -> Machine {
    let machine = Machine::new();
    for (name, secret) in [
        ("password", PASSWORD),
        ("pin", "1234"),
        ("wallet", "An0ther0ne!"),
        ("short", "short"),
    ] {
        fs::write(machine.path(name), format!("{secret}\n")).unwrap();
    }
    machine
}

#[test]
fn a_script_names_the_administrator_by_flags() {
    let mut machine = with_files();
    let named = "--admin ana --admin-password-file ~/password --pin-file ~/pin --wallet-password-file \
                 ~/wallet --non-interactive";
    machine.succeeds(&format!("{INIT} {named}"));
    let said = machine.console.out.clone();
    assert!(said.contains("log in as \"ana\""), "{said}");
    assert!(!said.contains("initial-setup"), "{said}");
    assert!(is_set_up(&machine));
    machine.succeeds("tilld audit");
    machine.fails(&format!("{INIT} {named}"), 1, "journal.sqlite");
}

#[test]
fn what_breaks_a_rule_is_refused_before_anything_is_made() {
    let mut machine = with_files();
    let table = [
        (
            "--admin ana --non-interactive",
            "--admin-password-file FILE",
        ),
        (
            "--admin ana --non-interactive --admin-password-file ~/password",
            "--pin-file FILE",
        ),
        (
            "--admin ana --non-interactive --admin-password-file ~/short --pin-file ~/pin",
            "the password",
        ),
        (
            "--admin ana --non-interactive --admin-password-file ~/password --pin-file ~/short",
            "the PIN",
        ),
        ("--pin-file ~/pin", "--admin <NAME>"),
    ];
    for (flags, why) in table {
        machine.fails(&format!("{INIT} {flags}"), 2, why);
        assert!(!machine.path(".tilld").exists(), "{flags}");
    }
}

#[test]
fn a_person_is_asked_and_asked_again() {
    let mut machine = Machine::new();
    let answers = [
        "ana", "short", PASSWORD, "else", PASSWORD, PASSWORD, "12ab", "1234", "1234", "",
    ];
    let code = machine.run_with(INIT, Some(&answers));
    assert_eq!(code, ExitCode::SUCCESS, "{}", machine.console.err);
    for said in ["the password", "The two are not the same.", "the PIN"] {
        assert!(
            machine.console.err.contains(said),
            "{}",
            machine.console.err
        );
    }
    assert!(!machine.console.err.contains(PASSWORD));
    assert!(is_set_up(&machine));
}

#[test]
fn who_names_nobody_has_the_route_as_before() {
    for answers in [&[""][..], &["ana", ""], &["ana", PASSWORD, PASSWORD, ""]] {
        let mut machine = Machine::new();
        let code = machine.run_with(INIT, Some(answers));
        assert_eq!(code, ExitCode::SUCCESS, "{}", machine.console.err);
        assert!(machine.console.out.contains("/initial-setup"));
        assert!(!machine.path(".tilld/journal.sqlite").exists());
    }
}
