//! Which posted transfers make a line of a wallet's statement. One record makes at most one line for a
//! wallet and a purpose: a payment and its fees are one debit, and what a liquidity provider kept is
//! taken off its credit. The house has books of its own.

use super::account::{Account, WalletRef};
use super::entity::Archive;
use super::record::Record;
use super::state::{EvolveError, State};
use super::transfer::{Cause, Phase, Transfer};
use crate::id::WalletId;
use crate::invoice::Invoice;
use crate::money::{Msat, Sat, balance_sat_floor};
use crate::payment::{Outcome, Payment};
use crate::transaction::{About, Side, Transaction};

/// What one record did to a wallet for one purpose, in msat.
struct Line {
    wallet: WalletId,
    about: About,
    change_msat: i128,
    service_fee: Msat,
}

impl<A: Archive> State<A> {
    /// Writes the lines that a record's transfers make, once its facts and transfers are applied.
    pub(super) fn write_statements(
        &mut self,
        seq: u64,
        record: &Record,
    ) -> Result<(), EvolveError> {
        let mut lines = Vec::new();
        for transfer in &record.transfers {
            match transfer.phase {
                Phase::Post => self.note_transfer(&mut lines, transfer)?,
                Phase::Reserve | Phase::Release => {}
            }
        }
        for (index, line) in lines.iter().enumerate() {
            if line.change_msat == 0 {
                continue;
            }
            // The balance has all of them already: what comes after this one is taken off again.
            let later = lines.iter().skip(index + 1);
            let later = later.filter(|other| other.wallet == line.wallet);
            let later: i128 = later.map(|other| other.change_msat).sum();
            self.write_line(seq, record, line, later)?;
        }
        Ok(())
    }

    fn note_transfer(&self, lines: &mut Vec<Line>, transfer: &Transfer) -> Result<(), EvolveError> {
        let msat = i128::from(transfer.amount.get());
        for (account, side) in [
            (transfer.debit, Side::Debit),
            (transfer.credit, Side::Credit),
        ] {
            let Account::Wallet(WalletRef::Wallet(wallet)) = account else {
                continue;
            };
            let about = self.about(&transfer.cause, side)?;
            let known = lines
                .iter()
                .position(|line| (line.wallet, &line.about) == (wallet, &about));
            let index = known.unwrap_or_else(|| {
                lines.push(Line {
                    wallet,
                    about,
                    change_msat: 0,
                    service_fee: Msat::ZERO,
                });
                lines.len() - 1
            });
            let Some(line) = lines.get_mut(index) else {
                continue;
            };
            line.change_msat += match side {
                Side::Credit => msat,
                Side::Debit => -msat,
            };
            if matches!(transfer.cause, Cause::ServiceFee(_)) {
                line.service_fee = transfer.amount;
            }
        }
        Ok(())
    }

    /// What a transfer is about, for the wallet on this side of it.
    fn about(&self, cause: &Cause, side: Side) -> Result<About, EvolveError> {
        Ok(match cause {
            Cause::Received(hash) | Cause::LspFee(hash) | Cause::Unasked(hash) => {
                About::Invoice(*hash)
            }
            Cause::Payment(id) | Cause::ServiceFee(id) => About::Payment(*id),
            Cause::Internal(id) => {
                let hash = self.get::<Payment>(id)?.and_then(|payment| payment.hash);
                match (side, hash) {
                    (Side::Credit, Some(hash)) => About::Invoice(hash),
                    (Side::Credit, None) | (Side::Debit, _) => About::Payment(*id),
                }
            }
            Cause::AddressBought(name) => About::Address(name.clone()),
            Cause::WalletDeleted(_) => About::Deleted,
            Cause::UnknownPayment(_)
            | Cause::Deposit(_)
            | Cause::ChannelFunding(_)
            | Cause::ChannelPush(_)
            | Cause::ChannelProceeds(_)
            | Cause::MinerFee(_)
            | Cause::Spent { .. }
            | Cause::Closing
            | Cause::Routing
            | Cause::Opening(_)
            | Cause::Reversed(_)
            | Cause::Splice(_) => About::Other,
        })
    }

    fn write_line(
        &mut self,
        seq: u64,
        record: &Record,
        line: &Line,
        later_msat: i128,
    ) -> Result<(), EvolveError> {
        let whose = WalletRef::Wallet(line.wallet);
        let account = Account::Wallet(whose);
        let broken = || EvolveError::Balance { seq, account };
        let shown = |msat: i128| {
            let sat = u64::try_from(balance_sat_floor(msat)).ok();
            sat.and_then(Sat::new).ok_or_else(broken)
        };
        let after_msat = self.balance(account)?.credit_msat() - later_msat;
        let (before, after) = (shown(after_msat - line.change_msat)?, shown(after_msat)?);
        let (side, amount) = match line.change_msat > 0 {
            true => (Side::Credit, after.saturating_sub(before)),
            false => (Side::Debit, before.saturating_sub(after)),
        };
        let mut counters = self.counters(whose)?;
        counters.transactions = counters.transactions.saturating_add(1);
        let number = counters.transactions;
        self.put(seq, &counters);
        let network_fee = self.number_row(seq, line, number)?;
        self.put(
            seq,
            &Transaction {
                wallet: line.wallet,
                number,
                side,
                amount,
                balance_after: after,
                network_fee,
                service_fee: line.service_fee,
                about: line.about.clone(),
                at: record.at,
            },
        );
        Ok(())
    }

    /// Tells the row that the money is about which line it became, and tells what routing cost. Money
    /// that comes twice for one invoice makes two lines; the invoice names the first.
    fn number_row(&mut self, seq: u64, line: &Line, number: u32) -> Result<Msat, EvolveError> {
        let whose = WalletRef::Wallet(line.wallet);
        match &line.about {
            About::Invoice(hash) => {
                let invoice = self.get::<Invoice>(hash)?;
                let own = invoice.filter(|row| row.wallet == whose && row.receipt.is_some());
                if let Some(invoice) = own.filter(|row| row.tx_number.is_none()) {
                    let tx_number = Some(number);
                    self.put(
                        seq,
                        &Invoice {
                            tx_number,
                            ..invoice
                        },
                    );
                }
                Ok(Msat::ZERO)
            }
            About::Payment(id) => {
                let Some(payment) = self.get::<Payment>(id)? else {
                    return Ok(Msat::ZERO);
                };
                let fee = match &payment.outcome {
                    Some(Outcome::Sent(sent)) => sent.fee,
                    Some(Outcome::Failed { .. }) | None => Msat::ZERO,
                };
                let tx_number = Some(number);
                self.put(
                    seq,
                    &Payment {
                        tx_number,
                        ..payment
                    },
                );
                Ok(fee)
            }
            About::Address(_) | About::Deleted | About::Other => Ok(Msat::ZERO),
        }
    }
}
