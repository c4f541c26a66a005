//! Who may call what on ln.bot: every route with every kind of key, and that no route is left out.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use support::app::TestApp;
use support::lnbot::{Account, Bot};
use tilld::lnbits::Dialect;

/// What a route wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Anybody,
    /// Any key that is good.
    AnyKey,
    /// A user's key.
    User,
    /// A key of the user whose wallet it is.
    WalletsUser,
    /// The same, or the wallet's own.
    Wallet,
}

use Tier::{AnyKey, Anybody, User, Wallet, WalletsUser};

/// What a caller shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Nothing,
    Garbage,
    UserKey,
    SecondaryKey,
    OwnKey,
    /// The key of another wallet of the same user.
    SiblingsKey,
    OthersUserKey,
    OthersKey,
    RevokedKey,
    RotatedKey,
    RotatedUserKey,
    LnbitsKey,
}

use Proof::{
    Garbage, LnbitsKey, Nothing, OthersKey, OthersUserKey, OwnKey, RevokedKey, RotatedKey,
    RotatedUserKey, SecondaryKey, SiblingsKey, UserKey,
};

const ALL: [Proof; 12] = [
    Nothing,
    Garbage,
    UserKey,
    SecondaryKey,
    OwnKey,
    SiblingsKey,
    OthersUserKey,
    OthersKey,
    RevokedKey,
    RotatedKey,
    RotatedUserKey,
    LnbitsKey,
];

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// Where the table of contents is that this one has to match.
const ROUTER: &str = include_str!("../../api/src/lnbot/mod.rs");

/// Every route, who may call it, and what becomes of an empty order of theirs.
#[rustfmt::skip]
fn routes() -> Vec<(Method, &'static str, Tier, u16)> {
    vec![
        (POST, "/register", Anybody, 200),
        (POST, "/restore/recovery", Anybody, 400),
        (POST, "/invoices/for-wallet", Anybody, 400),
        (POST, "/invoices/for-address", Anybody, 400),
        (GET, "/status", Anybody, 200),
        (GET, "/status/history", Anybody, 200),
        (GET, "/me", AnyKey, 200),
        (POST, "/keys/{slot}/rotate", User, 400),
        (POST, "/backup/recovery", User, 200),
        (POST, "/wallets", User, 200),
        (GET, "/wallets", User, 200),
        (POST, "/wallets/{wallet_id}/key/rotate", WalletsUser, 200),
        (GET, "/wallets/{wallet_id}", Wallet, 200),
        (PATCH, "/wallets/{wallet_id}", Wallet, 400),
        (POST, "/wallets/{wallet_id}/key", WalletsUser, 409),
        (GET, "/wallets/{wallet_id}/key", Wallet, 200),
        (DELETE, "/wallets/{wallet_id}/key", WalletsUser, 204),
        (POST, "/wallets/{wallet_id}/invoices", Wallet, 400),
        (GET, "/wallets/{wallet_id}/invoices", Wallet, 200),
        (GET, "/wallets/{wallet_id}/invoices/{invoice}", Wallet, 404),
        (POST, "/wallets/{wallet_id}/addresses", Wallet, 200),
        (GET, "/wallets/{wallet_id}/addresses", Wallet, 200),
        (DELETE, "/wallets/{wallet_id}/addresses/{address}", Wallet, 404),
        (POST, "/wallets/{wallet_id}/addresses/{address}/transfer", Wallet, 400),
        (GET, "/wallets/{wallet_id}/addresses/{address}/bip353", Wallet, 404),
        (GET, "/wallets/{wallet_id}/events", Wallet, 200),
        (GET, "/wallets/{wallet_id}/invoices/{invoice}/events", Wallet, 404),
        (GET, "/wallets/{wallet_id}/payments/{payment}/events", Wallet, 404),
        (POST, "/wallets/{wallet_id}/l402/challenges", Wallet, 400),
        (POST, "/wallets/{wallet_id}/l402/verify", Wallet, 400),
        (POST, "/wallets/{wallet_id}/l402/pay", Wallet, 400),
        (POST, "/wallets/{wallet_id}/webhooks", Wallet, 400),
        (GET, "/wallets/{wallet_id}/webhooks", Wallet, 200),
        (DELETE, "/wallets/{wallet_id}/webhooks/{webhook_id}", Wallet, 404),
        (GET, "/wallets/{wallet_id}/webhooks/{webhook_id}/deliveries", Wallet, 404),
        (POST, "/wallets/{wallet_id}/payments", Wallet, 400),
        (GET, "/wallets/{wallet_id}/payments", Wallet, 200),
        (GET, "/wallets/{wallet_id}/payments/resolve", Wallet, 400),
        (GET, "/wallets/{wallet_id}/payments/{payment}", Wallet, 404),
        (GET, "/wallets/{wallet_id}/transactions", Wallet, 200),
    ]
}

