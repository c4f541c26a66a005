//! Callers behind a proxy: whose word on whom it speaks for is taken.

use std::net::IpAddr;
use std::num::NonZeroU32;

use support::app::{PROXY_ADDRESS, TestApp};

/// Asks for what is limited by address, from this address of ours, with such a header.
async fn ask(app: &TestApp, from: &str, forwarded_for: &str) -> u16 {
    let from: IpAddr = from.parse().unwrap();
    let client = reqwest::Client::builder().local_address(from);
    let request = client
        .build()
        .unwrap()
        .get(format!("{}/v1/status", app.url));
    let answer = request.header("x-forwarded-for", forwarded_for).send();
    answer.await.unwrap().status().as_u16()
}

async fn one_call_a_minute() -> TestApp {
    TestApp::lnbot_with(|settings| settings.public_calls = NonZeroU32::MIN).await
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_behind_a_trusted_proxy_are_counted_one_by_one() {
    let app = one_call_a_minute().await;
    assert_eq!(ask(&app, PROXY_ADDRESS, "192.0.2.1").await, 200);
    assert_eq!(ask(&app, PROXY_ADDRESS, "192.0.2.2").await, 200);
    assert_eq!(ask(&app, PROXY_ADDRESS, "192.0.2.1").await, 429);
    let made_up = "198.51.100.7, 192.0.2.2";
    assert_eq!(ask(&app, PROXY_ADDRESS, made_up).await, 429, "its own word");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_else_writes_the_header_is_counted_by_where_they_are() {
    let app = one_call_a_minute().await;
    assert_eq!(ask(&app, "127.0.0.1", "192.0.2.1").await, 200);
    assert_eq!(ask(&app, "127.0.0.1", "192.0.2.2").await, 429);
    // And nobody has used up another's calls by it.
    assert_eq!(ask(&app, PROXY_ADDRESS, "192.0.2.1").await, 200);
}
