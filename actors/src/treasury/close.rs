//! Closing channels, and sending their money on: a job that outlives everything. Owns its steps: the
//! node is told, the chain shows what spent the funding, the money comes back to the wallet after its
//! time locks, a transaction sends it to the address. Each is on disk before the next begins.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use till::id::{PaymentId, TxId};
use till::ledger::{CloseCommand, Command, Done, Origin};
use till::money::{Msat, Sat};
use till::time::Timestamp;
use till::treasury::{
    Channel, ChannelState, CloseJob, CloseState, OnchainTx, Purpose, SpendPurpose, SweepTo,
};

use super::actor::Args;
use super::closing;
use super::handle::TreasuryError;
use super::spend::{SpendWish, Spends};
use crate::abort::crash_point;
use crate::node::{NodeChannel, NodeError, Outlay, SpendRequest};
use crate::service::types::CloseWish;
use crate::views::ViewError;

/// How long a caller waits for the chain source to show a closing.
const SHOWN_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is asked meanwhile.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// An output below this is not worth keeping in the wallet by itself.
const LEAST_KEPT_SAT: u64 = 1_000;

/// Closes channels.
pub(super) struct Closings {
    args: Args,
    spends: Spends,
    /// What the node was told since the program started.
    told: HashSet<[u8; 16]>,
    /// What the node would not close, and somebody was told so.
    warned: HashSet<[u8; 16]>,
    /// Channels of which nothing was left on its way, since when; or since the last try to send on
    /// what they brought.
    returned: HashMap<[u8; 16], Instant>,
}

impl Closings {
    pub(super) fn new(args: Args, spends: Spends) -> Self {
        Self {
            args,
            spends,
            told: HashSet::new(),
            warned: HashSet::new(),
            returned: HashMap::new(),
        }
    }

    /// Takes the job on and tells the node. The chain shows it later: see [`until_shown`].
    pub(super) async fn close(&mut self, wish: CloseWish) -> Result<CloseJob, TreasuryError> {
        let (channel, known) = self.channel(&wish.channel_id).await?;
        let job = CloseJob {
            user_channel_id: channel.user_channel_id,
            channel_id: channel.channel_id,
            counterparty: channel.counterparty,
            force: wish.force,
            sweep_to: wish.sweep_to,
            created_at: Timestamp::default(),
            state: CloseState::Closing,
        };
        let id = job.user_channel_id;
        let asked = self.args.ledger.execute(ask(&job)).await?;
        crash_point("close.asked");
        let is_new = asked == Done::Changed && known.is_none();
        if let Err(error) = self.tell(&job).await
            && is_new
        {
            // Nothing was said to anybody: the wish is over.
            let refuse = CloseCommand::Refuse {
                user_channel_id: id,
            };
            self.args
                .ledger
                .execute_for_node(Command::Close(refuse))
                .await?;
            return Err(TreasuryError::Node(error));
        }
        crash_point("close.told");
        self.job(id)?.ok_or(TreasuryError::Undecided)
    }

    /// Takes every job one step further, where it can go.
    pub(super) async fn advance(&mut self, all_booked: bool) -> Result<(), ViewError> {
        for job in self.args.views.all::<CloseJob>()? {
            match job.state {
                CloseState::Closing => {
                    if !self.told.contains(&job.user_channel_id) {
                        let _ = self.tell(&job).await;
                    }
                    show(&self.args, job.user_channel_id).await?;
                }
                CloseState::Returning { tx_id } if all_booked => {
                    self.returning(&job, tx_id).await?
                }
                CloseState::Returning { .. }
                | CloseState::Sweeping { .. }
                | CloseState::Done { .. }
                | CloseState::Refused => {}
            }
        }
        Ok(())
    }

    fn job(&self, id: [u8; 16]) -> Result<Option<CloseJob>, ViewError> {
        self.args.views.get::<CloseJob>(&id)
    }

