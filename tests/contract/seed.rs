//! The seed: to whom it is shown, in which form, and that nobody reads it unseen.

use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use support::app::{PASSWORD, TestApp, WORDS, stop_after};
use support::caller::{Caller, read};
use tilld::pos::Settings;
use tilld::seed::{self, Mnemonic, Passphrase, PassphraseSources, SeedReader};

async fn ask(caller: &Caller, headers: &[(&str, &str)]) -> Response {
    let request = caller.request(Method::GET, "/wallet/seed");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    caller.send(request).await
}

/// What the log says, newest first.
async fn actions(caller: &Caller) -> Vec<String> {
    let (status, lines) = caller.get("/wallet/auditlog").await;
    assert_eq!(status, 200, "{lines}");
    let lines = lines.as_array().unwrap().iter();
    let actions = lines.map(|line| line["action"].as_str().unwrap().to_owned());
    actions.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_come_as_json_or_as_text_and_are_never_cached() {
    let app = TestApp::initialized().await;
    let admin = app.wallet_admin().await;
    let forms = [
        (None, "application/json"),
        (Some("application/json"), "application/json"),
        (Some("text/plain"), "text/plain; charset=utf-8"),
    ];
    for (accept, kind) in forms {
        let headers: Vec<_> = accept
            .iter()
            .map(|accept| (ACCEPT.as_str(), *accept))
            .collect();
        let answer = ask(&admin, &headers).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers()[CONTENT_TYPE], kind);
        let text = answer.text().await.unwrap();
        if kind == "application/json" {
            let body: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(body, json!({"seed": WORDS}));
        } else {
            assert_eq!(text, WORDS);
        }
    }
    assert_eq!(
        actions(&admin).await,
        ["seed_read", "seed_read", "seed_read"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_can_be_wanted_once_more() {
    let app = TestApp::initialized_with(|settings| settings.seed_requires_password = true).await;
    let admin = app.wallet_admin().await;
    let wrong: [&[(&str, &str)]; 3] = [
        &[],
        &[("x-wallet-password", "not the password")],
        &[("x-wallet-password", "")],
    ];
    for headers in wrong {
        let (status, answer) = read(ask(&admin, headers).await).await;
        assert!([400, 401].contains(&status), "{headers:?}: {status}");
        let text = answer.to_string();
        assert!(!text.contains("legal"), "{text}");
    }
    assert_eq!(
        actions(&admin).await,
        ["seed_refused"],
        "a guess is noted, no guess is not"
    );
    let answer = ask(&admin, &[("x-wallet-password", PASSWORD)]).await;
    assert_eq!(read(answer).await, (200, json!({"seed": WORDS})));
    assert_eq!(actions(&admin).await, ["seed_read", "seed_refused"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_the_password_is_locked_out_like_anywhere() {
    let app = TestApp::initialized_with(|settings| {
        settings.seed_requires_password = true;
        settings.gate = stop_after(2);
    })
    .await;
    let admin = app.wallet_admin().await;
    for _ in 0..2 {
        let (status, answer) = read(ask(&admin, &[("x-wallet-password", "guess")]).await).await;
        assert_eq!((status, &answer["code"]), (401, &json!("invalid_password")));
    }
    let answer = ask(&admin, &[("x-wallet-password", PASSWORD)]).await;
    assert!(answer.headers().contains_key("retry-after"));
    let (status, answer) = read(answer).await;
    assert_eq!(
        (status, &answer["code"]),
        (429, &json!("too_many_attempts"))
    );
    let other_way = json!({"password": PASSWORD});
    assert_eq!(
        admin.post("/wallet/auth", other_way).await.0,
        429,
        "one lock"
    );
    assert_eq!(actions(&admin).await, ["seed_refused", "seed_refused"]);
}

/// A till whose seed is encrypted, and whose passphrase is found there.
async fn encrypted(passphrase: Option<&str>) -> (TestApp, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("encrypted");
    let secret = Passphrase::new("correct horse".to_owned().into());
    seed::create(&file, &Mnemonic::parse(WORDS).unwrap(), secret.as_ref()).unwrap();
    let mut sources = PassphraseSources::default();
    if let Some(passphrase) = passphrase {
        let file = dir.path().join("passphrase");
        std::fs::write(&file, passphrase).unwrap();
        sources.file = Some(file);
    }
    let reader = SeedReader::new(file, sources);
    let app = TestApp::initialized_with(|settings: &mut Settings| settings.seed = Some(reader));
    (app.await, dir)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_seed_is_opened_with_the_passphrase_of_the_start() {
    let (app, _dir) = encrypted(Some("correct horse\n")).await;
    let admin = app.wallet_admin().await;
    assert_eq!(
        read(ask(&admin, &[]).await).await,
        (200, json!({"seed": WORDS}))
    );

    let (app, _dir) = encrypted(None).await;
    let (status, answer) = read(ask(&app.wallet_admin().await, &[]).await).await;
    assert_eq!((status, &answer["code"]), (409, &json!("conflict")));

    let (app, _dir) = encrypted(Some("wrong horse")).await;
    let (status, answer) = read(ask(&app.wallet_admin().await, &[]).await).await;
    assert_eq!((status, &answer["code"]), (500, &json!("internal_error")));
    assert_eq!(
        answer["message"], "Internal error",
        "the cause stays inside"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_without_a_seed_file_shows_none() {
    let app = TestApp::initialized_with(|settings| settings.seed = None).await;
    let (status, answer) = read(ask(&app.wallet_admin().await, &[]).await).await;
    assert_eq!((status, &answer["code"]), (404, &json!("not_found")));
}
