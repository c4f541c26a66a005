//! The wallet of a key. Owns nothing.

use axum::Json;
use axum::extract::State;
use till::holder::KeyScope;
use till::ledger::Origin;

use crate::lnbits::access::AnyKey;
use crate::lnbits::error::Error;
use crate::lnbits::{Lnbits, wire};

/// `GET /wallet`
pub(crate) async fn mine(
    AnyKey(opened): AnyKey,
    State(lnbits): State<Lnbits>,
) -> Result<Json<wire::Wallet>, Error> {
    let balance = lnbits.service.wallet_balance(opened.wallet.id).await?;
    let text = |scope| {
        lnbits
            .service
            .key_text(Origin::Lnbits, scope, &opened.wallet)
    };
    Ok(Json(wire::Wallet {
        id: opened.wallet.id.to_string(),
        name: opened.wallet.name.clone(),
        balance: balance.balance.get(),
        inkey: text(KeyScope::Invoice),
        adminkey: opened.by_admin_key.then(|| text(KeyScope::Admin)),
        currency: opened.wallet.currency.clone(),
    }))
}
