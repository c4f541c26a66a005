//! Conversations about backups: taken, verified, restored, and refused.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use till_actors::journal::Journal;
use till_actors::node::keys;

use super::tests::Machine;
use crate::seed::{self, Mnemonic};

/// Every file of a folder, by name.
fn files(dir: PathBuf) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A machine whose till has run: its journal has a node, the one of its seed.
fn machine(init: &str) -> (Machine, Mnemonic) {
    let mut machine = Machine::new();
    fs::write(machine.path("pass"), "open sesame").unwrap();
    machine.succeeds(&format!("tilld init --network regtest {init}"));
    let passphrase = seed::Passphrase::read(&machine.path("pass")).unwrap();
    let mnemonic = seed::open(&machine.path(".tilld/seed"), Some(&passphrase)).unwrap();
    let path = machine.path(".tilld/journal.sqlite");
    let mut journal = Journal::open(&path, "regtest").unwrap();
    journal.before_node(false).unwrap();
    let node_id = keys::node_id(mnemonic.as_bip39(), bitcoin::Network::Regtest).unwrap();
    journal.claim_node(&node_id).unwrap();
    fs::create_dir(machine.path(".tilld/node")).unwrap();
    fs::write(machine.path(".tilld/node/state"), "channels").unwrap();
    fs::create_dir(machine.path("usb")).unwrap();
    (machine, mnemonic)
}

/// The one file in the folder.
fn only(machine: &Machine, folder: &str) -> String {
    let names = files(machine.path(folder));
    assert_eq!(names.len(), 1, "{names:?}");
    format!("~/{folder}/{}", names[0])
}

fn unpacked(machine: &Machine, file: &str) -> Vec<String> {
    let path = file.replace('~', machine.path("").to_str().unwrap());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let mut archive = tar::Archive::new(fs::File::open(path).unwrap());
    let names = archive.entries().unwrap();
    names
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect()
}

#[test]
fn a_backup_has_everything_but_the_node_and_a_plain_seed() {
    let (mut machine, _) = machine("--passphrase-file ~/pass");
    machine.succeeds("tilld backup ~/usb");
    let said = machine.console.out.clone();
    assert!(said.contains("never come from a backup"), "{said}");
    assert!(said.contains("in it, encrypted"), "{said}");
    let file = only(&machine, "usb");
    let names = [
        "manifest.json",
        "READ-ME.txt",
        "channels.txt",
        "tilld.toml",
        "seed",
        "journal.sqlite",
    ];
    assert_eq!(unpacked(&machine, &file), names);
    machine.succeeds(&format!("tilld backup --verify {file}"));
    assert!(machine.console.out.contains("from its first record on"));
    machine.fails(&format!("tilld backup {file}"), 1, "never overwritten");

    let (mut machine, _) = self::machine("--no-passphrase");
    machine.succeeds("tilld backup ~/usb/named.tar");
    assert!(machine.console.out.contains("NOT in it"));
    assert_eq!(files(machine.path("usb")), ["named.tar"]);
    assert!(!unpacked(&machine, "~/usb/named.tar").contains(&"seed".to_owned()));
}

#[test]
fn a_changed_backup_is_known_for_it_wherever_it_was_changed() {
    let (mut machine, _) = machine("--passphrase-file ~/pass");
    machine.succeeds("tilld backup ~/usb/b.tar");
    let path = machine.path("usb/b.tar");
    let whole = fs::read(&path).unwrap();
    // Past the manifest, which is read as text, every used byte is covered by a digest.
    let places = (0..whole.len()).step_by(997).filter(|at| whole[*at] != 0);
    let mut changed = 0;
    for at in places {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        assert_eq!(
            machine.run("tilld backup --verify ~/usb/b.tar"),
            ExitCode::FAILURE,
            "byte {at}"
        );
        changed += 1;
    }
    assert!(changed > 5, "{changed}");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    machine.fails("tilld restore ~/usb/b.tar --data-dir ~/new", 1, "backup");
    assert!(!machine.path("new").exists());
    fs::write(&path, &whole).unwrap();
    machine.succeeds("tilld backup --verify ~/usb/b.tar");
}

#[test]
fn a_restored_folder_is_a_till_without_a_node() {
    let (mut machine, mnemonic) = machine("--passphrase-file ~/pass");
    machine.succeeds("tilld backup ~/usb/b.tar");
    machine.succeeds("tilld restore ~/usb/b.tar --data-dir ~/new");
    assert!(machine.console.out.contains("recover-channels"));
    assert_eq!(
        files(machine.path("new")),
        ["journal.sqlite", "seed", "tilld.toml"]
    );
    let told = format!("--config '{}'", machine.path("new/tilld.toml").display());
    assert!(
        machine.console.out.contains(&told),
        "{}",
        machine.console.out
    );
    let config = machine.text("new/tilld.toml");
    let dir = format!("\ndata_dir = \"{}\"\n", machine.path("new").display());
    assert!(config.contains(&dir), "{config}");
    let pass = seed::Passphrase::read(&machine.path("pass")).unwrap();
    let opened = seed::open(&machine.path("new/seed"), Some(&pass)).unwrap();
    assert!(opened == mnemonic);
    machine.succeeds("tilld config check --config ~/new/tilld.toml");
    let journal = Journal::open(&machine.path("new/journal.sqlite"), "regtest").unwrap();
    assert!(journal.was_restored());

    machine.fails("tilld restore ~/usb/b.tar --data-dir ~/new", 1, "already");
}

