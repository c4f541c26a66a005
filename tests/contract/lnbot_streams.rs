//! ln.bot: watches of invoices and payments, and a wallet's stream, frame by frame.

use std::time::Duration;

use serde_json::{Value, json};
use support::app::{TestApp, until};
use support::fake_node::{Fate, Foreign};
use support::lnbot::{Account, Bot};
use support::sse::{Frame, Frames};
use till::payment::FailureReason;

/// Nobody is waited for that long.
const LONG: Duration = Duration::from_secs(5);
const HOUR_SECS: u32 = 3_600;

/// A wallet, its id, and its user.
async fn wallet(app: &TestApp) -> (String, Bot, Account) {
    let account = app.account().await;
    let (id, bot) = account.new_wallet().await;
    (id, bot, account)
}

/// A till whose streams give signs of life quickly.
async fn quick() -> TestApp {
    TestApp::lnbot_with(|settings| settings.keep_alive = Duration::from_millis(100)).await
}

/// Gives a wallet money.
async fn fund(app: &TestApp, id: &str, amount_sat: u64) {
    let invoice = app.bill(id, amount_sat, HOUR_SECS).await;
    app.settle(&invoice).await;
}

fn comment(text: &str) -> Option<Frame> {
    let lines = vec![format!(": {text}")];
    Some(Frame { lines })
}

