//! Every section and key of the configuration, with its type, default, range and documentation.
//!
//! The doc comments are for the operator: `tilld init` writes them into the file. This table knows
//! nothing of how values are read; see [`super::section`].

use std::{net::SocketAddr, path::PathBuf};

use super::{
    rule::{alias, log_filter, prices, vanity_prices, within},
    secret::Secret,
    section::{Context, section},
    types::{
        ChainSource, Dialect, ElectrumUrl, HttpUrl, Network, NodeId, PeerAddress, ProxyNetwork,
    },
};

/// An hour, in seconds.
const HOUR: u64 = 3600;
/// A day, in seconds.
const DAY: u64 = 24 * HOUR;
/// All the bitcoin there will ever be, in sat.
const MAX_SAT: u64 = 2_100_000_000_000_000;

section! {
    /// Where the till keeps its data, and which network it is on.
    TillConfig as "till" with cx => {
        /// Folder of the ledger, the node's state and the seed. One till to a folder.
        data_dir: PathBuf = Context::default_data_dir(cx.home.as_deref());
        /// Bitcoin network: mainnet, signet, testnet4 or regtest. A data folder stays with the
        /// network it was made for.
        network: Network = Network::Mainnet;
    }
}

section! {
    /// The HTTP server that all surfaces are served from.
    HttpConfig as "http" with _ => {
        /// Address and port to listen on. Put a TLS proxy in front before you leave loopback.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9154));
        /// Addresses or networks of proxies in front, like "127.0.0.1" or "10.0.0.0/8". A caller behind
        /// one is counted by the last address in X-Forwarded-For that is no such proxy's. Each of them
        /// must write that header itself; without any, all callers behind a proxy count as one.
        trusted_proxies: Vec<ProxyNetwork> = Vec::new();
        /// Mark cookies Secure. Set it when clients come over https.
        secure_cookies: bool = false;
        /// Largest request body, in bytes.
        max_body_bytes: usize = 64 * 1024, within(1024..=16 * 1024 * 1024, "bytes");
        /// Longest time a request may take, in seconds. Streams are exempt.
        request_timeout_secs: u64 = 90, within(1..=HOUR, "seconds");
        /// Most requests at work at the same time; further ones get 503.
        max_in_flight: usize = 512, within(1..=100_000, "requests");
        /// How long a shutdown waits for requests and payments to finish, in seconds.
        shutdown_grace_secs: u64 = 30, within(1..=HOUR, "seconds");
        /// Serve figures for Prometheus under /metrics, to whoever reaches the address above. They
        /// name no customer and no balance, but how much business there is.
        metrics: bool = false;
    }
}

section! {
    /// The Lightning node as its peers see it.
    NodeConfig as "node" with _ => {
        /// Name shown to the network, at most 32 bytes.
        alias: String = "tilld".to_owned(), alias();
        /// Addresses to listen on for peers; an empty list means no incoming connections.
        listen: Vec<SocketAddr> = vec![SocketAddr::from(([0, 0, 0, 0], 9735))];
        /// Addresses to announce to the network, as host:port; an empty list announces none.
        announce: Vec<PeerAddress> = Vec::new();
    }
}

section! {
    /// Where blocks and transactions come from.
    ChainConfig as "chain" with cx => {
        /// Kind of chain source: "esplora", "electrum", or "bitcoind" for the RPC of one that has all
        /// blocks and txindex=1.
        source: ChainSource = ChainSource::Esplora;
        /// Base URL of the Esplora server. It learns your addresses: a server of your own is
        /// better than the public one that is the default.
        esplora_url: HttpUrl = cx.default_esplora();
        /// The Electrum server, as tcp://host:port or ssl://host:port. It learns your addresses. With ssl
        /// its certificate has to be one that browsers trust; what goes over tcp is not encrypted.
        electrum_url: Option<ElectrumUrl> = None;
        /// Where bitcoind's RPC listens, as host:port. What goes there is not encrypted.
        bitcoind_rpc: Option<PeerAddress> = None;
        /// File with name and password for it, as name:password in one line: one of yours that goes with
        /// bitcoind's rpcauth, or its .cookie. It is read again when bitcoind refuses what was in it.
        bitcoind_auth_file: Option<PathBuf> = None;
        /// Time between two syncs of the on-chain wallet, in seconds (at least 10, on regtest 1).
        onchain_sync_secs: u64 = 80, within(cx.min_sync_secs()..=HOUR, "seconds");
        /// Time between two syncs of the Lightning wallet, in seconds (at least 10, on regtest 1).
        /// Long intervals are dangerous: the node must see a cheating peer in time.
        lightning_sync_secs: u64 = 30, within(cx.min_sync_secs()..=HOUR, "seconds");
        /// Time between two updates of the fee rates, in seconds (at least 10, on regtest 1).
        fee_sync_secs: u64 = 600, within(cx.min_sync_secs()..=DAY, "seconds");
    }
}

