//! The house's history as a file. Owns that it is given out only once the access log has it on disk,
//! and how it is streamed: a part of it never passes for the whole, because a body that cannot be
//! finished is broken off.

use axum::body::{Body as Stream, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use till::access::AccessAction;
use till_actors::export::{Export, ExportError};

use crate::pos::Pos;
use crate::pos::access::WalletAdmin;
use crate::pos::error::Error;
use crate::pos::extract::Body;
use crate::pos::{parse, render, wire};

/// What is sent (RFC 4180).
const CSV: &str = "text/csv; charset=utf-8";

/// `POST /wallet/export`
pub(crate) async fn export(
    WalletAdmin(staff): WalletAdmin,
    State(pos): State<Pos>,
    Body(request): Body<wire::ExportRequest>,
) -> Result<Response, Error> {
    let range = parse::export(request)?;
    let header = render::export_header().map_err(|e| Error::internal(&e))?;
    let lines = pos.service.export(range.from, range.to).await?;
    // Nothing has left yet: what the access log cannot have is not exported.
    let (from, to) = (range.from, range.to);
    let taken = AccessAction::Export { from, to };
    pos.service.note_access(staff.user.id, taken).await?;
    let name = render::export_name(&range);
    let headers = [
        (CONTENT_TYPE, CSV.to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    let next = Next {
        header: Some(header),
        lines,
    };
    Ok((headers, Stream::from_stream(try_unfold(next, Next::part))).into_response())
}

/// What is still to be sent.
struct Next {
    header: Option<Vec<u8>>,
    lines: Export,
}

/// Why a body is broken off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Csv(#[from] csv::Error),
}

impl Next {
    async fn part(mut self) -> Result<Option<(Bytes, Self)>, Broken> {
        if let Some(header) = self.header.take() {
            return Ok(Some((header.into(), self)));
        }
        let part = match self.lines.next().await {
            Ok(Some(lines)) => render::export_lines(&lines)?,
            Ok(None) => return Ok(None),
            Err(error) => {
                tracing::warn!(%error, "an export was broken off");
                return Err(error.into());
            }
        };
        Ok(Some((part.into(), self)))
    }
}
