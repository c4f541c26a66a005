//! LNURL: looking at a code, paying what is behind it, taking a withdrawal. Owns what is checked before
//! money moves.

use std::time::Duration;

use till::invoice::{Description, Invoice, State as InvoiceState};
use till::money::Msat;
use till::payment::Payment;

use super::{NewPayment, Service, ServiceError};
use crate::lnurl::{self, Document, LnurlError, Offered, PayRequest, WithdrawRequest};

impl Service {
    /// What is behind an LNURL, a Lightning address, or a link of LUD-17.
    ///
    /// # Errors
    /// [`LnurlError`].
    pub async fn lnurl_document(&self, code: &str) -> Result<Document, LnurlError> {
        let url = lnurl::url_of(code)?;
        lnurl::fetch(&self.parts.outward.outbound, &url).await
    }

    /// Whether a text stands for an address that could be called, as far as that shows.
    ///
    /// # Errors
    /// [`LnurlError`].
    pub fn check_lnurl(&self, code: &str) -> Result<(), LnurlError> {
        Ok(self.parts.outward.outbound.check(&lnurl::url_of(code)?)?)
    }

    /// An invoice of a recipient's over just this amount and for just this purpose.
    ///
    /// # Errors
    /// [`LnurlError`], also if the invoice is not what was asked for.
    pub async fn lnurl_invoice(
        &self,
        request: &PayRequest,
        amount: Msat,
        comment: Option<&str>,
    ) -> Result<Offered, LnurlError> {
        let outbound = &self.parts.outward.outbound;
        let offered = lnurl::invoice_for(outbound, request, amount, comment).await?;
        let invoice = self.decode(&offered.bolt11);
        let invoice = invoice.map_err(|_| LnurlError::Wrong("its invoice cannot be read"))?;
        if invoice.amount != Some(amount) {
            return Err(LnurlError::Wrong("its invoice is over another amount"));
        }
        match invoice.description {
            Description::Hash(hash) if hash != request.description_hash() => {
                Err(LnurlError::Wrong("its invoice is for something else"))
            }
            // LUD-06 asked for the hash once and does not any more: text is nobody's promise.
            Description::Hash(_) | Description::Text(_) => Ok(offered),
        }
    }

    /// Has somebody pay an open invoice of this till's, by an LNURL of theirs (LUD-03).
    ///
    /// # Errors
    /// [`LnurlError`]; without one the money may still not come.
    pub async fn lnurl_withdraw(&self, code: &str, invoice: &Invoice) -> Result<(), LnurlError> {
        let Document::Withdraw(request) = self.lnurl_document(code).await? else {
            return Err(LnurlError::Wrong("it is not to withdraw"));
        };
        self.lnurl_take(&request, invoice).await
    }

    /// The same where the answer of the LNURL is there already.
    ///
    /// # Errors
    /// As [`Service::lnurl_withdraw`].
    pub async fn lnurl_take(
        &self,
        request: &WithdrawRequest,
        invoice: &Invoice,
    ) -> Result<(), LnurlError> {
        let (bolt11, amount) = payable(invoice)?;
        lnurl::withdraw(&self.parts.outward.outbound, request, bolt11, amount).await
    }

    /// The same by a callback that has in it what names its request.
    ///
    /// # Errors
    /// As [`Service::lnurl_withdraw`].
    pub async fn lnurl_hand_in(&self, callback: &str, invoice: &Invoice) -> Result<(), LnurlError> {
        let (bolt11, _) = payable(invoice)?;
        lnurl::hand_in(&self.parts.outward.outbound, callback, bolt11).await
    }

    /// Pays an invoice that came by LNURL: the same as any other, once it was checked.
    ///
    /// # Errors
    /// As [`Service::pay`].
    pub async fn pay_offered(
        &self,
        offered: &Offered,
        wanted: NewPayment,
        wait: Duration,
    ) -> Result<Payment, ServiceError> {
        let bolt11 = offered.bolt11.clone();
        let action = offered.success_action.as_ref();
        let mut wanted = NewPayment { bolt11, ..wanted };
        wanted.meta.success_action = action.map(|action| action.to_json().to_string());
        self.pay(wanted, wait).await
    }
}

/// The text and the amount of an invoice that can be paid.
fn payable(invoice: &Invoice) -> Result<(&str, Msat), LnurlError> {
    let (Some(bolt11), Some(amount)) = (&invoice.bolt11, invoice.amount) else {
        return Err(LnurlError::Asked(
            "The invoice leaves the amount open".into(),
        ));
    };
    match invoice.state {
        InvoiceState::Open => Ok((bolt11, amount)),
        InvoiceState::Draft
        | InvoiceState::Claiming
        | InvoiceState::Held
        | InvoiceState::Paid
        | InvoiceState::Expired
        | InvoiceState::Cancelled
        | InvoiceState::Abandoned => Err(LnurlError::Asked("The invoice is not open".into())),
    }
}
