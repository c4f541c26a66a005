//! One filter: a field, an operator, values. Owns how it narrows what the service is asked, and how a row
//! meets it where it cannot.

use till::ledger::WalletRef;
use till::time::Timestamp;
use till_actors::service::{ListQuery, ListRow, Named};
use till_actors::views::{Brief, Standing};

use super::moment;
use super::refused::Refused;
use super::search::{Field, shown_fee, text_of_entry, text_of_row};
use crate::lnbits::Dialect;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    In,
    Except,
    Like,
}

impl Operator {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "gt" => Self::Greater,
            "ge" => Self::GreaterEqual,
            "lt" => Self::Less,
            "le" => Self::LessEqual,
            "in" => Self::In,
            "ex" => Self::Except,
            "like" => Self::Like,
            _ => return None,
        })
    }

    /// Whether several values may stand in one text.
    const fn is_a_list(self) -> bool {
        matches!(self, Self::In | Self::Except)
    }
}

/// The values of a filter, as its field has them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    Numbers(Vec<i64>),
    Moments(Vec<(Timestamp, Timestamp)>),
    Texts(Vec<String>),
}

/// One filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    field: Field,
    operator: Operator,
    values: Values,
    dialect: Dialect,
}

/// The filters among these parameters. A parameter that comes several times asks for any of its values.
pub(super) fn read(
    pairs: &[(String, String)],
    dialect: Dialect,
) -> Result<Vec<Condition>, Refused> {
    let mut found: Vec<(Field, Operator, Vec<String>)> = Vec::new();
    for (name, value) in pairs {
        let Some((field, operator)) = split(name) else {
            continue;
        };
        let values: Vec<String> = match operator.is_a_list() {
            true => value.split(',').map(|one| one.trim().to_owned()).collect(),
            false => vec![value.clone()],
        };
        let known = found
            .iter_mut()
            .find(|(f, o, _)| (*f, *o) == (field, operator));
        match known {
            Some((_, _, known)) => known.extend(values),
            None => found.push((field, operator, values)),
        }
    }
    let conditions = found.into_iter();
    conditions
        .map(|(field, operator, texts)| {
            let values = typed(field, operator, texts, dialect)?;
            Ok(Condition {
                field,
                operator,
                values,
                dialect,
            })
        })
        .collect()
}

fn split(name: &str) -> Option<(Field, Operator)> {
    match name.split_once('[') {
        Some((field, rest)) => {
            let operator = Operator::named(rest.strip_suffix(']')?)?;
            Some((Field::named(field)?, operator))
        }
        None => Some((Field::named(name)?, Operator::Equal)),
    }
}

fn typed(
    field: Field,
    operator: Operator,
    texts: Vec<String>,
    dialect: Dialect,
) -> Result<Values, Refused> {
    if operator == Operator::Like {
        let texts = texts.into_iter().map(|text| text.to_lowercase());
        return Ok(Values::Texts(texts.collect()));
    }
    match field {
        Field::Amount | Field::Fee => {
            let numbers = texts.iter().map(|text| text.trim().parse::<i64>());
            let numbers: Result<Vec<i64>, _> = numbers.collect();
            let numbers = numbers.map_err(|_| Refused::not_an_integer(dialect, field.name()))?;
            Ok(Values::Numbers(numbers))
        }
        Field::Time => {
            let moments = texts.iter().map(|text| moment::span(text, dialect));
            let moments: Option<Vec<_>> = moments.collect();
            let moments = moments.ok_or_else(|| Refused::not_a_moment(dialect, field.name()))?;
            Ok(Values::Moments(moments))
        }
        Field::CheckingId => {
            // LNbits calls the payer's side of an internal payment so.
            let plain = |text: &String| text.trim_start_matches("internal_").to_owned();
            Ok(Values::Texts(texts.iter().map(plain).collect()))
        }
        Field::Status
        | Field::Tag
        | Field::Memo
        | Field::Preimage
        | Field::PaymentHash
        | Field::WalletId => Ok(Values::Texts(texts)),
    }
}

impl Condition {
    pub(super) fn names_wallets(&self) -> bool {
        self.field == Field::WalletId
    }

    /// Narrows the query, if an index knows this; `false` where rows must be looked at.
    pub(super) fn narrow(&self, query: &mut ListQuery) -> bool {
        let is_any = matches!(self.operator, Operator::Equal | Operator::In);
        let is_none = matches!(self.operator, Operator::NotEqual | Operator::Except);
        match (self.field, &self.values) {
            (Field::Status, Values::Texts(words))
                if (is_any || is_none) && query.standings.is_none() =>
            {
                let all = [Standing::Pending, Standing::Success, Standing::Failed];
                let named = |standing: &Standing| words.iter().any(|word| word == standing.word());
                let wanted = all.into_iter().filter(|standing| named(standing) == is_any);
                query.standings = Some(wanted.collect());
                true
            }
            (Field::Tag, Values::Texts(tags)) if is_any && query.tags.is_none() => {
                query.tags = Some(tags.clone());
                true
            }
            (Field::CheckingId | Field::PaymentHash, Values::Texts(ids))
                if is_any && query.named.is_none() =>
            {
                query.named = Some(ids.iter().filter_map(|id| name(id)).collect());
                true
            }
            (Field::Amount, Values::Numbers(numbers)) => match numbers.as_slice() {
                [one] => self.narrow_amount(query, *one),
                _ => false,
            },
            (Field::Time, Values::Moments(moments)) => match moments.as_slice() {
                [one] => self.narrow_time(query, *one),
                _ => false,
            },
            _ => false,
        }
    }

