//! From a list's query string to what the service is asked: paging, order, search, and filters by field
//! as LNbits spells them (`field`, `field[gt]`, ...). Owns which of these an index serves; what none does
//! is checked on rows. Parameters and operators that nobody knows are ignored, as LNbits does.

mod condition;
mod moment;
mod refused;
mod search;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use till::id::WalletId;
use till_actors::service::{Compare, Glance, ListQuery, ListRow, Matches, Order};
use till_actors::views::Brief;

use self::condition::Condition;
use self::search::{FIELDS, Field, text_of_entry};
use super::error::Error;
use super::{Dialect, Lnbits};

pub(super) use refused::Refused;

/// The most rows of a page.
const MAX_PAGE: usize = 1_000;
/// The most rows of a page of `/payments/paginated`, as the documentation has it.
const MAX_PAGINATED: usize = 100;
/// What a query string may hold.
const MAX_PARAMS: usize = 100;

/// The parameters of a request.
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    dialect: Dialect,
}

/// Which page a list gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// `/payments`
    Plain,
    /// `/payments/paginated` and `/payments/all/paginated`
    Counted,
    /// Everything: history and counts.
    Whole,
}

impl FromRequestParts<Lnbits> for Params {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, lnbits: &Lnbits) -> Result<Self, Error> {
        let dialect = lnbits.settings.dialect;
        let query = parts.uri.query().unwrap_or_default();
        let invalid = |why: &str| Error::invalid(dialect, why);
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(query).map_err(|_| invalid("the query is malformed"))?;
        if pairs.len() > MAX_PARAMS {
            return Err(invalid("too many parameters"));
        }
        Ok(Self { pairs, dialect })
    }
}

impl Params {
    /// The first value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// One of a few words; the first where nobody says.
    pub(super) fn one_of<const N: usize>(
        &self,
        name: &'static str,
        words: [&'static str; N],
        default: &'static str,
    ) -> Result<&'static str, Refused> {
        let Some(given) = self.get(name) else {
            return Ok(default);
        };
        let known = words.into_iter().find(|word| *word == given);
        known.ok_or_else(|| Refused::not_permitted(self.dialect, name, given, &words))
    }

    /// What the service is asked, of these wallets.
    pub(super) fn list(
        &self,
        page: Page,
        mut wallets: Vec<WalletId>,
    ) -> Result<ListQuery, Refused> {
        let mut left = Vec::new();
        let mut query = ListQuery::all(Vec::new());
        for condition in condition::read(&self.pairs, self.dialect)? {
            if condition.names_wallets() {
                wallets.retain(|wallet| condition.holds(&wallet.to_string()));
            } else if !condition.narrow(&mut query) {
                left.push(condition);
            }
        }
        let search = self.get("search").filter(|text| !text.is_empty());
        let (told, untold) = left.into_iter().partition(Condition::is_in_entry);
        query.glance = glance(told, search.map(str::to_lowercase), self.dialect);
        query.matches = matches(untold);
        query.order = self.order()?;
        query.wallets = wallets;
        (query.offset, query.limit) = self.paging(page)?;
        Ok(query)
    }

    /// How many are left out, and how many are wanted: none, or fewer than none, asks for all.
    fn paging(&self, page: Page) -> Result<(usize, usize), Refused> {
        let (usual, most) = match (page, self.dialect) {
            (Page::Whole, _) => (usize::MAX, usize::MAX),
            (Page::Plain, Dialect::Documented) => (20, MAX_PAGE),
            (Page::Counted, Dialect::Documented) => (20, MAX_PAGINATED),
            (Page::Plain | Page::Counted, Dialect::V1) => (10, MAX_PAGE),
        };
        let limit = match self.integer("limit")? {
            None => usual,
            Some(wanted) => usize::try_from(wanted)
                .ok()
                .filter(|wanted| *wanted > 0)
                .map_or(most, |wanted| wanted.min(most)),
        };
        let offset = self.integer("offset")?.unwrap_or(0);
        Ok((usize::try_from(offset).unwrap_or(0), limit))
    }

    fn integer(&self, name: &'static str) -> Result<Option<i64>, Refused> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let number = text.trim().parse();
        let number = number.map_err(|_| Refused::not_an_integer(self.dialect, name))?;
        Ok(Some(number))
    }

    fn order(&self) -> Result<Order, Refused> {
        let direction = self.one_of("direction", ["asc", "desc"], "asc")?;
        let is_descending = direction == "desc";
        let Some(field) = self.get("sortby").filter(|field| !field.is_empty()) else {
            return Ok(Order::Newest);
        };
        let compare: Compare = match field {
            "time" | "created_at" if is_descending => return Ok(Order::Newest),
            "time" | "created_at" => return Ok(Order::Oldest),
            "amount" => Arc::new(|one: &Brief, other| one.amount_msat.cmp(&other.amount_msat)),
            "fee" => Arc::new(|one: &Brief, other| one.fee_msat.cmp(&other.fee_msat)),
            "memo" => Arc::new(|one: &Brief, other| one.memo.cmp(&other.memo)),
            "tag" => Arc::new(|one: &Brief, other| one.tag.cmp(&other.tag)),
            "status" => {
                Arc::new(|one: &Brief, other| one.standing().word().cmp(other.standing().word()))
            }
            _ => return Err(Refused::unsortable(self.dialect)),
        };
        Ok(Order::Sorted(match is_descending {
            true => Arc::new(move |one, other| compare(other, one)),
            false => compare,
        }))
    }
}

/// What is checked on the entries of rows.
fn glance(told: Vec<Condition>, search: Option<String>, dialect: Dialect) -> Option<Glance> {
    if told.is_empty() && search.is_none() {
        return None;
    }
    Some(Arc::new(move |brief: &Brief, wallet| {
        let text = |field: &Field| text_of_entry(*field, brief, wallet, dialect).to_lowercase();
        let found = |wanted: &String| FIELDS.iter().any(|field| text(field).contains(wanted));
        let is_met = |condition: &Condition| condition.is_met_by_entry(brief, wallet);
        told.iter().all(is_met) && search.as_ref().is_none_or(found)
    }))
}

/// What is checked on rows.
fn matches(untold: Vec<Condition>) -> Option<Matches> {
    if untold.is_empty() {
        return None;
    }
    Some(Arc::new(move |row: &ListRow| {
        untold.iter().all(|condition| condition.is_met(row))
    }))
}
