//! Invoices for whoever asks: without a key, within bounds. Owns what each caller may cost; whom they
//! pay is settled before.

use std::net::IpAddr;

use till::invoice::Invoice;
use till_actors::service::NewInvoice;

use super::Lnbot;
use super::error::Error;
use super::parse::EXPIRY_SECS;

/// When somebody with too many unpaid invoices is told to come back, in seconds.
const RETRY_SECS: u64 = 60;

impl Lnbot {
    /// Makes an invoice that is in no list before it is paid.
    pub(super) async fn invoice_for_stranger(
        &self,
        address: Option<IpAddr>,
        wanted: NewInvoice,
    ) -> Result<Invoice, Error> {
        let place = match self.place(address) {
            Some(place) => place,
            None => {
                self.look_what_was_paid(address).await?;
                let too_many = || Error::too_many(RETRY_SECS);
                self.place(address).ok_or_else(too_many)?
            }
        };
        match self.service.create_unlisted_invoice(wanted).await {
            Ok(invoice) => {
                self.outstanding.fill(place, invoice.hash);
                Ok(invoice)
            }
            Err(error) => {
                self.outstanding.give_back(place);
                Err(error.into())
            }
        }
    }

    fn place(&self, address: Option<IpAddr>) -> Option<super::outstanding::Place> {
        let now = self.service.now();
        let until = now.plus_secs(EXPIRY_SECS.into());
        self.outstanding.take(address, now, until)
    }

    /// Whoever pays what they ask for may ask for more.
    async fn look_what_was_paid(&self, address: Option<IpAddr>) -> Result<(), Error> {
        let mut settled = Vec::new();
        for hash in self.outstanding.invoices(address) {
            let row = self.service.strangers_invoice(hash).await?;
            if row.is_none_or(|invoice| !invoice.is_outstanding()) {
                settled.push(hash);
            }
        }
        self.outstanding.settled(address, &settled);
        Ok(())
    }
}
