//! A paywall before any routes, as a program beside the till: it knows the till's address and a wallet's
//! key, and asks it for challenges and for verdicts. Owns nothing of L402 itself; `docs/l402.md` tells how
//! to run it.
//!
//! Every visitor without a token makes an invoice: a server that the world can reach limits how often one
//! address may ask.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

/// Where the till is, and what a visit costs.
#[derive(Clone, Debug)]
pub struct Paywall {
    /// Such as `http://127.0.0.1:9154`.
    pub till: String,
    /// The key of the wallet that is paid (`wk_...`).
    pub key: String,
    /// The price, in sat.
    pub price_sat: u64,
    /// How long a token is good, in seconds.
    pub good_for_secs: u64,
    /// Calls the till.
    pub http: reqwest::Client,
}

/// The same routes, for those who have paid.
pub fn paywalled(routes: Router, paywall: Paywall) -> Router {
    routes.layer(from_fn_with_state(paywall, admit))
}

async fn admit(State(paywall): State<Paywall>, request: Request, next: Next) -> Response {
    let path = format!("path={}", request.uri().path());
    let shown = request.headers().get(AUTHORIZATION);
    if let Some(token) = shown.and_then(|value| value.to_str().ok())
        && paywall.is_good(token, &path).await
    {
        return next.run(request).await;
    }
    match paywall.challenge(path).await {
        Some(challenge) => {
            let header = [(WWW_AUTHENTICATE, challenge)];
            (StatusCode::PAYMENT_REQUIRED, header, "Payment required\n").into_response()
        }
        None => (StatusCode::BAD_GATEWAY, "The till does not answer\n").into_response(),
    }
}

impl Paywall {
    /// Whether a token was paid for, and for this path: what a caveat means is the seller's to say, and one
    /// that the seller does not know is a reason to refuse.
    async fn is_good(&self, token: &str, path: &str) -> bool {
        let verdict = self.call("verify", &json!({"authorization": token})).await;
        let Some(verdict) = verdict.filter(|verdict| verdict["valid"] == true) else {
            return false;
        };
        let caveats = verdict["caveats"].as_array().cloned().unwrap_or_default();
        let mut texts = caveats.iter().filter_map(Value::as_str);
        texts.all(|caveat| caveat == path || caveat.starts_with("expiry="))
    }

    async fn challenge(&self, path: String) -> Option<HeaderValue> {
        let wanted = json!({
            "amount": self.price_sat, "expirySeconds": self.good_for_secs,
            "description": "A visit", "caveats": [path],
        });
        let made = self.call("challenges", &wanted).await?;
        HeaderValue::from_str(made["wwwAuthenticate"].as_str()?).ok()
    }

    async fn call(&self, what: &str, body: &Value) -> Option<Value> {
        let url = format!("{}/v1/wallets/current/l402/{what}", self.till);
        let call = self.http.post(url).bearer_auth(&self.key).json(body);
        let answer = call.send().await.ok()?;
        answer.error_for_status().ok()?.json().await.ok()
    }
}

#[allow(dead_code)]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paywall = Paywall {
        till: std::env::var("PAYWALL_TILL").unwrap_or_else(|_| "http://127.0.0.1:9154".into()),
        key: std::env::var("PAYWALL_KEY")?,
        price_sat: 100,
        good_for_secs: 3_600,
        http: reqwest::Client::builder().no_proxy().build()?,
    };
    let secret = async || "What you have paid for\n";
    let routes = Router::new().route("/secret", get(secret));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8402").await?;
    println!("http://{}/secret", listener.local_addr()?);
    axum::serve(listener, paywalled(routes, paywall)).await?;
    Ok(())
}
