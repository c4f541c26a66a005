//! The embedded ldk-node behind the [`LightningNode`] contract. Owns every LDK type and the
//! node's traps; nothing above this file sees either.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use ldk_node::bitcoin::hashes::Hash;
use ldk_node::bitcoin::secp256k1::PublicKey;
use ldk_node::bitcoin::{Address, Network};
use ldk_node::config::{AnchorChannelsConfig, Config};
use ldk_node::lightning::ln::channelmanager::PaymentId as LdkPaymentId;
use ldk_node::lightning::offers::offer::Offer;
use ldk_node::lightning::routing::router::RouteParametersConfig;
use ldk_node::lightning_invoice::Bolt11Invoice;
use ldk_node::lightning_types::payment::PaymentPreimage;
use ldk_node::payment::{PaymentDetails, PaymentDirection, PaymentKind, PaymentStatus};
use ldk_node::{Builder, Event, Node, NodeError as LdkError, UserChannelId};
use till::id::{NodePaymentId, PaymentHash, Preimage};
use till::money::Msat;
use till::treasury::Figures;

use super::closing::closings;
use super::coins::Coins;
use super::convert;
use super::figures::figures;
use super::logger::TracingLogger;
use super::source::set_chain_source;
use super::stored::STORE_FILE;
use super::texts::{addresses, public_key, socket_address};
use super::{
    BumpRequest, ClosingBalance, JitInvoice, LightningNode, Look, MadeOffer, NodeBalances,
    NodeChannel, NodeError, NodeEvent, NodePayment, NodeStatus, OfferReceipt, OfferRequest,
    OnchainRow, OpenChannelRequest, ReceiveRequest, SendFault, SendRequest, SendTarget,
    SignedSpend, SpendRequest, SpliceRequest, SpliceWay,
};
use crate::chain::{ChainClient, ChainSource, Relay};

/// Everything an embedded node needs to start.
#[derive(Clone, Debug)]
pub struct LdkConfig {
    /// Where the node keeps its state.
    pub dir: PathBuf,
    /// Which chain.
    pub network: Network,
    /// Where the chain is asked for.
    pub chain: ChainSource,
    /// How the node calls itself to the network.
    pub alias: String,
    /// Where it listens for peers, `host:port` each.
    pub listen: Vec<String>,
    /// Where it tells the network that it listens.
    pub announce: Vec<String>,
    /// The liquidity provider: node id, `host:port`, token.
    pub lsp: Option<(String, String, Option<String>)>,
    /// Peers whose channels need no confirmation, node ids.
    pub trusted_peers_0conf: Vec<String>,
    /// How often the on-chain wallet, the channels and the feerates are synced, in seconds.
    pub sync_secs: (u64, u64, u64),
}

/// The embedded node.
pub struct LdkNode {
    node: Node,
    coins: Coins,
    chain: ChainClient,
    network: Network,
    _relay: Option<Relay>,
    /// The liquidity provider: node id and `host:port`.
    provider: Option<(String, String)>,
}

impl std::fmt::Debug for LdkNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LdkNode").finish_non_exhaustive()
    }
}

impl LdkNode {
    /// Builds the node; it does not run yet. Blocks on the disk.
    ///
    /// # Errors
    /// [`NodeError::Invalid`] for a bad configuration, [`NodeError::Failed`] for a bad store.
    pub fn build(config: &LdkConfig, mnemonic: &bip39::Mnemonic) -> Result<Self, NodeError> {
        create_wal_store(&config.dir)?;
        let mut builder = Builder::from_config(node_config(config)?);
        builder
            .set_entropy_bip39_mnemonic(mnemonic.clone(), None)
            .set_custom_logger(Arc::new(TracingLogger));
        let relay = set_chain_source(&mut builder, config)?;
        // A node that listens nowhere is never announced, and ldk-node refuses to give it a name.
        if !config.alias.is_empty() && !config.listen.is_empty() {
            let refused = |_| NodeError::Invalid("the alias is too long or has a zero byte".into());
            builder
                .set_node_alias(config.alias.clone())
                .map_err(refused)?;
        }
        if let Some((node_id, address, token)) = &config.lsp {
            let (node_id, address) = (public_key(node_id)?, socket_address(address)?);
            builder.set_liquidity_source_lsps2(node_id, address, token.clone());
        }
        let coins = Coins::new(mnemonic, config.network, &config.dir, &config.chain)?;
        let chain = ChainClient::new(&config.chain);
        let chain = chain.map_err(|error| NodeError::Failed(error.to_string()))?;
        let node = builder
            .build()
            .map_err(|error| NodeError::Failed(error.to_string()))?;
        let provider = config.lsp.clone();
        let provider = provider.map(|(node_id, address, _)| (node_id, address));
        Ok(Self {
            node,
            coins,
            chain,
            network: config.network,
            _relay: relay,
            provider,
        })
    }

