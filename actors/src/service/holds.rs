//! Hold invoices: settling and cancelling them. What is held, and until when, the invoice tells.

use std::time::Duration;

use till::flow::NotDone;
use till::id::{PaymentHash, Preimage};
use till::invoice::{Invoice, State as InvoiceState};

use super::Service;
use super::types::ServiceError;
use crate::node::NodeError;
use crate::watcher::HoldError;

impl Service {
    /// Settles a hold invoice and waits up to `wait` for the credit. An invoice that is not paid
    /// when the wait is over is being claimed, or was claimed too late; which of them, it tells.
    ///
    /// `preimage` is needed where only the invoice's maker knows it.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] if nothing is held, it was cancelled, or too few blocks are left.
    pub async fn settle_hold(
        &self,
        hash: PaymentHash,
        preimage: Option<Preimage>,
        wait: Duration,
    ) -> Result<Invoice, ServiceError> {
        self.parts.watcher.settle(hash, preimage).await?;
        let credited = self.parts.views.wait_for(wait, |views| {
            let invoice = views.get::<Invoice>(&hash)?;
            Ok(invoice.filter(|invoice| invoice.state == InvoiceState::Paid))
        });
        match credited.await? {
            Some(invoice) => Ok(invoice),
            None => self.row::<Invoice>(&hash)?.ok_or(ServiceError::Unknown),
        }
    }

    /// Cancels an invoice that is open or held: whoever paid it gets the money back.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] if it is settled, paid or over.
    pub async fn cancel_hold(&self, hash: PaymentHash) -> Result<Invoice, ServiceError> {
        self.parts.watcher.cancel(hash).await?;
        self.row::<Invoice>(&hash)?.ok_or(ServiceError::Unknown)
    }
}

impl From<HoldError> for ServiceError {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::Busy => Self::Busy {
                retry_after_secs: super::RETRY_AFTER_SECS,
            },
            HoldError::NotDone(NotDone::Refused(refusal)) => Self::Refused(refusal),
            HoldError::NotDone(NotDone::Away) => Self::Node(NodeError::Unavailable(
                "the node does not tell how many blocks are left".into(),
            )),
            HoldError::Stopped => Self::Stopping,
        }
    }
}
