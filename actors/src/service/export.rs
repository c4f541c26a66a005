//! The house's history, for files.

use till::time::Timestamp;

use super::Service;
use super::types::ServiceError;
use crate::export::Export;

impl Service {
    /// What changed the house's balance between two moments, both included, oldest first. Read from
    /// the journal as it is taken; dropping it ends the reading.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] while others are being read; [`ServiceError::Node`] if the journal
    /// cannot be.
    pub async fn export(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Export, ServiceError> {
        Ok(self.parts.exporter.export(from, to).await?)
    }
}
