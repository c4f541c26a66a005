//! The till as a process: its exit codes, its lock, and what it says when it cannot start.

use std::process::{Output, Stdio};
use std::time::Duration;

use till_regtest::wait;

use crate::display::Display;
use crate::shop::{Shop, text};

/// A command that fails does so within this time.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `tilld` inside this very program, with the environment given and none else of ours.
pub async fn tilld(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["the_till", "--exact", "--nocapture", "--test-threads=1"])
        .env("REGTEST_TILLD_ARGS", args.join("\u{1f}"))
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    wait::within("tilld to end", LIMIT, command.output())
        .await
        .unwrap()
        .unwrap()
}

pub fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_has_one_till() {
    let shop = Shop::open().await;
    let till = shop.world.till();
    let names = [
        "TILL_TILL_DATA_DIR",
        "TILL_TILL_NETWORK",
        "TILL_CHAIN_ESPLORA_URL",
    ];
    let env: Vec<(&str, &str)> = names
        .iter()
        .filter_map(|name| Some((*name, till.setting(name)?)))
        .collect();
    let mut env = env;
    env.push(("TILL_HTTP_LISTEN", "127.0.0.1:0"));
    env.push(("TILL_NODE_LISTEN", "127.0.0.1:0"));
    let second = tilld(&["serve"], &env).await;
    assert!(!second.status.success());
    assert!(
        said(&second).contains("is in use by another tilld"),
        "{}",
        said(&second)
    );
    // The first one has not noticed.
    shop.get("/readyz").await;
    // SIGTERM: drained, and 0; `stop` fails otherwise.
    till.stop().await.unwrap();
    shop.world.start_till().await.unwrap();
    shop.close().await;
}

/// A stop with nothing to wait for but the node takes no longer; requests would be given twice as long.
const QUICK_STOP: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_holds_no_stop_up() {
    let open = [("TILL_LNBOT_OPEN_REGISTRATION", "true")];
    let shop = Shop::open_with(&open).await;
    let base = shop.world.client().url().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |method: reqwest::Method, path: &str, key: &str| {
        let request = http.request(method, format!("{base}/v1{path}"));
        request.bearer_auth(key).send().await.unwrap()
    };
    let post = reqwest::Method::POST;
    let account = ask(post.clone(), "/register", "").await;
    let key = text(&account.json().await.unwrap(), "primaryKey");
    let wallet = ask(post, "/wallets", &key).await;
    let id = text(&wallet.json().await.unwrap(), "walletId");
    let path = format!("/wallets/{id}/events");
    let mut stream = ask(reqwest::Method::GET, &path, &key).await;
    assert!(stream.chunk().await.unwrap().is_some(), "a greeting");
    let mut display = Display::connect(shop.world.client(), None).await;

    let begun = std::time::Instant::now();
    let told = async { (stream.chunk().await, display.goodbye().await) };
    let (stopped, (rest, goodbye)) = tokio::join!(shop.world.till().stop(), told);
    stopped.unwrap();
    assert!(begun.elapsed() < QUICK_STOP, "{:?}", begun.elapsed());
    assert_eq!(rest.unwrap(), None, "it ends as a stream should");
    let away = (1001, "the till is shutting down".to_owned());
    assert_eq!(goodbye, Some(away));
    shop.world.start_till().await.unwrap();
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("till");
    let data_dir = home.to_str().unwrap();
    let made = tilld(
        &[
            "--data-dir",
            data_dir,
            "--network",
            "regtest",
            "init",
            "--non-interactive",
            "--no-passphrase",
            "--hide-words",
        ],
        &[],
    )
    .await;
    assert!(made.status.success(), "{}", said(&made));

    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[("TILL_HTTP_LISEN", "127.0.0.1:1")], "TILL_HTTP_LISTEN"),
        (&[("TILL_PAYMENTS_WAIT_SECS", "soon")], "wait_secs"),
        (&[("TILL_TILL_NETWORK", "mainet")], "mainnet"),
    ];
    for (env, named) in cases {
        let refused = tilld(&["--data-dir", data_dir, "serve"], env).await;
        assert!(!refused.status.success(), "{env:?}");
        let said = said(&refused);
        assert!(
            said.to_lowercase().contains(&named.to_lowercase()),
            "{env:?}: {said}"
        );
    }
    let again = tilld(
        &[
            "--data-dir",
            data_dir,
            "init",
            "--non-interactive",
            "--no-passphrase",
        ],
        &[],
    )
    .await;
    assert!(
        !again.status.success(),
        "a second init touched what was there: {}",
        said(&again)
    );
}
