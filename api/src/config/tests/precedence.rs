//! Who wins, and that every key can be said in every way.

use super::*;

#[test]
fn flags_win_over_environment_over_file_over_default() {
    let file = "[http]\nrequest_timeout_secs = 71\n[payments]\nwait_secs = 11";
    let env = &[("TILL_PAYMENTS_WAIT_SECS", "12")][..];
    let flags = &[("--set payments.wait_secs", "payments.wait_secs", "13")][..];
    let no_env = &[][..];
    let no_flags = &[][..];
    for (file, env, flags, expected) in [
        ("", no_env, no_flags, 60),
        (file, no_env, no_flags, 11),
        ("", env, no_flags, 12),
        (file, env, no_flags, 12),
        ("", no_env, flags, 13),
        (file, no_env, flags, 13),
        ("", env, flags, 13),
        (file, env, flags, 13),
    ] {
        let given = Given { file, env, flags };
        assert_eq!(
            given.config().payments.wait_secs,
            expected,
            "{file:?} {env:?} {flags:?}"
        );
        let kept = if file.is_empty() { 90 } else { 71 };
        assert_eq!(
            given.config().http.request_timeout_secs,
            kept,
            "other keys are not touched"
        );
    }
}

#[test]
fn a_bad_value_is_harmless_where_a_stronger_layer_replaces_it() {
    let given = Given {
        file: "[payments]\nwait_secs = -1",
        env: &[("TILL_PAYMENTS_WAIT_SECS", "12")],
        flags: &[],
    };
    assert_eq!(given.config().payments.wait_secs, 12);
}

#[test]
fn the_later_of_two_flags_wins() {
    let flags = &[
        ("--set", "till.network", "signet"),
        ("--network", "till.network", "testnet4"),
    ];
    let config = Given {
        flags,
        ..Given::default()
    }
    .config();
    assert_eq!(config.till.network, Network::Testnet4);
}

#[test]
fn lists_are_comma_separated_in_the_environment() {
    let listen = [
        "127.0.0.1:9735".parse().unwrap(),
        "[::1]:9736".parse().unwrap(),
    ];
    let by_env = env(&[("TILL_NODE_LISTEN", "127.0.0.1:9735, [::1]:9736")]).config();
    let by_file = file("[node]\nlisten = [\"127.0.0.1:9735\", \"[::1]:9736\"]").config();
    assert_eq!(by_env.node.listen, listen);
    assert_eq!(by_env, by_file);
    assert!(
        env(&[("TILL_NODE_LISTEN", "")])
            .config()
            .node
            .listen
            .is_empty()
    );
}

#[test]
fn an_empty_optional_value_is_none_and_takes_back_what_the_file_says() {
    let text = format!("[lsp]\nnode_id = \"{NODE_ID}\"\naddress = \"lsp.example.com:9735\"");
    assert!(file(&text).config().lsp.provider().is_some());
    let env = &[("TILL_LSP_NODE_ID", ""), ("TILL_LSP_ADDRESS", "")];
    let config = Given {
        file: &text,
        env,
        flags: &[],
    }
    .config();
    assert_eq!(config.lsp.provider(), None);
}

#[test]
fn variables_of_others_and_the_name_of_the_file_are_passed_over() {
    let given = env(&[
        ("TILL_CONFIG", "/x"),
        ("TILLER", "x"),
        ("PATH", "x"),
        ("till_x", "x"),
    ]);
    assert_eq!(given.config(), defaults());
}

#[test]
fn every_key_has_its_own_variable_which_sets_it() {
    let mut names: Vec<_> = Config::keys()
        .into_iter()
        .map(|key| key.env_name())
        .collect();
    let number = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), number, "two keys share a variable");

    // The defaults, said by environment only, are the defaults, and each key knows its origin.
    let mut pairs = Pairs(Vec::new());
    defaults().visit(&mut pairs);
    assert_eq!(pairs.0.len(), number);
    let env: Vec<(&str, &str)> = pairs
        .0
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let loaded = Given {
        env: &env,
        ..Given::default()
    }
    .load()
    .unwrap();
    assert_eq!(loaded.config, defaults());
    for key in Config::keys() {
        assert_eq!(
            loaded.origin(&key.path()),
            Origin::Environment(key.env_name())
        );
    }
}

/// Collects variables with the values of a configuration.
struct Pairs(Vec<(String, String)>);

impl template::Walk for Pairs {
    fn section(&mut self, _: &str, _: &[&str]) {}

    fn value(&mut self, key: &'static Key, toml: &str, _: &str) {
        let bare = toml.trim_matches(['[', ']']).replace('"', "");
        self.0.push((key.env_name(), bare));
    }
}
