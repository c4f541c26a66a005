//! Bodies. No body at all is one that says nothing: the documentation's calls without fields send none.

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::Lnbot;
use super::error::Error;
use crate::http::read_json;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Lnbot> for Body<T> {
    type Rejection = Error;

    async fn from_request(mut request: Request, lnbot: &Lnbot) -> Result<Self, Error> {
        if request.body().is_end_stream() {
            *request.body_mut() = axum::body::Body::from("{}");
        }
        Ok(Self(read_json(request, &lnbot.settings.limits).await?))
    }
}
