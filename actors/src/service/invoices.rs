//! Invoices: making, finding and decoding them.

use std::str::FromStr;

use ldk_node::lightning_invoice::{Bolt11Invoice, Bolt11InvoiceDescriptionRef, Currency};
use till::id::{PaymentHash, Preimage, RequestHash};
use till::invoice::{Description, Invoice, MAX_DESCRIPTION_BYTES, State as InvoiceState};
use till::ledger::entity::Idempotency;
use till::ledger::{Command, Done, IdempotencyKey, InvoiceDraft, Reference, Refusal};
use till::money::Msat;
use till::time::Timestamp;

use super::types::{DecodedInvoice, Hold, IncomingPayment, InvoiceQuery, NewInvoice, ServiceError};
use super::{RETRY_AFTER_SECS, Service, network_name};
use crate::ledger::LedgerError;
use crate::node::{NodeError, ReceiveRequest};

/// Why there is no invoice for any amount. The node would make one, and then refuse most payments
/// to it: it limits the provider to a share of what is left after its fee, where the provider
/// takes that share of the whole, and a minimum.
const NEEDS_AMOUNT: &str =
    "no channel can receive yet, and one that is opened with the payment needs an amount";

/// A caller's key for a request, and the digest of what it asks for.
type Keyed = Option<(IdempotencyKey, RequestHash)>;

impl Service {
    /// Makes an invoice: the hash is reserved on disk, the node registers it, the text is on disk,
    /// and only then is it returned.
    ///
    /// # Errors
    /// [`ServiceError::InvalidRequest`] for what cannot be in an invoice, [`ServiceError::Node`]
    /// while the node is not running, or if the channels cannot take the money and the liquidity
    /// provider opens no other.
    pub async fn create_invoice(&self, wanted: NewInvoice) -> Result<Invoice, ServiceError> {
        self.make_invoice(wanted, false).await
    }

    /// The same for a stranger: nobody sees it before it is paid, and it has no number until then.
    ///
    /// # Errors
    /// As [`create_invoice`](Self::create_invoice);
    /// [`Refusal::TooManyUnpaid`](till::ledger::Refusal::TooManyUnpaid) if too many wait.
    pub async fn create_unlisted_invoice(
        &self,
        wanted: NewInvoice,
    ) -> Result<Invoice, ServiceError> {
        self.make_invoice(wanted, true).await
    }

    async fn make_invoice(
        &self,
        wanted: NewInvoice,
        unlisted: bool,
    ) -> Result<Invoice, ServiceError> {
        self.check(&wanted)?;
        let expiry_secs = wanted
            .expiry_secs
            .unwrap_or(self.parts.policy.invoice_expiry_secs);
        let (hash, preimage) = match wanted.hold {
            Some(Hold::Theirs(hash)) => (hash, None),
            Some(Hold::Ours) | None => {
                let preimage = new_preimage()?;
                (preimage.payment_hash(), Some(preimage))
            }
        };
        let request = ReceiveRequest {
            hash,
            amount: wanted.amount,
            description: wanted.description.clone(),
            expiry_secs,
        };
        let draft = InvoiceDraft {
            hash,
            preimage,
            hold: wanted.hold.is_some(),
            wallet: wanted.wallet,
            origin: wanted.origin,
            amount: wanted.amount,
            description: wanted.description,
            external_id: wanted.external_id,
            webhook_url: wanted.webhook_url,
            expiry_secs,
            meta: wanted.meta,
            unlisted,
        };
        let keyed = wanted.idempotency;
        // A caller who goes away must not leave a draft behind: the rest runs by itself.
        let service = self.clone();
        let made = tokio::spawn(async move { service.issue(draft, request, keyed).await });
        made.await.map_err(|_| ServiceError::Stopping)?
    }

    /// The invoice that was made under a key before, if one was.
    ///
    /// # Errors
    /// [`Refusal::IdempotencyConflict`] if something else was asked for under it.
    pub async fn invoice_under(&self, keyed: &Keyed) -> Result<Option<Invoice>, ServiceError> {
        let Some((key, request)) = keyed else {
            return Ok(None);
        };
        let Some(known) = self.row::<Idempotency>(key)? else {
            return Ok(None);
        };
        match known.reference {
            Reference::Invoice(hash) if known.request == *request => self.row::<Invoice>(&hash),
            Reference::Invoice(_)
            | Reference::Payment(_)
            | Reference::Opening(_)
            | Reference::Splice(_) => Err(ServiceError::Refused(Refusal::IdempotencyConflict)),
        }
    }

