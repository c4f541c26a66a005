//! From the configuration to what each part wants to know. Owns the mapping and nothing else.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use bitcoin::Network as BitcoinNetwork;
use till::fees::{FeePolicy, LspPolicy};
use till::money::{Msat, Sat};
use till_actors::chain::ChainSource;
use till_actors::hub::HubLimits;
use till_actors::node::ldk::LdkConfig;
use till_actors::outbound::OutboundPolicy;
use till_actors::rates::RateSource;
use till_actors::service::Policy;
use till_actors::till::TillConfig;

use crate::config::{Config, Dialect, Network, RatesConfig, SeedConfig, price};
use crate::guard::{Gate, LockoutSettings};
use crate::http::Limits;
use crate::pos::Settings;
use crate::seed::{PassphraseSources, SeedReader};

/// ldk-node's own timers do not go below this.
const NODE_MIN_SYNC_SECS: u64 = 10;
/// How often it is measured how the till does; ninety days of that are 130,000 small rows.
const HEALTH_EVERY: Duration = Duration::from_secs(60);

pub(super) fn till(config: &Config, chain: ChainSource) -> TillConfig {
    let scan_secs = config
        .chain
        .lightning_sync_secs
        .min(config.chain.onchain_sync_secs);
    TillConfig {
        data_dir: config.till.data_dir.clone(),
        network: BitcoinNetwork::from(config.till.network),
        chain,
        policy: policy(config),
        max_in_flight: config.payments.max_in_flight,
        recheck: Duration::from_secs(config.payments.recheck_secs),
        credit_depth: config.onchain.credit_depth,
        scan_every: Duration::from_secs(scan_secs),
        sync_too: config.till.network == Network::Regtest && scan_secs < NODE_MIN_SYNC_SECS,
        disk_floor_bytes: till_actors::disk::DISK_FLOOR_BYTES,
        outbound: OutboundPolicy {
            allow_loopback: config.outbound.allow_loopback,
            time: Duration::from_secs(config.outbound.timeout_secs),
            ..OutboundPolicy::default()
        },
        rates: rates(&config.rates),
        health_every: HEALTH_EVERY,
        hub: HubLimits {
            max_subscribers: config.events.max_subscribers,
            max_lag: u64::try_from(config.events.subscriber_buffer).unwrap_or(u64::MAX),
        },
    }
}

fn rates(config: &RatesConfig) -> till_actors::rates::RatesConfig {
    let source = match &config.url {
        _ if !config.fixed.is_empty() => {
            let prices = config.fixed.iter().filter_map(|text| price(text));
            RateSource::Fixed(prices.collect())
        }
        Some(url) => RateSource::Http {
            url: url.clone(),
            pointer: config.pointer.clone(),
            currencies: config
                .currencies
                .iter()
                .map(|code| code.to_ascii_uppercase())
                .collect(),
        },
        None => RateSource::None,
    };
    let max_age = Duration::from_secs(config.max_age_secs);
    till_actors::rates::RatesConfig { source, max_age }
}

fn policy(config: &Config) -> Policy {
    let payments = &config.payments;
    let msat = |sat: u64| Sat::new(sat).map_or(Msat::ZERO, Sat::to_msat);
    Policy {
        fees: FeePolicy {
            reserve_ppm: u32::try_from(payments.fee_reserve_ppm).unwrap_or(u32::MAX),
            reserve_min: msat(payments.fee_reserve_min_sat),
        },
        invoice_expiry_secs: u32::try_from(payments.invoice_expiry_secs).unwrap_or(u32::MAX),
        max_amount: msat(payments.max_amount_sat),
        lsp: config.lsp.provider().map(|_| LspPolicy {
            max_fee_ppm: u32::try_from(config.lsp.max_fee_ppm).unwrap_or(u32::MAX),
            max_fee_floor: msat(config.lsp.max_fee_floor_sat),
        }),
    }
}

