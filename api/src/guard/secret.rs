//! Text that a person typed and nobody else shall read. Owns its redaction; knows no rule for it.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A password or PIN as it was typed: absent from `Debug` and from every error, wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps what was typed.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// What was typed.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for text, serde_json would refuse a number in its own words.
        deserializer.deserialize_any(TypedText)
    }
}

/// Takes text only. serde's own refusal would quote a PIN that was sent as a number.
struct TypedText;

impl Visitor<'_> for TypedText {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_u64<E: de::Error>(self, _number: u64) -> Result<Secret, E> {
        Err(E::custom("must be text"))
    }

    fn visit_i64<E: de::Error>(self, _number: i64) -> Result<Secret, E> {
        Err(E::custom("must be text"))
    }

    fn visit_f64<E: de::Error>(self, _number: f64) -> Result<Secret, E> {
        Err(E::custom("must be text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_shown() {
        assert_eq!(format!("{:?}", Secret::new("1234".into())), "Secret(..)");
        for text in ["1234", "-1234", "1234.5", "true", "[\"1234\"]"] {
            let refused = serde_json::from_str::<Secret>(text).expect_err(text);
            assert!(!refused.to_string().contains("1234"), "{refused}");
        }
    }

    #[test]
    fn one_that_is_missing_is_named() {
        #[derive(Debug, Deserialize)]
        struct Request {
            #[expect(dead_code, reason = "only its absence matters")]
            pin: Secret,
        }
        let refused = serde_json::from_str::<Request>("{}").expect_err("no pin");
        assert!(refused.to_string().starts_with("missing field `pin`"));
    }
}
