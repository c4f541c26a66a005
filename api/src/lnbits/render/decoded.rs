//! What payment requests say, in the names that LNbits has for it.

use serde_json::{Map, Value, json};
use till::invoice::Description;
use till_actors::service::{Bolt11Details, DecodedOffer};

/// An invoice.
pub(in crate::lnbits) fn bolt11(details: &Bolt11Details) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut tell = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    tell("currency", details.currency.as_str().into());
    if let Some(amount) = details.amount {
        tell("amount_msat", amount.get().into());
    }
    tell("date", details.made_at.as_secs().into());
    tell("signature", details.signature.as_str().into());
    tell("expiry", details.expiry_secs.into());
    tell("payment_hash", details.hash.to_string().into());
    tell("payment_secret", details.payment_secret.as_str().into());
    match &details.description {
        Description::Text(text) => tell("description", text.as_str().into()),
        Description::Hash(hash) => tell("description_hash", hex::encode(hash).into()),
    }
    tell(
        "min_final_cltv_expiry",
        details.min_final_cltv_expiry.into(),
    );
    tell("payee", details.payee.as_str().into());
    let hops = |path: &Vec<till_actors::service::HintedHop>| -> Value {
        let hops = path.iter().map(|hop| {
            json!({
                "public_key": hop.node_id,
                "short_channel_id": hop.short_channel_id,
                "base_fee": hop.base_fee_msat,
                "ppm_fee": hop.fee_ppm,
                "cltv_expiry_delta": hop.cltv_expiry_delta,
            })
        });
        hops.collect()
    };
    if !details.route_hints.is_empty() {
        tell(
            "route_hints",
            details.route_hints.iter().map(hops).collect(),
        );
    }
    fields
}

/// An offer (BOLT 12), which LNbits has no names for.
pub(in crate::lnbits) fn offer(offer: &DecodedOffer) -> Map<String, Value> {
    let fields = json!({
        "offer_id": offer.id.to_string(),
        "offer": offer.text,
        "amount_msat": offer.amount.map(till::money::Msat::get),
        "description": offer.description,
        "issuer": offer.issuer,
        "absolute_expiry": offer.expires_at.map(till::time::Timestamp::as_secs),
        "payee": offer.signing_key,
    });
    match fields {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

/// Where an LNURL or a Lightning address points. LNbits calls the whole address the domain.
pub(in crate::lnbits) fn lnurl(url: &str) -> Map<String, Value> {
    Map::from_iter([("domain".to_owned(), url.into())])
}
