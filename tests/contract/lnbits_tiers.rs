//! Who may call what: every LNbits route with every kind of key and login. A route that lets in
//! nobody it should not answers 401, 403 or 404, never with anything of a wallet.

use reqwest::Method;
use serde_json::{Value, json};
use support::app::TestApp;
use support::caller::Socket;
use support::lnbits::{Login, Wallet};
use tilld::lnbits::Dialect;

/// What proves who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Nothing,
    WrongKey,
    ResetKey,
    InvoiceKey,
    AdminKey,
    OthersKey,
    SharedKey,
    Bearer,
    OthersBearer,
    BadBearer,
}

use Proof::{
    AdminKey, BadBearer, Bearer, InvoiceKey, Nothing, OthersBearer, OthersKey, ResetKey, SharedKey,
    WrongKey,
};

const ALL: [Proof; 10] = [
    Nothing,
    WrongKey,
    ResetKey,
    InvoiceKey,
    AdminKey,
    OthersKey,
    SharedKey,
    Bearer,
    OthersBearer,
    BadBearer,
];

/// What a route wants.
#[derive(Clone, Copy, Debug)]
enum Tier {
    /// Either key of the wallet; `true` if a share that only shows payments is enough.
    AnyKey(bool),
    /// Either key of the wallet; in the v1 dialect the hash alone tells whether it is paid.
    KeyOrHash,
    /// Either key, or a login.
    KeyOrLogin,
    /// The admin key.
    AdminKey,
    /// A login.
    Login,
    /// A login of the one whose wallet it is.
    OwnLogin,
}

/// Lists, history, statistics and LNURL.
fn lists() -> Vec<(Method, String, Value, Tier)> {
    let get = |path: &str, tier| (Method::GET, path.to_owned(), Value::Null, tier);
    let payment = format!("/payments/{}/labels", "00".repeat(32));
    let body = json!({"lnurl": "x"});
    vec![
        get("/payments", Tier::AnyKey(true)),
        get("/payments/paginated?limit=1", Tier::AnyKey(true)),
        get("/payments/history", Tier::AnyKey(true)),
        get("/payments/stats/breakdown", Tier::KeyOrLogin),
        get("/payments/stats/count", Tier::KeyOrLogin),
        get("/payments/stats/daily", Tier::KeyOrLogin),
        get("/payments/all/paginated", Tier::Login),
        get("/payments/stats/wallets", Tier::Login),
        get("/lnurlscan/nothing", Tier::AnyKey(true)),
        (Method::POST, "/payments/lnurl".into(), body, Tier::AdminKey),
        (Method::PUT, payment, json!({}), Tier::AdminKey),
        (
            Method::PATCH,
            "/payments/extra".into(),
            json!({}),
            Tier::AdminKey,
        ),
        (
            Method::POST,
            "/payments/settle".into(),
            json!({}),
            Tier::AdminKey,
        ),
        (
            Method::POST,
            "/payments/cancel".into(),
            json!({}),
            Tier::AdminKey,
        ),
    ]
}

/// Every route behind a key or a login, with a body that is refused or changes nothing.
fn routes(wallet: &str) -> Vec<(Method, String, Value, Tier)> {
    let unknown = "00".repeat(32);
    let row = |method, path: &str, body, tier| (method, path.to_owned(), body, tier);
    let mut rows = lists();
    rows.extend([
        row(Method::GET, "/wallet", Value::Null, Tier::AnyKey(true)),
        row(
            Method::POST,
            "/payments",
            json!({"out": false}),
            Tier::AnyKey(false),
        ),
        row(
            Method::GET,
            &format!("/payments/{unknown}"),
            Value::Null,
            Tier::KeyOrHash,
        ),
        row(
            Method::DELETE,
            &format!("/payments/{unknown}"),
            Value::Null,
            Tier::AdminKey,
        ),
        row(Method::PUT, "/wallet", json!({}), Tier::AdminKey),
        row(Method::PATCH, "/wallet", json!({}), Tier::AdminKey),
        row(Method::PUT, "/wallet/%20", Value::Null, Tier::AdminKey),
        row(
            Method::GET,
            "/wallet/webhook-secret",
            Value::Null,
            Tier::AdminKey,
        ),
        row(
            Method::PUT,
            "/wallet/share/invite",
            json!({}),
            Tier::AdminKey,
        ),
        row(
            Method::DELETE,
            "/wallet/share/nope",
            Value::Null,
            Tier::AdminKey,
        ),
        row(Method::GET, "/auth", Value::Null, Tier::Login),
        row(Method::GET, "/wallets", Value::Null, Tier::Login),
        row(Method::GET, "/wallet/paginated", Value::Null, Tier::Login),
        row(Method::POST, "/wallet", json!({"name": ""}), Tier::Login),
        row(
            Method::PUT,
            "/wallet/share",
            json!({"share_request_id": "x"}),
            Tier::Login,
        ),
        row(
            Method::DELETE,
            "/wallet/share/invite/nope",
            Value::Null,
            Tier::Login,
        ),
        row(
            Method::PUT,
            &format!("/wallet/reset/{wallet}"),
            Value::Null,
            Tier::OwnLogin,
        ),
        // The last: these end the wallet.
        row(
            Method::DELETE,
            &format!("/wallet/{wallet}"),
            Value::Null,
            Tier::OwnLogin,
        ),
    ]);
    rows
}

