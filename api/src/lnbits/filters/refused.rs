//! Parameters that cannot be, told as LNbits tells them: a list of what is wrong where. Owns that shape.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use till_actors::service::ServiceError;

use crate::lnbits::Dialect;
use crate::lnbits::error::Error;

/// Why a list is not given.
pub(crate) enum Refused {
    /// With a detail like everything else.
    Plain(Error),
    /// A parameter cannot be: what is wrong with it.
    Parameter(StatusCode, Value),
}

impl Refused {
    fn parameter(
        dialect: Dialect,
        name: &str,
        msg: &str,
        kind: &str,
        context: Option<Value>,
    ) -> Self {
        let status = match dialect {
            Dialect::Documented => StatusCode::UNPROCESSABLE_ENTITY,
            Dialect::V1 => StatusCode::BAD_REQUEST,
        };
        let mut wrong = json!({"loc": ["query", name], "msg": msg, "type": kind});
        if let (Some(context), Some(fields)) = (context, wrong.as_object_mut()) {
            fields.insert("ctx".into(), context);
        }
        Self::Parameter(status, json!([wrong]))
    }

    pub(super) fn not_an_integer(dialect: Dialect, name: &str) -> Self {
        let msg = "value is not a valid integer";
        Self::parameter(dialect, name, msg, "type_error.integer", None)
    }

    pub(super) fn not_a_moment(dialect: Dialect, name: &str) -> Self {
        let msg = "invalid datetime format";
        Self::parameter(dialect, name, msg, "value_error.datetime", None)
    }

    pub(super) fn not_permitted(dialect: Dialect, name: &str, given: &str, words: &[&str]) -> Self {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let msg = format!("unexpected value; permitted: {}", quoted.join(", "));
        let context = json!({"given": given, "permitted": words});
        Self::parameter(dialect, name, &msg, "value_error.const", Some(context))
    }

    pub(super) fn unsortable(dialect: Dialect) -> Self {
        let detail =
            "1 validation error for Filters\n__root__\n  Invalid sort field (type=value_error)";
        Self::Plain(Error::invalid(dialect, detail))
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Plain(error)
    }
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self::Plain(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Plain(error) => error.into_response(),
            Self::Parameter(status, detail) => {
                (status, Json(json!({"detail": detail}))).into_response()
            }
        }
    }
}
