//! What happens before a route is looked for: other origins' browsers are let in, a slash at the end of a
//! path is sent away, and what is no text is no path. Knows no route.

use axum::Router;
use axum::extract::Request;
use axum::http::header::LOCATION;
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use super::error;
use crate::http::Problem;

/// Where the surface is nested.
const MOUNT: &str = "/api/v1";
/// The query's name for a wallet's key.
const API_KEY: &str = "api-key=";

/// Puts the surface behind its edge. Any origin may call, without credentials: keys are sent by hand,
/// and the login's cookie is not.
pub(super) fn behind(surface: Router) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(AllowHeaders::mirror_request());
    let edge = ServiceBuilder::new()
        .layer(cors)
        .layer(from_fn(without_slash))
        .service(surface);
    Router::new().fallback_service(edge)
}

/// As LNbits does, `/payments/` is redirected to `/payments`; but a key in the query is not put into
/// an answer, such a request is served where it stands.
async fn without_slash(mut request: Request, next: Next) -> Response {
    if !is_text(request.uri().path()) {
        return error::render(Problem::UnknownRoute);
    }
    let Some(uri) = trimmed(request.uri()) else {
        return next.run(request).await;
    };
    if uri.query().is_some_and(|query| query.contains(API_KEY)) {
        *request.uri_mut() = uri;
        return next.run(request).await;
    }
    let there = [(LOCATION, format!("{MOUNT}{uri}"))];
    (StatusCode::TEMPORARY_REDIRECT, there).into_response()
}

/// Whether a path stands for text; no route has another.
fn is_text(path: &str) -> bool {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        match u8::from_str_radix(code, 16) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend(code.as_bytes()),
        }
        bytes.extend(rest.as_bytes());
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// The address without the slash at its end, if it has one and is more than that.
fn trimmed(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/')?;
    if path.is_empty() || path.ends_with('/') || path.starts_with("//") {
        return None;
    }
    let whole = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    whole.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_text() {
        for path in [
            "/payments",
            "/wallet/caf%C3%A9",
            "/wallet/100%",
            "/wallet/%zz",
        ] {
            assert!(is_text(path), "{path}");
        }
        for path in ["/wallet/%ff", "/wallet/%C3", "/wallet/a%80b"] {
            assert!(!is_text(path), "{path}");
        }
    }

    #[test]
    fn only_a_slash_at_the_end_of_something_goes() {
        let table = [
            ("/payments/", Some("/payments")),
            ("/payments/?limit=1", Some("/payments?limit=1")),
            ("/payments", None),
            ("/", None),
            ("//elsewhere.example/", None),
            ("/payments//", None),
        ];
        for (from, to) in table {
            let uri: Uri = from.parse().unwrap();
            let to = to.map(|to| to.parse::<Uri>().unwrap());
            assert_eq!(trimmed(&uri), to, "{from}");
        }
    }
}
