//! A till set up as the server of the recording was, and the dictionary between its names and ours:
//! wallets, keys, hashes and invoices that a recorded call mentions are replaced by what they are here.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::caller::Socket;
use support::fake_node::{Fate, Foreign};
use support::lnbits::Wallet;
use till::invoice::Description;
use till::payment::FailureReason;
use till_actors::till::TillConfig;
use tilld::lnbits::Dialect;

use super::recording::Call;

/// What the recorded wallets had at the beginning.
const FIRST_MONEY_SAT: u64 = 9_999_999;
/// How they came to it, in the recording.
const FIRST_OF_FROM: &str = "16d9e57e3c0b2db752a4630cf3639c8f1d3491acb5311fe1953d22cb016a4fa5";
const FIRST_OF_TO: &str = "dd0d13e07ecda77678b3c7a7ba9294642cbded0ef92bd21c85bd898081b2dfca";
/// The two users of the recording.
const HOLDERS: [&str; 2] = ["alice19d143", "bob19d143"];
const PASSWORD: &str = "secret1234";
/// Instead of the recorder's own, which was on its own host: nobody is called there.
const WEBHOOK: &str = "https://shop.invalid/paid";
/// What recorded names are at least as long as; nothing shorter is ever replaced.
const NAME_LEN: usize = 32;
/// Fields whose texts are names.
const NAMES: [&str; 13] = [
    "checking_id",
    "payment_hash",
    "wallet_id",
    "bolt11",
    "payment_request",
    "preimage",
    "id",
    "adminkey",
    "inkey",
    "user",
    "request_id",
    "shared_with_wallet_id",
    "shared_wallet_id",
];
/// The query's key in the recording: that of the wallet `to`.
const RECORDED_QUERY_KEY: &str = "0d2819ef5815431d9a96962bf0d2477e";
/// The share of the wallet `to` with the second user.
const SHARE: &str = "844840080bda25b8376cb3ef5ea83a4da1b177e10a531e03af8cb1aa3ab08185";
/// An invoice of somebody else's that could not be paid.
const UNPAYABLE: &str = "90570c8d3688ad5012aa5ff982606971ae46b3f9df0a100cb15f05f61718f223";

pub struct Stage {
    app: TestApp,
    http: reqwest::Client,
    from: Wallet,
    to: Wallet,
    third: Wallet,
    /// Tokens of the two users, where there is a login.
    bearers: [Option<String>; 2],
    /// Keys of wallets that were made on the way, by the recorder's words.
    made: BTreeMap<&'static str, String>,
    names: BTreeMap<String, String>,
}

impl Stage {
    pub async fn set() -> Self {
        // The recorded server calls nobody on its own machine either.
        let outside = |till: &mut TillConfig| till.outbound.allow_loopback = false;
        let app = TestApp::lnbits_with(Dialect::V1, outside).await;
        let http = reqwest::Client::builder().no_proxy();
        let http = http.redirect(Policy::none()).build().unwrap();
        let mut bearers = [None, None];
        for (bearer, name) in bearers.iter_mut().zip(HOLDERS) {
            *bearer = login(&http, &app.url, name).await;
        }
        let [from, to, third] = match holder(&app, HOLDERS[0]).await {
            Some(alice) => {
                let wallet = async |name: &str| app.wallet_of(alice, name).await;
                [
                    wallet("from").await,
                    wallet("to").await,
                    wallet("fresh").await,
                ]
            }
            None => [
                app.wallet("from").await,
                app.wallet("to").await,
                app.wallet("fresh").await,
            ],
        };
        let names = [(RECORDED_QUERY_KEY.to_owned(), to.inkey.clone())];
        let mut stage = Self {
            names: names.into(),
            made: BTreeMap::new(),
            app,
            http,
            from,
            to,
            third,
            bearers,
        };
        for (wallet, recorded) in [
            (stage.from.clone(), FIRST_OF_FROM),
            (stage.to.clone(), FIRST_OF_TO),
        ] {
            let hash = stage.earn(&wallet).await;
            stage.names.insert(recorded.to_owned(), hash);
        }
        stage
    }

    async fn earn(&self, wallet: &Wallet) -> String {
        let wanted = json!({"out": false, "amount": FIRST_MONEY_SAT, "memo": "Admin credit"});
        let (_, made) = wallet.post("/payments", wanted).await;
        let bolt11 = made["bolt11"].as_str().unwrap();
        self.app.node.customer_pays(bolt11, FIRST_MONEY_SAT * 1_000);
        let hash = text(&made, "payment_hash");
        let path = format!("/payments/{hash}");
        until(async || (wallet.get(&path).await.1["paid"] == true).then_some(())).await;
        hash
    }