    /// The channel of that name, open or closing already, and the job for it.
    async fn channel(
        &self,
        channel_id: &str,
    ) -> Result<(Channel, Option<CloseJob>), TreasuryError> {
        let open = self.args.node.run(|node| node.channels()).await;
        let open: Vec<NodeChannel> = open.map_err(TreasuryError::Node)?;
        let by_node = open
            .iter()
            .find(|channel| channel.channel_id == channel_id)
            .map(|channel| channel.user_channel_id);
        let rows = self.args.views.all::<Channel>()?;
        let row = rows.into_iter().find(|row| match by_node {
            Some(id) => row.user_channel_id == id,
            None => row.channel_id == channel_id,
        });
        let row = row.ok_or(TreasuryError::UnknownChannel)?;
        let job = self.job(row.user_channel_id)?;
        let known = job.clone().filter(|job| job.state != CloseState::Refused);
        if by_node.is_none() && known.is_none() {
            return Err(TreasuryError::UnknownChannel);
        }
        let channel_id = channel_id.to_owned();
        Ok((Channel { channel_id, ..row }, known))
    }

    /// Tells the node to close, once in its life. A closing that is under way it goes on with by
    /// itself.
    async fn tell(&mut self, job: &CloseJob) -> Result<(), NodeError> {
        let (id, peer, force) = (job.user_channel_id, job.counterparty.clone(), job.force);
        let is_listed = move |node: &dyn crate::node::LightningNode| {
            let channels = node.channels();
            channels.iter().any(|channel| channel.user_channel_id == id)
        };
        let told = self.args.node.run(move |node| {
            if !is_listed(node) {
                return Ok(());
            }
            node.close_channel(id, &peer, force)
        });
        let told = told.await.and_then(|told| told);
        match &told {
            Ok(()) => drop(self.told.insert(id)),
            // A closing that the peer was told of before a restart cannot be begun again: so each time.
            Err(error) if self.warned.insert(id) => {
                tracing::warn!(channel_id = job.channel_id, %error, "the node does not close a channel");
            }
            Err(_) => {}
        }
        told
    }

    /// Waits until nothing of the channel is on its way, and sends on what came.
    async fn returning(&mut self, job: &CloseJob, tx_id: TxId) -> Result<(), ViewError> {
        let id = job.user_channel_id;
        if !self.is_back(job, tx_id).await {
            self.returned.remove(&id);
            return Ok(());
        }
        // Between two steps of the node's the money may be nowhere for a moment; and its wallet may
        // lag behind its channels, and not have what they wait for no more.
        let Some(since) = self.returned.get(&id) else {
            if self.spends.synced().await.is_ok() {
                self.returned.insert(id, Instant::now());
            }
            return Ok(());
        };
        if since.elapsed() < self.args.recheck {
            return Ok(());
        }
        let Some(brought) = self.brought(id).await? else {
            return Ok(());
        };
        match &job.sweep_to {
            Some(to) if !brought.is_empty() => self.sweep(id, to, brought).await,
            Some(_) | None => self.finish(id).await,
        }
        Ok(())
    }

    /// Whether the closing counts, and the node waits for nothing more from it.
    async fn is_back(&self, job: &CloseJob, tx_id: TxId) -> bool {
        let Ok(Some(found)) = self.args.chain.mined(tx_id).await else {
            return false;
        };
        let (id, channel_id) = (job.user_channel_id, job.channel_id.clone());
        let waits = self.args.node.run(move |node| {
            // One that the node lists it does not know to be closed.
            let channels = node.channels();
            let is_open = channels.iter().any(|one| one.user_channel_id == id);
            let closings = node.closings();
            let waits = closings.iter().any(|left| match &left.channel_id {
                Some(of) => *of == channel_id,
                None => true,
            });
            (is_open || waits, node.status().height)
        });
        let (Ok((waits, height)), Some(mined)) = (waits.await, found.height) else {
            return false;
        };
        let depth = (height + 1).saturating_sub(mined);
        !waits && depth >= self.args.credit_depth.max(1)
    }

    /// The transactions that brought the channel's money, with their sum; `None` if the chain source
    /// does not tell.
    async fn brought(&self, id: [u8; 16]) -> Result<Option<Vec<OnchainTx>>, ViewError> {
        let channel = self.args.views.get::<Channel>(&id)?;
        let fundings = channel.iter().flat_map(Channel::fundings);
        let fundings: Vec<(TxId, u32)> = fundings.collect();
        let mut brought = Vec::new();
        for row in self.args.views.all::<OnchainTx>()? {
            if row.purpose != Purpose::ChannelProceeds {
                continue;
            }
            let returns = self.args.chain.returns_from(row.tx_id, &fundings);
            match returns.await {
                Ok(true) => brought.push(row),
                Ok(false) => {}
                Err(_) => return Ok(None),
            }
        }
        Ok(Some(brought))
    }

