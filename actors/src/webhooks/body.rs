//! What is said: each surface has a function that makes it. Owns the functions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use till::invoice::Invoice;
use till::ledger::{Event, Origin};
use till::outbox::{Delivery, Subject};
use till::payment::Payment;
use till::webhook::Webhook;
use tokio::sync::watch;

use crate::views::{ViewError, Views};

/// What there is to tell.
#[derive(Clone, Debug)]
pub struct Told {
    /// What happened.
    pub event: Event,
    /// To what, as it is now.
    pub about: About,
}

/// What a webhook is about.
#[derive(Clone, Debug)]
pub enum About {
    /// Money that came.
    Invoice(Box<Invoice>),
    /// Money that went, or did not.
    Payment(Box<Payment>),
}

/// Makes the body, a JSON document; `None` if there is nothing to be told after all.
pub type Render = Arc<dyn Fn(&Told) -> Option<String> + Send + Sync>;

/// The surfaces' functions. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Bodies {
    by_origin: Arc<Mutex<HashMap<Origin, Render>>>,
    known: watch::Sender<usize>,
}

impl std::fmt::Debug for Bodies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bodies").finish_non_exhaustive()
    }
}

impl Bodies {
    pub(crate) fn register(&self, origin: Origin, render: Render) {
        let mut known = self
            .by_origin
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(origin, render);
        self.known.send_replace(known.len());
    }

    /// The function of a surface; `None` while the surface has not started.
    pub(super) fn of(&self, origin: Origin) -> Option<Render> {
        let known = self
            .by_origin
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.get(&origin).cloned()
    }

    /// Tells when a surface has started.
    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.known.subscribe()
    }
}

/// What a delivery tells, from the rows; `None` if one is missing, or its webhook is not told any more.
pub(super) fn told(views: &Views, delivery: &Delivery) -> Result<Option<Told>, ViewError> {
    if let Some(id) = delivery.webhook {
        let webhook = views.get::<Webhook>(&id)?;
        if !webhook.is_some_and(|webhook| webhook.is_active()) {
            return Ok(None);
        }
    }
    let about = match delivery.subject {
        Subject::Invoice(hash) => views
            .get::<Invoice>(&hash)?
            .map(Box::new)
            .map(About::Invoice),
        Subject::Payment(id) => views.get::<Payment>(&id)?.map(Box::new).map(About::Payment),
    };
    let event = views.get::<Event>(&delivery.event_id)?;
    Ok(about.zip(event).map(|(about, event)| Told { event, about }))
}
