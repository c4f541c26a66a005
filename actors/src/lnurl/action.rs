//! What a recipient says after it was paid (LUD-09, LUD-10): a message, a link, or a message that only
//! the payment's preimage opens.

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cbc::Decryptor;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use reqwest::Url;
use serde_json::{Map, Value, json};
use till::id::Preimage;

use super::document::text;

/// The longest message, in characters (LUD-09).
const MAX_MESSAGE_CHARS: usize = 144;
/// The longest ciphertext, in characters (LUD-10: 4 KiB of message).
const MAX_CIPHERTEXT_CHARS: usize = 5_500;

/// What a recipient says after it was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuccessAction {
    /// In words.
    Message(String),
    /// With a link.
    Url {
        /// What it is.
        description: String,
        /// Where it leads: the recipient's own domain.
        url: String,
    },
    /// In words that the preimage opens.
    Aes {
        /// What it is.
        description: String,
        /// Base64.
        ciphertext: String,
        /// Base64.
        iv: String,
    },
}

impl SuccessAction {
    /// Reads one; `None` for what the specification does not have, and for links to elsewhere.
    pub(super) fn read(raw: &Map<String, Value>, callback: &str) -> Option<Self> {
        let field = |name, max| {
            let value = text(raw, name)?;
            (value.chars().count() <= max).then(|| value.to_owned())
        };
        let description = || field("description", MAX_MESSAGE_CHARS);
        match text(raw, "tag")? {
            "message" => field("message", MAX_MESSAGE_CHARS).map(Self::Message),
            "url" => {
                let url = text(raw, "url")?.to_owned();
                let (there, here) = (Url::parse(&url).ok()?, Url::parse(callback).ok()?);
                let is_web = ["http", "https"].contains(&there.scheme());
                let description = description()?;
                (is_web && there.host() == here.host()).then_some(Self::Url { description, url })
            }
            "aes" => Some(Self::Aes {
                description: description()?,
                ciphertext: field("ciphertext", MAX_CIPHERTEXT_CHARS)?,
                iv: field("iv", 24)?,
            }),
            _ => None,
        }
    }

    /// As JSON, the way it came.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Message(message) => json!({"tag": "message", "message": message}),
            Self::Url { description, url } => {
                json!({"tag": "url", "description": description, "url": url})
            }
            Self::Aes {
                description,
                ciphertext,
                iv,
            } => json!({
                "tag": "aes", "description": description, "ciphertext": ciphertext, "iv": iv,
            }),
        }
    }

    /// The message of an [`Aes`](Self::Aes), opened; `None` if this preimage does not, or there is
    /// nothing to be opened.
    #[must_use]
    pub fn opened(&self, preimage: &Preimage) -> Option<String> {
        let Self::Aes { ciphertext, iv, .. } = self else {
            return None;
        };
        let mut bytes = BASE64.decode(ciphertext).ok()?;
        let iv: [u8; 16] = BASE64.decode(iv).ok()?.try_into().ok()?;
        let key = preimage.reveal();
        let opener = Decryptor::<Aes256>::new_from_slices(key.as_ref(), &iv).ok()?;
        let message = opener.decrypt_padded::<Pkcs7>(&mut bytes).ok()?;
        String::from_utf8(message.to_vec()).ok()
    }
}
