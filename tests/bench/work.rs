//! Commands to measure with: whole sales, each of its own hash.

use std::time::{SystemTime, UNIX_EPOCH};

use till::id::{PaymentHash, Preimage};
use till::invoice::Description;
use till::ledger::{Command, InvoiceDraft, Origin, WalletRef};
use till::money::Msat;
use till::time::Timestamp;

/// Records that a sale writes.
pub(crate) const RECORDS_A_SALE: u64 = 4;

fn preimage(n: u64) -> Preimage {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Preimage::from_bytes(bytes)
}

fn amount() -> Msat {
    Msat::new(2_500_000).unwrap_or(Msat::ZERO)
}

/// The draft of sale `n`.
pub(crate) fn draft(n: u64) -> Command {
    let preimage = preimage(n);
    Command::DraftInvoice(Box::new(InvoiceDraft {
        meta: till::meta::Meta::default(),
        unlisted: false,
        hash: preimage.payment_hash(),
        preimage: Some(preimage),
        hold: false,
        wallet: WalletRef::House,
        origin: Origin::Pos,
        amount: Some(amount()),
        description: Description::Text("Two coffees and a croissant".into()),
        external_id: Some(format!("order-{n}")),
        webhook_url: None,
        expiry_secs: 3_600,
    }))
}

/// All of sale `n`, in order.
pub(crate) fn sale(n: u64) -> [Command; RECORDS_A_SALE as usize] {
    let hash: PaymentHash = preimage(n).payment_hash();
    let (amount, lsp_fee) = (amount(), Msat::ZERO);
    let claim = Command::IntendClaim {
        hash,
        amount,
        lsp_fee,
        deadline_height: Some(100),
    };
    let receipt = Command::BookReceipt {
        hash,
        amount,
        lsp_fee,
        offer: None,
    };
    // As long as the real ones.
    let bolt11 = format!("lnbcrt{}", "q".repeat(280));
    let issue = Command::IssueInvoice {
        hash,
        bolt11,
        lsp_fee: None,
        idempotency: None,
    };
    [draft(n), issue, claim, receipt]
}

/// The time by the system's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
