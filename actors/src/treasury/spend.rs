//! On-chain payments: build and sign, write down, broadcast, see at the chain source, have the node's
//! wallet see it too; then the next. Owns that order; what was paid `watch` looks after. Recovery
//! broadcasts the same bytes again and never builds another transaction; fees are bumped only on an
//! administrator's word.

use std::time::Duration;

use till::id::{PaymentId, RequestHash, TxId};
use till::ledger::entity::Idempotency;
use till::ledger::{Done, IdempotencyKey, Origin, Reference, Refusal, SpendCommand, SpendOrder};
use till::money::{Msat, Sat};
use till::payment::{Payment, State as PaymentState};
use till::time::Timestamp;
use till::treasury::{Channel, OnchainTx, Spend, SpendPurpose, SpendTx, SpendVersion};

use super::actor::Args;
use super::handle::TreasuryError;
use super::lost::refuse_while_held;
use super::watch;
use crate::abort::crash_point;
use crate::ledger::LedgerError;
use crate::node::{BumpRequest, NodeError, Outlay, SignedSpend, SpendRequest};

/// How long the chain source may take to see a transaction that was broadcast.
const SEEN_TIMEOUT: Duration = Duration::from_secs(30);
/// The same for one that it refused, or gave no answer to: it may have it all the same.
const REFUSED_TIMEOUT: Duration = Duration::from_secs(1);

/// What somebody wants paid on the chain.
#[derive(Clone, Debug)]
pub(crate) struct SpendWish {
    /// Our name for it; fresh randomness.
    pub(crate) id: PaymentId,
    /// Where it was asked for.
    pub(crate) origin: Origin,
    /// To whom, how much, at which feerate.
    pub(crate) request: SpendRequest,
    /// What for.
    pub(crate) purpose: SpendPurpose,
    /// Makes a repeat the same wish.
    pub(crate) idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// Which transaction shall have another fee.
#[derive(Clone, Debug)]
pub(crate) struct BumpWish {
    /// The transaction; `None` for the newest that waits.
    pub(crate) tx_id: Option<TxId>,
    /// The new feerate, in sat/vB.
    pub(crate) feerate: u64,
    /// Makes a repeat the same wish.
    pub(crate) idempotency: Option<(IdempotencyKey, RequestHash)>,
}

/// What became of a wish.
#[derive(Clone, Debug)]
pub struct Spent {
    /// The payment.
    pub payment: Payment,
    /// The transaction that the wish made.
    pub version: SpendVersion,
    /// The fee of the transaction whose place it took.
    pub fee_before: Sat,
    /// Whether the chain source has it. If not, it is broadcast again and again.
    pub seen: bool,
}

/// Pays and bumps.
#[derive(Clone, Debug)]
pub(super) struct Spends {
    args: Args,
}

impl Spends {
    pub(super) fn new(args: Args) -> Self {
        Self { args }
    }

    pub(super) async fn pay(&self, wish: SpendWish) -> Result<Spent, TreasuryError> {
        if let Some(known) = self.repeated(wish.idempotency.as_ref())? {
            return self.found(known, |spend| spend.versions.first().cloned());
        }
        refuse_while_held(&self.args)?;
        self.all_known().await?;
        let signed = self.build(&wish.request).await?;
        crash_point("spend.built");
        let order = SpendOrder {
            id: wish.id,
            origin: wish.origin,
            address: wish.request.address,
            purpose: wish.purpose,
            version: version(signed),
            idempotency: wish.idempotency,
        };
        let reserve = SpendCommand::Reserve(Box::new(order));
        let id = match self.args.ledger.execute(reserve).await? {
            Done::Changed | Done::Unchanged => wish.id,
            Done::Repeat(known) => {
                return self.found(payment_of(known)?, |spend| spend.versions.first().cloned());
            }
        };
        crash_point("spend.journaled");
        self.publish(id).await
    }

