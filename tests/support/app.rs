//! A till with a fake node, served on a free port. Hides start, set-up and logins.

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use till::fees::LspPolicy;
use till_actors::chain::ChainSource;
use till_actors::hub::HubLimits;
use till_actors::service::{Policy, Service};
use till_actors::till::{NodeSource, Till, TillConfig};
use tilld::http::TrustedProxies;
use tilld::listen::{self, Patience};
use tilld::lnbits::{Dialect, Settings as LnbitsSettings};
use tilld::lnbot::Settings as LnbotSettings;
use tilld::pos::{Gate, LockoutSettings, Settings, router};
use tilld::seed::{self, Mnemonic, PassphraseSources, SeedReader};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::caller::Caller;
use crate::fake_node::FakeNode;

/// What everybody in these tests types.
pub const PASSWORD: &str = "S3cur3P4ssw0rd!!";
/// The administrator's PIN.
pub const PIN: &str = "1234";
/// The words of every till here; those of the examples in BIP 39.
pub const WORDS: &str =
    "legal winner thank year wave sausage worth useful legal winner thank yellow";
/// The one proxy whose word is taken on whom it speaks for; clients of these tests call from elsewhere.
pub const PROXY_ADDRESS: &str = "127.0.0.9";
/// The same as a network.
const PROXY: &str = "127.0.0.9/32";

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the system may hold of a connection, on either side.
pub const AHEAD_BYTES: u32 = 32 * 1_024;

/// A served till.
pub struct TestApp {
    /// Its node.
    pub node: Arc<FakeNode>,
    /// Where it is served.
    pub url: String,
    /// What its surfaces call.
    pub service: Service,
    till: Arc<Till>,
    drain: watch::Sender<bool>,
    server: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl TestApp {
    /// A till that nobody has set up.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// The same with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_above(0, change).await
    }

    /// The same with a floor for the disk, in free bytes.
    pub async fn start_above(disk_floor_bytes: u64, change: impl FnOnce(&mut Settings)) -> Self {
        let floor = |till: &mut TillConfig| till.disk_floor_bytes = disk_floor_bytes;
        Self::start_as(floor, change).await
    }

    /// The same with a liquidity provider, and its first administrator.
    pub async fn with_lsp(lsp: LspPolicy) -> Self {
        let lsp = |till: &mut TillConfig| till.policy.lsp = Some(lsp);
        Self::start_as(lsp, |_| ()).await.set_up().await
    }

    /// One that speaks a dialect of LNbits, and takes whoever comes.
    pub async fn lnbits(dialect: Dialect) -> Self {
        Self::lnbits_with(dialect, |_| ()).await
    }

    /// The same over a till with other settings.
    pub async fn lnbits_with(dialect: Dialect, change_till: impl FnOnce(&mut TillConfig)) -> Self {
        Self::lnbits_as(dialect, change_till, |_| ()).await
    }

    /// The same with other settings of the surface, too.
    pub async fn lnbits_as(
        dialect: Dialect,
        change_till: impl FnOnce(&mut TillConfig),
        change: impl FnOnce(&mut LnbitsSettings),
    ) -> Self {
        let mut lnbits = LnbitsSettings {
            dialect,
            open_registration: true,
            new_accounts: NonZeroU32::MAX,
            payment_wait: Duration::from_secs(5),
            ..LnbitsSettings::default()
        };
        change(&mut lnbits);
        let as_shipped = |settings: &mut Settings| {
            settings.gate = Gate::new(LockoutSettings::default());
        };
        let app = Self::start_all(change_till, as_shipped, lnbits, |_| (), Patience::default());
        app.await.set_up().await
    }

    /// One whose ln.bot surface takes whoever comes.
    pub async fn lnbot() -> Self {
        Self::lnbot_with(|_| ()).await
    }

    /// The same with other settings.
    pub async fn lnbot_with(change: impl FnOnce(&mut LnbotSettings)) -> Self {
        let lnbits = LnbitsSettings::default();
        Self::start_all(|_| (), |_| (), lnbits, change, Patience::default())
            .await
            .set_up()
            .await
    }

    /// The same with another till under it.
    pub async fn lnbot_over(change_till: impl FnOnce(&mut TillConfig)) -> Self {
        let lnbits = LnbitsSettings::default();
        Self::start_all(change_till, |_| (), lnbits, |_| (), Patience::default())
            .await
            .set_up()
            .await
    }