    /// Starts the node. Blocks, on a thread of the runtime's that may; fails while the chain source is away or
    /// cannot serve, and can be tried again.
    ///
    /// # Errors
    /// [`NodeError::Unavailable`] with the reason.
    pub fn start(&self) -> Result<(), NodeError> {
        // The node would take another network's blocks, or wait for minutes after a refused login.
        tokio::runtime::Handle::current()
            .block_on(self.chain.check(self.network))
            .map_err(|error| NodeError::Unavailable(error.to_string()))?;
        self.node
            .start()
            .map_err(|error| NodeError::Unavailable(error.to_string()))
    }

    fn fresh_address(&self) -> Result<Address, NodeError> {
        let address = self.node.onchain_payment().new_address();
        address.map_err(convert::error)
    }

    fn lsp_fee(&self, hash: PaymentHash) -> Msat {
        self.payment(hash.into())
            .map_or(Msat::ZERO, |row| row.lsp_fee)
    }

    /// What the peer gave us when it opened this channel: all that is ours in it when it is new.
    fn given_by_peer(&self, user_channel_id: [u8; 16]) -> Msat {
        let channels = self.channels();
        let opened_by_peer = channels
            .iter()
            .find(|channel| channel.user_channel_id == user_channel_id && !channel.is_outbound);
        opened_by_peer.map_or(Msat::ZERO, |channel| channel.balance.to_msat())
    }

    fn event(&self, event: &Event) -> NodeEvent {
        convert::event(
            event,
            |hash| self.lsp_fee(hash),
            |hash| self.offer_receipt(hash),
            |channel| self.given_by_peer(channel),
        )
    }

    /// The node's row of an incoming payment has its hash for an id.
    fn offer_receipt(&self, hash: PaymentHash) -> Option<OfferReceipt> {
        let row = self.node.payment(&LdkPaymentId(*hash.as_bytes()))?;
        convert::offer_receipt(&row)
    }

    fn send_to_invoice(
        &self,
        text: &str,
        request: &SendRequest,
        limits: RouteParametersConfig,
    ) -> Result<LdkPaymentId, SendFault> {
        let invoice = Bolt11Invoice::from_str(text).map_err(|_| SendFault::Unpayable)?;
        if request.attempt > 1 {
            // The row of the failed attempt may be stuck at pending and would block this one.
            let id = LdkPaymentId(invoice.payment_hash().to_byte_array());
            self.node
                .remove_payment(&id)
                .map_err(|_| SendFault::NotAsked)?;
        }
        let bolt11 = self.node.bolt11_payment();
        let sent = if invoice.amount_milli_satoshis().is_none() {
            bolt11.send_using_amount(&invoice, request.amount.get(), Some(limits))
        } else {
            bolt11.send(&invoice, Some(limits))
        };
        sent.map_err(convert::send_fault)
    }

    fn send_to_offer(
        &self,
        text: &str,
        payer_note: Option<String>,
        request: &SendRequest,
        limits: RouteParametersConfig,
    ) -> Result<LdkPaymentId, SendFault> {
        let offer = Offer::from_str(text).map_err(|_| SendFault::Unpayable)?;
        // Who sells by the piece wants to be told how many; a till pays for one.
        let quantity = offer.expects_quantity().then_some(1);
        let bolt12 = self.node.bolt12_payment();
        // Always with the amount: an offer may ask for less than was agreed with its payer.
        bolt12
            .send_using_amount(
                &offer,
                request.amount.get(),
                quantity,
                payer_note,
                Some(limits),
            )
            .map_err(convert::send_fault)
    }
}

impl LightningNode for LdkNode {
    fn node_id(&self) -> String {
        self.node.node_id().to_string()
    }

    fn status(&self) -> NodeStatus {
        let status = self.node.status();
        NodeStatus {
            running: status.is_running,
            height: status.current_best_block.height,
            last_sync_secs: status.latest_lightning_wallet_sync_timestamp,
        }
    }

