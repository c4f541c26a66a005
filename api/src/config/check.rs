//! What settings say together: pairs that go together, and limits that bound each other.
//!
//! Sees values that are each good for themselves. Reports like the reader does.

use super::{ChainConfig, ChainSource, Config, layers::Layers};

/// Notes every contradiction. A key already known to be bad is passed over: its value here is
/// only the default.
pub(crate) fn together(config: &Config, layers: &mut Layers) {
    let Config {
        chain,
        http,
        lsp,
        payments,
        auth,
        ..
    } = config;
    let mut note = |key: &str, other: &str, wrong: bool, message: String| {
        if wrong && !layers.is_bad(key) && !layers.is_bad(other) {
            layers.problem(layers.origin(key), key.to_owned(), message);
        }
    };
    for key in missing_beside_source(chain) {
        note("chain.source", key, true, format!("needs {key} beside it"));
    }
    note(
        "lsp.node_id",
        "lsp.address",
        lsp.node_id.is_some() && lsp.address.is_none(),
        "needs lsp.address beside it".to_owned(),
    );
    note(
        "lsp.address",
        "lsp.node_id",
        lsp.address.is_some() && lsp.node_id.is_none(),
        "needs lsp.node_id beside it".to_owned(),
    );
    note(
        "lsp.token",
        "lsp.node_id",
        lsp.token.is_some() && lsp.node_id.is_none(),
        "needs lsp.node_id and lsp.address beside it".to_owned(),
    );
    note(
        "payments.wait_secs",
        "http.request_timeout_secs",
        payments.wait_secs >= http.request_timeout_secs,
        format!(
            "is {} seconds and must be shorter than http.request_timeout_secs ({} seconds), or a \
             slow payment would end in an error instead of \"pending\"",
            payments.wait_secs, http.request_timeout_secs
        ),
    );
    note(
        "auth.refresh_token_secs",
        "auth.access_token_secs",
        auth.refresh_token_secs < auth.access_token_secs,
        format!(
            "is {} seconds and must not be shorter than auth.access_token_secs ({} seconds)",
            auth.refresh_token_secs, auth.access_token_secs
        ),
    );
    note(
        "auth.lockout_base_secs",
        "auth.lockout_max_secs",
        auth.lockout_base_secs > auth.lockout_max_secs,
        format!(
            "is {} seconds and must not be longer than auth.lockout_max_secs ({} seconds)",
            auth.lockout_base_secs, auth.lockout_max_secs
        ),
    );
}

/// What the chain source needs and nobody has given.
fn missing_beside_source(chain: &ChainConfig) -> Vec<&'static str> {
    let needed = match chain.source {
        ChainSource::Esplora => vec![],
        ChainSource::Electrum => vec![("chain.electrum_url", chain.electrum_url.is_some())],
        ChainSource::Bitcoind => vec![
            ("chain.bitcoind_rpc", chain.bitcoind_rpc.is_some()),
            (
                "chain.bitcoind_auth_file",
                chain.bitcoind_auth_file.is_some(),
            ),
        ],
    };
    let missing = needed.into_iter().filter(|(_, is_there)| !is_there);
    missing.map(|(key, _)| key).collect()
}