    async fn sweep(&mut self, id: [u8; 16], to: &SweepTo, brought: Vec<OnchainTx>) {
        let mut payment = [0; 16];
        if getrandom::fill(&mut payment).is_err() {
            return;
        }
        let sum = brought
            .iter()
            .try_fold(Msat::ZERO, |sum, row| sum.checked_add(row.amount));
        let Some(keep) = self.kept(sum.unwrap_or(Msat::ZERO).to_sat_floor()).await else {
            return;
        };
        let of = brought.iter().map(|row| row.tx_id).collect();
        let wish = SpendWish {
            id: PaymentId::from_bytes(payment),
            origin: Origin::Pos,
            request: SpendRequest {
                address: to.address.clone(),
                outlay: Outlay::Proceeds { of, keep },
                feerate: to.feerate,
            },
            purpose: SpendPurpose::Sweep {
                user_channel_id: id,
            },
            idempotency: None,
        };
        match self.spends.pay(wish).await {
            Ok(spent) => {
                tracing::info!(tx_id = %spent.version.tx_id, "a channel's money is sent on");
            }
            Err(TreasuryError::Node(NodeError::InsufficientFunds | NodeError::Invalid(_))) => {
                tracing::warn!("what a channel brought is less than sending it on costs");
                self.finish(id).await;
            }
            Err(TreasuryError::Node(NodeError::OwnAddress)) => {
                tracing::info!("what a channel brought was to go to the wallet, and is there");
                self.finish(id).await;
            }
            Err(error) => {
                tracing::warn!(%error, "a channel's money is not sent on yet");
                // Each try reads all coins: the next is a pause away.
                self.returned.insert(id, Instant::now());
            }
        }
    }

    /// What has to stay in the wallet for other channels' sake.
    async fn kept(&self, brought: Sat) -> Option<Sat> {
        let held = self.args.node.run(|node| node.balances()).await.ok()?;
        let others = held
            .onchain_total
            .to_msat()
            .saturating_sub(brought.to_msat());
        let short = held.anchor_reserve.to_msat().saturating_sub(others);
        if short.is_zero() {
            return Some(Sat::ZERO);
        }
        Some(short.to_sat_ceil().max(Sat::new(LEAST_KEPT_SAT)?))
    }

    async fn finish(&self, user_channel_id: [u8; 16]) {
        record(&self.args, CloseCommand::Finish { user_channel_id }).await;
    }
}

/// Waits a while for the chain to show a closing. Keeps nobody else waiting: it may run beside other
/// work, and all that it writes down is what it saw.
pub(super) async fn until_shown(args: Args, job: CloseJob) -> Result<CloseJob, TreasuryError> {
    let id = job.user_channel_id;
    let deadline = Instant::now() + SHOWN_TIMEOUT;
    while Instant::now() < deadline && !show(&args, id).await? {
        tokio::time::sleep(ASK_EVERY).await;
    }
    let job = args.views.get::<CloseJob>(&id)?;
    job.ok_or(TreasuryError::Undecided)
}

/// Asks the chain what spends the channel's funding: the node does not tell. Whether it is known.
async fn show(args: &Args, user_channel_id: [u8; 16]) -> Result<bool, ViewError> {
    let job = args.views.get::<CloseJob>(&user_channel_id)?;
    if job.is_some_and(|job| job.state != CloseState::Closing) {
        return Ok(true);
    }
    let Some(channel) = args.views.get::<Channel>(&user_channel_id)? else {
        return Ok(false);
    };
    if channel.state == ChannelState::Closed && channel.funding_tx.is_none() {
        // It never held any money, and no chain will show anything of it.
        record(args, CloseCommand::Refuse { user_channel_id }).await;
        return Ok(true);
    }
    let Ok(Some(tx_id)) = closing::spender(args, &channel).await else {
        return Ok(false);
    };
    let show = CloseCommand::Show {
        user_channel_id,
        tx_id,
    };
    record(args, show).await;
    crash_point("close.shown");
    Ok(true)
}

async fn record(args: &Args, command: CloseCommand) {
    let command = Command::Close(command);
    if let Err(error) = args.ledger.execute_for_node(command).await {
        tracing::warn!(%error, "a closing's step was not written down; trying again later");
    }
}

fn ask(job: &CloseJob) -> CloseCommand {
    CloseCommand::Ask(Box::new(job.clone()))
}
