//! Sales, payments and held payments at once, until the till is killed. Owns what each caller was
//! told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use till_regtest::peer::NewInvoice;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::shop::Shop;

/// Amounts in sat: dust and not.
const AMOUNTS_SAT: [u64; 6] = [1, 7, 250, 900, 12_000, 60_000];
/// Callers of each kind.
const SELLERS: u64 = 4;
const PAYERS: u64 = 4;
const HOLDERS: u64 = 2;

/// An invoice that the till promised to have.
#[derive(Clone, Debug)]
pub(super) struct Sale {
    pub(super) hash: String,
    pub(super) amount_sat: u64,
}

/// A payment that the till was asked for.
#[derive(Clone, Debug)]
pub(super) struct Pay {
    pub(super) hash: String,
    pub(super) amount_sat: u64,
    /// The status that the till answered, if it did.
    pub(super) told: Option<u16>,
    pub(super) held: bool,
}

/// What callers were told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) sales: Vec<Sale>,
    pub(super) pays: Vec<Pay>,
}

#[derive(Debug, Default)]
struct Shared {
    told: Mutex<Told>,
    over: AtomicBool,
    paying: Notify,
}

/// The callers.
pub(super) struct Load {
    shared: Arc<Shared>,
    callers: Vec<JoinHandle<()>>,
}

impl Load {
    pub(super) fn start(shop: &Shop, seed: u64) -> Self {
        let shared = Arc::new(Shared::default());
        let mut callers = Vec::new();
        for n in 0..SELLERS + PAYERS + HOLDERS {
            let (shop, shared) = (shop.clone(), Arc::clone(&shared));
            let mut rng = Rng::with_seed(seed.wrapping_add(n));
            callers.push(tokio::spawn(async move {
                while !shared.over.load(Ordering::Relaxed) {
                    let amount_sat = AMOUNTS_SAT[rng.usize(..AMOUNTS_SAT.len())];
                    match n {
                        0..SELLERS => sell(&shop, &shared, amount_sat).await,
                        _ => pay(&shop, &shared, amount_sat, n >= SELLERS + PAYERS).await,
                    }
                }
            }));
        }
        Self { shared, callers }
    }

    pub(super) async fn first_payment(&self) {
        self.shared.paying.notified().await;
    }

    /// Everybody has noticed that the till is gone.
    pub(super) async fn end(self) -> Told {
        self.shared.over.store(true, Ordering::Relaxed);
        for caller in self.callers {
            // One that panicked has told what it knew.
            let _ = caller.await;
        }
        std::mem::take(&mut *lock(&self.shared.told))
    }
}

fn lock(told: &Mutex<Told>) -> std::sync::MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn sell(shop: &Shop, shared: &Shared, amount_sat: u64) {
    let wanted = json!({ "amountSat": amount_sat });
    let path = "/wallet/createinvoice";
    let Some((200, made)) = shop.call(Method::POST, path, Some(wanted), None).await else {
        return tokio::task::yield_now().await;
    };
    let text = |field: &str| made[field].as_str().map(str::to_owned);
    let (Some(hash), Some(bolt11)) = (text("paymentHash"), text("serialized")) else {
        return;
    };
    lock(&shared.told).sales.push(Sale { hash, amount_sat });
    // Its outcome the customer's node remembers. The till may be gone before.
    let customer = shop.world.customer().clone();
    tokio::select! {
        _ = customer.pay(&bolt11, None) => {}
        () = is_over(shared) => {}
    }
}

async fn is_over(shared: &Shared) {
    while !shared.over.load(Ordering::Relaxed) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn pay(shop: &Shop, shared: &Shared, amount_sat: u64, hold: bool) {
    let wanted = NewInvoice {
        amount_msat: Some(amount_sat * 1_000),
        memo: "goods".into(),
        expiry_secs: 3_600,
        hold,
    };
    let Ok(asked) = shop.world.customer().invoice(wanted).await else {
        return;
    };
    let hash = asked.payment_hash.clone();
    let place = {
        let mut told = lock(&shared.told);
        told.pays.push(Pay {
            hash: hash.clone(),
            amount_sat,
            told: None,
            held: hold,
        });
        told.pays.len() - 1
    };
    shared.paying.notify_one();
    let body: Value = json!({ "invoice": asked.bolt11 });
    let path = "/wallet/payinvoice";
    // A caller that is unsure repeats with its key; that pays once.
    for _ in 0..2 {
        let answer = shop.call(Method::POST, path, Some(body.clone()), Some(&hash));
        if let Some((status, _)) = answer.await {
            lock(&shared.told).pays[place].told = Some(status);
        }
        if amount_sat > AMOUNTS_SAT[0] || shared.over.load(Ordering::Relaxed) {
            return;
        }
    }
}
