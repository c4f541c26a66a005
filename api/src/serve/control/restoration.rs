//! A till that was restored from a backup, for its operator: what is known, and the word that lets
//! payments go. Owns the JSON of both.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use till_actors::restored::Restored;
use till_actors::service::ServiceError;

use super::wire::NodeWire;
use super::{Door, refused};

/// Wallets that are named; the sum is of all of them.
const MAX_NAMED: usize = 20;

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    /// Whether payments shall be let go; otherwise it is only told what is known.
    pub(crate) acknowledge: bool,
}

/// What is known. Moments are in milliseconds since the Unix epoch.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RestoredWire {
    pub(crate) payments_held: bool,
    pub(crate) restored_at: u64,
    pub(crate) known_until: u64,
    pub(crate) acknowledged_at: Option<u64>,
    /// The ledger and the node.
    pub(crate) node: NodeWire,
    /// Channels of before whose closing the chain does not show yet.
    pub(crate) open_channels: Vec<ChannelWire>,
    /// Wallets of others with money.
    pub(crate) wallets_total: usize,
    pub(crate) wallets_msat: i64,
    /// The largest of them.
    pub(crate) wallets: Vec<WalletWire>,
    /// Payments of which nobody knows what became.
    pub(crate) undecided: Vec<UndecidedWire>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChannelWire {
    pub(crate) channel_id: String,
    pub(crate) counterparty: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WalletWire {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) balance_msat: i64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UndecidedWire {
    pub(crate) id: String,
    pub(crate) hash: Option<String>,
    pub(crate) amount_msat: u64,
    pub(crate) attempted_at: u64,
}

impl RestoredWire {
    pub(crate) fn of(known: &Restored) -> Self {
        // No ledger of bitcoin has figures beyond these bounds.
        let bounded = |msat: i128| i64::try_from(msat).unwrap_or(i64::MAX);
        let channels = known.open_channels.iter().map(|channel| ChannelWire {
            channel_id: channel.channel_id.clone(),
            counterparty: channel.counterparty.clone(),
        });
        let named = known.wallets.iter().take(MAX_NAMED);
        let wallets = named.map(|(id, name, msat)| WalletWire {
            id: id.to_string(),
            name: name.clone(),
            balance_msat: bounded(*msat),
        });
        let undecided = known.undecided.iter().map(|payment| UndecidedWire {
            id: payment.id.to_string(),
            hash: payment.hash.map(|hash| hash.to_string()),
            amount_msat: payment.amount.get(),
            attempted_at: payment.attempted_at.as_millis(),
        });
        Self {
            payments_held: known.row.holds_payments(),
            restored_at: known.row.restored_at.as_millis(),
            known_until: known.row.known_until.as_millis(),
            acknowledged_at: known.row.acknowledged_at.map(|at| at.as_millis()),
            node: NodeWire::of(&known.check),
            open_channels: channels.collect(),
            wallets_total: known.wallets.len(),
            wallets_msat: bounded(known.wallets.iter().map(|(_, _, msat)| msat).sum()),
            wallets: wallets.collect(),
            undecided: undecided.collect(),
        }
    }
}

/// Says what is known, after payments were let go if that was asked.
pub(super) async fn answer(
    State(door): State<Door>,
    headers: HeaderMap,
    question: String,
) -> Response {
    if !door.admits(&headers) {
        return refused(StatusCode::UNAUTHORIZED, "wrong token");
    }
    let Ok(question) = serde_json::from_str::<Question>(&question) else {
        return refused(StatusCode::BAD_REQUEST, "no such question");
    };
    match carry_out(&door, question).await {
        Ok(known) => Json(known).into_response(),
        Err(error) => refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn carry_out(door: &Door, question: Question) -> Result<Option<RestoredWire>, ServiceError> {
    if question.acknowledge {
        door.service.acknowledge_restoration().await?;
    }
    let known = door.service.restored().await?;
    Ok(known.as_ref().map(RestoredWire::of))
}