    fn receive_for_hash(&self, request: &ReceiveRequest) -> Result<String, NodeError> {
        let description = convert::description(&request.description)?;
        let hash = convert::ldk_hash(request.hash);
        let bolt11 = self.node.bolt11_payment();
        let invoice = match request.amount {
            Some(amount) => {
                bolt11.receive_for_hash(amount.get(), &description, request.expiry_secs, hash)
            }
            None => {
                bolt11.receive_variable_amount_for_hash(&description, request.expiry_secs, hash)
            }
        };
        Ok(invoice.map_err(convert::error)?.to_string())
    }

    fn create_offer(&self, request: &OfferRequest) -> Result<MadeOffer, NodeError> {
        let bolt12 = self.node.bolt12_payment();
        let made = match request.amount {
            Some(amount) => bolt12.receive(
                amount.get(),
                &request.description,
                request.expiry_secs,
                None,
            ),
            None => bolt12.receive_variable_amount(&request.description, request.expiry_secs),
        };
        Ok(convert::made_offer(&made.map_err(convert::error)?))
    }

    fn claim(&self, hash: PaymentHash, amount: Msat, preimage: &Preimage) -> Result<(), NodeError> {
        let preimage = PaymentPreimage(*preimage.reveal());
        let bolt11 = self.node.bolt11_payment();
        bolt11
            .claim_for_hash(convert::ldk_hash(hash), amount.get(), preimage)
            .map_err(convert::error)
    }

    fn fail(&self, hash: PaymentHash) -> Result<(), NodeError> {
        let bolt11 = self.node.bolt11_payment();
        bolt11
            .fail_for_hash(convert::ldk_hash(hash))
            .map_err(convert::error)
    }

    fn forget(&self, hash: PaymentHash) -> Result<(), NodeError> {
        let id = LdkPaymentId(*hash.as_bytes());
        let row = self.node.payment(&id);
        let is_unpaid = |row: &PaymentDetails| {
            row.direction == PaymentDirection::Inbound && row.status != PaymentStatus::Succeeded
        };
        match row.filter(is_unpaid) {
            Some(_) => self.node.remove_payment(&id).map_err(convert::error),
            None => Ok(()),
        }
    }

    fn send(&self, request: &SendRequest) -> Result<NodePaymentId, SendFault> {
        let limits = RouteParametersConfig {
            max_total_routing_fee_msat: Some(request.fee_cap.get()),
            ..RouteParametersConfig::default()
        };
        let sent = match &request.target {
            SendTarget::Bolt11 { text, .. } => self.send_to_invoice(text, request, limits),
            SendTarget::Offer { text, payer_note } => {
                self.send_to_offer(text, payer_note.clone(), request, limits)
            }
        };
        sent.map(convert::node_id)
    }

    fn payment(&self, id: NodePaymentId) -> Option<NodePayment> {
        let row = self.node.payment(&LdkPaymentId(*id.as_bytes()))?;
        Some(convert::payment(&row))
    }

    fn look(&self) -> Look {
        let usable = |channel: &ldk_node::ChannelDetails| {
            (channel.user_channel_id.0.to_be_bytes(), channel.is_usable)
        };
        let is_offer = |row: &&ldk_node::payment::PaymentDetails| {
            row.direction == PaymentDirection::Outbound
                && row.status != PaymentStatus::Failed
                && matches!(row.kind, PaymentKind::Bolt12Offer { .. })
        };
        let offers = self.node.list_payments_with_filter(is_offer);
        let mut look = Look {
            height: self.node.status().current_best_block.height,
            channels: self.node.list_channels().iter().map(usable).collect(),
            offer_payments: offers.iter().map(|row| convert::node_id(row.id)).collect(),
            ..Look::default()
        };
        for balance in self.node.list_balances().lightning_balances {
            convert::add_to_look(&mut look, &balance);
        }
        look
    }

    fn channels(&self) -> Vec<NodeChannel> {
        let balances = self.node.list_balances().lightning_balances;
        self.node
            .list_channels()
            .iter()
            .map(|details| convert::channel(details, &balances))
            .collect()
    }

