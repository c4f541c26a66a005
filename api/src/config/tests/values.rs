//! Every kind of value, good and bad, and the defaults.

use super::*;

/// Key, bad value as TOML, what the message must say.
const BAD: &[(&str, &str, &str)] = &[
    (
        "till.data_dir",
        "\"data\"",
        "must be an absolute path, or one that starts with ~/, not \"data\"",
    ),
    ("till.data_dir", "\"~ann/x\"", "must be an absolute path"),
    ("till.data_dir", "\"\"", "must be an absolute path"),
    (
        "till.network",
        "\"bitcoin\"",
        "must be mainnet, signet, testnet4 or regtest, not \"bitcoin\"",
    ),
    (
        "http.listen",
        "\"localhost:9154\"",
        "must be an IP address and a port",
    ),
    (
        "http.listen",
        "9154",
        "must be an IP address and a port, like 127.0.0.1:9154 or [::1]:9154, not 9154",
    ),
    (
        "http.trusted_proxies",
        "[\"proxy.example.com\"]",
        "an IP address or a network, like 127.0.0.1 or 10.0.0.0/8",
    ),
    (
        "http.trusted_proxies",
        "[\"10.0.0.0/33\"]",
        "an IP address or a network",
    ),
    (
        "http.secure_cookies",
        "\"yes\"",
        "must be true or false, not \"yes\"",
    ),
    (
        "http.max_body_bytes",
        "1023",
        "a whole number of bytes from 1024 to 16777216, not 1023",
    ),
    (
        "http.request_timeout_secs",
        "0",
        "a whole number of seconds from 1 to 3600, not 0",
    ),
    (
        "http.request_timeout_secs",
        "1.5",
        "a whole number of seconds from 1 to 3600, not 1.5",
    ),
    (
        "http.max_in_flight",
        "0",
        "a whole number of requests from 1 to 100000",
    ),
    (
        "http.shutdown_grace_secs",
        "-1",
        "a whole number of seconds from 1 to 3600, not -1",
    ),
    ("http.metrics", "1", "must be true or false, not 1"),
    ("node.alias", "\"\"", "must be a text of 1 to 32 bytes"),
    (
        "node.alias",
        "\"123456789012345678901234567890123\"",
        "must be a text of 1 to 32 bytes",
    ),
    ("node.alias", "\"a\\nb\"", "without control characters"),
    (
        "node.listen",
        "\"0.0.0.0:9735\"",
        "must be a list, each item an IP address and a port",
    ),
    (
        "node.listen",
        "[\"0.0.0.0\"]",
        "must be a list, each item an IP address and a port",
    ),
    (
        "node.announce",
        "[\"example.com\"]",
        "must be a list, each item a host and a port",
    ),
    (
        "node.announce",
        "[\"example.com:0\"]",
        "must be a list, each item a host and a port",
    ),
    (
        "node.announce",
        "[\"2001:db8::1:9735\"]",
        "must be a list, each item a host and a port",
    ),
    (
        "chain.source",
        "\"rumour\"",
        "must be esplora, bitcoind or electrum",
    ),
    (
        "chain.electrum_url",
        "\"electrum.example.com:50002\"",
        "must be tcp:// or ssl:// with a host and a port",
    ),
    (
        "chain.electrum_url",
        "\"https://electrum.example.com:50002\"",
        "must be tcp:// or ssl:// with a host and a port",
    ),
    (
        "chain.electrum_url",
        "\"ssl://electrum.example.com\"",
        "must be tcp:// or ssl:// with a host and a port",
    ),
    (
        "chain.bitcoind_rpc",
        "\"http://127.0.0.1:8332\"",
        "must be a host and a port",
    ),
    (
        "chain.bitcoind_auth_file",
        "\".cookie\"",
        "must be an absolute path",
    ),
    (
        "chain.esplora_url",
        "\"ftp://example.com\"",
        "must be an http:// or https:// URL without a query",
    ),
    (
        "chain.esplora_url",
        "\"example.com/api\"",
        "must be an http:// or https:// URL",
    ),
    (
        "chain.esplora_url",
        "\"https://example.com/?a=b\"",
        "must be an http:// or https:// URL",
    ),
    (
        "chain.onchain_sync_secs",
        "9",
        "a whole number of seconds from 10 to 3600, not 9",
    ),
    (
        "chain.lightning_sync_secs",
        "9",
        "a whole number of seconds from 10 to 3600",
    ),
    (
        "chain.fee_sync_secs",
        "9",
        "a whole number of seconds from 10 to 86400",
    ),
    (
        "lsp.node_id",
        "\"02ab\"",
        "must be a node id (66 hex digits of a public key)",
    ),
    (
        "lsp.address",
        "\"example.com\"",
        "must be a host and a port",
    ),
    ("lsp.token", "3", "must be a text"),
    (
        "lsp.max_fee_ppm",
        "500001",
        "a whole number of millionths of the amount",
    ),
    ("lsp.max_fee_floor_sat", "-1", "a whole number of sat"),
    (
        "lsp.trusted_peers_0conf",
        "[\"x\"]",
        "must be a list, each item a node id",
    ),
    (
        "payments.wait_secs",
        "\"60\"",
        "a whole number of seconds from 1 to 3600, not \"60\"",
    ),
    (
        "payments.fee_reserve_ppm",
        "500001",
        "a whole number of millionths of the amount",
    ),
    (
        "payments.fee_reserve_min_sat",
        "-1",
        "a whole number of sat from 0 to 1000000",
    ),
    ("payments.recheck_secs", "0", "a whole number of seconds"),
    (
        "payments.max_in_flight",
        "0",
        "a whole number of payments from 1 to 400",
    ),
    (
        "lnbot.retry_secs",
        "3601",
        "a whole number of seconds from 0 to 3600",
    ),
    (
        "payments.invoice_expiry_secs",
        "59",
        "a whole number of seconds from 60 to",
    ),
    (
        "payments.max_amount_sat",
        "0",
        "a whole number of sat from 1 to",
    ),
    (
        "onchain.credit_depth",
        "0",
        "a whole number of confirmations from 1 to 144",
    ),
    (
        "pos.seed_requires_password",
        "1",
        "must be true or false, not 1",
    ),
    ("lnbits.dialect", "\"v2\"", "must be documented or v1"),
    (
        "lnbits.open_registration",
        "1",
        "must be true or false, not 1",
    ),
    (
        "lnbits.new_accounts_per_minute",
        "0",
        "a whole number of accounts from 1",
    ),
    (
        "lnbits.access_token_secs",
        "59",
        "a whole number of seconds from 60",
    ),
    (
        "lnbot.open_registration",
        "1",
        "must be true or false, not 1",
    ),
    (
        "lnbot.public_calls_per_minute",
        "0",
        "a whole number of calls from 1",
    ),
    (
        "lnbot.public_url",
        "\"ftp://example.com\"",
        "must be an http:// or https:// URL",
    ),
    (
        "lnbot.vanity_prices_sat",
        "[-1]",
        "must be a list of prices in sat",
    ),
    (
        "lnbot.service_fee_ppm",
        "100001",
        "a whole number of millionths from 0 to 100000",
    ),
    (
        "lnbot.doh_url",
        "\"example.com\"",
        "must be an http:// or https:// URL",
    ),
    (
        "auth.access_token_secs",
        "59",
        "a whole number of seconds from 60",
    ),
    (
        "auth.refresh_token_secs",
        "59",
        "a whole number of seconds from 3600",
    ),
    (
        "auth.wallet_token_secs",
        "59",
        "a whole number of seconds from 60",
    ),
    (
        "auth.lockout_after",
        "0",
        "a whole number of attempts from 1 to 100",
    ),
    ("auth.lockout_base_secs", "0", "a whole number of seconds"),
    ("auth.lockout_max_secs", "0", "a whole number of seconds"),
    ("events.subscriber_buffer", "0", "a whole number of events"),
    (
        "events.max_subscribers",
        "0",
        "a whole number of subscribers",
    ),
    (
        "events.ping_secs",
        "301",
        "a whole number of seconds from 1 to 300",
    ),
    ("outbound.allow_loopback", "1", "must be true or false"),
    (
        "outbound.timeout_secs",
        "0",
        "a whole number of seconds from 1 to 120",
    ),
    ("rates.fixed", "[\"EUR\"]", "a list of prices like"),
    ("rates.url", "7", "must be a text"),
    ("rates.pointer", "7", "must be a text"),
    ("rates.currencies", "7", "must be a list"),
    (
        "rates.max_age_secs",
        "59",
        "a whole number of seconds from 60",
    ),
    ("log.filter", "\"info,=\"", "must be a log filter like"),
    ("log.json", "\"true\"", "must be true or false"),
    (
        "seed.passphrase_file",
        "\"pass\"",
        "must be an absolute path",
    ),
    ("seed.mnemonic_file", "7", "must be an absolute path"),
];

