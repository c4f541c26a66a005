//! What stands in the query and the headers of a stream's request. Owns the bounds.

use std::time::Duration;

use axum::http::HeaderMap;

use crate::lnbot::error::Error;

/// The header by which a stream is resumed (WHATWG HTML, server-sent events).
const LAST_EVENT_ID: &str = "last-event-id";
/// The same for clients that cannot set a header.
const LAST_EVENT_ID_IN_QUERY: &str = "lastEventId";
/// How long a watch waits, in seconds, if its caller does not say.
const DEFAULT_WAIT_SECS: u64 = 60;
/// The longest wait that a caller may ask for, in seconds.
const MAX_WAIT_SECS: u64 = 300;

/// What a field of the query says; an empty one says nothing.
fn field(query: Option<&str>, name: &str) -> Result<Option<String>, Error> {
    let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(query.unwrap_or_default());
    let pairs = pairs.map_err(|_| Error::bad_request("the query cannot be read"))?;
    let found = pairs.into_iter().find(|(key, _)| key == name);
    Ok(found
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty()))
}

/// How long a watch waits.
pub(super) fn wait(query: Option<&str>) -> Result<Duration, Error> {
    let secs = match field(query, "timeout")? {
        Some(text) => text.parse().ok().filter(|secs| *secs <= MAX_WAIT_SECS),
        None => Some(DEFAULT_WAIT_SECS),
    };
    let bad = || {
        Error::bad_request(format!(
            "timeout is a number of seconds up to {MAX_WAIT_SECS}"
        ))
    };
    secs.map(Duration::from_secs).ok_or_else(bad)
}

/// After which event a wallet's stream goes on; the header counts before the query.
pub(super) fn since(headers: &HeaderMap, query: Option<&str>) -> Result<Option<u64>, Error> {
    let bad = || Error::bad_request("Last-Event-ID must be an event's id");
    let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str());
    let text = match header.transpose().map_err(|_| bad())?.map(str::trim) {
        Some(text) if !text.is_empty() => Some(text.to_owned()),
        Some(_) | None => field(query, LAST_EVENT_ID_IN_QUERY)?,
    };
    text.map(|text| text.parse().map_err(|_| bad())).transpose()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_wait_is_bounded() {
        let secs = |query| wait(query).ok().map(|wait| wait.as_secs());
        assert_eq!(secs(None), Some(60));
        assert_eq!(secs(Some("timeout=")), Some(60));
        assert_eq!(secs(Some("timeout=0")), Some(0));
        assert_eq!(secs(Some("a=b&timeout=300")), Some(300));
        for bad in [
            "timeout=301",
            "timeout=-1",
            "timeout=1.5",
            "timeout=x",
            "timeout=1%20",
        ] {
            assert_eq!(secs(Some(bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_stream_resumes_by_header_or_query() {
        let since = |header: Option<&'static str>, query| {
            let mut headers = HeaderMap::new();
            if let Some(text) = header {
                headers.insert(LAST_EVENT_ID, HeaderValue::from_static(text));
            }
            since(&headers, query)
        };
        assert_eq!(since(None, None), Ok(None));
        assert_eq!(since(Some(" 7 "), None), Ok(Some(7)));
        assert_eq!(since(Some("7"), Some("lastEventId=8")), Ok(Some(7)));
        assert_eq!(since(Some(""), Some("lastEventId=8")), Ok(Some(8)));
        assert_eq!(since(None, Some("lastEventId=")), Ok(None));
        for bad in ["x", "-1", "1.5", "18446744073709551616"] {
            assert!(since(Some(bad), None).is_err(), "{bad}");
        }
        assert!(since(None, Some("lastEventId=x")).is_err());
    }
}
