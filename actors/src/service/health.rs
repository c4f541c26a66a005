//! How the till does, for surfaces. Owns nothing: see [`crate::health`].

use std::sync::Arc;

use super::{Service, ServiceError};
use crate::health::{History, Now, Range};

impl Service {
    /// How the till does right now, by the newest sample.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] if the samples cannot be read in time.
    pub async fn health(&self) -> Result<Now, ServiceError> {
        let health = self.parts.health.clone();
        self.read(move |_| Ok(health.now())).await
    }

    /// How the till did over a range; good for as long as there is no newer sample.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] if the samples cannot be read in time.
    pub async fn health_history(&self, range: Range) -> Result<Arc<History>, ServiceError> {
        let health = self.parts.health.clone();
        self.read(move |_| Ok(health.history(range))).await
    }
}
