//! `kill -9` on the real till under load, again and again. Owns the rounds and what is counted; the
//! customer's node is the witness of what really happened to money.
//!
//! ```text
//! cargo run --release --bin crash -- --rounds 25 [--seed S] [--keep FOLDER]
//! ```

mod load;
mod shop;
mod verdict;

use std::time::Duration;

use fastrand::Rng;
use till_regtest::world::{TilldCommand, World, WorldConfig};

pub use verdict::Count;

use load::Load;
use shop::Shop;
use verdict::Promises;

/// What goes wrong around the till, not in it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Milliseconds of load before a kill, at most.
const MAX_LOAD_MS: u64 = 1_500;
/// Every third kill comes within this time of the first payment.
const AT_ONCE_MS: u64 = 60;
/// Coins with which the customer can claim what is its own from closed channels.
const CUSTOMER_COINS: u32 = 6;
/// Blocks after which every time lock of a closed channel is over.
const LOCK_BLOCKS: u32 = 160;
/// How often things may settle before what is left counts as stuck.
const SETTLE_ROUNDS: u32 = 120;

/// What to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often the till is killed.
    pub rounds: u32,
    /// Decides what is done when.
    pub seed: u64,
    /// Where the world is kept; `None` for a folder that goes with it.
    pub keep: Option<std::path::PathBuf>,
    /// The till.
    pub tilld: TilldCommand,
}

/// Kills the till `rounds` times, lets everything come to its end, and counts.
///
/// # Errors
/// If the world cannot be had, or the till does not come back.
pub async fn run(options: Options) -> Result<Count, Failure> {
    let mut config = WorldConfig::new(options.tilld);
    config.dir = options.keep;
    config.env = [
        ("TILL_PAYMENTS_RECHECK_SECS", "1"),
        ("TILL_PAYMENTS_WAIT_SECS", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let world = World::start(config).await?;
    world.client().login().await?;
    let shop = Shop::new(world.clone())?;
    // Whoever closes a channel pays for its claims from the chain: the customer needs coins for it.
    for _ in 0..CUSTOMER_COINS {
        let address = world.customer().new_address().await?;
        world.fund(&address.to_string(), 1_000_000, true).await?;
    }
    let (mut rng, mut promises, mut count) = (
        Rng::with_seed(options.seed),
        Promises::default(),
        Count::default(),
    );
    let channels = shop.usable_channels().await?;
    for round in 1..=options.rounds {
        let killed_after = match round % 3 {
            0 => rng.u64(1..AT_ONCE_MS),
            _ => rng.u64(AT_ONCE_MS..MAX_LOAD_MS),
        };
        let load = Load::start(&shop, rng.u64(..));
        load.first_payment().await;
        tokio::time::sleep(Duration::from_millis(killed_after)).await;
        world.till().kill().await?;
        promises.take(load.end().await);
        world.start_till().await?;
        promises.check(&shop, &mut count).await?;
        count.closed += reopen(&shop, channels).await?;
        count.rounds = round;
        println!("round {round}: killed {killed_after} ms after the first payment; {count}");
    }
    finish(&shop, &mut promises, &mut count, &mut rng).await?;
    println!("after everything came to its end: {count}");
    world.stop().await?;
    Ok(count)
}

/// Channels that LDK closed at the start, because its manager was older than a monitor, are opened
/// anew.
async fn reopen(shop: &Shop, wanted: usize) -> Result<u64, Failure> {
    let closed = wanted.saturating_sub(shop.channels_left().await?);
    for _ in 0..closed {
        shop.world.mine(6).await?;
        shop.open_another().await?;
    }
    Ok(closed.try_into()?)
}

/// The customer decides what it still holds, time locks run out, and everything is checked.
async fn finish(
    shop: &Shop,
    promises: &mut Promises,
    count: &mut Count,
    rng: &mut Rng,
) -> Result<(), Failure> {
    for hash in promises.holds() {
        let decided = if rng.bool() {
            shop.world.customer().settle(&hash).await
        } else {
            shop.world.customer().cancel(&hash).await
        };
        // It may never have come, or have gone back with its channel.
        drop(decided);
    }
    // Block by block, as everywhere: who is asleep for a day loses what could be claimed meanwhile.
    for _ in 0..if count.closed > 0 { LOCK_BLOCKS } else { 0 } {
        shop.world.mine(1).await?;
    }
    for _ in 0..SETTLE_ROUNDS {
        if promises.pending(shop).await? == 0 {
            break;
        }
        shop.world.mine(1).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    promises.check(shop, count).await?;
    promises.judge(shop, count).await?;
    count.audit = shop.audit_agrees().await?;
    Ok(())
}
