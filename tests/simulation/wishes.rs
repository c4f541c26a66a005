//! What callers and customers want, sensible or not: at any moment, twice, too late, too much.

use till::id::{OfferId, PaymentId, Preimage, RequestHash};
use till::invoice::{Description, Invoice};
use till::ledger::{Command, IdempotencyKey, InvoiceDraft, Origin, PaymentOrder, WalletRef};
use till::money::Msat;
use till::node::SendTarget;
use till::offer::Offer;
use till::time::Timestamp;
use till::treasury::{Channel, ChannelState};

use super::node::msat;
use super::world::{FOREIGN, OTHER, World, hash, preimage};

/// More than any channel here has.
const PLENTY: u64 = 1_000_000_000_000;
/// Offers of the till's, one for each wallet.
pub(crate) const OFFERS: u8 = 2;
/// Amounts in msat: dust, odd, and big.
const AMOUNTS: [u64; 6] = [1_000, 5_500, 120_000, 777_777, 2_000_000, 9_000_001];

/// How long payments are retried, in seconds.
const RETRIES_SECS: [u32; 4] = [0, 60, 300, 3_000];
/// How long what is paid is good, in milliseconds.
const EXPIRIES_MS: [u64; 4] = [40_000, u64::MAX, u64::MAX, u64::MAX];

/// Somebody wants something.
pub(crate) fn something(world: &mut World) {
    match world.rng.u8(..16) {
        0 | 1 => new_invoice(world),
        2..=6 => customer_pays(world),
        7 | 8 => pay_foreign(world),
        9 => pay_own(world),
        10 => pay_offer(world),
        11 => settle_or_cancel(world),
        12 if world.rng.bool() => keysend(world),
        12 => customer_pays_offer(world),
        13 | 14 => again(world),
        _ => forget_nothing(world),
    }
}

fn wallet(world: &mut World) -> WalletRef {
    if world.rng.bool() {
        OTHER
    } else {
        WalletRef::House
    }
}

fn amount(world: &mut World) -> u64 {
    AMOUNTS[world.rng.usize(..AMOUNTS.len())]
}

fn new_invoice(world: &mut World) {
    let n = world.invoices;
    if n >= FOREIGN {
        return;
    }
    world.invoices += 1;
    let hold = world.chance(80);
    let told_later = hold && world.rng.bool();
    let any = world.chance(40);
    let asked = msat(amount(world));
    let whose = wallet(world);
    let draft = InvoiceDraft {
        preimage: (!told_later).then(|| preimage(n)),
        hold,
        ..draft(n, whose, (!any).then_some(asked))
    };
    world.ask(n, Command::DraftInvoice(Box::new(draft)));
}

/// An invoice that is paid at once.
pub(crate) fn draft(n: u8, wallet: WalletRef, amount: Option<Msat>) -> InvoiceDraft {
    InvoiceDraft {
        meta: till::meta::Meta::default(),
        unlisted: false,
        hash: hash(n),
        preimage: Some(preimage(n)),
        hold: false,
        wallet,
        origin: Origin::Pos,
        amount,
        description: Description::Text("goods".into()),
        external_id: None,
        webhook_url: None,
        expiry_secs: 300,
    }
}

fn some_invoice(world: &mut World) -> Option<(u8, Invoice)> {
    if world.invoices == 0 {
        return None;
    }
    let n = world.rng.u8(..world.invoices);
    let invoice = world.disk.shelf.get::<Invoice>(&hash(n))?;
    invoice.bolt11.is_some().then_some((n, invoice))
}

/// Exactly, too little, or too much; in time or not; once or again.
fn customer_pays(world: &mut World) {
    let Some((_, invoice)) = some_invoice(world) else {
        return;
    };
    let asked = invoice.amount.map_or(3_000, Msat::get);
    let amount = match world.rng.u8(..10) {
        0 => asked - 1,
        1 => asked + 1_234,
        _ => asked,
    };
    let deadline = world.node.height + world.rng.u32(2..40);
    world.node.arrive(invoice.hash, amount, deadline);
}

/// Whoever knows a preimage can send it along with 1 sat.
fn keysend(world: &mut World) {
    if world.chance(60)
        && let Some((_, invoice)) = some_invoice(world)
        && !world.node.incoming.contains_key(&invoice.hash)
    {
        // Less than any invoice asks for, and each a sum of its own.
        let amount = 10 + world.rng.u64(..900);
        world.node.keysend(invoice.hash, amount);
    }
}

/// Each payment is another one, and an offer may be one that nobody made.
fn customer_pays_offer(world: &mut World) {
    world.offers += 1;
    let mut bytes = [201; 32];
    bytes[..4].copy_from_slice(&world.offers.to_le_bytes());
    let of = world.rng.u8(..=OFFERS);
    let amount = amount(world);
    let preimage = Preimage::from_bytes(bytes);
    world
        .node
        .take_for_offer(&preimage, offer_id(of), amount, of < OFFERS);
}

pub(crate) const fn offer_id(n: u8) -> OfferId {
    OfferId::from_bytes([n; 32])
}