#[test]
fn where_the_seed_is_not_in_the_backup_its_words_are_asked_for() {
    let (mut machine, mnemonic) = machine("--no-passphrase");
    machine.succeeds("tilld backup ~/usb/b.tar");
    let restore = "tilld restore ~/usb/b.tar --data-dir ~/new --no-passphrase";
    machine.fails(restore, 2, "--words-file FILE, or a terminal");
    let other = Mnemonic::generate(seed::WordCount::Twelve).unwrap();
    fs::write(machine.path("words"), &*other.phrase()).unwrap();
    machine.fails(
        &format!("{restore} --words-file ~/words"),
        2,
        "these are the words of node",
    );
    assert!(!machine.path("new").exists());
    fs::write(machine.path("words"), format!("{}\n", *mnemonic.phrase())).unwrap();
    machine.succeeds(&format!("{restore} --words-file ~/words"));
    let restored = seed::open(&machine.path("new/seed"), None).unwrap();
    assert!(restored == mnemonic);

    // A folder that is there and empty is taken, and the seed is encrypted if that is wanted.
    fs::create_dir(machine.path("made")).unwrap();
    let encrypted = "tilld restore ~/usb/b.tar --data-dir ~/made --passphrase-file ~/pass";
    machine.succeeds(&format!("{encrypted} --words-file ~/words"));
    assert!(seed::is_encrypted(&machine.path("made/seed")).unwrap());
    let pass = format!("passphrase_file = \"{}\"\n", machine.path("pass").display());
    assert!(machine.text("made/tilld.toml").contains(&pass));

    let books = "tilld restore ~/usb/b.tar --books-only --data-dir ~/books";
    machine.succeeds(books);
    assert_eq!(
        files(machine.path("books")),
        ["journal.sqlite", "tilld.toml"]
    );
    machine.succeeds("tilld audit --config ~/books/tilld.toml");
}

#[test]
fn init_takes_a_seed_that_there_is() {
    let (mut machine, mnemonic) = machine("--no-passphrase");
    fs::write(machine.path("words"), &*mnemonic.phrase()).unwrap();
    let init = "tilld init --network regtest --no-passphrase --data-dir ~/again --recover";
    machine.succeeds(&format!("{init} --words-file ~/words"));
    assert!(machine.console.out.contains("come back with this seed"));
    let phrase = mnemonic.phrase();
    assert!(!machine.console.out.contains(&*phrase), "shown again");
    let again = seed::open(&machine.path("again/seed"), None).unwrap();
    assert!(again == mnemonic);
    fs::write(machine.path("words"), "abandon abandon").unwrap();
    let wrong = init.replace("again", "third");
    machine.fails(&format!("{wrong} --words-file ~/words"), 1, "not the words");
    assert!(!machine.path("third").exists());
}

#[test]
fn a_stopped_till_that_was_restored_is_acknowledged_in_its_folder() {
    let (mut machine, _) = machine("--passphrase-file ~/pass");
    machine.fails(
        "tilld acknowledge-restore --data-dir ~/none",
        1,
        "there is no journal",
    );
    machine.succeeds("tilld acknowledge-restore");
    assert!(machine.console.out.contains("never came from a backup"));
    machine.succeeds("tilld backup ~/usb/b.tar");
    machine.succeeds("tilld restore ~/usb/b.tar --data-dir ~/new");
    assert!(machine.console.out.contains("payments are held back"));

    let command = "tilld acknowledge-restore --config ~/new/tilld.toml";
    let no_word = machine.run(command);
    assert_eq!(no_word, ExitCode::from(2), "{}", machine.console.err);
    assert!(machine.console.err.contains("payments stay held back"));
    assert!(
        machine
            .console
            .out
            .contains("Payments are held back. Sales go on.")
    );
    let refused = machine.run_with(command, Some(&["no"]));
    assert_eq!(refused, ExitCode::from(2), "{}", machine.console.err);
    let agreed = machine.run_with(command, Some(&["yes"]));
    assert_eq!(agreed, ExitCode::SUCCESS, "{}", machine.console.err);
    machine.succeeds(&format!("{command} --json"));
    let known: serde_json::Value = serde_json::from_str(&machine.console.out).unwrap();
    assert_eq!(known["payments_held"], false, "{known}");
    assert!(known["acknowledged_at"].is_u64(), "{known}");
    machine.succeeds("tilld audit --config ~/new/tilld.toml");
}
