//! Whom a text stands for: an invoice, an offer, a Lightning address, an LNURL, a name in the DNS, or a
//! wallet of this till's. Owns how texts are told apart, and what each takes; nothing is paid here.

use reqwest::Url;
use till::address::{Address, is_tag};
use till::holder::Wallet;
use till::ledger::WalletRef;
use till::money::{Msat, Sat};
use till::offer::Offer;

use super::Service;
use super::types::{DecodedInvoice, DecodedOffer, ServiceError};
use crate::dns::{self, DnsError};
use crate::lnurl::{Document, LnurlError, PayRequest, url_of};

/// The longest text that is looked at, in bytes.
const MAX_TARGET_BYTES: usize = 8_192;
/// Where Lightning addresses are served (LUD-16).
const ADDRESS_PATH: &str = "/.well-known/lnurlp/";
/// What a name of BIP 353 may begin with.
const BITCOIN_SIGN: char = '₿';
/// What may stand before anything that Lightning pays.
const SCHEME: &str = "lightning:";

/// Where this till is, and where names are looked up.
#[derive(Clone, Copy, Debug)]
pub struct Whereabouts<'a> {
    /// What follows the `@` in Lightning addresses of this till's.
    pub domain: &'a str,
    /// A DNS-over-HTTPS server; it is believed nothing that is not signed. Without one, names in the
    /// DNS are not looked up.
    pub doh_url: Option<&'a str>,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// `user@host`.
    Address,
    /// LNURL-pay.
    Lnurl,
    /// A BOLT 11 invoice.
    Bolt11,
    /// A BOLT 12 offer.
    Offer,
}

/// Somebody who can be paid.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// What the text was.
    pub kind: TargetKind,
    /// The least that they take; `None` for an invoice.
    pub min: Option<Msat>,
    /// The most.
    pub max: Option<Msat>,
    /// What they ask for, if they name an amount.
    pub asked: Option<Msat>,
    /// Whether it is a wallet of this till's.
    pub internal: bool,
    pub(super) via: Via,
}

/// How they are paid.
#[derive(Clone, Debug)]
pub(super) enum Via {
    Invoice(String, Box<DecodedInvoice>),
    Offer(Box<DecodedOffer>),
    Lnurl(Box<PayRequest>),
    /// In the ledger.
    Wallet(Box<Own>),
}

/// A wallet of this till's, as it was named.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) wallet: WalletRef,
    /// The offer of its own that was named.
    pub(super) offer: Option<DecodedOffer>,
    /// What stood after the `+` in its address.
    pub(super) tag: Option<String>,
}

