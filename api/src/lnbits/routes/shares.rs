//! Shares: invitations, their answers, and their end.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use till::holder::Holder;
use till::id::ShareId;
use till::ledger::{Origin, Refusal};
use till_actors::service::ServiceError;

use crate::lnbits::access::AdminKey;
use crate::lnbits::bearer::Bearer;
use crate::lnbits::body::Body;
use crate::lnbits::error::Error;
use crate::lnbits::misfit::Misfit;
use crate::lnbits::{Lnbits, holding, wire};

/// `PUT /wallet/share/invite`. Nobody can give away more than they have.
pub(crate) async fn invite(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::Invite>,
) -> Result<Json<wire::Share>, Error> {
    let to = invited(&lnbits, &request).await?;
    let permissions = holding::permissions(lnbits.settings.dialect, &request.permissions)?;
    if !opened.may.include(permissions) {
        let detail = "The wallet is shared without that permission.";
        return Err(Error::new(StatusCode::FORBIDDEN, detail));
    }
    let share = lnbits
        .service
        .invite(opened.wallet.id, to.id, permissions)
        .await?;
    Ok(Json(holding::share(
        lnbits.settings.dialect,
        &share,
        Some(&to),
    )))
}

/// `PUT /wallet/share`
pub(crate) async fn accept(
    Bearer(holder): Bearer,
    State(lnbits): State<Lnbits>,
    Body(request): Body<wire::AcceptShare>,
) -> Result<Json<wire::Detail>, Error> {
    let share = share_id(&request.share_request_id)?;
    lnbits
        .service
        .accept_share(Origin::Lnbits, holder, share)
        .await?;
    let detail = "Wallet shared successfully";
    Ok(Json(wire::Detail { detail }))
}

/// `DELETE /wallet/share/invite/{id}`: the invited one turns it down, or the wallet's holder takes it
/// back.
pub(crate) async fn reject(
    Bearer(holder): Bearer,
    State(lnbits): State<Lnbits>,
    Path(id): Path<String>,
) -> Result<Json<wire::ShareDone>, Error> {
    let id = share_id(&id)?;
    let share = lnbits.service.share(id).await?;
    let share = share.filter(|share| share.is_invited());
    let share = share.ok_or_else(unknown)?;
    let wallet = lnbits.service.wallet(share.wallet).await?;
    if wallet.is_some_and(|wallet| wallet.holder == holder) {
        lnbits.service.revoke_share(share.wallet, id).await?;
    } else {
        lnbits.service.reject_share(holder, id).await?;
    }
    Ok(Json(wire::ShareDone {
        detail: "Share invitation rejected",
        success: true,
        message: "Invitation rejected.",
    }))
}

/// `DELETE /wallet/share/{id}`: the wallet's holder takes a share back, accepted or not.
pub(crate) async fn revoke(
    AdminKey(opened): AdminKey,
    State(lnbits): State<Lnbits>,
    Path(id): Path<String>,
) -> Result<Json<wire::ShareDone>, Error> {
    let id = share_id(&id)?;
    lnbits.service.revoke_share(opened.wallet.id, id).await?;
    Ok(Json(wire::ShareDone {
        detail: "Permission removed",
        success: true,
        message: "Permission removed.",
    }))
}

async fn invited(lnbits: &Lnbits, request: &wire::Invite) -> Result<Holder, Error> {
    let found = match (&request.user_id, &request.username) {
        (Some(id), _) => match id.parse() {
            Ok(id) => lnbits.service.holder(id).await?,
            Err(_) => None,
        },
        (None, Some(name)) => lnbits.service.holder_by_name(name).await?,
        (None, None) => {
            let misfit = Misfit::at(
                &["body", "user_id"],
                "field required",
                "value_error.missing",
            );
            return Err(Error::misfit(lnbits.settings.dialect, misfit));
        }
    };
    let unknown = || Error::new(StatusCode::BAD_REQUEST, "Invited user not found.");
    found.ok_or_else(unknown)
}

fn share_id(text: &str) -> Result<ShareId, Error> {
    text.parse().map_err(|_| unknown())
}

fn unknown() -> Error {
    ServiceError::Refused(Refusal::UnknownShare).into()
}