    /// What a recorded name is called here.
    pub fn ours(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (recorded, ours) in &self.names {
            if text.contains(recorded.as_str()) {
                text = text.replace(recorded.as_str(), ours);
            }
            let loud = recorded.to_uppercase();
            if loud != *recorded && text.contains(&loud) {
                text = text.replace(&loud, &ours.to_uppercase());
            }
        }
        text
    }

    /// Takes down what the names of an answer are called here.
    pub fn learn(&mut self, recorded: &Value, ours: &Value) {
        let (Value::Object(recorded), Value::Object(ours)) = (recorded, ours) else {
            return;
        };
        for (field, value) in recorded {
            let Some(other) = ours.get(field) else {
                continue;
            };
            match (value, other) {
                (Value::String(theirs), Value::String(other))
                    if NAMES.contains(&field.as_str())
                        && theirs.len() >= NAME_LEN
                        && theirs != other =>
                {
                    let bare = |text: &str| text.trim_start_matches("internal_").to_owned();
                    self.names.insert(bare(theirs), bare(other));
                }
                (Value::Object(_), Value::Object(_)) => self.learn(value, other),
                _ => {}
            }
        }
    }

    /// Makes happen what happened around a call in the recording.
    pub async fn prepare(&mut self, call: &Call) {
        match call.name.as_str() {
            "pay_external_unpayable" => self.meet_an_unpayable_invoice(call),
            "get_expired" => {
                let path = self.ours(call.path.trim_start_matches("/api/v1"));
                let to = &self.to;
                until(async || (to.get(&path).await.1["status"] == "failed").then_some(())).await;
            }
            "holdlnd_status_accepted" => {
                let path = self.ours(call.path.trim_start_matches("/api/v1"));
                let (_, found) = self.from.get(&path).await;
                let details = &found["details"];
                let bolt11 = details["bolt11"].as_str().unwrap_or_default().to_owned();
                if let Some(amount) = details["amount"].as_u64() {
                    self.app.node.customer_pays(&bolt11, amount);
                }
            }
            // The documented route has deleted it here, which real servers do not have.
            "DELETE_wallet_id" => {
                let wanted = json!({"name": "tmp2"});
                let made = self.as_holder(0, Method::POST, "/wallet", wanted).await;
                let recorded = call.path.rsplit('/').next().unwrap().to_owned();
                self.names.insert(recorded, text(&made, "id"));
            }
            "shared_wallet_get" => self.share_less().await,
            _ => {}
        }
    }

    /// What the owner did in the recording by LNbits' own share API: what is shared may only be looked at.
    async fn share_less(&mut self) {
        let (key, to) = (Some(self.to.adminkey.as_str()), &self.to);
        let revoke = format!("/wallet/share/{}", self.ours(SHARE));
        let (status, revoked) = to.call(Method::DELETE, &revoke, key, None).await;
        assert_eq!(status, 200, "{revoked}");
        let wanted = json!({"username": HOLDERS[1], "permissions": ["view-payments"]});
        let invite = "/wallet/share/invite";
        let (status, invited) = to.call(Method::PUT, invite, key, Some(&wanted)).await;
        assert_eq!(status, 200, "{invited}");
        let take = json!({"wallet_type": "lightning-shared", "shared_wallet_id": self.to.id});
        let taken = self.as_holder(1, Method::POST, "/wallet", take).await;
        self.keep_mirror(&taken);
    }