    /// One whose folder was made ready by somebody: set up or not, as it is there.
    pub async fn over(prepare: impl FnOnce(&mut TillConfig)) -> Self {
        Self::start_as(prepare, |_| ()).await
    }

    /// One that gives up whoever takes nothing of what it is sent for so long.
    pub async fn lnbot_hasty(write: Duration) -> Self {
        let patience = Patience {
            write,
            ..Patience::default()
        };
        let lnbits = LnbitsSettings::default();
        Self::start_all(|_| (), |_| (), lnbits, |_| (), patience)
            .await
            .set_up()
            .await
    }

    /// Stops to serve, as `tilld` does when it is told to stop; returns once every connection has ended.
    pub async fn stop_serving(&mut self) {
        self.drain.send_replace(true);
        self.till.end_streams();
        let ended = tokio::time::timeout(PATIENCE, &mut self.server).await;
        ended.expect("it ends in time").expect("it ends well");
        let silent = tokio::time::timeout(PATIENCE, self.till.streams_ended()).await;
        silent.expect("nobody listens any more");
    }

    async fn start_as(
        change_till: impl FnOnce(&mut TillConfig),
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let lnbits = LnbitsSettings::default();
        Self::start_all(change_till, change, lnbits, |_| (), Patience::default()).await
    }

    async fn start_all(
        change_till: impl FnOnce(&mut TillConfig),
        change: impl FnOnce(&mut Settings),
        lnbits: LnbitsSettings,
        change_lnbot: impl FnOnce(&mut LnbotSettings),
        patience: Patience,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let node = Arc::new(FakeNode::default());
        let source = NodeSource::Running(Arc::clone(&node) as _);
        let mut config = TillConfig {
            chain: ChainSource::Esplora(chain().await),
            ..config(dir.path())
        };
        change_till(&mut config);
        let till = Till::start(config, [7; 64].into(), source).await;
        let till = till.expect("the till starts");
        let mut settings = Settings {
            payment_wait: Duration::from_secs(5),
            seed: Some(plain_seed(dir.path())),
            ..Settings::default()
        };
        settings.gate = stop_after(50);
        change(&mut settings);
        let gate = settings.gate.clone();
        let lnbits = LnbitsSettings { gate, ..lnbits };
        let service = till.service();
        let lnbits = tilld::lnbits::router(till.service(), lnbits);
        let listener = narrow_listener();
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut lnbot = LnbotSettings {
            open_registration: true,
            public_calls: NonZeroU32::MAX,
            public_url: url.clone(),
            allow_loopback: true,
            ..LnbotSettings::default()
        };
        change_lnbot(&mut lnbot);
        let (lnbot, well_known) = tilld::lnbot::routers(till.service(), lnbot);
        let app = router(till.service(), settings)
            .nest_service("/api/v1", lnbits)
            .nest_service("/v1", lnbot)
            .merge(well_known);
        let proxy = PROXY.parse().expect("a network");
        let app = TrustedProxies::new([proxy]).before(app);
        let (drain, draining) = watch::channel(false);
        let till = Arc::new(till);
        let kept = (Arc::clone(&till), drain.clone());
        let server = tokio::spawn(async move {
            let _kept = kept;
            listen::serve(listener, app, patience, draining).await;
        });
        Self {
            node,
            url,
            service,
            till,
            drain,
            server,
            _dir: dir,
        }
    }

    /// A till with its first administrator.
    pub async fn initialized() -> Self {
        Self::initialized_with(|_| ()).await
    }

