//! What is refused, and in which words.

use super::*;

#[test]
fn unknown_names_in_the_file_come_with_the_nearest_one() {
    for (text, expected) in [
        (
            "[http]\nlisten_on = 1",
            "tilld.toml: http.listen_on: unknown key; the nearest one is http.listen",
        ),
        (
            "[http]\nlisen = 1",
            "tilld.toml: http.lisen: unknown key; the nearest one is http.listen",
        ),
        (
            "[http]\nwait_secs = 1",
            "tilld.toml: http.wait_secs: unknown key; the nearest one is payments.wait_secs",
        ),
        (
            "[payments]\ncredit_depth = 1",
            "tilld.toml: payments.credit_depth: unknown key; the nearest one is onchain.credit_depth",
        ),
        (
            "[log.extra]\nx = 1",
            "tilld.toml: log.extra: unknown key; the nearest one is log.filter",
        ),
        (
            "[htpp]\nlisten = 1",
            "tilld.toml: htpp: unknown section; the nearest one is [http]",
        ),
        (
            "network = \"signet\"",
            "tilld.toml: network: keys live in sections; the nearest one is network in [till]",
        ),
        (
            "http = 3",
            "tilld.toml: http: must be a section: write [http] and its keys below",
        ),
        (
            "[[http]]\nlisten = 1",
            "tilld.toml: http: must be a section: write [http] and its keys below",
        ),
    ] {
        assert_eq!(file(text).problems(), [expected], "{text}");
    }
}

#[test]
fn unknown_variables_come_with_the_nearest_one() {
    for (name, nearest) in [
        ("TILL_HTTP_LISTN", "TILL_HTTP_LISTEN"),
        ("TILL_DATA_DIR", "TILL_TILL_DATA_DIR"),
        ("TILL_NETWORK", "TILL_TILL_NETWORK"),
        ("TILL_WAIT_SECS", "TILL_PAYMENTS_WAIT_SECS"),
        ("TILL_ESPLORA_URL", "TILL_CHAIN_ESPLORA_URL"),
        ("TILL_LSP_NODEID", "TILL_LSP_NODE_ID"),
        ("TILL_http_listen", "TILL_HTTP_LISTEN"),
    ] {
        let expected =
            format!("environment variable {name}: unknown setting; the nearest one is {nearest}");
        assert_eq!(env(&[(name, "x")]).problems(), [expected]);
    }
}

#[test]
fn unknown_flags_come_with_the_nearest_one() {
    let flags = &[("--set htp.listen", "htp.listen", "x")];
    assert_eq!(
        Given {
            flags,
            ..Given::default()
        }
        .problems(),
        ["command line --set htp.listen: unknown key; the nearest one is http.listen"]
    );
}

#[test]
fn every_name_with_a_letter_dropped_leads_back_to_itself() {
    for key in Config::keys() {
        let mut name = key.name.to_owned();
        name.pop();
        let text = format!("[{}]\n{name} = 1", key.section);
        let problems = file(&text).problems();
        assert!(
            problems[0].ends_with(&format!("is {}", key.path())),
            "{problems:?}"
        );

        let name = key.env_name();
        let problems = env(&[(&name[..name.len() - 1], "1")]).problems();
        assert!(problems[0].ends_with(&format!("is {name}")), "{problems:?}");
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let given = Given {
        file: "[http]\nlisen = 1\nmax_body_bytes = 1\n[nod]\n[log]\njson = 1",
        env: &[("TILL_CHAIN_SOURCE", "rumour"), ("TILL_FOO", "")],
        flags: &[("--network", "till.network", "testnet")],
    };
    let error = given.load().map(|loaded| loaded.config).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    the configuration has 7 problems:
      - tilld.toml: http.lisen: unknown key; the nearest one is http.listen
      - tilld.toml: nod: unknown section; the nearest one is [node]
      - environment variable TILL_FOO: unknown setting; the nearest one is TILL_LOG_JSON
      - command line --network (till.network): must be mainnet, signet, testnet4 or regtest, not "testnet"
      - tilld.toml: http.max_body_bytes: must be a whole number of bytes from 1024 to 16777216, not 1
      - environment variable TILL_CHAIN_SOURCE: must be esplora, bitcoind or electrum, not "rumour"
      - tilld.toml: log.json: must be true or false, not 1
    "#);
}

#[test]
fn a_file_that_is_not_toml_is_named_with_the_line_but_not_quoted() {
    let problems = file("[lsp]\ntoken = \"hunter2\" oops\n").problems();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("tilld.toml: line 2: not TOML: "),
        "{problems:?}"
    );
    assert!(!problems[0].contains("hunter2"), "{problems:?}");
    let twice = file("[http]\nlisten = 1\nlisten = 2").problems();
    assert!(
        twice[0].starts_with("tilld.toml: line 3: not TOML: duplicate key"),
        "{twice:?}"
    );
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let with_id = format!("[lsp]\nnode_id = \"{NODE_ID}\"");
    for (text, expected) in [
        (
            "[chain]\nsource = \"bitcoind\"\nbitcoind_auth_file = \"/run/login\"",
            "chain.source: needs chain.bitcoind_rpc beside it",
        ),
        (
            "[chain]\nsource = \"electrum\"",
            "chain.source: needs chain.electrum_url beside it",
        ),
        (
            "[chain]\nsource = \"bitcoind\"\nbitcoind_rpc = \"127.0.0.1:8332\"",
            "chain.source: needs chain.bitcoind_auth_file beside it",
        ),
        (&*with_id, "lsp.node_id: needs lsp.address beside it"),
        (
            "[lsp]\naddress = \"a:1\"",
            "lsp.address: needs lsp.node_id beside it",
        ),
        (
            "[lsp]\ntoken = \"t\"",
            "lsp.token: needs lsp.node_id and lsp.address beside it",
        ),
        (
            "[payments]\nwait_secs = 90",
            "payments.wait_secs: is 90 seconds and must be shorter than \
             http.request_timeout_secs (90 seconds), or a slow payment would end in an error \
             instead of \"pending\"",
        ),
        (
            "[auth]\naccess_token_secs = 7200\nrefresh_token_secs = 3600",
            "auth.refresh_token_secs: is 3600 seconds and must not be shorter than \
             auth.access_token_secs (7200 seconds)",
        ),
        (
            "[auth]\nlockout_base_secs = 60\nlockout_max_secs = 30",
            "auth.lockout_base_secs: is 60 seconds and must not be longer than \
             auth.lockout_max_secs (30 seconds)",
        ),
    ] {
        assert_eq!(file(text).problems(), [format!("tilld.toml: {expected}")]);
    }
}

#[test]
fn one_mistake_is_one_problem() {
    // A bad network must not also be a quarrel about sync intervals, nor a bad address a missing one.
    let text = "[till]\nnetwork = \"regtst\"\n[chain]\nfee_sync_secs = 1";
    assert_eq!(file(text).problems().len(), 1);
    let text = format!("[lsp]\nnode_id = \"{NODE_ID}\"\naddress = \"nowhere\"");
    assert_eq!(file(&text).problems().len(), 1);
}