#[test]
fn bad_values_are_named_with_what_would_be_right() {
    for (path, value, expected) in BAD {
        let (section, key) = path.split_once('.').unwrap();
        let problems = file(&format!("[{section}]\n{key} = {value}")).problems();
        assert_eq!(problems.len(), 1, "{path} = {value}: {problems:?}");
        let start = format!("tilld.toml: {path}: ");
        assert!(
            problems[0].starts_with(&start) && problems[0].contains(expected),
            "{problems:?}"
        );
    }
}

#[test]
fn every_key_is_in_the_table_of_bad_values() {
    for key in Config::keys() {
        assert!(
            BAD.iter().any(|(path, _, _)| *path == key.path()),
            "{}",
            key.path()
        );
    }
}

#[test]
fn a_rejected_secret_is_not_repeated() {
    for text in [
        "[lsp]\ntoken = [\"hunter2\"]",
        "[chain]\nesplora_url = \"ftp://ann:hunter2@example.com\"",
    ] {
        let problems = file(text).problems();
        assert_eq!(problems.len(), 1);
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn regtest_may_sync_every_second() {
    let sync = "[chain]\nonchain_sync_secs = 1\nlightning_sync_secs = 1\nfee_sync_secs = 1";
    assert_eq!(file(sync).problems().len(), 3);
    let config = file(&format!("[till]\nnetwork = \"regtest\"\n{sync}")).config();
    assert_eq!(config.chain.lightning_sync_secs, 1);
}

#[test]
fn each_network_has_its_esplora_server() {
    for network in Network::ALL {
        let config = env(&[("TILL_TILL_NETWORK", network.as_str())]).config();
        assert_eq!(config.till.network, network);
        assert_eq!(config.chain.esplora_url.as_str(), network.default_esplora());
    }
    let config = env(&[("TILL_CHAIN_ESPLORA_URL", "http://127.0.0.1:3000/")]).config();
    assert_eq!(config.chain.esplora_url.as_str(), "http://127.0.0.1:3000");
}

#[test]
fn paths_follow_the_home_folder_and_the_data_folder() {
    let config = defaults();
    assert_eq!(config.till.data_dir, PathBuf::from("/home/ann/.tilld"));
    assert_eq!(
        config.seed.mnemonic_file,
        PathBuf::from("/home/ann/.tilld/seed")
    );
    let config = file("[till]\ndata_dir = \"~/shop\"").config();
    assert_eq!(
        config.seed.mnemonic_file,
        PathBuf::from("/home/ann/shop/seed")
    );
    let config = Config::load(None, std::iter::empty(), Overrides::default()).unwrap();
    assert_eq!(config.till.data_dir, PathBuf::from("/var/lib/tilld"));
}

#[test]
fn good_values_of_every_kind_are_taken() {
    let text = format!(
        "[lsp]\nnode_id = \"{NODE_ID}\"\naddress = \"lsp.example.com:9735\"\ntoken = \"hunter2\"\n\
         trusted_peers_0conf = [\"{NODE_ID}\"]\n[node]\nannounce = [\"[2001:db8::1]:9735\", \
         \"abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion:9735\"]\n\
         [log]\nfilter = \"warn,tilld=debug\"\njson = true\n\
         [http]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\", \"::1\"]"
    );
    let config = file(&text).config();
    let proxies = config.http.trusted_proxies.iter().map(ToString::to_string);
    let proxies: Vec<String> = proxies.collect();
    assert_eq!(proxies, ["127.0.0.1", "10.0.0.0/8", "::1"]);
    let (node_id, address, token) = config.lsp.provider().unwrap();
    assert_eq!(node_id.to_string(), NODE_ID);
    assert_eq!(address.as_str(), "lsp.example.com:9735");
    assert_eq!(token.unwrap().expose_secret(), "hunter2");
    assert_eq!(config.lsp.trusted_peers_0conf, [*node_id]);
    assert_eq!(config.node.announce.len(), 2);
    assert!(config.log.json);
    assert_eq!(
        env(&[("TILL_PAYMENTS_MAX_AMOUNT_SAT", "1_000")])
            .config()
            .payments
            .max_amount_sat,
        1000
    );
}

#[test]
fn debug_shows_no_secret() {
    let text = format!(
        "[chain]\nesplora_url = \"https://ann:hunter2@example.com/0123456789abcdef0123/api\"\n\
         [lsp]\nnode_id = \"{NODE_ID}\"\naddress = \"a:1\"\ntoken = \"hunter2\""
    );
    let loaded = file(&text).load().unwrap();
    let report = loaded.to_report();
    for shown in [
        format!("{:?}", loaded.config),
        format!("{:#?}", loaded.config),
        report,
    ] {
        assert!(
            !shown.contains("hunter2") && !shown.contains("0123456789abcdef"),
            "{shown}"
        );
        assert!(shown.contains("https://...@example.com/.../api"), "{shown}");
        assert!(shown.contains("(redacted)"), "{shown}");
    }
}