    /// The same with other settings.
    pub async fn initialized_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_with(change).await.set_up().await
    }

    /// Gives a till that nobody has set up its first administrator.
    pub async fn set_up(self) -> Self {
        let (status, answer) = self.nobody().post("/initial-setup", setup()).await;
        assert_eq!(status, 201, "{answer}");
        self
    }

    /// Somebody who is not logged in.
    pub fn nobody(&self) -> Caller {
        Caller::new(&self.url)
    }

    /// An administrator without a wallet token.
    pub async fn admin(&self) -> Caller {
        self.login("admin").await
    }

    /// An administrator with a wallet token.
    pub async fn wallet_admin(&self) -> Caller {
        let admin = self.admin().await;
        let (status, answer) = admin
            .post("/wallet/auth", json!({"password": PASSWORD}))
            .await;
        assert_eq!(status, 200, "{answer}");
        admin
    }

    /// A cashier; hired at the first call.
    pub async fn cashier(&self) -> Caller {
        let wanted = json!({"name": "carol", "password": PASSWORD, "pin": PIN, "role": "cashier"});
        let (status, answer) = self.admin().await.post("/users", wanted).await;
        assert!([201, 409].contains(&status), "{answer}");
        self.login("carol").await
    }

    /// Whoever has this name, logged in with everybody's PIN.
    pub async fn login(&self, name: &str) -> Caller {
        let caller = self.nobody();
        let (status, answer) = caller
            .post("/auth/login", json!({"name": name, "pin": PIN}))
            .await;
        assert_eq!(status, 200, "{answer}");
        caller
    }

    /// Gives the house money: a customer pays an invoice.
    pub async fn earn(&self, admin: &Caller, amount_sat: u64) {
        let (_, made) = admin
            .post("/wallet/invoice", json!({"amountSat": amount_sat}))
            .await;
        let bolt11 = made["serialized"].as_str().expect("an invoice").to_owned();
        self.node.customer_pays(&bolt11, amount_sat * 1_000);
        let path = format!(
            "/wallet/payments/incoming/{}",
            made["paymentHash"].as_str().expect("it")
        );
        until(async || (admin.get(&path).await.1["status"] == "RECEIVED").then_some(())).await;
    }
}

/// A gate that stops whoever has guessed so often, for a minute.
pub fn stop_after(max_failures: u32) -> Gate {
    Gate::new(LockoutSettings {
        max_failures,
        first_lock_secs: 60,
        ..LockoutSettings::default()
    })
}

/// The body of the first set-up.
pub fn setup() -> Value {
    json!({"userName": "admin", "userPassword": PASSWORD, "userPin": PIN})
}

/// Looks again and again until there is something.
pub async fn until<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A seed file without a passphrase.
fn plain_seed(dir: &std::path::Path) -> SeedReader {
    let file = dir.join("seed");
    let words = Mnemonic::parse(WORDS).expect("good words");
    seed::create(&file, &words, None).expect("a new file");
    SeedReader::new(file, PassphraseSources::default())
}

/// A listener whose connections hold little that is not read: the system would take megabytes ahead,
/// and no client would ever be slow.
fn narrow_listener() -> tokio::net::TcpListener {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .set_send_buffer_size(AHEAD_BYTES)
        .expect("a buffer of our choice");
    socket
        .bind(([127, 0, 0, 1], 0).into())
        .expect("a free port");
    socket.listen(128).expect("a listener")
}

/// A till in this folder over this node, unserved: one that can be stopped and started again.
pub async fn bare_till(dir: &std::path::Path, node: &Arc<FakeNode>) -> Till {
    let config = TillConfig {
        chain: ChainSource::Esplora(chain().await),
        ..config(dir)
    };
    let source = NodeSource::Running(Arc::clone(node) as _);
    let till = Till::start(config, [7; 64].into(), source).await;
    till.expect("the till starts")
}

/// A chain source that has seen every transaction, and knows nothing else of a chain. Its address.
async fn chain() -> String {
    let any = bitcoin::constants::genesis_block(bitcoin::Network::Regtest).txdata;
    let raw = bitcoin::consensus::serialize(any.first().expect("its coinbase"));
    let seen = axum::routing::get(move || async move { raw });
    let router = axum::Router::new().route("/tx/{tx_id}/raw", seen);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn config(dir: &std::path::Path) -> TillConfig {
    TillConfig {
        data_dir: dir.to_owned(),
        network: bitcoin::Network::Regtest,
        chain: ChainSource::Esplora(String::new()),
        policy: Policy::default(),
        max_in_flight: 40,
        recheck: Duration::from_secs(60),
        credit_depth: 1,
        scan_every: Duration::from_secs(60),
        sync_too: false,
        outbound: till_actors::outbound::OutboundPolicy {
            allow_loopback: true,
            ..Default::default()
        },
        rates: till_actors::rates::RatesConfig::default(),
        disk_floor_bytes: 0,
        health_every: Duration::from_secs(60),
        hub: HubLimits {
            max_subscribers: 16,
            max_lag: 256,
        },
    }
}
