//! The last line of defence around a surface's routes: unknown routes, load, time, size, panics,
//! tracing and headers. Owns the order in which they apply; knows no route.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

use super::{Limits, PROBES, Problem, Render};

/// How much of a body that is too large is read before the answer.
const DISCARD_BYTES: usize = 4 * 1024 * 1024;
/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Room for requests, and the time each may take.
struct Room {
    places: Semaphore,
    request_time: Duration,
    waiting: Option<(&'static str, Duration)>,
    max_body_bytes: usize,
    render: Render,
}

impl Room {
    fn time_for(&self, request: &Request) -> Duration {
        let pattern = request.extensions().get::<MatchedPath>();
        let pattern = pattern.map_or("", MatchedPath::as_str);
        let waits = self.waiting.filter(|(route, _)| pattern.ends_with(route));
        waits.map_or(self.request_time, |(_, time)| time.max(self.request_time))
    }
}

/// Puts `routes` behind the limits, and everything that goes wrong there into `render`'s envelope.
/// Call it once, when all routes are in: routes added later are not covered.
pub fn shield<S>(routes: Router<S>, limits: &Limits, render: Render) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let room = Arc::new(Room {
        places: Semaphore::new(limits.max_in_flight),
        request_time: limits.request_time,
        waiting: limits.waiting,
        max_body_bytes: limits.max_body_bytes,
        render,
    });
    let layers = ServiceBuilder::new()
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_request(())
                .on_failure(()) // The status says it, and the cause is logged where it is known.
                .on_response(DefaultOnResponse::new().level(Level::DEBUG)),
        )
        .layer(SetResponseHeaderLayer::if_not_present(
            CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(SetResponseHeaderLayer::overriding(
            X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(CatchPanicLayer::custom(move |_| render(Problem::Panicked)))
        .layer(from_fn_with_state(room, admit));
    routes
        .fallback(move || async move { render(Problem::UnknownRoute) })
        .method_not_allowed_fallback(move || async move { render(Problem::MethodNotAllowed) })
        .layer(layers)
}

/// The route's pattern, not its path, and no query: paths hold payment hashes, queries may hold
/// keys. Headers are never logged.
fn span(request: &Request) -> Span {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("-", MatchedPath::as_str);
    tracing::info_span!("http", method = %request.method(), route)
}

async fn admit(State(room): State<Arc<Room>>, request: Request, next: Next) -> Response {
    if PROBES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let Ok(_place) = room.places.try_acquire() else {
        return (room.render)(Problem::Overloaded);
    };
    if announces_more_than(&request, room.max_body_bytes) {
        discard(request.into_body()).await;
        return (room.render)(Problem::BodyTooLarge(room.max_body_bytes));
    }
    match timeout(room.time_for(&request), next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => (room.render)(Problem::TooSlow),
    }
}

fn announces_more_than(request: &Request, max_bytes: usize) -> bool {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    length.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > max_bytes))
}

/// Reads a body that is too large and keeps nothing of it, within bounds. A connection that is
/// closed while its peer still writes is reset, and the answer is lost with it.
async fn discard(body: Body) {
    let reading = async {
        let mut body = body;
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, |data| data.len());
            if read > DISCARD_BYTES {
                return;
            }
        }
    };
    // Whoever takes longer is cut off without an answer.
    let _ = timeout(DISCARD_TIME, reading).await;
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::http::StatusCode;
    use axum::http::header::ALLOW;
    use axum::response::IntoResponse;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    fn render(problem: Problem) -> Response {
        (StatusCode::IM_A_TEAPOT, format!("{problem:?}")).into_response()
    }

    fn shielded(max_in_flight: usize) -> Router {
        let limits = Limits {
            max_body_bytes: 8,
            request_time: Duration::from_millis(20),
            max_in_flight,
            ..Limits::default()
        };
        let routes = Router::new()
            .route("/ok", get(|| async { "ok" }).post(|| async { "ok" }))
            .route("/slow", get(pending::<()>))
            .route("/healthz", get(|| async { "alive" }))
            .route("/panic", get(panicking));
        shield(routes, &limits, render)
    }

    #[allow(clippy::panic)]
    async fn panicking() {
        panic!("on purpose")
    }

    async fn ask(router: Router, method: &str, path: &str, length: Option<usize>) -> Response {
        let request = Request::builder().method(method).uri(path);
        let request = match length {
            Some(length) => request.header(CONTENT_LENGTH, length),
            None => request,
        };
        let request = request.body(Body::empty()).expect("a valid request");
        router.oneshot(request).await.expect("infallible")
    }

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), 1024).await;
        String::from_utf8(body.expect("a body").to_vec()).expect("text")
    }

    #[tokio::test]
    async fn what_goes_wrong_ends_in_the_envelope() {
        let cases = [
            ("GET", "/ok", None, "ok"),
            ("GET", "/nowhere", None, "UnknownRoute"),
            ("DELETE", "/ok", None, "MethodNotAllowed"),
            ("POST", "/ok", Some(9), "BodyTooLarge(8)"),
            ("GET", "/slow", None, "TooSlow"),
            ("GET", "/panic", None, "Panicked"),
        ];
        for (method, path, length, expected) in cases {
            let response = ask(shielded(1), method, path, length).await;
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store", "{path}");
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(text(response).await, expected, "{method} {path}");
        }
    }

    #[tokio::test]
    async fn a_route_that_waits_has_its_own_time() {
        let after = |time| {
            get(move || async move {
                let _ = timeout(time, pending::<()>()).await;
                "waited"
            })
        };
        let limits = Limits {
            request_time: Duration::from_millis(20),
            waiting: Some(("/{id}/wait", Duration::from_secs(60))),
            ..Limits::default()
        };
        let longer = limits.request_time * 3;
        let routes = Router::new()
            .route("/bills/{id}/wait", after(longer))
            .route("/bills/{id}/look", after(longer));
        let app = Router::new().nest_service("/v1", shield(routes, &limits, render));
        let waited = ask(app.clone(), "GET", "/v1/bills/7/wait", None).await;
        assert_eq!(text(waited).await, "waited");
        let looked = ask(app, "GET", "/v1/bills/7/look", None).await;
        assert_eq!(text(looked).await, "TooSlow");
    }

    #[tokio::test]
    async fn a_wrong_method_is_told_the_right_ones() {
        let response = ask(shielded(1), "DELETE", "/ok", None).await;
        assert_eq!(response.headers()[ALLOW], "GET,HEAD,POST");
    }

    #[tokio::test]
    async fn load_is_shed_but_probes_are_answered() {
        let full = || shielded(0);
        assert_eq!(
            text(ask(full(), "GET", "/ok", None).await).await,
            "Overloaded"
        );
        assert_eq!(
            text(ask(full(), "GET", "/healthz", None).await).await,
            "alive"
        );
    }
}
