//! A till that was restored from a backup: what its operator sees and says.

use till::id::PaymentId;
use till::ledger::RestorationCommand;

use super::Service;
use super::types::ServiceError;
use crate::restored::{Restored, holds_payments};

impl Service {
    /// What is known of the last restoration; `None` if the till never came from a backup.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn restored(&self) -> Result<Option<Restored>, ServiceError> {
        let known = self.read(Restored::read).await?;
        let Some(mut known) = known else {
            return Ok(None);
        };
        // A node that does not answer is one of the things to be seen.
        let figures = self.parts.node.call(|node| Ok(node.figures())).await;
        known.check.put_to(figures.ok().flatten());
        Ok(Some(known))
    }

    /// Lets payments go again. Said twice is once.
    ///
    /// # Errors
    /// [`ServiceError`] if it could not be written down.
    pub async fn acknowledge_restoration(&self) -> Result<(), ServiceError> {
        let acknowledge = RestorationCommand::Acknowledge;
        self.parts.ledger.execute(acknowledge).await?;
        tracing::warn!("the restoration is acknowledged: payments are not held back any more");
        Ok(())
    }

    /// Books what became of a payment that was under way when the backup was taken.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] if there is no such payment, or the node will tell by itself.
    pub async fn resolve_payment(&self, id: PaymentId, paid: bool) -> Result<(), ServiceError> {
        let resolve = RestorationCommand::Resolve { id, paid };
        self.parts.ledger.execute(resolve).await?;
        Ok(())
    }

    /// Whether payments are held back until a restoration is acknowledged.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub(super) fn holds_payments(&self) -> Result<bool, ServiceError> {
        Ok(holds_payments(&self.parts.views)?)
    }
}
