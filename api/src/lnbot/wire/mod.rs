//! Wire types: requests and answers as ln.bot has them. Fields that can be empty are sent as `null`.

mod account;
mod address;
mod invoice;
mod l402;
mod lnurl;
mod payment;
mod status;
mod transaction;
mod wallet;
mod webhook;

pub(crate) use account::*;
pub(crate) use address::*;
pub(crate) use invoice::*;
pub(crate) use l402::*;
pub(crate) use lnurl::*;
pub(crate) use payment::*;
pub(crate) use status::*;
pub(crate) use transaction::*;
pub(crate) use wallet::*;
pub(crate) use webhook::*;

use till::time::Timestamp;

/// A moment as this surface writes it: ISO 8601, UTC, to the millisecond.
pub(crate) fn moment(at: Timestamp) -> String {
    use time::macros::format_description;
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let nanos = i128::from(at.as_millis()) * 1_000_000;
    let moment = time::OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
    let text = moment.and_then(|moment| moment.format(format).ok());
    text.unwrap_or_default()
}
