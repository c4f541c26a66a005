//! What the house's webhooks are signed with.

use axum::Json;
use axum::extract::State;
use till::ledger::WalletRef;

use crate::pos::Pos;
use crate::pos::access::WalletAdmin;
use crate::pos::wire;

/// `GET /wallet/webhooksecret`. Never cached: the shield says so of every answer.
pub(crate) async fn read(
    WalletAdmin(_): WalletAdmin,
    State(pos): State<Pos>,
) -> Json<wire::WebhookSecret> {
    let secret = pos.service.webhook_secret(WalletRef::House);
    Json(wire::WebhookSecret { secret })
}
