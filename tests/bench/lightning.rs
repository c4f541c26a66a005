//! Lightning payments a second through the till, over its HTTP surface, beside bare ldk-node on the
//! same kind of store and the same chain. The two take turns.

use std::future::Future;
use std::time::Instant;

use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use till_regtest::peer::{NewInvoice, Peer};
use till_regtest::world::{TilldCommand, World, WorldConfig};

use super::Failure;
use super::journal::{Spread, per_second};

/// Payments of one measurement at 40 in flight, where nobody says; a quarter of it one by one.
const PAYMENTS: u64 = 200;
/// How many are in flight.
const IN_FLIGHT: [usize; 2] = [1, 40];
/// How often each is measured.
const TURNS: usize = 3;
/// What is paid, in msat.
const AMOUNT_MSAT: u64 = 5_000_000;

pub(crate) async fn run(payments: Option<u64>) -> Result<(), Failure> {
    let world = World::start(WorldConfig::new(TilldCommand::this_program()?)).await?;
    world.client().login().await?;
    println!(
        "| in flight | the till pays, /s | the till is paid, /s | bare ldk-node pays, /s | paying / bare |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for in_flight in IN_FLIGHT {
        let share = if in_flight == 1 { 4 } else { 1 };
        let count = payments.unwrap_or(PAYMENTS) / share;
        let (mut pays, mut paid, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..TURNS {
            pays.push(till_pays(&world, count, in_flight).await?);
            paid.push(till_is_paid(&world, count, in_flight).await?);
            bare.push(bare_pays(&world, count, in_flight).await?);
        }
        let (pays, paid, bare) = (Spread::of(pays), Spread::of(paid), Spread::of(bare));
        let ratio = pays.median / bare.median;
        println!("| {in_flight} | {pays} | {paid} | {bare} | {ratio:.2} |");
    }
    world.stop().await?;
    Ok(())
}

/// Runs `one` for each text, so many at once, and says how many a second succeeded. A channel that is
/// full of HTLCs refuses some; they are counted and shown, and nobody tries again.
async fn rate<F>(
    texts: Vec<String>,
    at_once: usize,
    one: impl Fn(String) -> F,
) -> Result<f64, Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let (count, begun) = (texts.len(), Instant::now());
    let mut running = stream::iter(texts).map(one).buffer_unordered(at_once);
    let mut failed = 0;
    while let Some(done) = running.next().await {
        failed += usize::from(done.is_err());
    }
    if failed > 0 {
        eprintln!("{failed} of {count} failed, {at_once} at once");
    }
    Ok(per_second((count - failed).try_into()?, begun))
}

async fn asked_of(peer: &Peer, count: u64) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    for _ in 0..count {
        let wanted = NewInvoice {
            amount_msat: Some(AMOUNT_MSAT),
            memo: "goods".into(),
            expiry_secs: 3_600,
            hold: false,
        };
        texts.push(peer.invoice(wanted).await?.bolt11);
    }
    Ok(texts)
}

async fn till_pays(world: &World, count: u64, at_once: usize) -> Result<f64, Failure> {
    let texts = asked_of(world.customer(), count).await?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let client = world.client();
    let url = format!("{}/wallet/payinvoice", client.url());
    let cookies = client.cookie_header().unwrap_or_default();
    rate(texts, at_once, async |text: String| {
        let request = http.post(&url).header("cookie", &cookies);
        let answer = request.json(&json!({ "invoice": text })).send().await?;
        match answer.status().as_u16() {
            200 => Ok(()),
            status => Err(format!("{status}: {}", answer.text().await?).into()),
        }
    })
    .await
}

async fn till_is_paid(world: &World, count: u64, at_once: usize) -> Result<f64, Failure> {
    let mut texts = Vec::new();
    for _ in 0..count {
        let made = world
            .client()
            .invoice(AMOUNT_MSAT / 1_000, "goods", "")
            .await?;
        texts.push(made.serialized);
    }
    pay(world.customer(), texts, at_once).await
}

/// From the customer to the provider, who have the biggest channel; no till is in it.
async fn bare_pays(world: &World, count: u64, at_once: usize) -> Result<f64, Failure> {
    let texts = asked_of(world.lsp(), count).await?;
    pay(world.customer(), texts, at_once).await
}

async fn pay(peer: &Peer, texts: Vec<String>, at_once: usize) -> Result<f64, Failure> {
    rate(texts, at_once, async |text: String| {
        peer.pay(&text, None).await?;
        Ok(())
    })
    .await
}