section! {
    /// The liquidity provider (LSPS2) that opens channels when an invoice needs one.
    LspConfig as "lsp" with _ => {
        /// Node id of the provider. It goes together with the address.
        node_id: Option<NodeId> = None;
        /// Address of the provider, as host:port.
        address: Option<PeerAddress> = None;
        /// Access token, where the provider wants one.
        token: Option<Secret> = None;
        /// Most that the provider may take of a payment for opening a channel, in millionths of
        /// the payment. A dearer offer is refused, and with it the invoice.
        max_fee_ppm: u64 = 30_000, within(0..=500_000, "millionths of the amount");
        /// What it may take even where that share is smaller, in sat: opening a channel costs
        /// miners' fees, however small the payment.
        max_fee_floor_sat: u64 = 2_500, within(0..=1_000_000, "sat");
        /// Further node ids whose channels may be used before they are confirmed; the provider's
        /// always are. Such a peer could take back what it paid, so list only whom you trust.
        trusted_peers_0conf: Vec<NodeId> = Vec::new();
    }
}

section! {
    /// Lightning payments.
    PaymentsConfig as "payments" with _ => {
        /// How long a pay request waits for the outcome before it answers "pending", in seconds.
        wait_secs: u64 = 60, within(1..=HOUR, "seconds");
        /// Routing fee set aside for a payment, in millionths of the amount.
        fee_reserve_ppm: u64 = 10_000, within(0..=500_000, "millionths of the amount");
        /// Least routing fee set aside for a payment, in sat.
        fee_reserve_min_sat: u64 = 20, within(0..=1_000_000, "sat");
        /// Time between two looks at payments whose outcome is not known, in seconds.
        recheck_secs: u64 = 60, within(1..=HOUR, "seconds");
        /// Most outgoing payments under way at the same time.
        max_in_flight: usize = 40, within(1..=400, "payments");
        /// Lifetime of an invoice that does not name one, in seconds.
        invoice_expiry_secs: u64 = HOUR, within(60..=365 * DAY, "seconds");
        /// Largest invoice or payment, in sat.
        max_amount_sat: u64 = 1_000_000_000, within(1..=MAX_SAT, "sat");
    }
}

section! {
    /// The on-chain wallet.
    OnchainConfig as "onchain" with _ => {
        /// Confirmations after which a deposit is credited.
        credit_depth: u32 = 1, within(1..=144, "confirmations");
    }
}

section! {
    /// Sessions of staff, and what happens on wrong passwords.
    AuthConfig as "auth" with _ => {
        /// Lifetime of an access token, in seconds.
        access_token_secs: u64 = 900, within(60..=DAY, "seconds");
        /// Lifetime of a refresh token, in seconds.
        refresh_token_secs: u64 = 30 * DAY, within(HOUR..=365 * DAY, "seconds");
        /// Lifetime of a wallet token since its last use, in seconds.
        wallet_token_secs: u64 = 900, within(60..=DAY, "seconds");
        /// Wrong PINs or passwords in a row after which an account or address has to wait.
        lockout_after: u32 = 5, within(1..=100, "attempts");
        /// The first wait, in seconds; it doubles with every further wrong attempt.
        lockout_base_secs: u64 = 1, within(1..=HOUR, "seconds");
        /// The longest wait, in seconds.
        lockout_max_secs: u64 = 900, within(1..=DAY, "seconds");
    }
}

section! {
    /// The POS surface.
    PosConfig as "pos" with _ => {
        /// Ask for the wallet password once more, in the header X-Wallet-Password, before the words
        /// of the seed are shown.
        seed_requires_password: bool = false;
    }
}

