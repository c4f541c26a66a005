//! Addresses that callers name to be called: webhooks, callbacks. Owns the words; what may be called is
//! the outbound client's to say, which looks again when it calls.

use axum::http::Uri;
use till_actors::service::Service;

use crate::lnbits::error::Error;

/// The longest address that is kept, in bytes.
const MAX_URL_BYTES: usize = 2_048;

/// Refuses what will never be called.
pub(in crate::lnbits) fn check_callback(service: &Service, url: &str) -> Result<(), Error> {
    let fits = url.len() <= MAX_URL_BYTES;
    if fits && service.check_address(url).is_ok() {
        return Ok(());
    }
    let uri = url.parse::<Uri>().ok().filter(|_| fits);
    let origin = uri.as_ref().and_then(|uri| {
        let authority = uri.authority()?.as_str().rsplit('@').next()?;
        Some((uri.scheme_str()?, authority))
    });
    Err(Error::bad_request(match origin {
        None => "Callback URL is not allowed.".to_owned(),
        Some((scheme, authority)) => format!(
            "Callback URL origin '{scheme}://{authority}' is not allowed. Please check your admin \
             settings."
        ),
    }))
}