    fn balances(&self) -> NodeBalances {
        let held = self.node.list_balances();
        // A peer that is away for a moment takes no money with it.
        let ready = self
            .node
            .list_channels()
            .into_iter()
            .filter(|c| c.is_channel_ready);
        let (spendable, receivable) = ready.fold((0, 0), |(out, inn), channel| {
            (
                out + channel.outbound_capacity_msat,
                inn + in_flight_at_most(&channel),
            )
        });
        NodeBalances {
            onchain_total: convert::sat(held.total_onchain_balance_sats),
            onchain_spendable: convert::sat(held.spendable_onchain_balance_sats),
            anchor_reserve: convert::sat(held.total_anchor_channels_reserve_sats),
            lightning_total: convert::sat(held.total_lightning_balance_sats),
            spendable: convert::msat(spendable),
            receivable: convert::msat(receivable),
        }
    }

    fn figures(&self) -> Option<Figures> {
        figures(&self.node.list_channels(), &self.node.list_balances())
    }

    fn new_address(&self) -> Result<String, NodeError> {
        Ok(self.fresh_address()?.to_string())
    }

    fn onchain_rows(&self) -> Vec<OnchainRow> {
        let is_onchain = |row: &&ldk_node::payment::PaymentDetails| {
            matches!(row.kind, PaymentKind::Onchain { .. })
        };
        let rows = self.node.list_payments_with_filter(is_onchain);
        let rows = rows.iter().filter_map(convert::onchain_row);
        let mut rows: BTreeMap<_, _> = rows.map(|row| (row.tx_id, row)).collect();
        // With a bitcoind the node makes no rows of what waits, and the wallet knows it all the same.
        let waiting = self.coins.rows().unwrap_or_else(|error| {
            tracing::warn!(%error, "what the wallet waits for is not seen");
            Vec::new()
        });
        rows.extend(waiting.into_iter().map(|row| (row.tx_id, row)));
        rows.into_values().collect()
    }

    fn open_channel(&self, request: &OpenChannelRequest) -> Result<[u8; 16], NodeError> {
        let node_id = public_key(&request.node_id)?;
        let address = socket_address(&request.address)?;
        let push = (!request.push.is_zero()).then(|| request.push.get());
        let capacity = request.capacity.get();
        self.coins.node_is_abreast()?;
        let opened = if request.announce {
            self.node
                .open_announced_channel(node_id, address, capacity, push, None)
        } else {
            self.node
                .open_channel(node_id, address, capacity, push, None)
        };
        let opened = opened.map_err(|error| {
            // Told apart because it proves that nothing was begun, which other failures do not.
            if error == LdkError::ChannelCreationFailed {
                return NodeError::Invalid(super::NO_SUCH_CHANNEL.to_owned());
            }
            convert::error(error)
        });
        Ok(opened?.0.to_be_bytes())
    }

    fn build_spend(&self, request: &SpendRequest) -> Result<SignedSpend, NodeError> {
        self.coins.spend(request, &self.fresh_address()?)
    }

    fn build_bump(&self, request: &BumpRequest) -> Result<SignedSpend, NodeError> {
        self.coins.bump(request, &self.fresh_address()?)
    }

    fn close_channel(
        &self,
        user_channel_id: [u8; 16],
        counterparty: &str,
        force: bool,
    ) -> Result<(), NodeError> {
        let id = UserChannelId(u128::from_be_bytes(user_channel_id));
        let peer = public_key(counterparty)?;
        let closed = if force {
            self.node.force_close_channel(&id, peer, None)
        } else {
            self.node.close_channel(&id, peer)
        };
        closed.map_err(|error| NodeError::Peer(error.to_string()))
    }

    fn closings(&self) -> Vec<ClosingBalance> {
        closings(&self.node.list_channels(), &self.node.list_balances())
    }

    fn sync(&self) -> Result<(), NodeError> {
        self.node.sync_wallets().map_err(convert::error)
    }