/// The node's folder is the till's to choose.
pub(super) fn node(config: &Config, source: ChainSource) -> LdkConfig {
    let chain = &config.chain;
    LdkConfig {
        dir: config.till.data_dir.join("node"),
        network: BitcoinNetwork::from(config.till.network),
        chain: source,
        alias: config.node.alias.clone(),
        listen: config.node.listen.iter().map(ToString::to_string).collect(),
        announce: config
            .node
            .announce
            .iter()
            .map(|a| a.as_str().to_owned())
            .collect(),
        lsp: config.lsp.provider().map(|(node_id, address, token)| {
            let token = token.map(|token| token.expose_secret().to_owned());
            (node_id.to_string(), address.as_str().to_owned(), token)
        }),
        trusted_peers_0conf: config
            .lsp
            .trusted_peers_0conf
            .iter()
            .map(ToString::to_string)
            .collect(),
        sync_secs: (
            chain.onchain_sync_secs,
            chain.lightning_sync_secs,
            chain.fee_sync_secs,
        ),
    }
}

/// The one place where passwords are tried.
pub(super) fn gate(config: &Config) -> Gate {
    Gate::new(LockoutSettings {
        max_failures: config.auth.lockout_after,
        first_lock_secs: config.auth.lockout_base_secs,
        max_lock_secs: config.auth.lockout_max_secs,
        ..LockoutSettings::default()
    })
}

fn limits(config: &Config) -> Limits {
    Limits {
        max_body_bytes: config.http.max_body_bytes,
        request_time: Duration::from_secs(config.http.request_timeout_secs),
        max_in_flight: config.http.max_in_flight,
        ..Limits::default()
    }
}

pub(super) fn pos(config: &Config, gate: Gate) -> Settings {
    let defaults = Settings::default();
    Settings {
        network: config.till.network.to_string(),
        secure_cookies: config.http.secure_cookies,
        access_token_secs: config.auth.access_token_secs,
        refresh_token_secs: config.auth.refresh_token_secs,
        wallet_token_secs: config.auth.wallet_token_secs,
        payment_wait: Duration::from_secs(config.payments.wait_secs),
        ping_interval: Duration::from_secs(config.events.ping_secs),
        seed: Some(seed(&config.seed)),
        seed_requires_password: config.pos.seed_requires_password,
        gate,
        limits: limits(config),
        ..defaults
    }
}

pub(super) fn lnbits(config: &Config, gate: Gate) -> crate::lnbits::Settings {
    let pos = pos(config, gate);
    let accounts = config.lnbits.new_accounts_per_minute;
    crate::lnbits::Settings {
        new_accounts: NonZeroU32::new(accounts).unwrap_or(NonZeroU32::MIN),
        dialect: match config.lnbits.dialect {
            Dialect::Documented => crate::lnbits::Dialect::Documented,
            Dialect::V1 => crate::lnbits::Dialect::V1,
        },
        open_registration: config.lnbits.open_registration,
        access_token_secs: config.lnbits.access_token_secs,
        payment_wait: pos.payment_wait,
        ping_interval: pos.ping_interval,
        secure_cookies: pos.secure_cookies,
        gate: pos.gate,
        limits: pos.limits,
    }
}

pub(super) fn lnbot(config: &Config) -> crate::lnbot::Settings {
    let public_url = match &config.lnbot.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{}", config.http.listen),
    };
    let prices = config.lnbot.vanity_prices_sat.iter();
    let calls = config.lnbot.public_calls_per_minute;
    crate::lnbot::Settings {
        public_calls: NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN),
        open_registration: config.lnbot.open_registration,
        public_url,
        vanity_prices: prices.filter_map(|price| Sat::new(*price)).collect(),
        service_fee_ppm: config.lnbot.service_fee_ppm,
        retry_secs: config.lnbot.retry_secs,
        doh_url: config
            .lnbot
            .doh_url
            .as_ref()
            .map(|url| url.as_str().to_owned()),
        allow_loopback: config.outbound.allow_loopback,
        limits: limits(config),
        ..crate::lnbot::Settings::default()
    }
}

/// The seed as it was opened at the start, but for a passphrase that somebody typed.
fn seed(config: &SeedConfig) -> SeedReader {
    let sources = PassphraseSources {
        file: config.passphrase_file.clone(),
        credentials_dir: std::env::var_os("CREDENTIALS_DIRECTORY")
            .filter(|dir| !dir.is_empty())
            .map(PathBuf::from),
    };
    SeedReader::new(config.mnemonic_file.clone(), sources)
}
