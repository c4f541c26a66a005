//! `tilld audit` on a shop that is open and on one that is closed, on good books and on bad ones.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::process::{said, tilld};
use crate::shop::{Shop, until};

/// Stands before the till's own exit code in its output.
pub const EXIT_CODE: &str = "exit code of the till: ";

/// A shop's till as the audit sees it: its folder and its settings.
pub struct Books {
    dir: PathBuf,
    env: Vec<(String, String)>,
}

impl Books {
    pub fn of(shop: &Shop) -> Self {
        let till = shop.world.till();
        let names = ["TILL_TILL_DATA_DIR", "TILL_TILL_NETWORK"];
        let env = names.map(|name| (name.to_owned(), till.setting(name).unwrap().to_owned()));
        Self {
            dir: shop.world.dir().join("till"),
            env: env.into(),
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub async fn audit(&self, args: &[&str]) -> Audited {
        self.command(&[&["audit"], args].concat()).await
    }

    /// Any command for this till.
    pub async fn command(&self, args: &[&str]) -> Audited {
        let env: Vec<(&str, &str)> = self
            .env
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        Audited(tilld(args, &env).await)
    }
}

pub struct Audited(Output);

impl Audited {
    pub fn code(&self) -> u8 {
        let said = self.said();
        let code = said
            .split(EXIT_CODE)
            .nth(1)
            .and_then(|rest| rest.lines().next());
        code.unwrap_or_else(|| panic!("no exit code in: {said}"))
            .parse()
            .unwrap()
    }

    pub fn said(&self) -> String {
        said(&self.0)
    }

    pub fn json(&self) -> Value {
        let out = String::from_utf8_lossy(&self.0.stdout);
        let document = &out[out.find('{').unwrap()..=out.rfind('}').unwrap()];
        serde_json::from_str(document).unwrap_or_else(|error| panic!("{error}: {out}"))
    }
}

pub fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x20;
    std::fs::write(path, bytes).unwrap();
}

async fn a_day_of_business(shop: &Shop) {
    let (sold, hash) = shop.invoice(json!({"amountSat": 9_000})).await;
    shop.customer_pays(&sold).await.unwrap();
    shop.incoming_becomes(&hash, "RECEIVED").await;
    let asked = shop.customer_asks(Some(2_000), false).await;
    assert_eq!(shop.pays(&asked.bolt11).await.0, 200);
    let held = shop.customer_asks(Some(7_000), true).await;
    assert_eq!(shop.pays(&held.bolt11).await.0, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_agrees_with_an_open_shop_and_with_a_closed_one() {
    let settings = [
        ("TILL_PAYMENTS_WAIT_SECS", "1"),
        ("TILL_HTTP_METRICS", "true"),
    ];
    let shop = Shop::open_with(&settings).await;
    a_day_of_business(&shop).await;
    let books = Books::of(&shop);

    let open = books.audit(&["--json"]).await;
    assert_eq!(open.code(), 0, "{}", open.said());
    let report = open.json();
    assert_eq!(
        (&report["agrees"], &report["running"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(report["differences"], json!([]));
    assert!(
        report["node"]["ledger_lightning_msat"].as_u64().unwrap() > 100_000_000,
        "{report}"
    );
    assert!(books.file("control.json").exists());
    // The till went on meanwhile, and says how it is.
    let metrics = metrics(&shop).await;
    assert!(metrics.contains("tilld_payments_pending 1\n"), "{metrics}");
    assert!(
        metrics.contains("tilld_alarms_total{kind=\"unasked_receipt\"} 0\n"),
        "{metrics}"
    );
    assert!(metrics.contains("tilld_channels_usable 2\n"), "{metrics}");

    shop.world.till().stop().await.unwrap();
    assert!(!books.file("control.json").exists(), "the door is closed");
    let closed = books.audit(&["--json"]).await;
    assert_eq!(closed.code(), 0, "{}", closed.said());
    let report = closed.json();
    assert_eq!(
        (&report["running"], &report["node"]),
        (&json!(false), &Value::Null)
    );
    let text = books.audit(&[]).await.said();
    assert!(text.contains("everything agrees"), "{text}");
    assert!(text.contains("holds: debits equal credits"), "{text}");
    shop.world.stop().await.unwrap();
}

async fn metrics(shop: &Shop) -> String {
    let url = format!("{}/metrics", shop.world.client().url());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    until("all channels to be usable", async || {
        let answer = http.get(&url).send().await.unwrap();
        assert_eq!(
            answer.headers()["content-type"],
            "text/plain; version=0.0.4; charset=utf-8"
        );
        let text = answer.text().await.unwrap();
        text.contains("tilld_channels_usable 2\n").then_some(text)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_asks_for_the_token_and_figures_are_off_unless_asked_for() {
    let shop = Shop::open().await;
    let control = std::fs::read(Books::of(&shop).file("control.json")).unwrap();
    let control: Value = serde_json::from_slice(&control).unwrap();
    let url = format!("http://127.0.0.1:{}", control["port"]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for token in ["", "wrong", &"0".repeat(64)] {
        let asked = http.post(format!("{url}/audit")).bearer_auth(token);
        assert_eq!(asked.send().await.unwrap().status(), 401, "{token}");
    }
    let other = http.get(format!("{url}/wallet/getbalance")).send().await;
    assert_eq!(other.unwrap().status(), 404, "nothing else is behind it");
    let figures = http.get(format!("{}/metrics", shop.world.client().url()));
    assert_eq!(figures.send().await.unwrap().status(), 404);
    shop.close().await;
}