    fn next_event(&self) -> Pin<Box<dyn Future<Output = NodeEvent> + Send + '_>> {
        Box::pin(async { self.event(&self.node.next_event_async().await) })
    }

    fn event_handled(&self) -> Result<(), NodeError> {
        self.node.event_handled().map_err(convert::error)
    }

    fn stop(&self) -> Result<(), NodeError> {
        match self.node.stop() {
            Ok(()) | Err(LdkError::NotRunning) => Ok(()),
            Err(error) => Err(convert::error(error)),
        }
    }

    fn receive_jit_for_hash(
        &self,
        request: &ReceiveRequest,
        amount: Msat,
        most: Msat,
    ) -> Result<JitInvoice, NodeError> {
        let description = convert::description(&request.description)?;
        let invoice = self
            .node
            .bolt11_payment()
            .receive_via_jit_channel_for_hash(
                amount.get(),
                &description,
                request.expiry_secs,
                Some(most.get()),
                convert::ldk_hash(request.hash),
            )
            .map_err(convert::jit_error)?;
        let row = self.node.payment(&LdkPaymentId(*request.hash.as_bytes()));
        let lsp_fee = row.as_ref().and_then(convert::lsp_fee_limit);
        Ok(JitInvoice {
            bolt11: invoice.to_string(),
            // Only a row that is damaged does not tell; then the most that was allowed stands.
            lsp_fee: lsp_fee.unwrap_or(most),
        })
    }

    fn peer_address(&self, node_id: &str) -> Option<String> {
        let node_id = public_key(node_id).ok()?;
        let peers = self.node.list_peers();
        let peer = peers.iter().find(|peer| peer.node_id == node_id)?;
        Some(peer.address.to_string())
    }

    fn connect(&self, node_id: &str, address: Option<&str>) -> Result<(), NodeError> {
        let provider = self.provider.as_ref().filter(|(id, _)| id == node_id);
        let provider = provider.map(|(_, address)| address.as_str());
        let address = address.or(provider).ok_or_else(|| {
            NodeError::Peer("it opened the channel, and nobody knows where it listens".to_owned())
        })?;
        let (peer, address) = (public_key(node_id)?, socket_address(address)?);
        let connected = self.node.connect(peer, address, true);
        connected.map_err(|error| NodeError::Peer(error.to_string()))
    }

    fn splice(&self, request: &SpliceRequest, peer: &str) -> Result<(), NodeError> {
        let id = UserChannelId(u128::from_be_bytes(request.user_channel_id));
        let (peer, amount) = (public_key(peer)?, request.amount.get());
        self.coins.node_is_abreast()?;
        let asked = match request.way {
            SpliceWay::In => self.node.splice_in(&id, peer, amount),
            SpliceWay::Out => {
                let ours = self.node.onchain_payment().new_address();
                let ours = ours.map_err(convert::error)?;
                self.node.splice_out(&id, peer, &ours, amount)
            }
        };
        asked.map_err(convert::splice_error)
    }
}

/// What a channel can receive, all HTLCs together. Unless a channel's opener is the liquidity
/// provider, the node lets only a tenth of it be in flight, which no larger payment gets past.
fn in_flight_at_most(channel: &ldk_node::ChannelDetails) -> u64 {
    let at_once = channel.inbound_htlc_maximum_msat.unwrap_or(u64::MAX);
    channel.inbound_capacity_msat.min(at_once)
}

fn node_config(config: &LdkConfig) -> Result<Config, NodeError> {
    let mut trusted: Vec<PublicKey> = config
        .trusted_peers_0conf
        .iter()
        .map(|text| public_key(text))
        .collect::<Result<_, _>>()?;
    // The payment that a provider's channel is opened for waits in it: it would time out long
    // before six confirmations. To name a provider is to trust it that far.
    if let Some((node_id, _, _)) = &config.lsp {
        trusted.push(public_key(node_id)?);
    }
    // Whoever opens channels without confirmation is trusted with their closing too: else the
    // first channel would need an on-chain reserve that a new till lacks.
    let no_reserve = trusted.clone();
    let (listen, announce) = (addresses(&config.listen)?, addresses(&config.announce)?);
    Ok(Config {
        storage_dir_path: config.dir.display().to_string(),
        network: config.network,
        listening_addresses: (!listen.is_empty()).then_some(listen),
        announcement_addresses: (!announce.is_empty()).then_some(announce),
        trusted_peers_0conf: trusted,
        anchor_channels_config: Some(AnchorChannelsConfig {
            trusted_peers_no_reserve: no_reserve,
            ..AnchorChannelsConfig::default()
        }),
        ..Config::default()
    })
}

/// The node opens its SQLite file in whatever mode it finds it in: in WAL mode payments are a
/// tenth to a third faster, and a reader never blocks the writer.
fn create_wal_store(dir: &std::path::Path) -> Result<(), NodeError> {
    let failed = |error: &dyn std::fmt::Display| NodeError::Failed(error.to_string());
    std::fs::create_dir_all(dir).map_err(|e| failed(&e))?;
    let db = rusqlite::Connection::open(dir.join(STORE_FILE)).map_err(|e| failed(&e))?;
    db.pragma_update(None, "journal_mode", "WAL")
        .map_err(|e| failed(&e))
}
