//! One sale, from the cashier's invoice to the till display, with proof of each step.

use std::time::Duration;

use serde::Serialize;

use super::socket::{Socket, SocketError};
use super::timeline::{Row, from_log, now_ms};
use crate::peer::PeerError;
use crate::wait::Wait;
use crate::world::{ClientError, Incoming, IncomingStatus, World, WorldError};

/// What the sale is about.
const AMOUNT_SAT: u64 = 250_000;
/// How long the display may take to show a payment that has arrived.
const SHOW_LIMIT: Duration = Duration::from_secs(15);
/// How long the ledger may take to credit a payment that has arrived.
const CREDIT_LIMIT: Duration = Duration::from_secs(15);

/// The sale could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaleError {
    #[error("the till: {0}")]
    Till(#[from] ClientError),
    #[error("{0}")]
    Socket(#[from] SocketError),
    #[error("the customer's payment failed: {0}")]
    Payment(#[from] PeerError),
    #[error("the ledger: {0}")]
    Ledger(#[from] WorldError),
    #[error("the display showed {shown} instead of {AMOUNT_SAT} sat")]
    WrongAmount { shown: String },
    #[error("the ledger credited {credited_sat} sat instead of {AMOUNT_SAT} sat")]
    WrongCredit { credited_sat: u64 },
    #[error("the balance is {after_sat} sat after the sale and was {before_sat} sat before")]
    BalanceNotRaised { before_sat: u64, after_sat: u64 },
}

/// A sale that was seen on the WebSocket and in the ledger.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sale {
    pub(super) amount_sat: u64,
    pub(super) payment_hash: String,
    pub(super) fee_msat: u64,
    pub(super) balance_before_sat: u64,
    pub(super) balance_after_sat: u64,
    #[serde(skip)]
    pub(super) timeline: Vec<Row>,
}

impl Sale {
    /// What of it the house cannot spend yet: a channel keeps back a hundredth of its size.
    pub(super) fn reserved_sat(&self) -> u64 {
        let risen = self
            .balance_after_sat
            .saturating_sub(self.balance_before_sat);
        self.amount_sat.saturating_sub(risen)
    }
}

/// Makes one.
pub(super) async fn make(world: &World) -> Result<Sale, SaleError> {
    let client = world.client();
    client.login().await?;
    let mut display = Socket::open(client).await?;
    let balance_before_sat = client.balance_sat().await?;
    let invoice = client
        .invoice(AMOUNT_SAT, "First sale", "sandbox-1")
        .await?;
    let hash = invoice.payment_hash.as_str();
    let shown = display.until("the display to show the payment", SHOW_LIMIT, |message| {
        message["type"] == "payment_received" && message["paymentHash"] == hash
    });
    let pays_at = now_ms();
    let paying = async {
        let paid = world.customer().pay(&invoice.serialized, None).await?;
        Ok::<_, SaleError>((paid, now_ms()))
    };
    let showing = async { Ok(shown.await?) };
    let ((paid, paid_at), shown) = tokio::try_join!(paying, showing)?;
    if shown.message["amountSat"] != AMOUNT_SAT {
        let shown = shown.message["amountSat"].to_string();
        return Err(SaleError::WrongAmount { shown });
    }
    let row = credited(world, hash).await?;
    let balance_after_sat = raised(world, balance_before_sat).await?;
    let invoice_at = row.created_at;
    let mut timeline = vec![
        Row::new(invoice_at, "invoice made"),
        Row::new(pays_at, "customer pays"),
        Row::new(paid_at, "customer has the receipt"),
        Row::new(shown.at_ms, "display shows it (WebSocket)"),
    ];
    timeline.extend(row.completed_at.map(|at| Row::new(at, "ledger credited")));
    timeline.extend(from_log(world.till().log(), hash));
    timeline.retain(|row| row.at_ms >= invoice_at);
    timeline.sort_by_key(|row| row.at_ms);
    Ok(Sale {
        amount_sat: AMOUNT_SAT,
        payment_hash: paid.payment_hash,
        fee_msat: paid.fee_msat,
        balance_before_sat,
        balance_after_sat,
        timeline,
    })
}

async fn credited(world: &World, hash: &str) -> Result<Incoming, SaleError> {
    let mut wait = Wait::new("the ledger to credit the payment", CREDIT_LIMIT);
    loop {
        let row = world.client().incoming(hash).await?;
        if row.status != IncomingStatus::Received {
            wait.pause().await.map_err(WorldError::from)?;
        } else if row.received_sat == AMOUNT_SAT {
            return Ok(row);
        } else {
            let credited_sat = row.received_sat;
            return Err(SaleError::WrongCredit { credited_sat });
        }
    }
}

/// What the house may spend afterwards. It may rise by less than the sale: what a channel has to
/// keep in reserve comes first.
async fn raised(world: &World, before_sat: u64) -> Result<u64, SaleError> {
    let mut wait = Wait::new("the balance to rise", CREDIT_LIMIT);
    loop {
        let after_sat = world.client().balance_sat().await?;
        if after_sat > before_sat {
            return Ok(after_sat);
        }
        wait.pause()
            .await
            .map_err(|_late| SaleError::BalanceNotRaised {
                before_sat,
                after_sat,
            })?;
    }
}
