//! A world of parts that run by themselves, as the containers of docker/compose.regtest.yaml do: a bitcoind, an Esplora
//! server on it, and a till that is told who its provider is by a file. Where this machine has no bitcoind it says so.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use till_regtest::bitcoind::{self, Bitcoind, RemoteBitcoind};
use till_regtest::chain::{Chain, EsploraServer};
use till_regtest::control::Control;
use till_regtest::wait::Wait;
use till_regtest::world::{ChainKind, RemoteTill, TilldCommand, World, WorldConfig};
use tokio::process::{Child, Command};

use crate::process::{said, tilld};
use crate::shop::PATIENCE;

/// What is there before the world is.
struct Parts {
    bitcoind: RemoteBitcoind,
    esplora: EsploraServer,
    till: RemoteTill,
    /// Where the till's node is to listen.
    node: SocketAddr,
    _process: Bitcoind,
    dir: tempfile::TempDir,
}

impl Parts {
    async fn start(program: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let process = Bitcoind::start(program, &dir.path().join("bitcoind")).unwrap();
        let bitcoind = RemoteBitcoind {
            rpc: process.address().to_string(),
            login_file: process.login_file(),
        };
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let chain = Chain::on_remote(&bitcoind).unwrap();
        let esplora = EsploraServer::start(chain, any).await.unwrap();
        let [http, node] = free_ports();
        let till = RemoteTill {
            // A name, as a container has one.
            url: format!("http://localhost:{}", http.port()),
            node: format!("localhost:{}", node.port()),
            settings_file: dir.path().join("till.env"),
        };
        Parts {
            bitcoind,
            esplora,
            till,
            node,
            _process: process,
            dir,
        }
    }

    fn config(&self) -> WorldConfig {
        WorldConfig {
            dir: Some(self.dir.path().join("world")),
            chain: ChainKind::Remote(self.bitcoind.clone()),
            remote_esplora: Some(self.esplora.url()),
            remote_till: Some(self.till.clone()),
            // Never started: the till is somebody else's.
            ..WorldConfig::new(TilldCommand::executable("/nonexistent"))
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("till")
    }

    /// Starts the till as its container does: once the file is there, with what is in it.
    async fn run_till(&self) -> Child {
        let mut wait = Wait::new("the till's settings", PATIENCE);
        let text = loop {
            match std::fs::read_to_string(&self.till.settings_file) {
                Ok(text) => break text,
                Err(_not_yet) => wait.pause().await.unwrap(),
            }
        };
        let data_dir = self.data_dir();
        let (listen, node) = (
            self.till.url.replace("http://localhost", "127.0.0.1"),
            self.node,
        );
        let mut env: Vec<(String, String)> = text.lines().map(setting).collect();
        env.push((
            "TILL_TILL_DATA_DIR".to_owned(),
            data_dir.display().to_string(),
        ));
        env.push(("TILL_HTTP_LISTEN".to_owned(), listen));
        env.push(("TILL_NODE_LISTEN".to_owned(), node.to_string()));
        let env: Vec<(&str, &str)> = env.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        if !data_dir.join("tilld.toml").exists() {
            let init = [
                "init",
                "--non-interactive",
                "--no-passphrase",
                "--hide-words",
            ];
            let made = tilld(&init, &env).await;
            assert!(made.status.success(), "{}", said(&made));
        }
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["the_till", "--exact", "--nocapture", "--test-threads=1"])
            .env("REGTEST_TILLD_ARGS", "serve")
            .envs(env)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command.spawn().unwrap()
    }
}

fn setting(line: &str) -> (String, String) {
    let (name, value) = line.split_once('=').unwrap();
    let value = value.strip_prefix('\'').unwrap().strip_suffix('\'');
    (name.to_owned(), value.unwrap().to_owned())
}

fn free_ports() -> [SocketAddr; 2] {
    let any = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    [any(), any()].map(|listener| listener.local_addr().unwrap())
}

async fn ask(control: &Control, call: &str, body: Value) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{}{call}", control.url())).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn sale(world: &World, control: &Control) {
    let invoice = world.client().invoice(2_000, "Tea", "parts").await.unwrap();
    let (status, paid) = ask(control, "/pay", json!({"invoice": invoice.serialized})).await;
    assert_eq!(status, 200, "{paid}");
    assert_eq!(paid["paymentHash"], invoice.payment_hash);
}

/// SIGTERM, as `docker stop` sends it.
async fn stop(mut till: Child) {
    let pid = till.id().unwrap().to_string();
    let asked = Command::new("kill").args(["-TERM", &pid]).status().await;
    assert!(asked.unwrap().success());
    assert!(till.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_is_made_of_parts_that_others_run() {
    let Some(program) = bitcoind::find() else {
        eprintln!("there is no bitcoind on this machine: not told");
        return;
    };
    let parts = Parts::start(&program).await;
    let (world, till) = tokio::join!(World::start(parts.config()), parts.run_till());
    let world = world.unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let control = Control::start(world.clone(), any).await.unwrap();
    sale(&world, &control).await;
    let (status, mined) = ask(&control, "/mine", json!({"blocks": 2})).await;
    assert_eq!(status, 200, "{mined}");
    let (status, tip) = ask(&control, "/reorg", json!({"depth": 1})).await;
    assert_eq!(status, 200, "{tip}");

    // What others run is theirs to stop.
    for call in ["/tilld/kill", "/tilld/stop", "/chain/stop"] {
        assert_eq!(ask(&control, call, json!({})).await.0, 409, "{call}");
    }
    stop(till).await;
    let ((status, started), till) =
        tokio::join!(ask(&control, "/tilld/start", json!({})), parts.run_till());
    assert_eq!(status, 200, "{started}");
    sale(&world, &control).await;

    // The world ends and comes back, the till and the chain stay.
    control.stop().await;
    world.stop().await.unwrap();
    drop(world);
    let world = World::start(parts.config()).await.unwrap();
    let control = Control::start(world.clone(), any).await.unwrap();
    sale(&world, &control).await;
    control.stop().await;
    world.stop().await.unwrap();
    stop(till).await;
}