    pub(super) async fn bump(&self, wish: BumpWish) -> Result<Spent, TreasuryError> {
        let wanted = wish.feerate;
        let of_wish = move |spend: &Spend| {
            let made = spend.versions.iter().find(|one| one.feerate == wanted);
            made.cloned()
        };
        if let Some(known) = self.repeated(wish.idempotency.as_ref())? {
            return self.found(known, of_wish);
        }
        refuse_while_held(&self.args)?;
        // One that nobody takes for its low fee can be bumped all the same.
        let watched = watch::run(&self.args).await?;
        self.synced().await?;
        let (payment, newest) = self.waiting(wish.tx_id).await?;
        watched.others_seen(Some(payment.id))?;
        if wish.feerate <= newest.feerate {
            let why = format!("the feerate must be above {} sat/vB", newest.feerate);
            return Err(TreasuryError::Node(NodeError::Invalid(why)));
        }
        let from_recipient = is_sweep(&payment);
        let request = BumpRequest {
            raw: newest.raw,
            feerate: wish.feerate,
            from_recipient,
        };
        let built = self.args.node.run(move |node| node.build_bump(&request));
        let signed = built.await.map_err(TreasuryError::Node)?;
        let signed = signed.map_err(TreasuryError::Node)?;
        if !from_recipient {
            self.within_reserve(&signed).await?;
        }
        crash_point("bump.built");
        let replace = SpendCommand::Replace {
            id: payment.id,
            version: version(signed),
            idempotency: wish.idempotency,
        };
        match self.args.ledger.execute(replace).await? {
            Done::Changed | Done::Unchanged => {}
            Done::Repeat(known) => return self.found(payment_of(known)?, of_wish),
        }
        crash_point("bump.journaled");
        self.publish(payment.id).await
    }

    /// Makes sure that everybody, the node's own wallet too, knows of every transaction of ours before
    /// another is made.
    pub(super) async fn all_known(&self) -> Result<(), TreasuryError> {
        watch::run(&self.args).await?.others_seen(None)?;
        self.synced().await
    }

    async fn build(&self, request: &SpendRequest) -> Result<SignedSpend, TreasuryError> {
        let wanted = request.clone();
        let built = self.args.node.run(move |node| node.build_spend(&wanted));
        let built = built.await.map_err(TreasuryError::Node)?;
        let signed = match (built, &request.outlay) {
            (Err(NodeError::InsufficientFunds), Outlay::Amount(amount)) => {
                return Err(self.too_poor(*amount, None).await);
            }
            (built, _) => built.map_err(TreasuryError::Node)?,
        };
        if let Outlay::Amount(_) = request.outlay {
            self.within_reserve(&signed).await?;
        }
        Ok(signed)
    }

    /// What channels may need to be closed stays in the wallet.
    async fn within_reserve(&self, signed: &SignedSpend) -> Result<(), TreasuryError> {
        let held = self.args.node.run(|node| node.balances()).await;
        let held = held.map_err(TreasuryError::Node)?;
        if signed.left >= held.anchor_reserve {
            return Ok(());
        }
        let needed = total(signed.amount, signed.fee);
        let spendable = total(signed.left, needed).saturating_sub(held.anchor_reserve);
        Err(self.too_poor(needed, Some(spendable)).await)
    }

    async fn too_poor(&self, needed: Sat, spendable: Option<Sat>) -> TreasuryError {
        let held = self
            .args
            .node
            .run(|node| (node.balances(), node.channels()));
        match held.await {
            Ok((held, channels)) => TreasuryError::TooPoor {
                needed,
                spendable: spendable.unwrap_or(held.onchain_spendable),
                reserve: held.anchor_reserve,
                in_channels: sum(channels.iter().map(|channel| channel.balance)),
            },
            Err(error) => TreasuryError::Node(error),
        }
    }

    /// Broadcasts the newest transaction and waits until everybody can see it.
    async fn publish(&self, id: PaymentId) -> Result<Spent, TreasuryError> {
        let spent = self.found(id, |spend| spend.newest().cloned())?;
        let tx_id = spent.version.tx_id;
        let patience = match self.args.chain.broadcast(&spent.version.raw).await {
            Ok(()) => SEEN_TIMEOUT,
            Err(error) => {
                tracing::warn!(%tx_id, %error, "a transaction was not taken; it is broadcast again");
                REFUSED_TIMEOUT
            }
        };
        crash_point("spend.broadcast");
        let seen = self.args.chain.has_seen(tx_id, patience).await;
        crash_point("spend.seen");
        if seen {
            self.sync().await;
        }
        crash_point("spend.synced");
        Ok(Spent { seen, ..spent })
    }

    fn repeated(
        &self,
        key: Option<&(IdempotencyKey, RequestHash)>,
    ) -> Result<Option<PaymentId>, TreasuryError> {
        let Some((key, request)) = key else {
            return Ok(None);
        };
        match self.args.views.get::<Idempotency>(key)? {
            Some(known) if known.request == *request => payment_of(known.reference).map(Some),
            Some(_) => Err(LedgerError::Refused(Refusal::IdempotencyConflict).into()),
            None => Ok(None),
        }
    }

