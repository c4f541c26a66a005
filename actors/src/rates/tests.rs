//! Prices: whose they are, how old they may be, and how they are rounded.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::outbound::OutboundPolicy;

fn rates(source: RateSource) -> Rates {
    let outbound = Outbound::new(OutboundPolicy {
        allow_loopback: true,
        ..OutboundPolicy::default()
    });
    let max_age = Duration::from_secs(600);
    Rates::new(RatesConfig { source, max_age }, outbound)
}

#[tokio::test]
async fn a_table_has_its_prices_and_no_others() {
    let prices = [("EUR".to_owned(), 50_000.0), ("USD".to_owned(), 60_000.0)];
    let rates = rates(RateSource::Fixed(prices.into()));
    assert_eq!(rates.currencies(), ["EUR", "USD"]);
    let rate = rates.rate("eur").await.unwrap();
    assert!((rate.price() - 50_000.0).abs() < 0.001);
    // A euro is 2,000 sat; a fraction of a satoshi is one more.
    assert_eq!(rate.to_msat(1.0), Some(2_000_000));
    assert_eq!(rate.to_msat(0.000_6), Some(2_000));
    assert_eq!(rate.to_msat(0.0), None);
    assert_eq!(rate.to_msat(-1.0), None);
    assert_eq!(rate.to_msat(f64::NAN), None);
    assert_eq!(rate.to_msat(1e30), None);
    assert!(rates.rate("CHF").await.is_none());
}

/// Prices that have no exact binary form, and amounts that are whole satoshis all the same.
#[test]
fn nobody_pays_for_how_numbers_are_stored() {
    let at = Timestamp::default();
    for (price, units, sat) in [
        (60_000.0, 6.0, 10_000),
        (60_000.0, 0.03, 50),
        (97_310.0, 973.1, 1_000_000),
        (30_000.0, 0.000_3, 1),
        (30_000.0, 0.000_300_1, 2),
        (60_000.0, 6.000_001, 10_001),
    ] {
        let rate = Rate::of_price(price, at).unwrap();
        assert_eq!(rate.to_msat(units), Some(sat * 1_000), "{units} at {price}");
    }
    let rate = Rate::of_price(60_000.0, at).unwrap();
    let units = rate.units(till::money::Sat::new(10_000).unwrap());
    assert!((units - 6.0).abs() < 1e-9, "{units}");
}

#[tokio::test]
async fn a_price_that_grew_too_old_is_none_even_if_its_source_was_asked_just_now() {
    let rates = rates(RateSource::Http {
        url: "http://127.0.0.1:1/".into(),
        pointer: "/x".into(),
        currencies: vec!["EUR".into()],
    });
    for (age_secs, is_used) in [(599, true), (601, false)] {
        let old = Timestamp::from_millis(now().as_millis() - age_secs * 1_000);
        let known = Known {
            rate: Rate::of_price(50_000.0, old),
            asked_at: now(),
        };
        *whole(&rates.price("EUR").known) = Some(known);
        assert_eq!(rates.rate("EUR").await.is_some(), is_used, "{age_secs}");
    }
}

#[tokio::test]
async fn a_source_is_asked_once_and_believed_only_in_numbers() {
    for (body, expected) in [
        (r#"{"data":{"EUR":"50000"}}"#, Some(50_000.0)),
        (r#"{"data":{"EUR":50000.5}}"#, Some(50_000.5)),
        (r#"{"data":{"EUR":0}}"#, None),
        (r#"{"data":{"EUR":-3}}"#, None),
        (r#"{"data":{"EUR":"inf"}}"#, None),
        (r#"{"data":{}}"#, None),
        ("<html>", None),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/{PLACE_IN_URL}", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut head = [0; 1_024];
            let read = peer.read(&mut head).await.unwrap();
            let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}");
            peer.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(head[..read].to_vec()).unwrap()
        });
        let rates = rates(RateSource::Http {
            url,
            pointer: "/data/{currency}".into(),
            currencies: vec!["EUR".into()],
        });
        let price = rates.rate("EUR").await.map(|rate| rate.price());
        let is_same = match (price, expected) {
            (Some(price), Some(expected)) => (price - expected).abs() < 0.001,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        assert!(is_same, "{body}: {price:?}");
        assert!(served.await.unwrap().starts_with("GET /price-in-EUR "));
        // Nobody listens there any more: it is not asked again so soon.
        let again = rates.rate("EUR").await.map(|rate| rate.price());
        assert_eq!(again, price);
    }
}

/// A price as it was known some seconds ago.
fn known_since(secs: u64) -> Known {
    let then = Timestamp::from_millis(now().as_millis() - secs * 1_000);
    Known {
        rate: Rate::of_price(50_000.0, then),
        asked_at: then,
    }
}

/// A source that takes calls, tells of each, and never answers but about dollars.
async fn hanging() -> (Rates, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/{PLACE_IN_URL}", listener.local_addr().unwrap());
    let (told, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut head = [0; 1_024];
            let read = peer.read(&mut head).await.unwrap();
            let asked = String::from_utf8(head[..read].to_vec()).unwrap();
            if asked.contains("USD") {
                let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n60000";
                peer.write_all(answer.as_bytes()).await.unwrap();
            } else {
                kept.push(peer);
            }
            told.send(asked).unwrap();
        }
    });
    let rates = rates(RateSource::Http {
        url,
        pointer: String::new(),
        currencies: vec!["EUR".into(), "USD".into()],
    });
    (rates, heard)
}

#[tokio::test]
async fn a_source_that_hangs_holds_nobody_up_who_can_do_without() {
    let (rates, mut heard) = hanging().await;
    *whole(&rates.price("EUR").known) = Some(known_since(120));
    for _ in 0..3 {
        let rate = rates.rate("EUR").await.unwrap();
        assert!((rate.price() - 50_000.0).abs() < 0.001);
    }
    assert!(heard.recv().await.unwrap().contains("EUR"));
    // The call for euros hangs still; dollars have never been asked for.
    let dollars = rates.rate("USD").await.unwrap();
    assert!((dollars.price() - 60_000.0).abs() < 0.001);
    assert!(heard.recv().await.unwrap().contains("USD"));
    assert!(heard.try_recv().is_err(), "euros were asked for once");
    // Too old a price is worth waiting for, and the call that hangs is the one that is waited for.
    *whole(&rates.price("EUR").known) = Some(known_since(700));
    let waits = rates.rate("EUR").now_or_never();
    assert!(waits.is_none());
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn a_price_that_ages_is_replaced_behind_the_caller_s_back() {
    let (rates, mut heard) = hanging().await;
    *whole(&rates.price("USD").known) = Some(known_since(120));
    let old = rates.rate("USD").await.unwrap();
    assert!((old.price() - 50_000.0).abs() < 0.001);
    assert!(heard.recv().await.unwrap().contains("USD"));
    let price = rates.price("USD");
    drop(price.asking.lock().await);
    let new = rates.rate("USD").await.unwrap();
    assert!((new.price() - 60_000.0).abs() < 0.001);
}

const PLACE_IN_URL: &str = "price-in-{currency}";
