//! Names in the DNS that stand for somebody to be paid (BIP 353). Owns the proof: what a DNS-over-HTTPS
//! server answers is believed only where signatures lead up to the root (DNSSEC); the server itself is
//! believed nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dnssec_prover::query::{ProofBuilder, QueryBuf};
use dnssec_prover::rr::{Name, RR, TXT_TYPE};
use dnssec_prover::ser::parse_rr_stream;
use dnssec_prover::validation::verify_rr_stream;
use reqwest::Url;
use till::time::Timestamp;

use crate::outbound::{Outbound, OutboundError, Request};

/// What stands between user and domain.
const LABELS: &str = "user._bitcoin-payment";
/// The scheme of what such a name stands for (BIP 21).
const SCHEME: &str = "bitcoin:";
/// How many questions a proof may take.
const MAX_QUESTIONS: usize = 24;
/// Milliseconds in a second.
const MILLIS_PER_SEC: u64 = 1_000;

/// Why a name stands for nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// Nobody has said where to ask.
    #[error("Names in the DNS (BIP 353) are not looked up here.")]
    NotConfigured,
    /// It has not the form of a name.
    #[error("The name cannot be read.")]
    NotAName,
    /// No answer from there.
    #[error("The DNS did not answer: {0}.")]
    Outbound(#[from] OutboundError),
    /// There is no such name, or nothing about payments under it.
    #[error("The name is not known in the DNS.")]
    Unknown,
    /// It is not signed up to the root, or not any more.
    #[error("The DNS does not prove what the name stands for (DNSSEC).")]
    NotProven,
    /// It can be paid on the chain alone, or in ways that we do not know.
    #[error("The name stands for nobody who can be paid over Lightning.")]
    NoLightning,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Offer(String),
    Invoice(String),
}

/// The URI that `user@domain` stands for.
pub(crate) async fn payment_uri(
    outbound: &Outbound,
    doh_url: &str,
    person: &str,
    now: Timestamp,
) -> Result<String, DnsError> {
    let name = name_of(person)?;
    let (mut builder, first) = ProofBuilder::new(&name, TXT_TYPE);
    let mut questions = vec![first];
    let mut asked = 0;
    while let Some(question) = questions.pop() {
        asked += 1;
        if asked > MAX_QUESTIONS {
            return Err(DnsError::NotProven);
        }
        let answer = ask(outbound, doh_url, question).await?;
        let more = builder.process_response(&answer);
        questions.extend(more.map_err(|_| DnsError::Unknown)?);
    }
    let (proof, _ttl_secs) = builder.finish_proof().map_err(|()| DnsError::NotProven)?;
    proven(&proof, &name, now)
}

/// One question in the DNS's own format (RFC 8484).
async fn ask(outbound: &Outbound, doh_url: &str, question: QueryBuf) -> Result<QueryBuf, DnsError> {
    let mut url = Url::parse(doh_url).map_err(|_| DnsError::NotConfigured)?;
    let question = URL_SAFE_NO_PAD.encode(question.into_vec());
    url.query_pairs_mut().append_pair("dns", &question);
    let answer = outbound.call(url.as_str(), Request::Get).await?;
    let is_short = u16::try_from(answer.body.len()).is_ok();
    if answer.status != 200 || !is_short {
        return Err(DnsError::Unknown);
    }
    let mut read = QueryBuf::new_zeroed(0);
    read.extend_from_slice(&answer.body);
    Ok(read)
}

fn name_of(person: &str) -> Result<Name, DnsError> {
    let (user, domain) = person.split_once('@').ok_or(DnsError::NotAName)?;
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    if user.is_empty() || domain.is_empty() || user.contains('.') {
        return Err(DnsError::NotAName);
    }
    let name = format!("{user}.{LABELS}.{domain}.");
    Name::try_from(name.as_str()).map_err(|()| DnsError::NotAName)
}

/// What a proof proves at `now`: the one record about payments.
fn proven(proof: &[u8], name: &Name, now: Timestamp) -> Result<String, DnsError> {
    let records = parse_rr_stream(proof).map_err(|()| DnsError::NotProven)?;
    let verified = verify_rr_stream(&records).map_err(|_| DnsError::NotProven)?;
    let now_secs = now.as_millis() / MILLIS_PER_SEC;
    if now_secs < verified.valid_from || now_secs > verified.expires {
        return Err(DnsError::NotProven);
    }
    let mut found = Vec::new();
    for record in verified.resolve_name(name) {
        let RR::Txt(txt) = record else {
            continue;
        };
        let text = String::from_utf8(txt.data.as_vec());
        let begins = |text: &String| {
            let start = text.get(..SCHEME.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
        };
        found.extend(text.ok().filter(begins));
    }
    // BIP 353: with more than one of them the name stands for nobody.
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(DnsError::Unknown),
        [..] => Err(DnsError::NotProven),
    }
}

/// What of a URI (BIP 21) Lightning can pay; an offer first.
pub(crate) fn lightning_of(uri: &str) -> Result<Named, DnsError> {
    let query = uri.split_once('?').map(|(_, query)| query);
    let url = Url::parse(&format!("bitcoin:?{}", query.unwrap_or_default()));
    let url = url.map_err(|_| DnsError::NoLightning)?;
    let value = |wanted: &str| {
        let mut pairs = url.query_pairs();
        let found = pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.into_owned())
    };
    // What must be understood and is not (BIP 21) spoils the whole.
    if url.query_pairs().any(|(name, _)| name.starts_with("req-")) {
        return Err(DnsError::NoLightning);
    }
    let offer = value("lno").map(Named::Offer);
    let found = offer.or_else(|| value("lightning").map(Named::Invoice));
    found.ok_or(DnsError::NoLightning)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_user_and_a_domain() {
        let name = name_of("Bob@Example.org").unwrap();
        assert_eq!(name.as_str(), "bob.user._bitcoin-payment.example.org.");
        for bad in [
            "",
            "bob",
            "@example.org",
            "bob@",
            "b.o.b@example.org",
            "b ob@example.org",
        ] {
            assert_eq!(name_of(bad), Err(DnsError::NotAName), "{bad}");
        }
    }

    #[test]
    fn an_offer_counts_before_an_invoice() {
        let offer = Named::Offer("lno1abc".into());
        assert_eq!(
            lightning_of("bitcoin:?lightning=lnbc1&LNO=lno1abc"),
            Ok(offer)
        );
        let invoice = Named::Invoice("lnbc1".into());
        assert_eq!(lightning_of("bitcoin:bc1q?lightning=lnbc1"), Ok(invoice));
        for bad in [
            "bitcoin:bc1q",
            "bitcoin:?sp=sp1",
            "bitcoin:?lno=lno1&req-x=1",
        ] {
            assert_eq!(lightning_of(bad), Err(DnsError::NoLightning), "{bad}");
        }
    }

    #[test]
    fn nothing_is_proven_by_nothing() {
        let name = name_of("bob@example.org").unwrap();
        assert_eq!(
            proven(&[], &name, Timestamp::default()),
            Err(DnsError::NotProven)
        );
        assert_eq!(
            proven(&[7; 64], &name, Timestamp::default()),
            Err(DnsError::NotProven)
        );
    }
}