    async fn as_holder(&self, who: usize, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/api/v1{path}", self.app.url);
        let token = self.bearers[who].as_ref().unwrap();
        let request = self.http.request(method, url).bearer_auth(token);
        request
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    fn keep_mirror(&mut self, taken: &Value) {
        for (who, field) in [
            ("shared mirror admin key", "adminkey"),
            ("shared mirror inkey", "inkey"),
        ] {
            self.made.insert(who, text(taken, field));
        }
    }

    fn meet_an_unpayable_invoice(&mut self, call: &Call) {
        let fate = Fate::Fails(FailureReason::NoRoute);
        let ours = self.app.node.foreign(Foreign {
            fate,
            amount_msat: Some(1_500_000),
            description: Description::Text("bolt11.org".into()),
            ..Foreign::default()
        });
        let hash = support::fake_node::payment_hash(&ours).to_string();
        let theirs = call.body.as_ref().and_then(|body| body["bolt11"].as_str());
        self.names.insert(theirs.unwrap().to_owned(), ours);
        self.names.insert(UNPAYABLE.to_owned(), hash);
    }

    /// Makes the call, as whoever made it; nothing where there is no way to log in.
    pub async fn play(&mut self, call: &Call) -> Option<(u16, Value)> {
        if call.method == "WS" {
            return Some(self.listen(call).await);
        }
        let url = format!("{}{}", self.app.url, self.ours(&call.path));
        let mut request = self.http.request(call.http_method(), url);
        let key = match call.auth.as_str() {
            "none" | "api-key query" => None,
            "wrong key" => Some("0".repeat(NAME_LEN)),
            "invoice key" => Some(self.from.inkey.clone()),
            "admin key" => Some(self.from.adminkey.clone()),
            "invoice key 2" => Some(self.to.inkey.clone()),
            "admin key 2" | "other admin key" | "admin key other wallet" => {
                Some(self.to.adminkey.clone())
            }
            "invoice key 3" => Some(self.third.inkey.clone()),
            "bearer" | "bearer 2" | "bad bearer" => {
                request = request.bearer_auth(self.bearer(&call.auth)?);
                None
            }
            made => Some(self.made.get(made)?.clone()),
        };
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        match &call.body {
            None => {}
            Some(Value::String(text)) => request = request.body(text.clone()),
            Some(body) => {
                let json = ("content-type", "application/json");
                request = request
                    .header(json.0, json.1)
                    .body(self.ours(&body.to_string()));
            }
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let ours = match serde_json::from_str(&text) {
            Ok(ours) => ours,
            // The recorder had null for an empty answer to some calls.
            Err(_) if text.is_empty() && call.response.is_null() => Value::Null,
            Err(_) => Value::String(text),
        };
        self.keep_keys(call, &ours);
        Some((status, ours))
    }

    fn bearer(&self, who: &str) -> Option<String> {
        match who {
            "bearer" => self.bearers[0].clone(),
            "bearer 2" => self.bearers[1].clone(),
            // A bad token is told so only where there is a login.
            _ => self.bearers[0].as_ref().map(|_| "nonsense".to_owned()),
        }
    }

    fn keep_keys(&mut self, call: &Call, ours: &Value) {
        let key = |field: &str| ours[field].as_str().map(str::to_owned);
        let words: &[(&str, &str)] = match call.name.as_str() {
            "create_wallet_bearer2" => &[
                ("admin key tmp", "adminkey"),
                ("admin key tmp (deleted)", "adminkey"),
            ],
            "share_accept_via_POST_wallet" => return self.keep_mirror(ours),
            _ => &[],
        };
        for (who, field) in words {
            if let Some(key) = key(field) {
                self.made.insert(who, key);
            }
        }
    }

    /// Listens as the recorder did while an invoice of `to`'s is paid by `from`: the first message.
    async fn listen(&mut self, call: &Call) -> (u16, Value) {
        if let Some(webhook) = call.response[0]["payment"]["webhook"].as_str() {
            self.names.insert(webhook.to_owned(), WEBHOOK.to_owned());
        }
        let wanted = json!({"out": false, "amount": 12, "memo": "wh", "webhook": WEBHOOK});
        let (_, made) = self.to.post("/payments", wanted).await;
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        let item = match call.name.as_str() {
            name if name.starts_with("ws_receiver_inkey") => self.to.inkey.clone(),
            name if name.starts_with("ws_payer_adminkey") => self.from.adminkey.clone(),
            _ => text("payment_hash"),
        };
        let path = format!("/api/v1/ws/{item}");
        let mut socket = match Socket::open(&self.app.url, &path).await {
            Ok(socket) => socket,
            Err(status) => return (status, Value::Null),
        };
        let pay = json!({"out": true, "bolt11": text("bolt11")});
        self.from.post("/payments", pay).await;
        let first = socket.next().await.unwrap_or_default();
        self.learn(&call.response[0], &first);
        (101, json!([first]))
    }
}

fn text(of: &Value, field: &str) -> String {
    of[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} in {of}"))
        .to_owned()
}

/// A user of that name with a token, where users can register.
async fn login(http: &reqwest::Client, url: &str, name: &str) -> Option<String> {
    let wanted = json!({
        "username": name, "password": PASSWORD, "password_repeat": PASSWORD,
        "email": format!("{name}@example.com"),
    });
    let route = format!("{url}/api/v1/auth/register");
    let answer = http.post(route).json(&wanted).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap_or_default();
    answer["access_token"].as_str().map(str::to_owned)
}

async fn holder(app: &TestApp, name: &str) -> Option<till::id::HolderId> {
    let found = app.service.holder_by_name(name).await.unwrap();
    found.map(|holder| holder.id)
}
