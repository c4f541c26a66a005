//! Bodies, queries, path parts and the idempotency header, with every misfit in the surface's
//! envelope. Owns no rule about what a field means.

use std::str::FromStr;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Pos;
use super::error::{Case, Error};
use crate::http::read_json;

/// The header that makes a repeat the same request.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest idempotency key, in bytes.
const MAX_IDEMPOTENCY_KEY_BYTES: usize = 255;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Pos> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, pos: &Pos) -> Result<Self, Error> {
        let body = read_json(request, &pos.settings.limits).await?;
        Ok(Self(body))
    }
}

/// The query.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(bad_query)
    }
}

/// The rejection's own text starts with a sentence that says nothing; its cause names the field.
fn bad_query(rejection: QueryRejection) -> Error {
    let text = rejection.body_text();
    let why = text.strip_prefix("Failed to deserialize query string: ");
    Error::new(
        Case::InvalidRequest,
        format!("bad query: {}", why.unwrap_or(&text)),
    )
}

/// The one identifier in the path.
pub(crate) struct Id<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Id<T>
where
    T: FromStr,
    T::Err: std::fmt::Display,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Error::new(Case::InvalidRequest, rejection.body_text()))?;
        let id = text.parse::<T>();
        id.map(Self)
            .map_err(|e| Error::new(Case::InvalidRequest, format!("bad id in the path: {e}")))
    }
}

/// Whether the caller asks for bare text instead of JSON: `Accept` names it, and JSON not before it.
pub(crate) struct WantsText(pub(crate) bool);

impl<S: Send + Sync> FromRequestParts<S> for WantsText {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let accept = parts.headers.get_all(ACCEPT).iter();
        let lines = accept.filter_map(|line| line.to_str().ok());
        let mut kinds = lines.flat_map(|line| line.split(','));
        let first = kinds.find_map(|kind| match kind.split(';').next().map(str::trim) {
            Some(kind) if kind.eq_ignore_ascii_case("text/plain") => Some(true),
            Some(kind) if kind.eq_ignore_ascii_case("application/json") => Some(false),
            Some(_) | None => None,
        });
        Ok(Self(first.unwrap_or(false)))
    }
}

/// The `Idempotency-Key` header, if there is one.
pub(crate) struct Idempotency(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Idempotency {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        idempotency_key(&parts.headers).map(Self)
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let fits = (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&key.len());
    let visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if fits && visible && keys.next().is_none() => Ok(Some(key.to_owned())),
        Ok(_) | Err(_) => Err(Error::new(
            Case::InvalidRequest,
            format!(
                "Idempotency-Key must be one header of 1 to {MAX_IDEMPOTENCY_KEY_BYTES} \
                 visible ASCII characters"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use till::id::PaymentHash;

    use super::*;
    use crate::pos::wire::ListQuery;

    fn keys(values: &[&[u8]]) -> Result<Option<String>, Error> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).expect("a header value");
            headers.append(IDEMPOTENCY_KEY, value);
        }
        idempotency_key(&headers)
    }

    #[test]
    fn idempotency_keys_are_visible_and_bounded() {
        assert_eq!(keys(&[]), Ok(None));
        assert_eq!(keys(&[b"order-123"]), Ok(Some("order-123".into())));
        assert!(keys(&[&[b'a'; 255]]).is_ok());
        let bad: [&[&[u8]]; 5] = [
            &[b""],
            &[b"a b"],
            &[b"\xc3\xa9"],
            &[&[b'a'; 256]],
            &[b"a", b"b"],
        ];
        for values in bad {
            assert!(keys(values).is_err(), "{values:?}");
        }
    }

    async fn list(query: &str) -> Result<ListQuery, Error> {
        let request = Request::builder().uri(format!("/x?{query}"));
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        let params = Params::<ListQuery>::from_request_parts(&mut parts, &()).await;
        params.map(|Params(query)| query)
    }

    #[tokio::test]
    async fn queries_are_typed_and_their_misfits_named() {
        let query = list("limit=5&all=true&externalId=a%20b&other=1").await;
        let query = query.expect("a good query");
        assert_eq!((query.limit, query.all), (Some(5), Some(true)));
        assert_eq!(query.external_id.as_deref(), Some("a b"));
        for bad in [
            "limit=-1",
            "limit=x",
            "limit=1.5",
            "limit=",
            "limit=1&limit=2",
        ] {
            let refused = format!("{:?}", list(bad).await.expect_err(bad));
            assert!(refused.contains("limit"), "{bad}: {refused}");
        }
        assert!(list("all=yes").await.is_err());
        assert!(list("from=99999999999999999999").await.is_err());
    }

    #[tokio::test]
    async fn a_path_without_a_match_is_a_bad_request_not_a_panic() {
        let (mut parts, ()) = Request::new(()).into_parts();
        let id = Id::<PaymentHash>::from_request_parts(&mut parts, &()).await;
        assert!(id.is_err());
    }
}