    fn narrow_amount(&self, query: &mut ListQuery, number: i64) -> bool {
        let (low, high) = match self.operator {
            Operator::Equal | Operator::In => (self.lowest(number), self.highest(number)),
            Operator::Greater => (self.lowest(number.saturating_add(1)), i64::MAX),
            Operator::GreaterEqual => (self.lowest(number), i64::MAX),
            Operator::Less => (i64::MIN, self.highest(number.saturating_sub(1))),
            Operator::LessEqual => (i64::MIN, self.highest(number)),
            Operator::NotEqual | Operator::Except | Operator::Like => return false,
        };
        let (from, to) = query.amount_msat.unwrap_or((i64::MIN, i64::MAX));
        query.amount_msat = Some((low.max(from), high.min(to)));
        true
    }

    /// The lowest amount in msat that is shown as this one: satoshis are cut off downwards.
    fn lowest(&self, shown: i64) -> i64 {
        match self.dialect {
            Dialect::V1 => shown,
            Dialect::Documented => shown.saturating_mul(1_000),
        }
    }

    fn highest(&self, shown: i64) -> i64 {
        match self.dialect {
            Dialect::V1 => shown,
            Dialect::Documented => shown.saturating_mul(1_000).saturating_add(999),
        }
    }

    fn narrow_time(&self, query: &mut ListQuery, (first, last): (Timestamp, Timestamp)) -> bool {
        let after = |at: Timestamp| Timestamp::from_millis(at.as_millis().saturating_add(1));
        let (from, to) = match self.operator {
            Operator::Equal | Operator::In => (Some(first), Some(last)),
            Operator::Greater => (Some(after(last)), None),
            Operator::GreaterEqual => (Some(first), None),
            Operator::Less if first == Timestamp::default() => return false,
            Operator::Less => {
                let before = first.as_millis().saturating_sub(1);
                (None, Some(Timestamp::from_millis(before)))
            }
            Operator::LessEqual => (None, Some(last)),
            Operator::NotEqual | Operator::Except | Operator::Like => return false,
        };
        query.from = query.from.max(from);
        query.to = match (query.to, to) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        true
    }

    /// Whether the entry of a row tells whether it is met.
    pub(super) const fn is_in_entry(&self) -> bool {
        self.field.is_in_entry()
    }

    /// Whether a row meets it of which this is the entry.
    pub(super) fn is_met_by_entry(&self, brief: &Brief, wallet: WalletRef) -> bool {
        match &self.values {
            Values::Numbers(numbers) => {
                let shown = match self.field == Field::Fee {
                    true => shown_fee(brief, self.dialect),
                    false => self.dialect.shown(brief.amount_msat),
                };
                self.compares(numbers, |number| (shown < *number, shown > *number))
            }
            Values::Moments(moments) => {
                let at = brief.created_at();
                self.compares(moments, |(first, last)| (at < *first, at > *last))
            }
            Values::Texts(_) => self.holds(&text_of_entry(self.field, brief, wallet, self.dialect)),
        }
    }

    /// Whether a row meets it, whose entry does not tell this field: all of these are texts.
    pub(super) fn is_met(&self, row: &ListRow) -> bool {
        self.holds(&text_of_row(self.field, row))
    }

    /// Whether a text meets it.
    pub(super) fn holds(&self, text: &str) -> bool {
        let Values::Texts(texts) = &self.values else {
            return false;
        };
        if self.operator == Operator::Like {
            let text = text.to_lowercase();
            return texts.iter().any(|part| text.contains(part));
        }
        self.compares(texts, |other| {
            (text < other.as_str(), text > other.as_str())
        })
    }

    /// Compares with each value; `order` tells whether what stands there is less, and whether it is
    /// greater.
    fn compares<T>(&self, values: &[T], order: impl Fn(&T) -> (bool, bool)) -> bool {
        let any = |wanted: fn((bool, bool)) -> bool| values.iter().any(|one| wanted(order(one)));
        match self.operator {
            Operator::Equal | Operator::In | Operator::Like => any(|(less, more)| !less && !more),
            Operator::NotEqual | Operator::Except => !any(|(less, more)| !less && !more),
            Operator::Greater => any(|(_, more)| more),
            Operator::GreaterEqual => any(|(less, _)| !less),
            Operator::Less => any(|(less, _)| less),
            Operator::LessEqual => any(|(_, more)| !more),
        }
    }
}

fn name(id: &str) -> Option<Named> {
    let hash = id.parse().map(Named::Hash);
    hash.or_else(|_| id.parse().map(Named::Payment)).ok()
}
