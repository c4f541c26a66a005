//! What is refused, with which status, without a world.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest as _, Request};
use axum::response::IntoResponse as _;

use super::error::ControlError;
use super::input::{Input, msat};
use super::wire::{Mine, Pay};
use crate::peer::PeerError;
use crate::wait::TimedOut;
use crate::world::WorldError;

async fn answer(error: impl Into<ControlError>) -> (u16, String) {
    let answer = error.into().into_response();
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), 1024).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn each_refusal_has_its_status_and_its_words() {
    let timed_out = TimedOut {
        what: "a block".to_owned(),
        limit: Duration::from_secs(3),
    };
    let cases: [(WorldError, u16, &str); 7] = [
        (WorldError::Invalid("no".into()), 400, r#"{"error":"no"}"#),
        (
            PeerError::Invalid("bad".into()).into(),
            400,
            r#"{"error":"bad"}"#,
        ),
        (
            PeerError::PaymentFailed("RouteNotFound".into()).into(),
            422,
            r#"{"error":"RouteNotFound"}"#,
        ),
        (
            PeerError::Stopped("customer".into()).into(),
            503,
            r#"{"error":"the customer node is stopped"}"#,
        ),
        (
            WorldError::Elsewhere("the till"),
            409,
            r#"{"error":"the till is not run by this program: stop and start it where it is"}"#,
        ),
        (
            WorldError::EsploraStopped,
            503,
            r#"{"error":"the Esplora server is stopped"}"#,
        ),
        (
            timed_out.into(),
            504,
            r#"{"error":"waited 3 s in vain: a block"}"#,
        ),
    ];
    for (error, status, body) in cases {
        assert_eq!(answer(error).await, (status, body.to_owned()));
    }
}

#[tokio::test]
async fn bodies_are_json_whatever_they_call_themselves() {
    let read = async |body: &str| {
        let request = Request::post("/mine").body(body.to_owned().into()).unwrap();
        Input::<Mine>::from_request(request, &()).await
    };
    assert_eq!(read(r#"{"blocks":3}"#).await.unwrap().0.blocks, 3);
    assert_eq!(read("").await.unwrap().0.blocks, 1);
    for bad in ["blocks=3", r#"{"blocks":-1}"#, r#"{"blocks":"3"}"#, "[]x"] {
        let (status, body) = answer(read(bad).await.err().unwrap()).await;
        assert_eq!(status, 400, "{bad}");
        assert!(body.starts_with(r#"{"error":"bad JSON"#), "{body}");
    }
    let request = Request::post("/pay").body("{}".into()).unwrap();
    let pay = Input::<Pay>::from_request(request, &()).await.unwrap().0;
    assert!(pay.invoice.is_none() && pay.amount_sat.is_none());
}

#[test]
fn amounts_are_positive_and_fit() {
    assert_eq!(msat(None).unwrap(), None);
    assert_eq!(msat(Some(21)).unwrap(), Some(21_000));
    assert!(msat(Some(0)).is_err());
    assert!(msat(Some(u64::MAX)).is_err());
}
