//! Lightning addresses as people write them: `name`, `name@domain`, `%40` for the `@`, letters of any
//! case, and `name+tag` where somebody is paid. Owns the form; whose a name is the service knows.

use till::address::{MAX_TAG_CHARS, is_name, is_tag};

use super::error::Error;

/// The longest text that is looked at, in bytes.
const MAX_BYTES: usize = 512;

/// A name, and what the payer wrote after a `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The part before `@` and `+`.
    pub(super) name: String,
    /// What stands after the `+`.
    pub(super) tag: Option<String>,
}

impl Named {
    /// What stands before the `@`, the tag included.
    pub(super) fn user(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{}+{tag}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Reads whom somebody wants to pay.
pub(super) fn payee(text: &str, domain: &str) -> Result<Named, Error> {
    let user = user_of(text, domain)?;
    Ok(match user.split_once('+') {
        Some((name, tag)) => Named {
            name: name.to_owned(),
            tag: tag_of(tag)?,
        },
        None => Named {
            name: user,
            tag: None,
        },
    })
}

fn tag_of(text: &str) -> Result<Option<String>, Error> {
    match text {
        "" => Ok(None),
        tag if is_tag(tag) => Ok(Some(tag.to_owned())),
        _ => {
            let why = format!("a tag has at most {MAX_TAG_CHARS} of a-z, 0-9, -, _ and .");
            Err(Error::bad_request(why))
        }
    }
}

/// Reads an address that somebody wants to have.
pub(super) fn wanted(text: &str, domain: &str) -> Result<String, Error> {
    let user = user_of(text, domain)?;
    if !is_name(&user) {
        return Err(Error::bad_request(
            "an address has 3 to 36 of a-z, 0-9 and hyphens, none of them at an end",
        ));
    }
    Ok(user)
}

/// Reads an address that somebody may have: what stands before the `@`.
pub(super) fn user_of(text: &str, domain: &str) -> Result<String, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::bad_request("the address is too long"));
    }
    let text = text.trim().to_ascii_lowercase().replace("%40", "@");
    match text.split_once('@') {
        None => Ok(text),
        Some((user, host)) if host.eq_ignore_ascii_case(domain) => Ok(user.to_owned()),
        Some(_) => {
            let why = format!("the address is not of this domain ({domain})");
            Err(Error::bad_request(why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_however_it_is_written() {
        let read = |text: &str| payee(text, "pay.example").ok().map(|named| named.user());
        for same in [
            "bob",
            "BOB",
            " bob ",
            "bob@pay.example",
            "Bob%40PAY.example",
            "bob+",
        ] {
            assert_eq!(read(same).as_deref(), Some("bob"), "{same}");
        }
        let tagged = payee("Bob+Tip-Jar@pay.example", "pay.example").ok();
        let expected = Named {
            name: "bob".into(),
            tag: Some("tip-jar".into()),
        };
        assert_eq!(tagged, Some(expected));
        for bad in [
            "bob@elsewhere.example",
            "bob@pay.example@x",
            "bob@",
            "bob+a/b",
            "bob+a+b",
            "bob+tip jar",
            &"b".repeat(513),
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_owned_has_no_tag() {
        let read = |text: &str| wanted(text, "pay.example").ok();
        assert_eq!(read("Bob@pay.example").as_deref(), Some("bob"));
        for bad in ["", "ab", "bob+tip", "b.o.b", "-bob"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