    async fn issue(
        &self,
        draft: InvoiceDraft,
        request: ReceiveRequest,
        keyed: Keyed,
    ) -> Result<Invoice, ServiceError> {
        if let Some(made) = self.invoice_under(&keyed).await? {
            return Ok(made);
        }
        let (hash, ledger) = (draft.hash, &self.parts.ledger);
        let drafted = ledger.execute(Command::DraftInvoice(Box::new(draft)));
        if let Err(error) = drafted.await {
            return self.overtaken(hash, &keyed, error).await;
        }
        let (bolt11, lsp_fee) = match self.register(request).await {
            Ok(made) => made,
            Err(error) => {
                self.abandon(hash).await;
                return Err(error.into());
            }
        };
        let issue = Command::IssueInvoice {
            hash,
            bolt11,
            lsp_fee,
            idempotency: keyed.clone(),
        };
        match ledger.execute_for_node(issue).await {
            Ok(Done::Changed | Done::Unchanged) => {
                self.row::<Invoice>(&hash)?.ok_or(ServiceError::Unknown)
            }
            // The same request has overtaken this one: its invoice is the answer to both.
            Ok(Done::Repeat(_)) => {
                self.abandon(hash).await;
                let made = self.invoice_under(&keyed).await?;
                made.ok_or(ServiceError::Unknown)
            }
            Err(error) => {
                if matches!(error, LedgerError::Refused(_)) {
                    self.abandon(hash).await;
                }
                Err(error.into())
            }
        }
    }

    /// Where there is no draft, since the hash is taken: by the same request, perhaps, that has overtaken
    /// this one. While that is under way the caller comes back for what it made.
    async fn overtaken(
        &self,
        hash: PaymentHash,
        keyed: &Keyed,
        error: LedgerError,
    ) -> Result<Invoice, ServiceError> {
        if keyed.is_none() || error != LedgerError::Refused(Refusal::HashInUse) {
            return Err(error.into());
        }
        let other = self.row::<Invoice>(&hash)?;
        if other.is_some_and(|other| other.state == InvoiceState::Draft) {
            let retry_after_secs = RETRY_AFTER_SECS;
            return Err(ServiceError::Busy { retry_after_secs });
        }
        // Its text and its key are on disk at once, so whoever does not find the key is another.
        let made = self.invoice_under(keyed).await?;
        made.ok_or(ServiceError::Refused(Refusal::HashInUse))
    }

    /// Drops a draft; what cannot be dropped now is dropped at the next start.
    async fn abandon(&self, hash: PaymentHash) {
        let abandon = Command::AbandonInvoice { hash };
        if let Err(error) = self.parts.ledger.execute_for_node(abandon).await {
            tracing::warn!(%hash, %error, "a draft is left to the next start");
        }
    }

    /// Has the node make the text; and what a liquidity provider will take, if it has to open a
    /// channel.
    ///
    /// Where a provider is configured, an invoice that the channels cannot take is never made
    /// without one: the customer would stand at the counter with a payment that finds no way, and
    /// nobody there could tell why. The maker of the invoice can, and takes cash or asks for less.
    async fn register(&self, request: ReceiveRequest) -> Result<(String, Option<Msat>), NodeError> {
        let lsp = self.parts.policy.lsp;
        let call = self.parts.node.call(move |node| {
            let Some(terms) = lsp else {
                return Ok((node.receive_for_hash(&request)?, None));
            };
            let receivable = node.balances().receivable;
            match request.amount {
                Some(amount) if amount > receivable => {
                    let most = terms.most(amount).unwrap_or(Msat::ZERO);
                    let made = node.receive_jit_for_hash(&request, amount, most)?;
                    Ok((made.bolt11, Some(made.lsp_fee)))
                }
                None if receivable.is_zero() => Err(NodeError::NoInbound(NEEDS_AMOUNT.to_owned())),
                Some(_) | None => Ok((node.receive_for_hash(&request)?, None)),
            }
        });
        call.await
    }

    /// The most that one invoice or payment may move.
    #[must_use]
    pub fn max_amount(&self) -> Msat {
        self.parts.policy.max_amount
    }

