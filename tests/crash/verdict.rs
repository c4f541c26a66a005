//! What was promised, what came of it, and what the customer's node says. Owns the judgement.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::Failure;
use super::load::{Pay, Sale, Told};
use super::shop::Shop;

/// The count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Kills.
    pub rounds: u32,
    /// Effects that a caller was told of.
    pub acknowledged: u64,
    /// Of those, how many are gone, or are not what they were.
    pub lost: u64,
    /// Paid or credited twice, or with another amount.
    pub doubled: u64,
    /// Not final though the customer's node knows.
    pub stuck: u64,
    /// The till says otherwise than the customer's node.
    pub wrong: u64,
    /// Of payments too small for an output, the two nodes may say different things where the channel
    /// was closed under them: neither has the money, miners do.
    pub burnt: u64,
    /// Of payments in a channel that was closed under them: the till took its money back on chain
    /// before the customer's node, which counts it as received, showed the preimage there. That the
    /// till has the money is for the audit to say.
    pub contested: u64,
    /// Channels that LDK closed.
    pub closed: u64,
    /// Whether the till's audit agrees at the end.
    pub audit: bool,
}

/// HTLCs of less have no output in a commitment transaction (BOLT 3, with anchors).
const DUST_SAT: u64 = 354;

impl Count {
    /// Counts a disagreement between the till and the customer's node; whether it is the till's.
    const fn disagree(&mut self, wrong: bool, amount_sat: u64) -> bool {
        let is_burnt = self.closed > 0 && amount_sat < DUST_SAT;
        if wrong && is_burnt {
            self.burnt += 1;
        } else if wrong {
            self.wrong += 1;
        }
        wrong && !is_burnt
    }

    /// Whether nothing is lost, doubled, wrong or stuck.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.stuck + self.wrong == 0 && self.audit
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acknowledged, {} lost, {} doubled, {} wrong, {} stuck, {} burnt, {} contested, \
             {} channels closed",
            self.acknowledged,
            self.lost,
            self.doubled,
            self.wrong,
            self.stuck,
            self.burnt,
            self.contested,
            self.closed
        )
    }
}

/// Everything that was promised so far, and what was seen of it.
#[derive(Debug, Default)]
pub(super) struct Promises {
    sales: Vec<Sale>,
    pays: Vec<Pay>,
    /// What was final once, by hash: it must stay.
    finals: BTreeMap<String, Value>,
}

impl Promises {
    pub(super) fn take(&mut self, told: Told) {
        self.sales.extend(told.sales);
        self.pays.extend(told.pays);
    }

    pub(super) fn holds(&self) -> Vec<String> {
        let held = self.pays.iter().filter(|pay| pay.held);
        held.map(|pay| pay.hash.clone()).collect()
    }

    /// After a start: what was acknowledged is there, and what was final is as it was.
    pub(super) async fn check(&mut self, shop: &Shop, count: &mut Count) -> Result<(), Failure> {
        let (mut acknowledged, mut lost) = (0, 0);
        for sale in &self.sales {
            acknowledged += 1;
            let row = incoming(shop, &sale.hash).await?;
            lost +=
                u64::from(row.is_none() || changed(&mut self.finals, &sale.hash, row, "RECEIVED"));
        }
        for pay in &self.pays {
            // 200 and 202 promise a row; a refusal promises nothing.
            let promised = matches!(pay.told, Some(200 | 202));
            acknowledged += u64::from(promised);
            let row = outgoing(shop, &pay.hash).await?;
            let status = row.as_ref().map(|row| row["status"].clone());
            let broken = pay.told == Some(200) && status != Some("SUCCEEDED".into());
            lost += u64::from(promised && row.is_none() || broken);
            lost += u64::from(changed(&mut self.finals, &pay.hash, row, "SUCCEEDED"));
        }
        (count.acknowledged, count.lost) = (acknowledged, count.lost.max(lost));
        Ok(())
    }

    /// Payments that are not final.
    pub(super) async fn pending(&self, shop: &Shop) -> Result<usize, Failure> {
        let (_, rows) = shop.get("/wallet/payments/outgoing?limit=1000").await?;
        let rows = rows.as_array().ok_or("no list")?;
        Ok(rows.iter().filter(|row| row["status"] == "PENDING").count())
    }

    /// At the end: the till and the customer's node say the same of every payment.
    pub(super) async fn judge(&self, shop: &Shop, count: &mut Count) -> Result<(), Failure> {
        let witness = shop.world.customer().witness().await?;
        let of = |hash: &str| witness.get(hash).copied().unwrap_or_default();
        for sale in &self.sales {
            let row = incoming(shop, &sale.hash).await?.unwrap_or_default();
            let received = row["status"] == "RECEIVED";
            let wrong = received != of(&sale.hash).paid;
            if count.disagree(wrong, sale.amount_sat) {
                println!("wrong: {row}, the customer says {:?}", of(&sale.hash));
            }
            let amount = row["receivedSat"].as_u64();
            count.doubled += u64::from(received && amount != Some(sale.amount_sat));
        }
        for pay in &self.pays {
            let row = outgoing(shop, &pay.hash).await?.unwrap_or_default();
            let got = of(&pay.hash).received_msat;
            count.doubled += u64::from(got.is_some_and(|got| got != pay.amount_sat * 1_000));
            count.stuck += u64::from(row["status"] == "PENDING");
            let is_contested = count.closed > 0
                && pay.amount_sat >= DUST_SAT
                && row["status"] == "FAILED"
                && got.is_some();
            count.contested += u64::from(is_contested);
            let wrong = !is_contested && (row["status"] == "SUCCEEDED") != got.is_some();
            if count.disagree(wrong, pay.amount_sat) || row["status"] == "PENDING" {
                println!("stuck or wrong: {row}, the customer got {got:?} of {pay:?}");
            }
        }
        Ok(())
    }
}

/// Whether what was final once is something else now.
fn changed(
    finals: &mut BTreeMap<String, Value>,
    hash: &str,
    row: Option<Value>,
    last: &str,
) -> bool {
    let row = row.unwrap_or_default();
    if let Some(before) = finals.get(hash) {
        return *before != row;
    }
    if row["status"] == last {
        finals.insert(hash.to_owned(), row);
    }
    false
}

async fn incoming(shop: &Shop, hash: &str) -> Result<Option<Value>, Failure> {
    row(shop, &format!("/wallet/payments/incoming/{hash}")).await
}

async fn outgoing(shop: &Shop, hash: &str) -> Result<Option<Value>, Failure> {
    row(shop, &format!("/wallet/payments/outgoingbyhash/{hash}")).await
}

async fn row(shop: &Shop, path: &str) -> Result<Option<Value>, Failure> {
    match shop.get(path).await? {
        (200, row) => Ok(Some(row)),
        (404, _) => Ok(None),
        (status, answer) => Err(format!("{path}: {status} {answer}").into()),
    }
}
