//! What a caller tells about an invoice or a payment beside money: kept, shown again, never acted on
//! by the ledger. Bounds are the surfaces'.

use minicbor::{Decode, Encode};

/// A caller's own words about an invoice or a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Meta {
    /// What the caller calls it, where that is not the invoice's description.
    #[n(0)]
    pub memo: Option<String>,
    /// A JSON object, as text.
    #[n(1)]
    pub extra: Option<String>,
    /// What kind of thing it is: counted and filtered by.
    #[n(2)]
    pub tag: Option<String>,
    /// The program that asked for it.
    #[n(3)]
    pub extension: Option<String>,
    /// What the caller sorts it under.
    #[n(4)]
    pub labels: Vec<String>,
    /// The caller's own reference, where the row has no field for it (payments).
    #[n(5)]
    pub external_id: Option<String>,
    /// Where the caller wants to be told, for a payment; an invoice has a field of its own.
    #[n(6)]
    pub webhook_url: Option<String>,
    /// What the webhook's receiver answered last: an HTTP status, or what is wrong in a word.
    #[n(7)]
    pub webhook_status: Option<String>,
    /// What an LNURL recipient says after payment (LUD-09), as JSON text.
    #[n(8)]
    pub success_action: Option<String>,
}

/// What shall be told otherwise. Whoever changes one thing names only that: two callers at once, or a
/// caller and a webhook's answer, then do not undo each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetaChange {
    /// Other labels.
    pub labels: Option<Vec<String>>,
    /// Another JSON object.
    pub extra: Option<ExtraChange>,
    /// Another tag.
    pub tag: Option<String>,
}

/// Another JSON object in the place of one that the caller has read. What it makes of it rests on what
/// it read, so it is refused if that is not there any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraChange {
    /// As it was read.
    pub before: Option<String>,
    /// As it shall be.
    pub after: Option<String>,
}

impl Meta {
    /// The same with what is changed; `None` if it is not what the change rests on.
    #[must_use]
    pub fn changed(&self, change: MetaChange) -> Option<Self> {
        let MetaChange { labels, extra, tag } = change;
        let mut meta = self.clone();
        if let Some(ExtraChange { before, after }) = extra {
            (meta.extra == before).then_some(())?;
            meta.extra = after;
        }
        if let Some(labels) = labels {
            meta.labels = labels;
        }
        meta.tag = tag.or(meta.tag);
        Some(meta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_changes() {
        let text = |text: &str| Some(text.to_owned());
        let meta = Meta {
            memo: text("tea"),
            extra: text("{}"),
            webhook_status: text("200"),
            ..Meta::default()
        };
        let labels = vec!["a".to_owned()];
        let change = MetaChange {
            labels: Some(labels.clone()),
            ..MetaChange::default()
        };
        let labelled = Meta {
            labels,
            ..meta.clone()
        };
        assert_eq!(meta.changed(change), Some(labelled));
        let extra = |before| MetaChange {
            extra: Some(ExtraChange {
                before,
                after: text("{\"a\":1}"),
            }),
            ..MetaChange::default()
        };
        let known = meta.changed(extra(text("{}")));
        assert_eq!(known.and_then(|meta| meta.extra), text("{\"a\":1}"));
        assert_eq!(meta.changed(extra(None)), None, "it rests on another");
    }
}