    fn check(&self, wanted: &NewInvoice) -> Result<(), ServiceError> {
        let invalid = |what: String| Err(ServiceError::InvalidRequest(what));
        match &wanted.description {
            Description::Text(text) if text.len() > MAX_DESCRIPTION_BYTES => {
                return invalid(format!(
                    "a description has at most {MAX_DESCRIPTION_BYTES} bytes"
                ));
            }
            Description::Text(_) | Description::Hash(_) => {}
        }
        let max = self.parts.policy.max_amount;
        match wanted.amount {
            Some(amount) if amount.is_zero() => invalid("the amount must be above zero".into()),
            Some(amount) if amount > max => invalid(format!("the amount exceeds {max}")),
            Some(_) | None => Ok(()),
        }
    }

    /// The issued invoice of a hash; one that a stranger asked for only once it is paid.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn invoice(&self, hash: PaymentHash) -> Result<Option<Invoice>, ServiceError> {
        Ok(self
            .row::<Invoice>(&hash)?
            .filter(|invoice| invoice.number > 0))
    }

    /// A wallet's invoices and deposits, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Node`] if the view cannot be read.
    pub async fn incoming(
        &self,
        query: InvoiceQuery,
    ) -> Result<Vec<IncomingPayment>, ServiceError> {
        self.read(move |views| views.incoming(&query)).await
    }

    /// Reads a BOLT 11 text of this till's network.
    ///
    /// # Errors
    /// [`ServiceError::InvalidInvoice`] says what is wrong with it.
    pub fn decode(&self, bolt11: &str) -> Result<DecodedInvoice, ServiceError> {
        let invoice = parse(bolt11, self.parts.network)?;
        let description = match invoice.description() {
            Bolt11InvoiceDescriptionRef::Direct(text) => Description::Text(text.to_string()),
            Bolt11InvoiceDescriptionRef::Hash(hash) => {
                use bitcoin::hashes::Hash;
                Description::Hash(hash.0.to_byte_array())
            }
        };
        let amount = match invoice.amount_milli_satoshis() {
            Some(msat) => Some(Msat::new(msat).ok_or_else(|| bad("its amount is too large"))?),
            None => None,
        };
        let expires = invoice
            .duration_since_epoch()
            .saturating_add(invoice.expiry_time());
        let expires_at = u64::try_from(expires.as_millis()).unwrap_or(u64::MAX);
        Ok(DecodedInvoice {
            hash: PaymentHash::from_bytes(*AsRef::<[u8; 32]>::as_ref(invoice.payment_hash())),
            amount,
            description,
            expires_at: Timestamp::from_millis(expires_at),
            payee: invoice.recover_payee_pub_key().to_string(),
        })
    }
}

/// The longest text that is looked at; real invoices have a few hundred characters.
const MAX_BOLT11_BYTES: usize = 7_089;

fn parse(bolt11: &str, network: bitcoin::Network) -> Result<Bolt11Invoice, ServiceError> {
    if bolt11.len() > MAX_BOLT11_BYTES {
        return Err(bad("it is too long"));
    }
    let invoice = Bolt11Invoice::from_str(bare(bolt11)).map_err(|e| bad(&e.to_string()))?;
    let wanted = match network {
        bitcoin::Network::Bitcoin => Currency::Bitcoin,
        bitcoin::Network::Testnet | bitcoin::Network::Testnet4 => Currency::BitcoinTestnet,
        bitcoin::Network::Signet => Currency::Signet,
        bitcoin::Network::Regtest => Currency::Regtest,
    };
    if invoice.currency() != wanted {
        return Err(bad(&format!("it is not for {}", network_name(network))));
    }
    Ok(invoice)
}

/// A BOLT 11 text as it was pasted, without the scheme of a link.
pub(super) fn bare(bolt11: &str) -> &str {
    let text = bolt11.trim();
    match text.get(..10) {
        Some(scheme) if scheme.eq_ignore_ascii_case("lightning:") => &text[10..],
        Some(_) | None => text,
    }
}

fn bad(why: &str) -> ServiceError {
    ServiceError::InvalidInvoice(why.to_owned())
}

pub(super) fn no_randomness(error: getrandom::Error) -> ServiceError {
    tracing::error!(%error, "the system gives no randomness");
    ServiceError::Stopping
}

fn new_preimage() -> Result<Preimage, ServiceError> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(no_randomness)?;
    Ok(Preimage::from_bytes(*bytes))
}
