//! JSON bodies, read as such whatever their content type says: real clients send none. Queries beside
//! them. What does not fit is told in LNbits' words.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::Error;
use super::{Lnbits, misfit};
use crate::http::read_bytes;

/// A JSON body. None at all is one that says nothing.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Lnbits> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, lnbits: &Lnbits) -> Result<Self, Error> {
        let bytes = read_bytes(request, &lnbits.settings.limits).await?;
        let read = match bytes.is_empty() {
            true => misfit::body(b"{}"),
            false => misfit::body(&bytes),
        };
        read.map(Self)
            .map_err(|misfit| Error::misfit(lnbits.settings.dialect, misfit))
    }
}

/// A query string, of which nothing is demanded.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Lnbits> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbits: &Lnbits) -> Result<Self, Error> {
        misfit::query(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(|misfit| Error::misfit(lnbits.settings.dialect, misfit))
    }
}
