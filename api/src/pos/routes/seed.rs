//! The words of the seed. Owns that they are given out only once the access log has it on disk, and
//! that what held them is wiped; reading the file is the seed's own business.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use till::access::AccessAction;
use zeroize::Zeroizing;

use super::wallet_access::try_noted;
use crate::guard::Secret;
use crate::http::Remote;
use crate::pos::Pos;
use crate::pos::access::WalletAdmin;
use crate::pos::error::{Case, Error};
use crate::pos::wire;
use crate::seed::{PassphraseError, SeedError};

/// The wallet password, where the seed wants it once more.
const PASSWORD: HeaderName = HeaderName::from_static("x-wallet-password");
/// Room for the answer from the start, in bytes: a growing buffer would leave copies behind.
/// Twenty-four words have at most eight letters each.
const ANSWER_BYTES: usize = 512;

/// `GET /wallet/seed`. Never cached: the shield says so of every answer.
pub(crate) async fn read(
    WalletAdmin(staff): WalletAdmin,
    State(pos): State<Pos>,
    remote: Remote,
    headers: HeaderMap,
) -> Result<Response, Error> {
    if pos.settings.seed_requires_password {
        let typed = typed_password(&headers)?;
        try_noted(&pos, &staff, remote, typed, AccessAction::SeedRefused).await?;
    }
    // Before the file is opened: if the words cannot be had after all, the log says too much, and
    // never too little.
    let read = AccessAction::SeedRead;
    pos.service.note_access(staff.user.id, read).await?;
    let phrase = phrase(&pos).await?;
    if wants_text(&headers) {
        return Ok(answer("text/plain; charset=utf-8", phrase));
    }
    let mut json = Zeroizing::new(Vec::with_capacity(ANSWER_BYTES));
    serde_json::to_writer(&mut *json, &wire::Seed { seed: &phrase })
        .map_err(|e| Error::internal(&e))?;
    Ok(answer("application/json", json))
}

fn typed_password(headers: &HeaderMap) -> Result<Secret, Error> {
    let refused = |case, message| Err(Error::new(case, message));
    match headers.get(PASSWORD) {
        None => refused(
            Case::InvalidPassword,
            "The wallet password is wanted in X-Wallet-Password",
        ),
        Some(value) => match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => Ok(Secret::new(text.to_owned())),
            Err(_) => refused(Case::InvalidRequest, "X-Wallet-Password must be UTF-8"),
        },
    }
}

/// Reads the file anew, off the async threads; an encrypted one costs what a password does.
async fn phrase(pos: &Pos) -> Result<Zeroizing<String>, Error> {
    let Some(reader) = pos.settings.seed.clone() else {
        return Err(Error::new(Case::NotFound, "There is no seed to be shown"));
    };
    let read = pos.gate.work(move || reader.read()).await?;
    match read {
        Ok(mnemonic) => Ok(mnemonic.phrase()),
        Err(SeedError::Passphrase(PassphraseError::Nowhere)) => Err(Error::new(
            Case::Conflict,
            "The seed's passphrase was typed at the start and is not kept: set \
             seed.passphrase_file to read the seed here",
        )),
        Err(error) => Err(Error::internal(&error)),
    }
}

/// Whether the caller would rather have bare text: whether it names that before JSON.
fn wants_text(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter();
    let kinds = lines.filter_map(|line| line.to_str().ok());
    let mut kinds = kinds.flat_map(|line| line.split(',')).map(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    });
    let known = ["text/plain", "application/json", "application/*", "*/*"];
    kinds.find(|kind| known.contains(&kind.as_str())).as_deref() == Some("text/plain")
}

/// An answer whose bytes are wiped once they are sent.
fn answer(kind: &'static str, secret: impl AsRef<[u8]> + Send + 'static) -> Response {
    let body = Body::from(Bytes::from_owner(secret));
    ([(CONTENT_TYPE, kind)], body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn text_is_for_those_who_ask_for_it() {
        let table = [
            (&["text/plain"][..], true),
            (&["TEXT/plain; charset=utf-8, */*"], true),
            (&["text/html", "text/plain"], true),
            (&["application/json, text/plain"], false),
            (&["*/*"], false),
            (&["text/html"], false),
            (&[], false),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(ACCEPT, HeaderValue::from_static(line));
            }
            assert_eq!(wants_text(&headers), expected, "{lines:?}");
        }
    }
}
