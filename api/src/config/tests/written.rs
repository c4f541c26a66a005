//! The generated file and the report: they say what is so, and can be read back.

use super::*;

/// Takes the comment sign off every setting that is commented out.
fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_file_of_the_defaults_means_the_defaults_commented_or_not() {
    let text = Given::default().load().unwrap().to_file();
    assert_eq!(file(&text).config(), defaults());
    let all = uncommented(&text);
    let loaded = file(&all).load().unwrap();
    assert_eq!(loaded.config, defaults());
    for key in Config::keys() {
        assert!(
            matches!(loaded.origin(&key.path()), Origin::File(_)),
            "{} is missing",
            key.path()
        );
    }
}

#[test]
fn what_was_chosen_is_set_and_the_rest_commented_out() {
    let given = Given {
        file: "",
        env: &[("TILL_NODE_ALIAS", "corner \"shop\"")],
        flags: &[("--network", "till.network", "regtest")],
    };
    let loaded = given.load().unwrap();
    let text = loaded.to_file();
    let set: Vec<_> = text
        .lines()
        .filter(|line| line.contains(" = ") && !line.starts_with('#'))
        .collect();
    assert_eq!(set, ["network = \"regtest\"", "alias = 'corner \"shop\"'"]);
    assert!(
        text.contains("#esplora_url = \"http://127.0.0.1:3002\""),
        "{text}"
    );
    assert_eq!(file(&text).config(), loaded.config);
}

#[test]
fn secrets_of_the_environment_stay_there() {
    let env = &[
        ("TILL_LSP_NODE_ID", NODE_ID),
        ("TILL_LSP_ADDRESS", "a:1"),
        ("TILL_LSP_TOKEN", "hunter2"),
    ];
    let given = Given {
        env,
        ..Given::default()
    };
    let loaded = given.load().unwrap();
    let text = loaded.to_file();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(
        text.contains("# Set by TILL_LSP_TOKEN; not copied, as it is secret."),
        "{text}"
    );
    assert_eq!(
        Given {
            file: &text,
            ..given
        }
        .config(),
        loaded.config
    );
}

#[test]
fn every_key_is_documented_in_short_lines() {
    let text = Given::default().load().unwrap().to_file();
    assert!(text.lines().all(|line| line.len() <= 100));
    for key in Config::keys() {
        assert!(!key.doc.is_empty());
    }
    insta::assert_snapshot!(text.split("\n\n# The HTTP server").next().unwrap(), @r#"
    # Configuration of tilld. Lines that begin with # are comments; a setting that is
    # commented out shows its default.
    # Every setting can also be given as an environment variable, TILL_SECTION_KEY
    # (lists comma separated), or with --set section.key=value. A flag wins over a
    # variable, a variable over this file.

    # Where the till keeps its data, and which network it is on.
    [till]

    # Folder of the ledger, the node's state and the seed. One till to a folder.
    #data_dir = "/home/ann/.tilld"

    # Bitcoin network: mainnet, signet, testnet4 or regtest. A data folder stays with the
    # network it was made for.
    #network = "mainnet"
    "#);
}

#[test]
fn the_report_tells_where_each_value_comes_from_and_is_toml() {
    let given = Given {
        file: "[log]\njson = true",
        env: &[("TILL_EVENTS_PING_SECS", "5")],
        flags: &[("--network", "till.network", "signet")],
    };
    let report = given.load().unwrap().to_report();
    for line in [
        "network = \"signet\" # --network",
        "ping_secs = 5 # TILL_EVENTS_PING_SECS",
        "json = true # tilld.toml",
        "fee_reserve_ppm = 10_000 # default",
        "token = \"\" # default",
    ] {
        assert!(
            report.lines().any(|have| have == line),
            "{line} is not in\n{report}"
        );
    }
    assert_eq!(file(&report).config(), given.config());
}
