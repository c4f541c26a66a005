//! Pages of lists, newest first: `after` is the number of the last row that the caller has, and rows
//! below it follow; `limit` says how many.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::Lnbot;
use super::error::Error;

/// How many rows a page has, if the caller does not say.
const DEFAULT_ROWS: usize = 20;
/// The most rows that a page has, whatever the caller says.
const MAX_ROWS: usize = 100;

/// Which rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Only those with lower numbers.
    pub(crate) below: Option<u32>,
    /// So many at most.
    pub(crate) limit: usize,
}

impl FromRequestParts<Lnbot> for Page {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbot: &Lnbot) -> Result<Self, Error> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, lnbot).await;
        let Query(params) = query.map_err(|_| Error::bad_request("the query cannot be read"))?;
        read(&params)
    }
}

/// An empty value is none; one that is given twice counts the second time.
fn read(params: &[(String, String)]) -> Result<Page, Error> {
    let number = |wanted: &str| {
        let given = params.iter().rev().find(|(name, _)| name == wanted);
        let text = given.map(|(_, text)| text.as_str());
        match text.filter(|text| !text.is_empty()) {
            Some(text) => {
                let rule = || Error::bad_request(format!("{wanted} must be a whole number"));
                text.parse::<u32>().map(Some).map_err(|_| rule())
            }
            None => Ok(None),
        }
    };
    let limit = match number("limit")? {
        Some(0) => return Err(Error::bad_request("limit must be above zero")),
        Some(limit) => usize::try_from(limit).map_or(MAX_ROWS, |limit| limit.min(MAX_ROWS)),
        None => DEFAULT_ROWS,
    };
    let below = number("after")?;
    Ok(Page { below, limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_bounded_and_junk_is_refused() {
        let page = |query: &[(&str, &str)]| {
            let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
            let page = read(&query.iter().map(owned).collect::<Vec<_>>());
            page.ok().map(|page| (page.below, page.limit))
        };
        assert_eq!(page(&[]), Some((None, 20)));
        assert_eq!(page(&[("limit", ""), ("after", "")]), Some((None, 20)));
        assert_eq!(page(&[("limit", "5"), ("after", "3")]), Some((Some(3), 5)));
        assert_eq!(page(&[("limit", "500")]), Some((None, 100)));
        for junk in ["0", "-1", "1.5", "many", "99999999999999999999"] {
            assert_eq!(page(&[("limit", junk)]), None, "{junk}");
        }
        assert_eq!(page(&[("after", "first")]), None);
    }
}
