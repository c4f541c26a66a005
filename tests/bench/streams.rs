//! What open streams cost: memory for each, and how long an event takes from the commit to the client's
//! read, with each stream in a wallet of its own, and with all of them in one. The till is whole but for
//! its node; the clients are a process of their own, so that they do not count.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use support::fake_node::FakeNode;
use till::id::WalletId;
use till::invoice::Description;
use till::ledger::{Origin, WalletRef};
use till::meta::Meta;
use till::money::Msat;
use till_actors::hub::HubLimits;
use till_actors::service::{NewInvoice, Policy, Service};
use till_actors::till::{NodeSource, Till, TillConfig};
use tilld::lnbot::Settings;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{Failure, history};

/// Streams, where nobody says.
const STREAMS: u64 = 5_000;
/// What happens while each is in a wallet of its own, and how often.
const SPREAD: (u64, Duration) = (200, Duration::from_millis(25));
/// The same while all are in one.
const CROWDED: (u64, Duration) = (20, Duration::from_millis(750));
/// Wallets that are made at once.
const AT_ONCE: usize = 64;
/// How long memory may settle once every stream is open.
const REST: Duration = Duration::from_secs(2);
/// More subscribers than anybody asks for.
const ROOM: usize = 20_000;

pub(crate) async fn run(streams: Option<u64>) -> Result<(), Failure> {
    let streams = streams.unwrap_or(STREAMS);
    let dir = tempfile::tempdir_in(".")?;
    let till = start(dir.path()).await?;
    let service = till.service();
    let address = serve(&service).await?;
    let (user, key) = register(&service).await?;
    let mut wallets = Vec::new();
    while wallets.len() < usize::try_from(streams)? {
        let more = (0..AT_ONCE).map(|_| service.add_named_wallet(Origin::Lnbot, user));
        for made in futures_util::future::join_all(more).await {
            wallets.push(made?.0.id);
        }
    }
    wallets.truncate(usize::try_from(streams)?);
    println!("| streams | in | memory for each | events | p50 | p99 | slowest |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let one = vec![wallets.first().copied().ok_or("no wallet")?; wallets.len()];
    for (places, name, (events, pause)) in [
        (&wallets, "a wallet each", SPREAD),
        (&one, "one wallet", CROWDED),
    ] {
        let expected = match name {
            "one wallet" => events * streams,
            _ => events,
        };
        let before = history::rss_kb()?;
        let mut clients = Clients::open(dir.path(), address, &key, places, expected).await?;
        tokio::time::sleep(REST).await;
        let each = history::rss_kb()?.saturating_sub(before) / streams;
        let committed = make(&service, places, events, pause).await?;
        let took = clients.took(&committed).await?;
        let ms = |share: usize| took.get((took.len() - 1) * share / 1_000).copied();
        let ms = |share| ms(share).unwrap_or_default().as_secs_f64() * 1_000.0;
        println!(
            "| {streams} | {name} | {each} kB | {} | {:.1} ms | {:.1} ms | {:.1} ms |",
            took.len(),
            ms(500),
            ms(990),
            ms(1_000)
        );
    }
    drop(service);
    till.stop().await;
    Ok(())
}

/// Makes invoices in turn, and notes when each was on disk.
async fn make(
    service: &Service,
    places: &[WalletId],
    events: u64,
    pause: Duration,
) -> Result<HashMap<u64, Duration>, Failure> {
    let mut committed = HashMap::new();
    for (n, wallet) in (1..=events).zip(places.iter().step_by(7).cycle()) {
        tokio::time::sleep(pause).await;
        let wanted = NewInvoice {
            wallet: WalletRef::Wallet(*wallet),
            origin: Origin::Lnbot,
            amount: Msat::new(n * 1_000),
            description: Description::Text("tea".into()),
            external_id: None,
            webhook_url: None,
            expiry_secs: None,
            hold: None,
            idempotency: None,
            meta: Meta::default(),
        };
        service.create_invoice(wanted).await?;
        committed.insert(n, SystemTime::now().duration_since(UNIX_EPOCH)?);
    }
    Ok(committed)
}

struct Clients {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Clients {
    /// Opens a stream in each of these wallets.
    async fn open(
        dir: &Path,
        address: SocketAddr,
        key: &str,
        wallets: &[WalletId],
        expected: u64,
    ) -> Result<Self, Failure> {
        let file = dir.join("wallets");
        let names: Vec<_> = wallets.iter().map(|id| format!("wal_{id}")).collect();
        std::fs::write(&file, names.join("\n"))?;
        let mut process = Command::new(std::env::current_exe()?)
            .arg("streams-clients")
            .arg(expected.to_string())
            .env("BENCH_ADDRESS", address.to_string())
            .env("BENCH_KEY", key)
            .env("BENCH_WALLETS", file)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(stdout).lines();
        match lines.next_line().await?.as_deref() {
            Some("ready") => Ok(Self {
                _process: process,
                lines,
            }),
            other => Err(format!("the clients said {other:?}").into()),
        }
    }

    /// How long each event took, the quickest first.
    async fn took(&mut self, committed: &HashMap<u64, Duration>) -> Result<Vec<Duration>, Failure> {
        let mut took = Vec::new();
        while let Some(line) = self.lines.next_line().await? {
            let (amount, nanos) = line.split_once(' ').ok_or("an odd line")?;
            let begun = committed.get(&amount.parse()?).ok_or("an odd event")?;
            let read = Duration::from_nanos(nanos.parse()?);
            // The maker of an invoice and a subscriber hear of the commit at about the same time.
            took.push(read.saturating_sub(*begun));
        }
        took.sort_unstable();
        Ok(took)
    }
}

async fn register(service: &Service) -> Result<(till::id::HolderId, String), Failure> {
    let (registered, _words) = service.register_holder(Origin::Lnbot).await?;
    let key = registered.keys.first().ok_or("no key")?;
    Ok((registered.holder, key.text.to_string()))
}

async fn serve(service: &Service) -> Result<SocketAddr, Failure> {
    let settings = Settings {
        public_calls: NonZeroU32::MAX,
        ..Settings::default()
    };
    let (lnbot, _) = tilld::lnbot::routers(service.clone(), settings);
    let app = axum::Router::new().nest_service("/v1", lnbot);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

async fn start(dir: &Path) -> Result<Till, Failure> {
    let config = TillConfig {
        data_dir: dir.join("till"),
        network: bitcoin::Network::Regtest,
        chain: till_actors::chain::ChainSource::Esplora("http://127.0.0.1:9".into()),
        policy: Policy::default(),
        max_in_flight: 4,
        recheck: Duration::from_secs(3_600),
        credit_depth: 1,
        scan_every: Duration::from_secs(3_600),
        sync_too: false,
        outbound: till_actors::outbound::OutboundPolicy::default(),
        rates: till_actors::rates::RatesConfig::default(),
        disk_floor_bytes: 0,
        health_every: Duration::from_secs(60),
        hub: HubLimits {
            max_subscribers: ROOM,
            max_lag: 256,
        },
    };
    let source = NodeSource::Running(Arc::new(FakeNode::default()));
    Ok(Till::start(config, [7; 64].into(), source).await?)
}