/// The patterns of the router, as its source has them.
fn patterns() -> BTreeSet<&'static str> {
    let (_, table) = ROUTER
        .split_once("\nfn routes()")
        .expect("the table of contents");
    let (table, _) = table.split_once("\n}").expect("its end");
    for other in [".nest", ".merge", ".route_service", ".fallback"] {
        assert!(!table.contains(other), "routes may hide behind {other}");
    }
    let routes = table.split(".route(").skip(1);
    let patterns: Vec<&str> = routes
        .map(|route| route.split('"').nth(1).expect("a pattern as text"))
        .collect();
    assert!(
        patterns.len() > 30,
        "the routes were not found: {patterns:?}"
    );
    patterns.into_iter().collect()
}

/// A path of this pattern in a wallet; nothing else has that name.
fn path(pattern: &str, wallet: &str) -> String {
    let parts = pattern.split('/').map(|part| match part {
        "{wallet_id}" => wallet,
        part if part.starts_with('{') => "9",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_has_every_route_and_method_of_the_router() {
    let app = TestApp::lnbot().await;
    let known: BTreeSet<&str> = routes().iter().map(|(_, pattern, ..)| *pattern).collect();
    assert_eq!(known, patterns());
    // Which methods there are the router itself says, to whoever comes with another.
    let odd = Method::from_bytes(b"PURGE").expect("a method");
    for pattern in patterns() {
        let request = app.bot().request(odd.clone(), &path(pattern, "current"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 405, "{pattern}");
        let allow = answer.headers()["allow"].to_str().unwrap().to_owned();
        // HEAD comes with GET.
        let allowed: BTreeSet<&str> = allow.split(',').filter(|m| *m != "HEAD").collect();
        let table = routes();
        let known = table.iter().filter(|(_, known, ..)| *known == pattern);
        let known: BTreeSet<&str> = known.map(|(method, ..)| method.as_str()).collect();
        assert_eq!(allowed, known, "{pattern}");
    }
}

struct People {
    ana: Account,
    ben: Account,
    bens: Bot,
    sibling: Bot,
    revoked: Bot,
    rotated: Bot,
    rotated_user: Bot,
    lnbits: Bot,
}

async fn people(app: &TestApp) -> People {
    let (ana, ben) = (app.account().await, app.account().await);
    let (_, bens) = ben.new_wallet().await;
    let (_, sibling) = ana.new_wallet().await;
    let (id, revoked) = ana.new_wallet().await;
    let gone = ana.primary.delete(&format!("/wallets/{id}/key")).await;
    assert_eq!(gone.0, 204);
    let (id, rotated) = ana.new_wallet().await;
    let new = format!("/wallets/{id}/key/rotate");
    assert_eq!(ana.primary.post(&new, Value::Null).await.0, 200);
    let (status, new) = ana.primary.post("/keys/1/rotate", Value::Null).await;
    assert_eq!(status, 200, "{new}");
    let secondary = ana.primary.with_key(new["key"].as_str().unwrap());
    let rotated_user = ana.secondary.clone();
    let lnbits = app.wallet("till").await;
    People {
        lnbits: app.bot().with_key(&lnbits.adminkey),
        ana: Account { secondary, ..ana },
        ben,
        bens,
        sibling,
        revoked,
        rotated,
        rotated_user,
    }
}

impl People {
    /// Whoever shows this, `own` being the key of the wallet in question.
    fn who(&self, proof: Proof, own: &Bot) -> Bot {
        match proof {
            Nothing => own.with_key(""),
            Garbage => own.with_key(&format!("wk_{}", "0".repeat(43))),
            UserKey => self.ana.primary.clone(),
            SecondaryKey => self.ana.secondary.clone(),
            OwnKey => own.clone(),
            SiblingsKey => self.sibling.clone(),
            OthersUserKey => self.ben.primary.clone(),
            OthersKey => self.bens.clone(),
            RevokedKey => self.revoked.clone(),
            RotatedKey => self.rotated.clone(),
            RotatedUserKey => self.rotated_user.clone(),
            LnbitsKey => self.lnbits.clone(),
        }
    }
}

const NO_KEY: (u16, &str) = (401, "An API key is required.");
const BAD_KEY: (u16, &str) = (401, "Invalid API key.");
const NOT_A_USER: (u16, &str) = (403, "This needs a user key (uk_).");
const UNKNOWN: (u16, &str) = (404, "Wallet not found.");
const NOT_CURRENT: (u16, &str) = (
    400,
    "\"current\" is for wallet keys; name the wallet by its id",
);

/// What a closed door says; `None` where it opens.
fn closed(tier: Tier, proof: Proof) -> Option<(u16, &'static str)> {
    match (tier, proof) {
        (Anybody, _) => None,
        (_, Nothing) => Some(NO_KEY),
        (_, Garbage | RevokedKey | RotatedKey | RotatedUserKey | LnbitsKey) => Some(BAD_KEY),
        (AnyKey, _) | (_, UserKey | SecondaryKey) | (User, OthersUserKey) | (Wallet, OwnKey) => {
            None
        }
        (User | WalletsUser, OwnKey | SiblingsKey | OthersKey) => Some(NOT_A_USER),
        (WalletsUser | Wallet, OthersUserKey) | (Wallet, SiblingsKey | OthersKey) => Some(UNKNOWN),
    }
}

/// Status and body; a stream's body is not waited for.
async fn ask(bot: &Bot, method: &Method, path: &str) -> (u16, Value) {
    let mut request = bot.request(method.clone(), path);
    if [POST, PATCH].contains(method) {
        request = request.json(&json!({}));
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    match status {
        200..=299 => (status, Value::Null),
        _ => (status, answer.json().await.expect("a JSON body")),
    }
}

fn told((status, why): (u16, &str)) -> (u16, Value) {
    (status, json!({ "error": why }))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_opens_for_those_it_should_and_no_others() {
    let app = TestApp::lnbits(Dialect::V1).await;
    let people = people(&app).await;
    for (method, pattern, tier, inside) in routes() {
        for proof in ALL {
            // A wallet for each, as some of these orders end its key.
            let (id, own) = people.ana.new_wallet().await;
            let who = people.who(proof, &own);
            let answer = ask(&who, &method, &path(pattern, &id)).await;
            let what = format!("{method} {pattern} as {proof:?}: {answer:?}");
            match closed(tier, proof) {
                Some(door) => assert_eq!(answer, told(door), "{what}"),
                None => {
                    assert_eq!(answer.0, inside, "{what}");
                    assert_ne!(answer, told(UNKNOWN), "{what}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn current_is_the_wallet_of_a_wallets_key_and_of_no_other() {
    let app = TestApp::lnbot().await;
    let account = app.account().await;
    let in_wallets = routes().into_iter();
    let in_wallets = in_wallets.filter(|(_, pattern, ..)| pattern.contains("{wallet_id}"));
    for (method, pattern, tier, inside) in in_wallets {
        let path = path(pattern, "current");
        let (_, own) = account.new_wallet().await;
        let by_user = ask(&account.primary, &method, &path).await;
        assert_eq!(by_user, told(NOT_CURRENT), "{method} {pattern}");
        let by_wallet = ask(&own, &method, &path).await;
        match tier {
            WalletsUser => assert_eq!(by_wallet, told(NOT_A_USER), "{method} {pattern}"),
            Anybody | AnyKey | User | Wallet => {
                assert_eq!(by_wallet.0, inside, "{method} {pattern}: {by_wallet:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_has_one_name_and_what_looks_like_it_is_unknown() {
    let app = TestApp::lnbot().await;
    let account = app.account().await;
    let (id, own) = account.new_wallet().await;
    let hex = id.strip_prefix("wal_").unwrap();
    let odd = [
        hex.to_owned(),
        format!("WAL_{hex}"),
        format!("usr_{hex}"),
        format!("wal_{hex}0"),
        format!("wal_{}", &hex[1..]),
        format!("{id}%20"),
        format!("{id}%00"),
        "wal_".to_owned(),
        "Current".to_owned(),
        "current%20".to_owned(),
        "a%2Fb".to_owned(),
        "%F0%9F%92%B0".to_owned(),
        "9".repeat(4_000),
    ];
    for (method, pattern, tier, _) in routes() {
        if !pattern.contains("{wallet_id}") {
            continue;
        }
        for name in &odd {
            let path = path(pattern, name);
            let by_user = ask(&account.primary, &method, &path).await;
            assert_eq!(by_user, told(UNKNOWN), "{method} {path}");
            if tier == Wallet {
                let by_wallet = ask(&own, &method, &path).await;
                assert_eq!(by_wallet, told(UNKNOWN), "{method} {path}");
            }
        }
        let unread = told((400, "the path cannot be read"));
        let answer = ask(&account.primary, &method, &path(pattern, "%FF")).await;
        assert_eq!(answer, unread, "{method} {pattern}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_as_a_bearers_and_in_no_other_way() {
    let app = TestApp::lnbot().await;
    let (own, _) = app.bot_wallet().await;
    let nobody = own.with_key("");
    let header = async |name: &str, value: String| {
        let request = nobody.request(GET, "/me").header(name, value);
        request.send().await.unwrap().status().as_u16()
    };
    let key = &own.key;
    assert_eq!(header("authorization", format!("Bearer {key}")).await, 200);
    assert_eq!(header("authorization", format!("bearer {key}")).await, 200);
    for (name, value) in [
        ("authorization", key.clone()),
        ("authorization", format!("Basic {key}")),
        ("authorization", format!("Bearer{key}")),
        ("authorization", "Bearer ".to_owned()),
        ("authorization", format!("Bearer {key}x")),
        ("authorization", format!("Bearer {}", &key[..key.len() - 1])),
        ("authorization", format!("Bearer {}", key.to_uppercase())),
        ("authorization", format!("Bearer {}", key.repeat(100))),
        ("x-api-key", key.clone()),
    ] {
        assert_eq!(header(name, value.clone()).await, 401, "{name}: {value}");
    }
    for query in ["api-key", "api_key", "key"] {
        let (status, _) = nobody.get(&format!("/me?{query}={key}")).await;
        assert_eq!(status, 401, "{query}");
    }
}