/// Whether somebody gets past the door.
fn is_let_in(dialect: Dialect, tier: Tier, proof: Proof) -> bool {
    match tier {
        Tier::KeyOrHash => dialect == Dialect::V1 || is_let_in(dialect, Tier::AnyKey(true), proof),
        Tier::AnyKey(by_share) => match proof {
            InvoiceKey | AdminKey | OthersKey => true,
            SharedKey => by_share,
            Nothing | WrongKey | ResetKey | Bearer | OthersBearer | BadBearer => false,
        },
        Tier::KeyOrLogin => {
            is_let_in(dialect, Tier::AnyKey(true), proof) || matches!(proof, Bearer | OthersBearer)
        }
        Tier::AdminKey => matches!(proof, AdminKey | OthersKey),
        Tier::Login => matches!(proof, Bearer | OthersBearer),
        Tier::OwnLogin => matches!(proof, Bearer),
    }
}

struct People {
    ana: Login,
    ben: Login,
    wallet: Wallet,
    /// The same with the keys of before.
    before: Wallet,
    other: Wallet,
    shared: Wallet,
}

/// Ben may see payments of Ana's till; the other wallet is a stranger's.
async fn people(app: &TestApp) -> People {
    let (ana, ben) = (app.holder("ana").await, app.holder("ben").await);
    let named = json!({"name": "till"});
    assert_eq!(ana.call(Method::POST, "/wallet", &named).await.0, 200);
    let before = ana.wallet_named("till").await;
    let reset = format!("/wallet/reset/{}", before.id);
    assert_eq!(ana.call(Method::PUT, &reset, &Value::Null).await.0, 200);
    let wallet = ana.wallet_named("till").await;
    let invite = json!({"user_id": ben.id, "permissions": ["VIEW_PAYMENTS"]});
    let key = Some(wallet.adminkey.as_str());
    let path = "/wallet/share/invite";
    let (_, invited) = wallet.call(Method::PUT, path, key, Some(&invite)).await;
    let accept = json!({"share_request_id": invited["id"]});
    assert_eq!(ben.call(Method::PUT, "/wallet/share", &accept).await.0, 200);
    People {
        shared: ben.wallet_named("till").await,
        other: app.wallet("stranger").await,
        ana,
        ben,
        before,
        wallet,
    }
}

impl People {
    async fn try_as(&self, proof: Proof, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let (carl, nobody) = (self.ben.with_token("a.b.c"), self.ben.with_token(""));
        let with = async |key: &str| {
            let body = Some(body).filter(|body| !body.is_null());
            self.wallet
                .call(method.clone(), path, Some(key), body)
                .await
        };
        match proof {
            Nothing => nobody.call(method, path, body).await,
            WrongKey => with(&"0".repeat(32)).await,
            ResetKey => with(&self.before.adminkey).await,
            InvoiceKey => with(&self.wallet.inkey).await,
            AdminKey => with(&self.wallet.adminkey).await,
            OthersKey => with(&self.other.adminkey).await,
            SharedKey => with(&self.shared.adminkey).await,
            Bearer => self.ana.call(method, path, body).await,
            OthersBearer => self.ben.call(method, path, body).await,
            BadBearer => carl.call(method, path, body).await,
        }
    }
}