/// Whose money an offer of the till's brings.
pub(crate) const fn offer_wallet(id: OfferId) -> WalletRef {
    if id.as_bytes()[0].is_multiple_of(2) {
        WalletRef::House
    } else {
        OTHER
    }
}

/// An offer of the till's.
pub(crate) fn offer(n: u8) -> Offer {
    let id = offer_id(n);
    Offer {
        id,
        text: format!("lno{n}"),
        wallet: offer_wallet(id),
        origin: Origin::Pos,
        amount: None,
        description: None,
        expires_at: None,
        created_at: Timestamp::default(),
        standing: true,
    }
}

fn order(world: &mut World, target: SendTarget, wallet: WalletRef, amount: u64) -> PaymentOrder {
    let id = PaymentId::from_bytes(std::array::from_fn(|_| world.rng.u8(..)));
    let text = match &target {
        SendTarget::Bolt11 { text, .. } | SendTarget::Offer { text, .. } => text.clone(),
    };
    let key = IdempotencyKey {
        origin: Origin::Pos,
        wallet,
        operation: "pay".into(),
        key: format!("{text}-{}", world.rng.u8(..2)),
    };
    let request = RequestHash::of(text.as_bytes());
    let origin = match world.chance(170) {
        true => Origin::Lnbot,
        false => Origin::Pos,
    };
    let expires_in = EXPIRIES_MS[world.rng.usize(..EXPIRIES_MS.len())];
    PaymentOrder {
        meta: till::meta::Meta::default(),
        id,
        target,
        wallet,
        origin,
        amount: msat(amount),
        fee_cap: msat(amount / 100 + 2_000),
        description: None,
        expires_at: Timestamp::from_millis(world.now.saturating_add(expires_in)),
        retry_secs: RETRIES_SECS[world.rng.usize(..RETRIES_SECS.len())],
        spendable: msat(PLENTY),
        idempotency: world.rng.bool().then_some((key, request)),
        cleared: None,
        named: None,
        // The house takes something of what others pay.
        service_fee: match wallet {
            WalletRef::House => Msat::ZERO,
            WalletRef::Wallet(_) => msat(amount / 200),
        },
    }
}

fn pay_invoice(world: &mut World, n: u8, whose: WalletRef) {
    let target = SendTarget::Bolt11 {
        text: format!("ln{n}"),
        hash: hash(n),
    };
    let amount = AMOUNTS[usize::from(n) % AMOUNTS.len()];
    let order = order(world, target, whose, amount);
    world.pay(order);
}

fn pay_foreign(world: &mut World) {
    if world.payments < 100 {
        world.payments += 1;
        let n = FOREIGN + world.payments;
        let whose = if n.is_multiple_of(2) {
            OTHER
        } else {
            WalletRef::House
        };
        pay_invoice(world, n, whose);
    }
}

/// The same once more, from either wallet: while it is under way, after it failed, or when it is paid.
fn again(world: &mut World) {
    if world.payments > 0 {
        let drawn = world.rng.u8(..2 * world.payments);
        let whose = if drawn.is_multiple_of(2) {
            OTHER
        } else {
            WalletRef::House
        };
        pay_invoice(world, FOREIGN + 1 + drawn / 2, whose);
    }
}

fn pay_own(world: &mut World) {
    let Some((n, invoice)) = some_invoice(world) else {
        return;
    };
    let target = SendTarget::Bolt11 {
        text: format!("ln{n}"),
        hash: hash(n),
    };
    let (whose, asked) = (wallet(world), invoice.amount.map_or(3_000, Msat::get));
    let order = order(world, target, whose, asked);
    world.pay(order);
}

fn pay_offer(world: &mut World) {
    let (text, payer_note) = (format!("lno{}", world.rng.u8(..)), None);
    let (whose, amount) = (wallet(world), amount(world));
    let order = order(world, SendTarget::Offer { text, payer_note }, whose, amount);
    world.pay(order);
}

/// Both at once, as often as not.
fn settle_or_cancel(world: &mut World) {
    let Some((n, _)) = some_invoice(world) else {
        return;
    };
    match world.rng.u8(..3) {
        0 => world.settle(n),
        1 => world.cancel(n),
        _ => {
            world.settle(n);
            world.cancel(n);
        }
    }
}

/// A subscriber that was away comes back and reads on.
fn forget_nothing(world: &mut World) {
    world.rules.resumed(&world.disk.shelf);
}

/// The one channel, as the ledger knows it.
pub(crate) fn channel() -> Channel {
    Channel {
        user_channel_id: [0; 16],
        channel_id: "c1".into(),
        counterparty: "02".into(),
        funding_tx: Some(till::id::TxId::from_bytes([1; 32])),
        funding_index: 0,
        got: Msat::ZERO,
        given: Msat::ZERO,
        state: ChannelState::Ready,
        opened_at: Timestamp::default(),
        closing: None,
        address: None,
        announced: false,
        splicing: None,
        spliced: Vec::new(),
    }
}
