//! JSON bodies. Owns how they are read, bounded in size and time, and how a misfit is explained
//! by the name of the field; what the fields mean is the surface's.

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{Limits, Problem};

/// Reads a JSON body. A missing content type is taken for JSON, since many small clients send
/// none; one that says something else is refused.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: Request,
    limits: &Limits,
) -> Result<T, Problem> {
    if !may_be_json(request.headers()) {
        return Err(Problem::NotJson);
    }
    parse_json(&read_bytes(request, limits).await?)
}

/// Reads a body, whatever it is, within the bounds.
pub(crate) async fn read_bytes(request: Request, limits: &Limits) -> Result<Bytes, Problem> {
    let read = to_bytes(request.into_body(), limits.max_body_bytes);
    timeout(limits.body_time, read)
        .await
        .map_err(|_| Problem::BodyTooSlow)?
        .map_err(|e| body_problem(e, limits.max_body_bytes))
}

fn may_be_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let Ok(text) = value.to_str() else {
        return false;
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence.is_empty()
        || essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The limit is an error inside an error; everything else is a caller that went away.
fn body_problem(error: axum::Error, max_bytes: usize) -> Problem {
    let inner = error.into_inner();
    if inner.is::<http_body_util::LengthLimitError>() {
        Problem::BodyTooLarge(max_bytes)
    } else {
        Problem::Malformed("the body could not be read".to_owned())
    }
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| explain(&e))?;
    json.end()
        .map_err(|_| Problem::Malformed("the body holds more than one JSON value".to_owned()))?;
    Ok(value)
}

fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let field = error.path().to_string();
    let why = error.inner();
    let text = if why.is_syntax() || why.is_eof() {
        format!("the body is not valid JSON: {why}")
    } else if field == "." {
        why.to_string()
    } else {
        format!("{field}: {why}")
    };
    Problem::Malformed(text)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Ask {
        amount_sat: u64,
    }

    fn malformed(body: &[u8]) -> String {
        match parse_json::<Ask>(body) {
            Err(Problem::Malformed(why)) => why,
            other => format!("not malformed: {other:?}"),
        }
    }

    #[test]
    fn a_misfit_names_its_field() {
        let why = malformed(br#"{"amountSat": "5"}"#);
        assert!(
            why.starts_with("amountSat: invalid type: string \"5\""),
            "{why}"
        );
        let why = malformed(br#"{"amountSat": -5}"#);
        assert!(
            why.starts_with("amountSat: invalid value: integer `-5`"),
            "{why}"
        );
        assert!(malformed(b"{}").starts_with("missing field `amountSat`"));
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        for body in [&b""[..], b"{", b"amountSat=5", b"\xff\xfe"] {
            assert!(
                malformed(body).starts_with("the body is not valid JSON"),
                "{body:?}"
            );
        }
        assert!(malformed(br#"{"amountSat":5} x"#).contains("more than one"));
    }

    #[tokio::test]
    async fn bodies_are_bounded_and_typed() {
        let limits = Limits {
            max_body_bytes: 32,
            ..Limits::default()
        };
        let ask = |content_type: Option<&str>, body: String| {
            let request = Request::builder();
            let request = match content_type {
                Some(text) => request.header(CONTENT_TYPE, text),
                None => request,
            };
            request.body(Body::from(body)).expect("a valid request")
        };
        let good = || r#"{"amountSat":5}"#.to_owned();
        for accepted in [
            None,
            Some("application/json"),
            Some("Application/JSON; charset=utf-8"),
        ] {
            let read = read_json::<Ask>(ask(accepted, good()), &limits).await;
            assert_eq!(read, Ok(Ask { amount_sat: 5 }), "{accepted:?}");
        }
        let form = ask(Some("application/x-www-form-urlencoded"), good());
        assert_eq!(read_json::<Ask>(form, &limits).await, Err(Problem::NotJson));
        let large = ask(None, format!("{}{}", good(), " ".repeat(32)));
        let refused = read_json::<Ask>(large, &limits).await;
        assert_eq!(refused, Err(Problem::BodyTooLarge(32)));
    }
}