/// What a closed door answers.
fn closed(dialect: Dialect, tier: Tier, proof: Proof) -> u16 {
    match (tier, proof) {
        (
            Tier::AnyKey(_) | Tier::KeyOrHash | Tier::KeyOrLogin | Tier::AdminKey,
            WrongKey | ResetKey,
        ) => match dialect {
            Dialect::Documented => 401,
            Dialect::V1 => 404,
        },
        // Real servers say so as of an invoice that could not be made.
        (Tier::AnyKey(false), SharedKey) if dialect == Dialect::V1 => 520,
        (Tier::AnyKey(_) | Tier::KeyOrHash | Tier::AdminKey, InvoiceKey | SharedKey) => 403,
        (Tier::OwnLogin, OthersBearer) => 404,
        (_, _) => 401,
    }
}

async fn every_door_of(dialect: Dialect) {
    let app = TestApp::lnbits(dialect).await;
    let people = people(&app).await;
    for (method, path, body, tier) in routes(&people.wallet.id) {
        // Whoever is let in comes last: some of these routes change what the others prove.
        let (inside, outside): (Vec<_>, Vec<_>) = ALL
            .into_iter()
            .partition(|proof| is_let_in(dialect, tier, *proof));
        for proof in outside {
            if matches!((tier, proof), (Tier::OwnLogin, OthersBearer)) && method == Method::DELETE {
                continue; // Ben gives the shared wallet back: a test of its own.
            }
            let (status, answer) = people.try_as(proof, method.clone(), &path, &body).await;
            let expected = closed(dialect, tier, proof);
            assert_eq!(status, expected, "{method} {path} as {proof:?}: {answer}");
            let told: Vec<_> = answer.as_object().expect("an object").keys().collect();
            let tells: &[&str] = match status {
                520 => &["detail", "status"],
                _ => &["detail"],
            };
            assert_eq!(told, tells, "{method} {path} as {proof:?}");
        }
        for proof in inside {
            let (status, answer) = people.try_as(proof, method.clone(), &path, &body).await;
            assert!(
                ![401, 403].contains(&status),
                "{method} {path} as {proof:?}: {status} {answer}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_opens_for_those_it_should_as_documented() {
    every_door_of(Dialect::Documented).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_opens_for_those_it_should_in_v1() {
    every_door_of(Dialect::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_opens_for_keys_that_may_look_and_for_hashes_that_exist() {
    for (dialect, unknown) in [(Dialect::Documented, 401), (Dialect::V1, 404)] {
        let app = TestApp::lnbits(dialect).await;
        let people = people(&app).await;
        let carl = app.holder("carl").await;
        let invite = json!({"user_id": carl.id, "permissions": ["RECEIVE_PAYMENTS"]});
        let key = Some(people.wallet.adminkey.as_str());
        let path = "/wallet/share/invite";
        let (_, invited) = people
            .wallet
            .call(Method::PUT, path, key, Some(&invite))
            .await;
        let accept = json!({"share_request_id": invited["id"]});
        assert_eq!(
            carl.call(Method::PUT, "/wallet/share", &accept).await.0,
            200
        );
        let blind = carl.wallet_named("till").await;
        let open = async |item: &str| {
            let path = format!("/api/v1/ws/{item}");
            Socket::open(&app.url, &path).await.map(|_| ())
        };
        for key in [
            &people.wallet.inkey,
            &people.wallet.adminkey,
            &people.shared.inkey,
            &people.other.adminkey,
        ] {
            assert_eq!(open(key).await, Ok(()), "{dialect:?}");
        }
        assert_eq!(open(&"0".repeat(32)).await, Err(unknown));
        assert_eq!(open(&people.before.adminkey).await, Err(unknown));
        assert_eq!(open(&people.before.inkey).await, Err(unknown));
        assert_eq!(open(&blind.inkey).await, Err(403));
        assert_eq!(open(&people.ana.token).await, Err(unknown));
        assert_eq!(open(&"00".repeat(32)).await, Err(404));
    }
}
