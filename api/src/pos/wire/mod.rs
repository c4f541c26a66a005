//! The JSON of this surface, field by field. Owns names and shapes, nothing else: serde types
//! only, made by [`render`](super::render) and read by [`parse`](super::parse).

mod access;
mod event;
mod export;
mod offer;
mod onchain;
mod wallet;

pub(crate) use access::*;
pub(crate) use event::*;
pub(crate) use export::*;
pub(crate) use offer::*;
pub(crate) use onchain::*;
pub(crate) use wallet::*;

use serde::{Deserialize, Deserializer, de};

/// A whole number that is not negative, as JSON has it: no text, no fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole(pub(crate) u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Whole;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number, not negative")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                Ok(Whole(number))
            }
        }

        deserializer.deserialize_u64(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_are_whole() {
        assert_eq!(serde_json::from_str::<Whole>("5").ok(), Some(Whole(5)));
        for text in [
            "-5",
            "1.5",
            "5.0",
            "1e3",
            "\"5\"",
            "true",
            "[5]",
            "99999999999999999999",
        ] {
            let refused = serde_json::from_str::<Whole>(text).expect_err(text);
            let refused = refused.to_string();
            assert!(
                refused.contains("a whole number, not negative"),
                "{text}: {refused}"
            );
        }
    }
}