/// The last frame of a watch, which then ends.
async fn outcome(mut frames: Frames) -> (String, Value) {
    let frame = frames.told().await.expect("an outcome");
    let [event, data] = frame.lines.as_slice() else {
        panic!("{frame:?}")
    };
    assert!(data.starts_with("data: {"), "{data}");
    let event = event.strip_prefix("event: ").expect("first what it is");
    let told = (event.to_owned(), frame.data().expect("data"));
    assert_eq!(frames.next().await, None, "then it is closed");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_that_an_invoice_is_settled_and_ends() {
    let app = TestApp::lnbot().await;
    let (id, bot, account) = wallet(&app).await;
    let invoice = app.bill(&id, 1_000, HOUR_SECS).await;
    let by_number = format!("/wallets/current/invoices/{}/events", invoice.number);
    let by_hash = format!("/wallets/{id}/invoices/{}/events", invoice.hash);
    let mut own = bot.listen(&by_number, None).await.unwrap();
    let users = account.primary.listen(&by_hash, None).await.unwrap();
    let header = |name: &str| own.response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!(header("cache-control"), "no-cache");
    assert_eq!(header("x-accel-buffering"), "no");
    assert_eq!(own.next().await, comment("connected"), "at once");

    app.settle(&invoice).await;
    let (event, data) = outcome(own).await;
    assert_eq!(outcome(users).await, (event.clone(), data.clone()));
    let row = app.service.invoice(invoice.hash).await.unwrap().unwrap();
    let preimage = hex::encode(row.preimage.unwrap().reveal());
    assert_eq!(event, "settled");
    let mut known = data.clone();
    for moment in ["created_at", "settled_at", "expires_at"] {
        let taken = known.as_object_mut().unwrap().remove(moment);
        assert!(taken.unwrap().as_str().unwrap().ends_with('Z'), "{moment}");
    }
    let expected = json!({"number": 1, "status": "settled", "amount": 1_000, "bolt11": invoice.bolt11,
        "reference": "order-7", "memo": "tea", "preimage": preimage, "tx_number": data["tx_number"]});
    assert_eq!(known, expected);
    // Whoever comes late hears it at once.
    let late = bot.listen(&by_number, None).await.unwrap();
    assert_eq!(outcome(late).await, (event, data));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_with_the_invoice_or_with_the_callers_patience() {
    let app = TestApp::lnbot().await;
    let (id, bot, _) = wallet(&app).await;
    let short = app.bill(&id, 5, 1).await;
    let path = format!("/wallets/current/invoices/{}/events", short.number);
    let watch = bot.listen(&path, None).await.unwrap();
    let (event, data) = outcome(watch).await;
    assert_eq!(
        (event.as_str(), &data["status"]),
        ("expired", &json!("expired"))
    );
    assert_eq!(data["preimage"], Value::Null, "nobody has paid for it");

    let long = app.bill(&id, 6, HOUR_SECS).await;
    let path = format!("/wallets/current/invoices/{}/events", long.number);
    for wait in ["timeout=0", "timeout=1"] {
        let watch = bot.listen(&format!("{path}?{wait}"), None).await.unwrap();
        let (event, data) = outcome(watch).await;
        assert_eq!(
            (event.as_str(), &data["status"]),
            ("timeout", &json!("pending"))
        );
        assert_eq!(data["number"], 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_what_becomes_of_a_payment() {
    let app = TestApp::lnbot().await;
    let (id, bot, _) = wallet(&app).await;
    fund(&app, &id, 10_000).await;
    let ends = [
        (Fate::Succeeds(2_000), "settled"),
        (Fate::Fails(FailureReason::NoRoute), "failed"),
    ];
    for (number, (fate, word)) in (1..).zip(ends) {
        let bolt11 = app.node.foreign(Foreign {
            fate: Fate::Silence,
            ..Foreign::default()
        });
        let sent = app.spend(&id, bolt11, Duration::ZERO).await;
        let hash = sent.hash.unwrap();
        let by_number = format!("/wallets/{id}/payments/{number}/events");
        let early = bot.listen(&format!("{by_number}?timeout=0"), None).await;
        let (event, data) = outcome(early.unwrap()).await;
        assert_eq!(
            (event.as_str(), &data["status"]),
            ("timeout", &json!("processing"))
        );
        let watch = bot.listen(&by_number, None).await.unwrap();
        until(async || (app.node.times_sent(hash) == 1).then_some(())).await;
        app.node.decide(hash, fate);
        let (event, data) = outcome(watch).await;
        assert_eq!((event.as_str(), &data["status"]), (word, &json!(word)));
        assert_eq!(
            (&data["number"], &data["amount"]),
            (&json!(number), &json!(1_000))
        );
        for field in [
            "max_fee",
            "service_fee",
            "actual_fee",
            "tx_number",
            "failure_reason",
            "settled_at",
            "status_detail",
            "retry_until",
            "stage",
            "preimage",
            "address",
        ] {
            assert!(data.get(field).is_some(), "{field} in {data}");
        }
        let by_hash = format!("/wallets/{id}/payments/{hash}/events");
        let late = bot.listen(&by_hash, None).await.unwrap();
        assert_eq!(outcome(late).await, (event, data));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_or_is_anothers_is_not_watched() {
    let app = TestApp::lnbot().await;
    let (id, bot, account) = wallet(&app).await;
    let (other_id, other, _) = wallet(&app).await;
    let invoice = app.bill(&id, 5, HOUR_SECS).await;
    let refused = async |bot: &Bot, path: &str| bot.listen(path, None).await.unwrap_err();
    for kind in ["invoices", "payments"] {
        let words = match kind {
            "invoices" => "Invoice not found.",
            _ => "Payment not found.",
        };
        for name in ["2", "0", "x", "4294967296", &"00".repeat(32)] {
            let answer = refused(&bot, &format!("/wallets/{id}/{kind}/{name}/events")).await;
            assert_eq!(answer, (404, json!({"error": words})), "{kind} {name}");
        }
    }
    let own = format!("/wallets/{id}/invoices/1/events");
    for foreign in [&other, &app.account().await.primary] {
        let unknown = (404, json!({"error": "Wallet not found."}));
        assert_eq!(refused(foreign, &own).await, unknown);
        assert_eq!(
            refused(foreign, &format!("/wallets/{id}/events")).await,
            unknown
        );
    }
    let hash = format!("/wallets/{other_id}/invoices/{}/events", invoice.hash);
    assert_eq!(refused(&other, &hash).await.0, 404, "another wallet's hash");
    for timeout in ["301", "-1", "x", "1.5"] {
        let (status, answer) = refused(&bot, &format!("{own}?timeout={timeout}")).await;
        let why = json!({"error": "timeout is a number of seconds up to 300"});
        assert_eq!((status, answer), (400, why), "{timeout}");
    }
    for key in ["", "wk_nobody"] {
        for path in [own.clone(), format!("/wallets/{id}/events")] {
            assert_eq!(refused(&bot.with_key(key), &path).await.0, 401);
        }
    }
    let all = "/wallets/current/events";
    assert_eq!(refused(&account.primary, all).await.0, 400);
    for junk in ["x", "-1", "1.5"] {
        let answer = bot.listen(all, Some(junk)).await.unwrap_err();
        let why = json!({"error": "Last-Event-ID must be an event's id"});
        assert_eq!(answer, (400, why), "{junk}");
    }
}

/// What happens in a wallet: an invoice, its money, and two payments.
async fn a_day(app: &TestApp, id: &str) {
    fund(app, id, 10_000).await;
    for fate in [Fate::Succeeds(0), Fate::Fails(FailureReason::NoRoute)] {
        let bolt11 = app.node.foreign(Foreign {
            fate,
            ..Foreign::default()
        });
        app.spend(id, bolt11, LONG).await;
    }
}

const NAMES: [&str; 6] = [
    "invoice.created",
    "invoice.settled",
    "payment.created",
    "payment.settled",
    "payment.created",
    "payment.failed",
];

async fn read(frames: &mut Frames, count: usize) -> Vec<(u64, Value)> {
    let mut seen = Vec::new();
    for _ in 0..count {
        let frame = frames.told().await.expect("an event");
        let [id, data] = frame.lines.as_slice() else {
            panic!("{frame:?}")
        };
        assert!(id.starts_with("id: ") && data.starts_with("data: "));
        seen.push((frame.id().unwrap(), frame.data().unwrap()));
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallets_stream_tells_everything_once_and_resumes() {
    let app = TestApp::lnbot().await;
    let (id, bot, account) = wallet(&app).await;
    let (quiet, _) = account.new_wallet().await;
    let path = format!("/wallets/{id}/events");
    let mut live = bot.listen(&path, None).await.unwrap();
    let first = live.next().await.unwrap();
    let begin = first.id().expect("where to resume from");
    assert_eq!(first.lines[0], ": connected");
    a_day(&app, &id).await;
    let all = read(&mut live, NAMES.len()).await;
    let names: Vec<_> = all
        .iter()
        .map(|(_, event)| event["event"].clone())
        .collect();
    assert_eq!(names, NAMES);
    assert!(all.is_sorted_by(|(a, _), (b, _)| a < b), "ids grow");
    for (_, event) in &all {
        assert_eq!(event.as_object().unwrap().len(), 3);
        assert!(event["created_at"].as_str().unwrap().ends_with('Z'));
    }
    let settled = &all[1].1["data"];
    assert_eq!(
        (&settled["status"], &settled["number"]),
        (&json!("settled"), &json!(1))
    );
    assert!(settled["tx_number"].is_number() || settled["tx_number"].is_null());
    assert_eq!(all[3].1["data"]["status"], "settled");
    assert_eq!(all[5].1["data"]["status"], "failed");
    assert!(all[5].1["data"]["failure_reason"].is_string());

    let from = async |bot: &Bot, path: &str, since: Option<u64>, count: usize| {
        let since = since.map(|id| id.to_string());
        let mut frames = bot.listen(path, since.as_deref()).await.unwrap();
        let events = read(&mut frames, count).await;
        events.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    let ids: Vec<u64> = all.iter().map(|(id, _)| *id).collect();
    let user = &account.primary;
    // Also one that was cut off before its first event.
    assert_eq!(from(user, &path, Some(begin), 6).await, ids);
    assert_eq!(from(&bot, &path, Some(ids[1]), 4).await, ids[2..]);
    let query = format!("{path}?lastEventId={}", ids[3]);
    assert_eq!(from(&bot, &query, None, 2).await, ids[4..]);
    // Nobody hears of another's wallet, and no header begins with what comes next.
    let mut other = user
        .listen(&format!("/wallets/{quiet}/events"), Some("0"))
        .await
        .unwrap();
    let mut next = bot.listen(&path, None).await.unwrap();
    fund(&app, &quiet, 5).await;
    let (_, event) = read(&mut other, 1).await.remove(0);
    assert_eq!(event["data"]["amount"], 5);
    fund(&app, &id, 6).await;
    let (_, event) = read(&mut next, 1).await.remove(0);
    assert_eq!(event["data"]["amount"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_of_an_internal_payment_hear_of_it() {
    let app = TestApp::lnbot().await;
    let (payer, bot, account) = wallet(&app).await;
    let (payee, _) = account.new_wallet().await;
    fund(&app, &payer, 1_000).await;
    let mut pays = bot
        .listen(&format!("/wallets/{payer}/events"), None)
        .await
        .unwrap();
    let gets = format!("/wallets/{payee}/events");
    let mut gets = account.secondary.listen(&gets, None).await.unwrap();
    let invoice = app.bill(&payee, 100, HOUR_SECS).await;
    app.spend(&payer, invoice.bolt11.unwrap(), LONG).await;
    let names = |events: Vec<(u64, Value)>| {
        let name = |(_, event): (u64, Value)| event["event"].as_str().unwrap().to_owned();
        events.into_iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(
        names(read(&mut pays, 2).await),
        ["payment.created", "payment.settled"]
    );
    assert_eq!(
        names(read(&mut gets, 2).await),
        ["invoice.created", "invoice.settled"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_gives_signs_of_life_until_its_key_is_revoked() {
    let app = quick().await;
    let (id, bot, account) = wallet(&app).await;
    let invoice = app.bill(&id, 5, HOUR_SECS).await;
    let mut open = Vec::new();
    for path in [
        "/wallets/current/events".to_owned(),
        format!("/wallets/current/invoices/{}/events", invoice.number),
    ] {
        let mut frames = bot.listen(&path, None).await.unwrap();
        frames.next().await.expect("a greeting");
        assert_eq!(frames.next().await, comment("keep-alive"));
        assert_eq!(frames.next().await, comment("keep-alive"));
        open.push(frames);
    }
    let all = format!("/wallets/{id}/events");
    let mut users = account.primary.listen(&all, None).await.unwrap();
    let rotated = account.primary.post("/keys/1/rotate", Value::Null).await;
    assert_eq!(rotated.0, 200);
    let gone = account.primary.delete(&format!("/wallets/{id}/key")).await;
    assert_eq!(gone.0, 204);
    for mut frames in open {
        while frames.next().await.is_some() {}
    }
    // The user's other key is as good as before.
    fund(&app, &id, 7).await;
    let (_, event) = read(&mut users, 1).await.remove(0);
    assert_eq!(event["data"]["amount"], 7);
    account
        .secondary
        .listen(&all, None)
        .await
        .expect_err("its key was rotated");
    let rotated = account.primary.post("/keys/0/rotate", Value::Null).await;
    assert_eq!(rotated.0, 200);
    while users.next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_streams_are_turned_away_until_one_ends() {
    let app = quick().await;
    let (_, bot, _) = wallet(&app).await;
    let (_, other, _) = wallet(&app).await;
    let path = "/wallets/current/events";
    let mut streams = Vec::new();
    // What one account may have, however many of its wallets listen; and then what there is.
    for (listener, room) in [(&bot, 8), (&other, 16)] {
        let refused = loop {
            match listener.listen(path, None).await {
                Ok(stream) => streams.push(stream),
                Err(refused) => break refused,
            }
        };
        assert_eq!((refused.0, streams.len()), (503, room));
        assert!(refused.1["error"].is_string(), "{}", refused.1);
    }
    // Streams are no requests under way: all else is answered.
    assert_eq!(bot.get("/wallets/current").await.0, 200);
    streams.pop();
    until(async || other.listen(path, None).await.ok()).await;
}
