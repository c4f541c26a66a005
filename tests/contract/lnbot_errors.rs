//! ln.bot's errors: every one that the documentation declares for an operation, in one table, and those
//! that no operation declares. Limits of single inputs are beside the operations' stories.

use std::num::NonZeroU32;

use reqwest::Method;
use serde_json::{Value, json};
use support::app::TestApp;
use support::fake_node::{Fate, Foreign};
use support::lnbot::Bot;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;
const HOUR_SECS: u32 = 3_600;

/// A call and what it is refused with.
type Row<'a> = (Method, String, Value, u16, &'a str);

async fn all_refused(bot: &Bot, rows: Vec<Row<'_>>) {
    for (method, path, body, status, why) in rows {
        let answer = bot.call(method.clone(), &path, &body).await;
        let expected = (status, json!({ "error": why }));
        assert_eq!(answer, expected, "{method} {path} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_declared_error_of_wallets_and_keys() {
    let app = TestApp::lnbot().await;
    let account = app.account().await;
    let (id, _) = account.new_wallet().await;
    let (_, keyless) = account.primary.post("/wallets", Value::Null).await;
    let keyless = keyless["walletId"].as_str().unwrap().to_owned();
    let unknown = format!("wal_{}", "00".repeat(16));
    let no_wallet = "Wallet not found.";
    let no_key = "The wallet has no key.";
    let key_gone = "Key not found.";
    let current = "\"current\" is for wallet keys; name the wallet by its id";
    let slot = "slot is 0 (primary) or 1 (secondary)";
    let name = "name has 1 to 64 characters";
    let wallet = |id: &str, rest: &str| format!("/wallets/{id}{rest}");
    let mut rows = vec![
        (GET, wallet(&unknown, ""), Value::Null, 404, no_wallet),
        (
            PATCH,
            wallet(&unknown, ""),
            json!({"name": "a"}),
            404,
            no_wallet,
        ),
        (PATCH, wallet(&id, ""), json!({"name": ""}), 400, name),
        (PATCH, wallet(&id, ""), json!({"name": "  "}), 400, name),
        (
            PATCH,
            wallet(&id, ""),
            json!({"name": "x".repeat(65)}),
            400,
            name,
        ),
        (GET, wallet("current", ""), Value::Null, 400, current),
        (
            PATCH,
            wallet("current", ""),
            json!({"name": "a"}),
            400,
            current,
        ),
        (
            POST,
            wallet(&id, "/key"),
            Value::Null,
            409,
            "The wallet already has a key; rotate it.",
        ),
        (GET, wallet(&keyless, "/key"), Value::Null, 404, no_key),
        (DELETE, wallet(&keyless, "/key"), Value::Null, 404, key_gone),
        (
            POST,
            wallet(&keyless, "/key/rotate"),
            Value::Null,
            404,
            key_gone,
        ),
    ];
    for odd in [
        "2",
        "-1",
        "x",
        "primary",
        "1.0",
        "18446744073709551616",
        "%FF",
    ] {
        let path = format!("/keys/{odd}/rotate");
        rows.push((POST, path, Value::Null, 400, slot));
    }
    all_refused(&account.primary, rows).await;
    for junk in [
        json!({}),
        json!({"name": null}),
        json!({"name": 7}),
        json!([]),
        json!("x"),
    ] {
        let (status, answer) = account.primary.patch(&wallet(&id, ""), junk.clone()).await;
        assert_eq!(status, 400, "{junk}: {answer}");
        assert!(answer["error"].is_string(), "{junk}: {answer}");
    }
    let longest = json!({"name": "\u{1f4b0}".repeat(64)});
    let (status, renamed) = account
        .primary
        .patch(&wallet(&id, ""), longest.clone())
        .await;
    assert_eq!((status, &renamed["name"]), (200, &longest["name"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_declared_error_of_invoices_and_payments() {
    let app = TestApp::lnbot().await;
    let account = app.account().await;
    let (id, _) = account.new_wallet().await;
    let list = format!("/wallets/{id}/addresses");
    let (_, list) = account.primary.get(&list).await;
    let own = json!({"target": list[0]["address"], "amount": 1});
    let hash = "00".repeat(32);
    let get = |path: &str, status, why| {
        let path = format!("/wallets/{id}{path}");
        (GET, path, Value::Null, status, why)
    };
    let post = |path: &str, body, why| (POST, format!("/wallets/{id}{path}"), body, 400, why);
    let no_invoice = "Invoice not found.";
    let no_payment = "Payment not found.";
    let amount = "amount must be 1 to 1000000000 sat";
    let rows = vec![
        post("/invoices", json!({"amount": 0}), amount),
        get("/invoices/9", 404, no_invoice),
        get(&format!("/invoices/{hash}"), 404, no_invoice),
        get("/payments/9", 404, no_payment),
        get(&format!("/payments/{hash}"), 404, no_payment),
        get("/payments/resolve", 400, "target is missing"),
        post("/payments", json!({"target": " "}), "target is missing"),
        post("/payments", own, "Cannot transfer to yourself."),
    ];
    all_refused(&account.primary, rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_paid_twice_and_a_key_is_good_for_one_order() {
    let app = TestApp::lnbot().await;
    let account = app.account().await;
    let (id, _) = account.new_wallet().await;
    let invoice = app.bill(&id, 100_000, HOUR_SECS).await;
    app.settle(&invoice).await;
    let foreign = |fate, amount_sat: u64| {
        app.node.foreign(Foreign {
            fate,
            amount_msat: Some(amount_sat * 1_000),
            ..Foreign::default()
        })
    };
    let (payments, l402) = (
        format!("/wallets/{id}/payments"),
        format!("/wallets/{id}/l402/pay"),
    );
    let under_way = foreign(Fate::Silence, 7);
    let begun = account.primary.post(&l402, challenge(&under_way, false));
    let (status, begun) = begun.await;
    assert_eq!((status, &begun["status"]), (200, &json!("processing")));
    let own = invoice.bolt11.unwrap();
    let under_key = |target: &str| json!({"target": target, "idempotencyKey": "k"});
    let conflict = |path: &str, body, why| (POST, path.to_owned(), body, 409, why);
    let paid = "The invoice is being paid, or has been paid, by somebody else.";
    let paying = "The invoice is already being paid.";
    let rows = vec![
        conflict(&payments, under_key(&own), paid),
        conflict(&l402, challenge(&own, true), paid),
        conflict(&payments, under_key(&under_way), paying),
        conflict(&l402, challenge(&under_way, true), paying),
    ];
    all_refused(&account.primary, rows).await;
    // What was refused has not used the key.
    let first = under_key(&foreign(Fate::Succeeds(0), 8));
    let (status, paid) = account.primary.post(&payments, first.clone()).await;
    assert_eq!((status, &paid["status"]), (200, &json!("settled")));
    let again = account.primary.post(&payments, first).await;
    assert_eq!(again, (200, paid));
    let why = "The idempotencyKey was used for another request.";
    let other = under_key(&foreign(Fate::Succeeds(0), 9));
    all_refused(&account.primary, vec![conflict(&payments, other, why)]).await;
}

fn challenge(bolt11: &str, wait: bool) -> Value {
    let header = format!("L402 macaroon=\"a\", invoice=\"{bolt11}\"");
    json!({"wwwAuthenticate": header, "wait": wait})
}

#[tokio::test(flavor = "multi_thread")]
async fn every_declared_error_of_addresses_hooks_and_tokens() {
    let app = TestApp::lnbot().await;
    let account = app.account().await;
    let (id, _) = account.new_wallet().await;
    let wallet = |rest: &str| format!("/wallets/{id}{rest}");
    let url = "https://example.com/hook";
    let made = account
        .primary
        .post(&wallet("/webhooks"), json!({"url": url}))
        .await;
    assert_eq!(made.0, 200, "{}", made.1);
    let (_, list) = account.primary.get(&wallet("/addresses")).await;
    let given = list[0]["address"].as_str().unwrap().to_owned();
    let no_address = "Address not found.";
    let unknown = json!({"targetWalletKey": format!("wk_{}", "0".repeat(43))});
    let no_hook = format!("/webhooks/whk_{}", "00".repeat(16));
    all_refused(
        &account.primary,
        vec![
            (
                POST,
                wallet("/addresses"),
                json!({"address": "ab"}),
                400,
                "an address has 3 to 36 of a-z, 0-9 and hyphens, none of them at an end",
            ),
            (
                POST,
                wallet("/addresses"),
                json!({"address": given}),
                409,
                "The address is taken.",
            ),
            (
                DELETE,
                wallet("/addresses/nobody"),
                Value::Null,
                404,
                no_address,
            ),
            (
                POST,
                wallet("/addresses/nobody/transfer"),
                unknown,
                404,
                no_address,
            ),
            (
                POST,
                wallet("/webhooks"),
                json!({"url": url}),
                409,
                "The wallet has a webhook with that URL.",
            ),
            (
                POST,
                wallet("/webhooks"),
                json!({"url": "ftp://x"}),
                400,
                "url cannot be called: the address is not allowed: it is not https",
            ),
            (
                DELETE,
                wallet(&no_hook),
                Value::Null,
                404,
                "Webhook not found.",
            ),
            (
                POST,
                wallet("/l402/challenges"),
                json!({"amount": 0}),
                400,
                "amount must be 1 to 1000000000 sat",
            ),
            (
                POST,
                wallet("/l402/verify"),
                json!({"authorization": "x"}),
                400,
                "authorization is not \"L402 <macaroon>:<preimage>\"",
            ),
            (
                POST,
                wallet("/l402/pay"),
                json!({"wwwAuthenticate": "x"}),
                400,
                "wwwAuthenticate is not 'L402 macaroon=\"...\", invoice=\"...\"'",
            ),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_declared_error_of_what_needs_no_key() {
    let app = TestApp::lnbot().await;
    let nobody = app.bot();
    let words = "Invalid recovery passphrase.";
    let other = "zoo ".repeat(11) + "wrong";
    all_refused(
        &nobody,
        vec![
            (
                POST,
                "/invoices/for-wallet".into(),
                json!({"walletId": "x", "amount": 1}),
                400,
                "There is no such wallet.",
            ),
            (
                POST,
                "/invoices/for-address".into(),
                json!({"address": "nobody", "amount": 1}),
                404,
                "Address not found.",
            ),
            (
                POST,
                "/invoices/for-address".into(),
                json!({"address": "nobody", "amount": 0}),
                400,
                "amount must be 1 to 1000000000 sat",
            ),
            (
                POST,
                "/restore/recovery".into(),
                json!({"passphrase": other}),
                400,
                words,
            ),
            (
                POST,
                "/restore/recovery".into(),
                json!({"passphrase": ""}),
                400,
                words,
            ),
            (
                POST,
                "/restore/recovery".into(),
                json!({"passphrase": "zoo ".repeat(5_000)}),
                400,
                words,
            ),
        ],
    )
    .await;
    for junk in [
        json!({}),
        json!({"passphrase": null}),
        json!({"passphrase": ["zoo"]}),
        json!(7),
    ] {
        let (status, answer) = nobody.post("/restore/recovery", junk.clone()).await;
        assert_eq!(status, 400, "{junk}: {answer}");
        assert!(answer["error"].is_string(), "{junk}: {answer}");
    }
    let two = NonZeroU32::MIN.saturating_add(1);
    let app = TestApp::lnbot_with(|settings| settings.public_calls = two).await;
    let guess = || json!({"passphrase": "zoo"});
    for _ in 0..two.get() {
        assert_eq!(app.bot().post("/restore/recovery", guess()).await.0, 400);
    }
    let many = "Too many requests, try again later.";
    all_refused(
        &app.bot(),
        vec![
            (POST, "/restore/recovery".into(), guess(), 429, many),
            (POST, "/register".into(), Value::Null, 429, many),
            (
                POST,
                "/invoices/for-wallet".into(),
                json!({"walletId": "x", "amount": 1}),
                429,
                many,
            ),
            (
                POST,
                "/invoices/for-address".into(),
                json!({"address": "x", "amount": 1}),
                429,
                many,
            ),
            (GET, "/status".into(), Value::Null, 429, many),
            (GET, "/status/history".into(), Value::Null, 429, many),
        ],
    )
    .await;
    let app = TestApp::lnbot_with(|settings| settings.open_registration = false).await;
    let closed = "Registration is closed here.";
    all_refused(
        &app.bot(),
        vec![(POST, "/register".into(), Value::Null, 403, closed)],
    )
    .await;
}

/// What no operation declares: it is in the same envelope all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_operation_is_refused_in_the_same_words() {
    let app = TestApp::lnbot().await;
    let (bot, _) = app.bot_wallet().await;
    let path = "/wallets/current/invoices";
    let send = async |kind: &str, body: Vec<u8>| {
        let request = bot
            .request(POST, path)
            .header("content-type", kind)
            .body(body);
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let json = "application/json";
    let huge = format!("{{\"amount\":1,\"memo\":\"{}\"}}", "x".repeat(2_000_000));
    let cases = [
        (404, bot.get("/nothing").await),
        (404, bot.get("/wallets/current/nothing").await),
        (405, bot.delete("/wallets/current").await),
        (405, bot.get("/register").await),
        (400, send(json, b"{".to_vec()).await),
        (400, send(json, b"{\"amount\":1}x".to_vec()).await),
        (400, send(json, b"\xff".to_vec()).await),
        (400, send("text/plain", b"{\"amount\":1}".to_vec()).await),
        (413, send(json, huge.into_bytes()).await),
    ];
    for (expected, (status, answer)) in cases {
        assert_eq!(status, expected, "{answer}");
        let told: Vec<_> = answer.as_object().expect("an object").keys().collect();
        assert_eq!(told, ["error"], "{expected}");
    }
}