section! {
    /// The LNbits surface, under /api/v1.
    LnbitsConfig as "lnbits" with _ => {
        /// How it speaks: documented (LNbits' documentation) or v1 (what LNbits 1.6 servers really
        /// send). Clients made for LNbits want v1.
        dialect: Dialect = Dialect::Documented;
        /// Let anybody make an account.
        open_registration: bool = false;
        /// How many accounts an address may make, in a minute.
        new_accounts_per_minute: u32 = 10, within(1..=1_000_000, "accounts");
        /// How long a login is good, in seconds.
        access_token_secs: u64 = DAY, within(60..=365 * DAY, "seconds");
    }
}

section! {
    /// The ln.bot surface, under /v1.
    LnbotConfig as "lnbot" with _ => {
        /// Let anybody make an account.
        open_registration: bool = false;
        /// How often an address may call what asks for no key (making an account, invoices for
        /// strangers, the status), in a minute.
        public_calls_per_minute: u32 = 10, within(1..=1_000_000, "calls");
        /// Where the till is reached from outside, like https://pay.example.org: Lightning addresses
        /// end in its host, and payers' wallets call it. Without it, the address that is listened on.
        public_url: Option<HttpUrl> = None;
        /// What a Lightning address of one's own choice costs, in sat, by its length: of 3 characters,
        /// of 4, and so on; the last price is that of all longer ones. An empty list gives them away.
        vanity_prices_sat: Vec<u64> = vec![10_000, 5_000, 2_000, 1_000], vanity_prices();
        /// What the house takes of payments that leave the till, in millionths of the amount (2500 is a
        /// quarter of a percent), rounded up to whole satoshis.
        service_fee_ppm: u32 = 0, within(0..=100_000, "millionths");
        /// For how long a payment to an invoice that finds no way is attempted again, in seconds. Its
        /// money stays set aside meanwhile. 0 is never.
        retry_secs: u32 = 300, within(0..=3_600, "seconds");
        /// A DNS-over-HTTPS server, like https://dns.google/dns-query: names in the DNS (BIP 353, as in
        /// ₿bob@example.org) can be paid. It is believed nothing that is not signed up to the root.
        doh_url: Option<HttpUrl> = None;
    }
}

section! {
    /// Calls to addresses that others name: webhooks, LNURL, rates. Only https, only to the public
    /// internet.
    OutboundConfig as "outbound" with _ => {
        /// Let this machine be called, and without TLS: for tests and the sandbox.
        allow_loopback: bool = false;
        /// How long a call may take, in seconds.
        timeout_secs: u64 = 15, within(1..=120, "seconds");
    }
}

section! {
    /// Prices of currencies, for amounts that are not in satoshis. Without a source there are none.
    RatesConfig as "rates" with _ => {
        /// Prices of one bitcoin that stay as they are, like EUR=50000. They go before the URL.
        fixed: Vec<String> = Vec::new(), prices();
        /// Address that answers with prices in JSON; {currency} in it stands for the code.
        url: Option<String> = None;
        /// Where in that answer the price of one bitcoin is: a JSON pointer (RFC 6901); {currency}
        /// in it stands for the code.
        pointer: String = "/data/rates/{currency}".to_owned();
        /// Codes that may be asked for at that address.
        currencies: Vec<String> = vec!["EUR".to_owned(), "USD".to_owned()];
        /// How old a price may be when the address does not answer, in seconds.
        max_age_secs: u64 = 600, within(60..=DAY, "seconds");
    }
}

section! {
    /// Live events over WebSocket and SSE.
    EventsConfig as "events" with _ => {
        /// Events held for a slow subscriber before it is disconnected.
        subscriber_buffer: usize = 256, within(1..=65_536, "events");
        /// Most subscribers at the same time.
        max_subscribers: usize = 8192, within(1..=100_000, "subscribers");
        /// Time between two pings to a subscriber, in seconds.
        ping_secs: u64 = 20, within(1..=300, "seconds");
    }
}

section! {
    /// The log, written to stderr with times in UTC.
    LogConfig as "log" with _ => {
        /// What is logged: a level (error, warn, info, debug, trace), or levels by module.
        filter: String = "info".to_owned(), log_filter();
        /// One JSON object a line instead of text.
        json: bool = false;
    }
}

section! {
    /// The seed and its passphrase.
    SeedConfig as "seed" with cx => {
        /// File with the passphrase of the seed. Without one the systemd credential
        /// "seed-passphrase" is looked at, then you are asked if there is a terminal.
        passphrase_file: Option<PathBuf> = None;
        /// File of the seed. Unless moved it lies in the data folder.
        mnemonic_file: PathBuf = cx.data_dir.join("seed");
    }
}
