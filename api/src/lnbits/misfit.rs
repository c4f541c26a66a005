//! What is wrong with a body or a query, in the words of LNbits' validator: a list of
//! `{loc, msg, type}`. Owns the words for what serde finds; serde's own never leave the till.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use serde_path_to_error::{Path, Segment};

/// The longest name of a field that is told again, in characters.
const MAX_NAME_CHARS: usize = 64;

/// What LNbits' validator calls a value as a whole.
pub(super) const ROOT: &str = "__root__";

/// What is no object.
const NO_OBJECT: (&str, &str) = ("value is not a valid dict", "type_error.dict");

/// One thing that is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    loc: Vec<Value>,
    msg: &'static str,
    kind: &'static str,
}

impl Misfit {
    /// What is wrong somewhere: `place` is `body` or `query`, then come the fields' names.
    pub(super) fn at(place: &[&str], msg: &'static str, kind: &'static str) -> Self {
        let loc = place.iter().map(|part| json!(part)).collect();
        Self { loc, msg, kind }
    }

    /// An address that is none.
    pub(super) fn url(place: &[&str]) -> Self {
        let msg = "invalid or missing URL scheme";
        Self::at(place, msg, "value_error.url.scheme")
    }

    /// As it is sent.
    pub(super) fn detail(self) -> Value {
        json!([{"loc": self.loc, "msg": self.msg, "type": self.kind}])
    }

    fn below(mut self, path: &Path) -> Self {
        self.loc.extend(path.iter().filter_map(|part| match part {
            Segment::Map { key } => Some(json!(shortened(key))),
            Segment::Seq { index } => Some(json!(index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        }));
        self
    }

    fn no_json(column: usize) -> Self {
        let mut misfit = Self::at(&["body"], "JSON decode error", "json_invalid");
        misfit.loc.push(json!(column));
        misfit
    }
}

/// A body: an object. Serde would take a list for one too, its fields in the order of our source.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Misfit> {
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => Misfit::at(&["body"], NO_OBJECT.0, NO_OBJECT.1),
            Err(why) => Misfit::no_json(why.column()),
        });
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read: T = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let why = error.inner();
        match why.is_syntax() || why.is_eof() {
            true => Misfit::no_json(why.column()),
            false => explained("body", error.path(), &why.to_string()),
        }
    })?;
    json.end().map_err(|why| Misfit::no_json(why.column()))?;
    Ok(read)
}

/// A query string, of which nothing is demanded: the parameter that does not fit by itself is named.
pub(super) fn query<T: DeserializeOwned>(text: &str) -> Result<T, Misfit> {
    serde_urlencoded::from_str(text).map_err(|error| {
        let mut pairs = text.split('&');
        let misfit = pairs.find(|pair| serde_urlencoded::from_str::<T>(pair).is_err());
        let name = misfit.and_then(|pair| pair.split('=').next());
        let (msg, kind) = words(&error.to_string());
        let mut misfit = Misfit::at(&["query"], msg, kind);
        misfit.loc.extend(name.map(|name| json!(shortened(name))));
        misfit
    })
}

/// LNbits' words for serde's. What they are told by is not promised by serde, so whatever is not known
/// is only said to be wrong.
fn explained(place: &str, path: &Path, serde: &str) -> Misfit {
    if let Some(rest) = serde.strip_prefix("missing field `") {
        let name = rest.split('`').next().unwrap_or_default();
        let mut misfit = Misfit::at(&[place], "field required", "value_error.missing").below(path);
        misfit.loc.push(json!(shortened(name)));
        return misfit;
    }
    let (msg, kind) = words(serde);
    Misfit::at(&[place], msg, kind).below(path)
}

fn words(serde: &str) -> (&'static str, &'static str) {
    let expected = serde.split("expected ").nth(1).unwrap_or_default();
    let starts = |words: &[&str]| words.iter().any(|word| expected.starts_with(word));
    if starts(&["a string"]) {
        ("str type expected", "type_error.str")
    } else if starts(&["a boolean"]) {
        ("value could not be parsed to a boolean", "type_error.bool")
    } else if starts(&["i", "u"]) || serde.starts_with("invalid digit") {
        ("value is not a valid integer", "type_error.integer")
    } else if starts(&["a sequence"]) {
        ("value is not a valid list", "type_error.list")
    } else if starts(&["a map", "struct"]) {
        NO_OBJECT
    } else {
        ("value is not valid", "value_error")
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Page {
        code: Option<String>,
        count: Option<u32>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Ask {
        code: String,
        is_new: Option<bool>,
        count: Option<u32>,
        names: Option<Vec<String>>,
    }

    fn told(text: &str) -> Value {
        let read = body::<Ask>(text.as_bytes());
        read.map_err(Misfit::detail).expect_err("it does not fit")
    }

    #[test]
    fn a_misfit_is_told_in_lnbits_words() {
        let table = [
            ("{}", json!(["body", "code"]), "field required"),
            (
                r#"{"code":5}"#,
                json!(["body", "code"]),
                "str type expected",
            ),
            (
                r#"{"code":"a","is_new":"so"}"#,
                json!(["body", "is_new"]),
                "value could not be parsed to a boolean",
            ),
            (
                r#"{"code":"a","count":-1}"#,
                json!(["body", "count"]),
                "value is not a valid integer",
            ),
            (
                r#"{"code":"a","names":["b",1]}"#,
                json!(["body", "names", 1]),
                "str type expected",
            ),
            (
                r#"{"code":"a","names":"b"}"#,
                json!(["body", "names"]),
                "value is not a valid list",
            ),
            ("5", json!(["body"]), "value is not a valid dict"),
            (r#"["a"]"#, json!(["body"]), "value is not a valid dict"),
            ("[1,", json!(["body", 3]), "JSON decode error"),
            ("{", json!(["body", 1]), "JSON decode error"),
            (
                r#"{"code":"a"} x"#,
                json!(["body", 14]),
                "JSON decode error",
            ),
        ];
        for (text, loc, msg) in table {
            let told = told(text);
            assert_eq!(told[0]["loc"], loc, "{text} {told}");
            assert_eq!(told[0]["msg"], msg, "{text}");
            assert!(
                !told.to_string().contains("column"),
                "serde's words: {told}"
            );
        }
    }

    #[test]
    fn a_query_names_its_parameter() {
        let read = query::<Page>("code=a&count=many").map_err(Misfit::detail);
        let told = read.expect_err("it is no number");
        assert_eq!(told[0]["loc"], json!(["query", "count"]), "{told}");
        assert_eq!(told[0]["msg"], "value is not a valid integer");
        assert!(query::<Page>("code=a&count=3").is_ok());
    }
}
