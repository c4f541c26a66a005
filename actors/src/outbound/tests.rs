//! What is never called, and what an answer may cost.

use std::collections::VecDeque;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::client::Resolve;
use super::*;

/// Names that answer as they are told to, one answer after the other.
#[derive(Debug, Default)]
struct Names(Mutex<VecDeque<Vec<IpAddr>>>);

impl Names {
    fn of(answers: &[&[&str]]) -> Arc<Self> {
        let ips = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(ips).collect())))
    }
}

impl Resolve for Names {
    fn addresses(
        &self,
        _host: String,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send + '_>> {
        let answer = self.0.lock().unwrap().pop_front();
        Box::pin(async move { answer.ok_or_else(|| std::io::ErrorKind::NotFound.into()) })
    }
}

/// Answers every connection with these bytes and then, if asked to, with nothing for ever.
async fn serve(answer: Vec<u8>, hangs: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut peer, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 2_048];
                let _ = peer.read(&mut head).await;
                let _ = peer.write_all(&answer).await;
                if hangs {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    address
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

fn local() -> OutboundPolicy {
    OutboundPolicy {
        allow_loopback: true,
        ..OutboundPolicy::default()
    }
}

async fn get(outbound: &Outbound, url: &str) -> Result<Answer, OutboundError> {
    outbound.call(url, Request::Get).await
}

#[test]
fn only_the_internet_is_public() {
    let private = [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "198.19.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001:db8::1",
        "2001::1",
        "::7f00:1",
    ];
    for ip in private {
        assert!(!is_public(ip.parse().unwrap()), "{ip}");
    }
    let public = [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "198.17.0.1",
        "2606:4700:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2a00:1450::1",
    ];
    for ip in public {
        assert!(is_public(ip.parse().unwrap()), "{ip}");
    }
}

#[tokio::test]
async fn what_shows_its_colours_is_refused_unasked() {
    let outbound = Outbound::new(OutboundPolicy::default());
    let refused = [
        "http://shop.example/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "notaurl",
        "https://user:word@shop.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://localhost/",
        "javascript:alert(1)",
    ];
    for url in refused {
        let error = outbound.check(url).unwrap_err();
        assert!(error.is_final(), "{url}: {error}");
        assert_eq!(get(&outbound, url).await.unwrap_err(), error, "{url}");
    }
    assert_eq!(outbound.check("https://shop.example/paid?x=1"), Ok(()));
    // Loopback alone is opened for tests, not what lies behind it.
    let outbound = Outbound::new(local());
    assert_eq!(outbound.check("http://127.0.0.1:1/"), Ok(()));
    assert!(outbound.check("http://10.0.0.1/").is_err());
    assert!(outbound.check("https://169.254.169.254/").is_err());
}

#[tokio::test]
async fn a_name_is_refused_for_any_address_that_is_not_public() {
    let table: [&[&str]; 4] = [
        &["10.0.0.1"],
        &["1.1.1.1", "192.168.0.1"],
        &["::ffff:127.0.0.1"],
        &["fd00::1", "2606:4700:4700::1111"],
    ];
    for addresses in table {
        let outbound = Outbound::with(OutboundPolicy::default(), Names::of(&[addresses]));
        let refused = get(&outbound, "https://shop.example/").await.unwrap_err();
        assert_eq!(refused, OutboundError::NotPublic, "{addresses:?}");
    }
    let outbound = Outbound::with(local(), Names::of(&[&["1.1.1.1"]]));
    let refused = get(&outbound, "http://shop.example/").await.unwrap_err();
    assert!(matches!(refused, OutboundError::NotAllowed(_)), "{refused}");
}

#[tokio::test]
async fn a_name_that_answers_differently_the_next_time_gains_nothing() {
    let address = serve(ok("first"), false).await;
    let names = Names::of(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let outbound = Outbound::with(local(), names.clone());
    // Nobody but `names` knows this name: the connection goes to what was checked.
    let url = format!("http://shop.invalid:{}/", address.port());
    assert_eq!(get(&outbound, &url).await.unwrap().body, b"first");
    assert_eq!(names.0.lock().unwrap().len(), 1, "looked up once");
    assert_eq!(get(&outbound, &url).await, Err(OutboundError::NotPublic));
    assert_eq!(get(&outbound, &url).await, Err(OutboundError::Unresolved));
}

#[tokio::test]
async fn an_answer_leads_nowhere_else() {
    let there = serve(ok("secret"), false).await;
    let table = [
        (format!("http://{there}/"), Err(OutboundError::Redirected)),
        (
            "http://169.254.169.254/".to_owned(),
            Err(OutboundError::Redirected),
        ),
        // It goes round in its own circle.
        ("/again".to_owned(), Err(OutboundError::Redirected)),
    ];
    for (location, expected) in table {
        let head =
            format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\nconnection: close\r\n\r\n");
        let here = serve(head.into_bytes(), false).await;
        let outbound = Outbound::new(local());
        let url = format!("http://{here}/");
        assert_eq!(get(&outbound, &url).await, expected, "{location}");
        let post = Request::Post {
            body: "{}".into(),
            headers: Vec::new(),
        };
        assert_eq!(outbound.call(&url, post).await.unwrap().status, 302);
    }
}

#[tokio::test]
async fn an_answer_is_neither_endless_nor_for_ever() {
    let huge = serve(ok(&"x".repeat(70_000)), true).await;
    let outbound = Outbound::new(local());
    let answer = get(&outbound, &format!("http://{huge}/")).await;
    assert_eq!(answer, Err(OutboundError::TooLong));
    let slow = serve(ok("begins"), true).await;
    let outbound = Outbound::new(OutboundPolicy {
        time: Duration::from_millis(200),
        ..local()
    });
    let answer = get(&outbound, &format!("http://{slow}/")).await;
    assert_eq!(answer, Err(OutboundError::TooSlow));
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let answer = get(&outbound, &format!("http://{address}/")).await;
    assert_eq!(answer, Err(OutboundError::Unreachable));
}
