//! What needs no wallet: health, and pictures of codes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use qrcode::QrCode;
use qrcode::render::svg;

use crate::lnbits::bearer::Bearer;
use crate::lnbits::error::Error;
use crate::lnbits::{Lnbits, wire};

/// The side of a code's smallest square, in the picture's own unit, as LNbits has it.
const MODULE_SIDE: u32 = 3;
const SVG: &str = "image/svg+xml";
const SECS_PER_MINUTE: u64 = 60;
const SECS_PER_HOUR: u64 = 3_600;

/// `GET /health`
pub(crate) async fn health(State(lnbits): State<Lnbits>) -> Json<wire::Health> {
    Json(of(&lnbits))
}

/// `GET /status`: the same and the version, for whoever has logged in.
pub(crate) async fn status(
    Bearer(_holder): Bearer,
    State(lnbits): State<Lnbits>,
) -> Json<wire::ServerStatus> {
    Json(wire::ServerStatus {
        health: of(&lnbits),
        up_time_seconds: lnbits.started.elapsed().as_secs(),
        version: env!("CARGO_PKG_VERSION"),
    })
}

fn of(lnbits: &Lnbits) -> wire::Health {
    wire::Health {
        server_time: lnbits.service.now().as_secs(),
        up_time: clock(lnbits.started.elapsed().as_secs()),
    }
}

/// `00:04:53`
fn clock(secs: u64) -> String {
    let (hours, minutes) = (secs / SECS_PER_HOUR, secs % SECS_PER_HOUR / SECS_PER_MINUTE);
    format!("{hours:02}:{minutes:02}:{:02}", secs % SECS_PER_MINUTE)
}

/// `GET /qrcode/{data}`: the data as a QR code (ISO 18004), in SVG.
pub(crate) async fn qr_code(Path(data): Path<String>) -> Result<Response, Error> {
    let code = QrCode::new(data.as_bytes());
    let code = code.map_err(|_| Error::new(StatusCode::BAD_REQUEST, "Too much for a QR code."))?;
    let picture = code
        .render::<svg::Color<'_>>()
        .module_dimensions(MODULE_SIDE, MODULE_SIDE)
        .build();
    Ok(([(CONTENT_TYPE, SVG)], picture).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_time_reads_like_a_clock() {
        for (secs, text) in [(0, "00:00:00"), (293, "00:04:53"), (360_061, "100:01:01")] {
            assert_eq!(clock(secs), text);
        }
    }
}