    fn found(
        &self,
        id: PaymentId,
        which: impl FnOnce(&Spend) -> Option<SpendVersion>,
    ) -> Result<Spent, TreasuryError> {
        let payment = self.args.views.get::<Payment>(&id)?;
        let payment = payment.ok_or(TreasuryError::Undecided)?;
        let spend = payment.spend.as_ref().ok_or(TreasuryError::Undecided)?;
        let version = which(spend).ok_or(TreasuryError::Undecided)?;
        let place = spend
            .versions
            .iter()
            .position(|one| one.tx_id == version.tx_id);
        let before = place.and_then(|place| spend.versions.get(place.checked_sub(1)?));
        let fee_before = before.map_or(Sat::ZERO, |before| before.fee);
        Ok(Spent {
            payment,
            version,
            fee_before,
            seen: true,
        })
    }

    /// The payment of which a transaction waits to be mined, and its newest transaction.
    async fn waiting(&self, tx_id: Option<TxId>) -> Result<(Payment, SpendVersion), TreasuryError> {
        let young = self.args.views.young_spends()?;
        let waits = young
            .into_iter()
            .filter(|payment| payment.state == PaymentState::Pending);
        let newest_of = |payment: &Payment| payment.spend.as_ref()?.newest().cloned();
        let chosen = match tx_id {
            None => waits.max_by_key(|payment| newest_of(payment).map(|version| version.at)),
            Some(tx_id) => {
                let makes = |payment: &Payment| {
                    let spend = payment.spend.as_ref();
                    spend.is_some_and(|spend| spend.version(tx_id).is_some())
                };
                waits.into_iter().find(makes)
            }
        };
        let Some((payment, newest)) = chosen.and_then(|p| newest_of(&p).map(|v| (p, v))) else {
            return Err(self.not_waiting(tx_id)?);
        };
        let versions = payment.spend.iter().flat_map(|spend| &spend.versions);
        for version in versions {
            let found = self.args.chain.mined(version.tx_id).await?;
            if found.is_some_and(|found| found.height.is_some()) {
                return Err(TreasuryError::NothingToBump);
            }
        }
        Ok((payment, newest))
    }

    fn not_waiting(&self, tx_id: Option<TxId>) -> Result<TreasuryError, TreasuryError> {
        let Some(tx_id) = tx_id else {
            return Ok(TreasuryError::NothingToBump);
        };
        let views = &self.args.views;
        let is_funding = |channel: &Channel| channel.funding_tx == Some(tx_id);
        let is_known = views.get::<SpendTx>(&tx_id)?.is_some()
            || views.get::<OnchainTx>(&tx_id)?.is_some()
            || views.all::<Channel>()?.iter().any(is_funding);
        Ok(if is_known {
            TreasuryError::NothingToBump
        } else {
            LedgerError::Refused(Refusal::UnknownPayment).into()
        })
    }

    pub(super) async fn sync(&self) {
        if let Err(error) = self.synced().await {
            tracing::debug!(%error, "the wallets were not synced; trying again later");
        }
    }

    /// Brings both wallets up to the chain source's tip and mempool.
    pub(super) async fn synced(&self) -> Result<(), TreasuryError> {
        let synced = self.args.node.run(|node| node.sync()).await;
        synced.and_then(|synced| synced).map_err(|error| {
            TreasuryError::Node(NodeError::Unavailable(format!(
                "the wallets could not be synced: {error}"
            )))
        })
    }
}

/// A key names its operation too, so that anything else is somebody's mistake.
fn payment_of(reference: Reference) -> Result<PaymentId, TreasuryError> {
    match reference {
        Reference::Payment(id) => Ok(id),
        Reference::Opening(_) | Reference::Splice(_) | Reference::Invoice(_) => {
            Err(LedgerError::Refused(Refusal::IdempotencyConflict).into())
        }
    }
}

fn is_sweep(payment: &Payment) -> bool {
    let purpose = payment.spend.as_ref().map(|spend| spend.purpose);
    matches!(purpose, Some(SpendPurpose::Sweep { .. }))
}

fn version(signed: SignedSpend) -> SpendVersion {
    SpendVersion {
        tx_id: signed.tx_id,
        raw: signed.raw,
        amount: signed.amount,
        fee: signed.fee,
        feerate: signed.feerate,
        at: Timestamp::default(),
    }
}

fn total(amount: Sat, fee: Sat) -> Sat {
    sum([amount, fee].into_iter())
}

/// What exceeds all money counts as all of it: no wallet has so much.
fn sum(mut amounts: impl Iterator<Item = Sat>) -> Sat {
    let add = |sum: Msat, amount: Sat| sum.checked_add(amount.to_msat());
    let sum = amounts.try_fold(Msat::ZERO, add);
    sum.map_or(Sat::MAX, Msat::to_sat_floor)
}
