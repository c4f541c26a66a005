//! JSON bodies, read as such whatever their content type says: real clients send none.

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::Lnbits;
use super::error::Error;
use crate::http::{Problem, read_json};

/// A JSON body. None at all is one that says nothing.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Lnbits> for Body<T> {
    type Rejection = Error;

    async fn from_request(mut request: Request, lnbits: &Lnbits) -> Result<Self, Error> {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
        if request.body().is_end_stream() {
            *request.body_mut() = axum::body::Body::from("{}");
        }
        match read_json(request, &lnbits.settings.limits).await {
            Ok(body) => Ok(Self(body)),
            Err(Problem::Malformed(why)) => Err(Error::invalid(lnbits.settings.dialect, why)),
            Err(problem) => Err(problem.into()),
        }
    }
}