/// Why nobody can be paid by a text.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TargetError {
    /// It is nothing that can be paid.
    #[error("The target is no invoice, offer, Lightning address or LNURL.")]
    Unreadable,
    /// It would be an address of this till's, and there is none.
    #[error("The address does not exist.")]
    NoSuchAddress,
    /// What is behind it gives money instead of taking it.
    #[error("The LNURL is not for paying.")]
    NotToPay,
    /// The amount must be named.
    #[error("The target leaves the amount open: give one.")]
    NeedsAmount,
    /// The amount is none that they take.
    #[error("The amount must be between {min} and {max}.")]
    OutOfRange {
        /// The least, rounded up.
        min: Sat,
        /// The most, rounded down.
        max: Sat,
    },
    /// The most that routing may cost is none that is taken.
    #[error("maxFee must be 1 to {max}.")]
    FeeCap {
        /// The most that is taken for this amount.
        max: Sat,
    },
    /// What LNURL came to.
    #[error(transparent)]
    Lnurl(#[from] LnurlError),
    /// What the DNS came to.
    #[error(transparent)]
    Dns(#[from] DnsError),
    /// Everything else.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Service {
    /// Whom a text stands for. May call other machines; moves nothing.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn recipient(
        &self,
        text: &str,
        here: Whereabouts<'_>,
    ) -> Result<Recipient, TargetError> {
        if text.len() > MAX_TARGET_BYTES {
            return Err(TargetError::Unreadable);
        }
        let text = pasted(text);
        if let Some(name) = text.strip_prefix(BITCOIN_SIGN) {
            return self.by_name(name, here).await;
        }
        let begins = |with: &str| {
            let start = text.get(..with.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        if begins("lno1") {
            return self.by_offer(text);
        }
        if text.contains("://") || begins("lnurl1") {
            return self.by_lnurl(TargetKind::Lnurl, text, here).await;
        }
        if text.contains('@') {
            let found = self.by_lnurl(TargetKind::Address, text, here).await;
            return match found {
                // Whoever has no web server may have a name in the DNS; the first answer is the better one.
                Err(TargetError::Lnurl(error)) if here.doh_url.is_some() => {
                    let named = self.by_name(text, here).await;
                    named.map_err(|_| TargetError::Lnurl(error))
                }
                found => found,
            };
        }
        if begins("ln") {
            return self.by_invoice(text);
        }
        Err(TargetError::Unreadable)
    }

    fn by_invoice(&self, text: &str) -> Result<Recipient, TargetError> {
        let invoice = self.decode(text)?;
        let own = self.row::<till::invoice::Invoice>(&invoice.hash)?;
        Ok(Recipient {
            kind: TargetKind::Bolt11,
            min: None,
            max: None,
            asked: invoice.amount,
            internal: own.is_some(),
            via: Via::Invoice(text.to_owned(), Box::new(invoice)),
        })
    }

    fn by_offer(&self, text: &str) -> Result<Recipient, TargetError> {
        let offer = self.decode_offer(text)?;
        let own = self.row::<Offer>(&offer.id)?;
        let asked = offer.amount;
        Ok(Recipient {
            kind: TargetKind::Offer,
            min: Some(asked.unwrap_or(Sat::ONE.to_msat())),
            max: Some(self.parts.policy.max_amount),
            asked,
            internal: own.is_some(),
            via: match own {
                Some(own) => Via::Wallet(Box::new(Own {
                    wallet: own.wallet,
                    offer: Some(offer),
                    tag: None,
                })),
                None => Via::Offer(Box::new(offer)),
            },
        })
    }

    async fn by_lnurl(
        &self,
        kind: TargetKind,
        text: &str,
        here: Whereabouts<'_>,
    ) -> Result<Recipient, TargetError> {
        let url = url_of(text)?;
        if let Some(name) = own_address(&url, here.domain) {
            return self.by_own_address(kind, &name);
        }
        let request = match self.lnurl_document(text).await? {
            Document::Pay(request) => request,
            Document::Withdraw(_) => return Err(TargetError::NotToPay),
        };
        Ok(Recipient {
            kind,
            min: Some(request.min),
            max: Some(request.max),
            asked: None,
            internal: false,
            via: Via::Lnurl(Box::new(request)),
        })
    }

    fn by_own_address(&self, kind: TargetKind, name: &str) -> Result<Recipient, TargetError> {
        // What follows a plus sign is the payer's to choose.
        let (base, tag) = name.split_once('+').unwrap_or((name, ""));
        let tag = Some(tag).filter(|tag| !tag.is_empty());
        // Whoever comes by the web is told the same.
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(TargetError::NoSuchAddress);
        }
        let address = self.row::<Address>(&base.to_owned())?;
        let address = address.filter(Address::is_live);
        let wallet = match address {
            Some(address) => self.row::<Wallet>(&address.wallet)?,
            None => None,
        };
        let wallet = wallet.filter(Wallet::is_open);
        let wallet = wallet.ok_or(TargetError::NoSuchAddress)?;
        Ok(Recipient {
            kind,
            min: Some(Sat::ONE.to_msat()),
            max: Some(self.parts.policy.max_amount),
            asked: None,
            internal: true,
            via: Via::Wallet(Box::new(Own {
                wallet: WalletRef::Wallet(wallet.id),
                offer: None,
                tag: tag.map(str::to_owned),
            })),
        })
    }

    /// A name in the DNS (BIP 353) stands for an offer or an invoice.
    async fn by_name(&self, name: &str, here: Whereabouts<'_>) -> Result<Recipient, TargetError> {
        let doh_url = here.doh_url.ok_or(DnsError::NotConfigured)?;
        let outbound = &self.parts.outward.outbound;
        let uri = dns::payment_uri(outbound, doh_url, name, self.now()).await?;
        let found = match dns::lightning_of(&uri)? {
            dns::Named::Offer(offer) => self.by_offer(&offer),
            dns::Named::Invoice(bolt11) => self.by_invoice(&bolt11),
        };
        let kind = TargetKind::Address;
        found.map(|found| Recipient { kind, ..found })
    }
}

/// A text as people paste it, without the scheme of a link.
fn pasted(text: &str) -> &str {
    let text = text.trim();
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => {
            rest.strip_prefix("//").unwrap_or(rest)
        }
        Some(_) | None => text,
    }
}

/// The name in a Lightning address of this till's, by the address where it is served.
fn own_address(url: &str, domain: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    let place = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let name = url.path().strip_prefix(ADDRESS_PATH)?;
    let is_here = place.eq_ignore_ascii_case(domain);
    // In a web address the plus sign may be written by its number.
    is_here.then(|| name.to_ascii_lowercase().replace("%2b", "+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_no_part_of_what_is_pasted() {
        for text in [
            "abc",
            " abc ",
            "lightning:abc",
            "LIGHTNING:abc",
            "lightning://abc",
        ] {
            assert_eq!(pasted(text), "abc", "{text}");
        }
        assert_eq!(pasted("lightnin"), "lightnin");
    }

    #[test]
    fn an_address_of_our_own_is_known_by_where_it_is_served() {
        let own = |url| own_address(url, "Pay.example.org:8443");
        let name = Some("bob+tea".to_owned());
        assert_eq!(
            own("https://pay.example.org:8443/.well-known/lnurlp/Bob+tea"),
            name
        );
        assert_eq!(
            own("https://pay.example.org:8443/.well-known/lnurlp/bob%2Btea"),
            name
        );
        for other in [
            "https://pay.example.org/.well-known/lnurlp/bob",
            "https://example.org:8443/.well-known/lnurlp/bob",
            "https://pay.example.org:8443/lnurlp/bob",
        ] {
            assert_eq!(own(other), None, "{other}");
        }
    }
}
