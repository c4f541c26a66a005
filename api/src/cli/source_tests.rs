//! The three kinds of chain source on the command line: asked for, named by flags, refused.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::process::ExitCode;

use super::tests::Machine;

#[test]
fn init_asks_for_any_kind_of_chain_source() {
    // The answers after the network, and what the file then says.
    let cases: [(&[&str], &[&str]); 2] = [
        (
            &[
                "rumour",
                "electrum",
                "electrum.example:50002",
                "electrum",
                "ssl://electrum.example:50002",
            ],
            &[
                "\nsource = \"electrum\"\n",
                "\nelectrum_url = \"ssl://electrum.example:50002\"\n",
            ],
        ),
        (
            &["bitcoind", "127.0.0.1:8332", "/run/tilld/login"],
            &[
                "\nsource = \"bitcoind\"\n",
                "\nbitcoind_rpc = \"127.0.0.1:8332\"\n",
                "\nbitcoind_auth_file = \"/run/tilld/login\"\n",
            ],
        ),
    ];
    for (answers, expected) in cases {
        let mut machine = Machine::new();
        let answers = [answers, &["", "", ""]].concat();
        let code = machine.run_with(
            "tilld init --network regtest --no-passphrase",
            Some(&answers),
        );
        assert_eq!(code, ExitCode::SUCCESS, "{}", machine.console.err);
        assert_eq!(machine.console.asked.len(), answers.len(), "{answers:?}");
        let config = machine.text(".tilld/tilld.toml");
        for line in expected {
            assert!(config.contains(line), "{line}: {config}");
        }
    }
}

#[test]
fn a_known_seed_needs_a_source_that_looks_back() {
    let mut machine = Machine::new();
    let bitcoind =
        "--chain-source bitcoind --bitcoind-rpc 127.0.0.1:8332 --bitcoind-auth-file ~/login";
    machine.fails(
        &format!("tilld init --recover --no-passphrase --non-interactive {bitcoind}"),
        2,
        "a bitcoind cannot tell where the money of a known seed is",
    );
    assert!(!machine.path(".tilld").exists(), "nothing was made");
    machine.succeeds(&format!(
        "tilld init --no-passphrase --non-interactive {bitcoind}"
    ));
    machine.fails(
        "tilld recover-channels",
        2,
        "a bitcoind cannot tell what peers paid out",
    );
}

#[test]
fn flags_name_any_kind_of_chain_source() {
    let mut machine = Machine::new();
    machine.fails(
        "tilld init --no-passphrase --non-interactive --chain-source electrum",
        2,
        "needs chain.electrum_url beside it",
    );
    machine.succeeds(
        "tilld init --no-passphrase --non-interactive --chain-source electrum \
         --electrum-url tcp://127.0.0.1:50001",
    );
    assert!(
        machine
            .console
            .out
            .contains("electrum at tcp://127.0.0.1:50001")
    );
    machine.succeeds(
        "tilld init --no-passphrase --non-interactive --data-dir ~/other --chain-source bitcoind \
         --bitcoind-rpc 127.0.0.1:8332 --bitcoind-auth-file ~/login",
    );
    assert!(machine.console.out.contains("bitcoind at 127.0.0.1:8332"));
    let file = machine.path("login");
    let line = format!("\nbitcoind_auth_file = \"{}\"\n", file.display());
    assert!(machine.text("other/tilld.toml").contains(&line));
}
