//! LDK's types to ours and back. Owns nothing; every match names every variant, so that a new one
//! does not compile until somebody has thought of it.

use ldk_node::bitcoin::OutPoint;
use ldk_node::bitcoin::hashes::Hash;
use ldk_node::lightning::events::PaymentFailureReason;
use ldk_node::lightning::ln::channelmanager::PaymentId as LdkPaymentId;
use ldk_node::lightning::offers::offer::Offer;
use ldk_node::lightning_invoice::{Bolt11InvoiceDescription, Description as Text, Sha256};
use ldk_node::lightning_types::payment::PaymentHash as LdkHash;
use ldk_node::payment::{
    ConfirmationStatus, PaymentDetails, PaymentDirection, PaymentKind, PaymentStatus,
};
use ldk_node::{ChannelDetails, Event, LightningBalance, NodeError as LdkError, UserChannelId};
use till::id::{NodePaymentId, OfferId, PaymentHash, Preimage, TxId};
use till::invoice::Description;
use till::money::{Msat, Sat};
use till::payment::FailureReason;
use till::time::Timestamp;

use super::{
    ChannelChange, Look, MadeOffer, NodeChannel, NodeError, NodeEvent, NodePayment,
    NodePaymentStatus, OfferReceipt, OnchainRow, SendFault,
};

/// The node's amounts cannot exceed the supply; if one did, the ledger would refuse the record.
pub(super) fn msat(amount: u64) -> Msat {
    Msat::new(amount).unwrap_or(Msat::ZERO)
}

pub(super) fn sat(amount: u64) -> Sat {
    Sat::new(amount).unwrap_or(Sat::ZERO)
}

pub(super) fn hash(hash: LdkHash) -> PaymentHash {
    PaymentHash::from_bytes(hash.0)
}

pub(super) fn ldk_hash(hash: PaymentHash) -> LdkHash {
    LdkHash(*hash.as_bytes())
}

pub(super) fn description(
    description: &Description,
) -> Result<Bolt11InvoiceDescription, NodeError> {
    match description {
        Description::Text(text) => Text::new(text.clone())
            .map(Bolt11InvoiceDescription::Direct)
            .map_err(|_| NodeError::Invalid("the description is longer than 639 bytes".into())),
        Description::Hash(bytes) => {
            let hash = ldk_node::bitcoin::hashes::sha256::Hash::from_byte_array(*bytes);
            Ok(Bolt11InvoiceDescription::Hash(Sha256(hash)))
        }
    }
}

/// A transaction id in the order in which it is shown, which is the reverse of how it is hashed.
pub(super) fn tx_id(outpoint_tx: ldk_node::bitcoin::Txid) -> TxId {
    let mut bytes = outpoint_tx.to_byte_array();
    bytes.reverse();
    TxId::from_bytes(bytes)
}

fn outpoint(outpoint: OutPoint) -> (TxId, u32) {
    (tx_id(outpoint.txid), outpoint.vout)
}

/// One of the node's events. `lsp_fee` finds what a liquidity provider kept of a payment, which
/// only the node's row tells, and so does `offer` of the offer that was paid; `given_by_peer` what is ours in a channel that is new.
pub(super) fn event(
    event: &Event,
    lsp_fee: impl Fn(PaymentHash) -> Msat,
    offer: impl Fn(PaymentHash) -> Option<OfferReceipt>,
    given_by_peer: impl Fn([u8; 16]) -> Msat,
) -> NodeEvent {
    match event {
        Event::PaymentClaimable {
            payment_hash,
            claimable_amount_msat,
            claim_deadline,
            ..
        } => {
            let hash = hash(*payment_hash);
            NodeEvent::Claimable {
                hash,
                amount: msat(*claimable_amount_msat),
                lsp_fee: lsp_fee(hash),
                deadline_height: *claim_deadline,
            }
        }
        Event::PaymentReceived {
            payment_hash,
            amount_msat,
            ..
        } => {
            let hash = hash(*payment_hash);
            NodeEvent::Received {
                hash,
                amount: msat(*amount_msat),
                lsp_fee: lsp_fee(hash),
                offer: offer(hash),
            }
        }
        Event::PaymentSuccessful {
            payment_id,
            payment_hash,
            payment_preimage,
            fee_paid_msat,
        } => NodeEvent::Sent {
            id: payment_id.map_or(hash(*payment_hash).into(), node_id),
            hash: hash(*payment_hash),
            preimage: payment_preimage.map(|preimage| Preimage::from_bytes(preimage.0)),
            fee: msat(fee_paid_msat.unwrap_or(0)),
        },
        Event::PaymentFailed {
            payment_id,
            payment_hash,
            reason,
        } => send_failed(*payment_id, *payment_hash, *reason),
        Event::PaymentForwarded {
            total_fee_earned_msat,
            ..
        } => NodeEvent::Forwarded {
            earned: msat(total_fee_earned_msat.unwrap_or(0)),
        },
        Event::SplicePending {
            user_channel_id,
            new_funding_txo,
            ..
        } => splice_event(*user_channel_id, Some(*new_funding_txo)),
        Event::SpliceFailed {
            user_channel_id, ..
        } => splice_event(*user_channel_id, None),
        Event::ChannelPending { .. } | Event::ChannelReady { .. } | Event::ChannelClosed { .. } => {
            channel_event(event, given_by_peer)
        }
    }
}

fn splice_event(id: UserChannelId, funding: Option<OutPoint>) -> NodeEvent {
    NodeEvent::Splice {
        user_channel_id: id.0.to_be_bytes(),
        funding: funding.map(outpoint),
    }
}

pub(super) fn node_id(id: LdkPaymentId) -> NodePaymentId {
    NodePaymentId::from_bytes(id.0)
}

/// Nodes before 0.3 gave no payment id: it was the hash.
fn send_failed(
    id: Option<LdkPaymentId>,
    failed: Option<LdkHash>,
    reason: Option<PaymentFailureReason>,
) -> NodeEvent {
    let failed = failed.map(hash);
    let Some(id) = id.map(node_id).or(failed.map(NodePaymentId::from)) else {
        return NodeEvent::Other("a payment without a name failed".into());
    };
    NodeEvent::SendFailed {
        id,
        hash: failed,
        reason: reason.map_or(FailureReason::Unexpected, failure),
    }
}

fn channel_event(event: &Event, given_by_peer: impl Fn([u8; 16]) -> Msat) -> NodeEvent {
    let (change, id, channel, peer, funding) = match event {
        Event::ChannelPending {
            user_channel_id,
            channel_id,
            counterparty_node_id,
            funding_txo,
            ..
        } => {
            let peer = Some(*counterparty_node_id);
            (
                ChannelChange::Pending,
                user_channel_id,
                channel_id,
                peer,
                Some(*funding_txo),
            )
        }
        Event::ChannelReady {
            user_channel_id,
            channel_id,
            counterparty_node_id,
            funding_txo,
        } => (
            ChannelChange::Ready,
            user_channel_id,
            channel_id,
            *counterparty_node_id,
            *funding_txo,
        ),
        Event::ChannelClosed {
            user_channel_id,
            channel_id,
            counterparty_node_id,
            reason,
        } => {
            tracing::warn!(%channel_id, ?reason, "a channel was closed");
            (
                ChannelChange::Closed,
                user_channel_id,
                channel_id,
                *counterparty_node_id,
                None,
            )
        }
        Event::PaymentClaimable { .. }
        | Event::PaymentReceived { .. }
        | Event::PaymentSuccessful { .. }
        | Event::PaymentFailed { .. }
        | Event::PaymentForwarded { .. }
        | Event::SplicePending { .. }
        | Event::SpliceFailed { .. } => return NodeEvent::Other("no channel event".into()),
    };
    NodeEvent::Channel {
        change,
        user_channel_id: id.0.to_be_bytes(),
        channel_id: channel.to_string(),
        counterparty: peer.map(|peer| peer.to_string()),
        funding: funding.map(outpoint),
        given_by_peer: given_by_peer(id.0.to_be_bytes()),
    }
}

fn failure(reason: PaymentFailureReason) -> FailureReason {
    match reason {
        PaymentFailureReason::RecipientRejected | PaymentFailureReason::InvoiceRequestRejected => {
            FailureReason::RecipientRejected
        }
        PaymentFailureReason::RetriesExhausted => FailureReason::RetriesExhausted,
        PaymentFailureReason::PaymentExpired => FailureReason::InvoiceExpired,
        PaymentFailureReason::InvoiceRequestExpired => FailureReason::NoAnswer,
        PaymentFailureReason::RouteNotFound | PaymentFailureReason::BlindedPathCreationFailed => {
            FailureReason::NoRoute
        }
        PaymentFailureReason::UnknownRequiredFeatures => FailureReason::Unpayable,
        PaymentFailureReason::UserAbandoned | PaymentFailureReason::UnexpectedError => {
            FailureReason::Unexpected
        }
    }
}

/// What a refused `send` means; the core decides what follows from it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else it is, it does not say that nothing was sent"
)]
pub(super) fn send_fault(error: LdkError) -> SendFault {
    match error {
        LdkError::NotRunning => SendFault::NotAsked,
        LdkError::InvalidInvoice
        | LdkError::InvalidAmount
        | LdkError::InvalidOffer
        | LdkError::UnsupportedCurrency
        | LdkError::InvoiceRequestCreationFailed => SendFault::Unpayable,
        LdkError::PaymentSendingFailed => SendFault::SendingFailed,
        _ => SendFault::Unclear,
    }
}

pub(super) fn payment(row: &PaymentDetails) -> NodePayment {
    let (hash, preimage, lsp_fee) = match &row.kind {
        PaymentKind::Bolt11Jit {
            hash,
            preimage,
            counterparty_skimmed_fee_msat,
            ..
        } => (
            Some(*hash),
            *preimage,
            counterparty_skimmed_fee_msat.unwrap_or(0),
        ),
        PaymentKind::Bolt11 { hash, preimage, .. }
        | PaymentKind::Spontaneous { hash, preimage } => (Some(*hash), *preimage, 0),
        PaymentKind::Bolt12Offer { hash, preimage, .. }
        | PaymentKind::Bolt12Refund { hash, preimage, .. } => (*hash, *preimage, 0),
        PaymentKind::Onchain { .. } => (None, None, 0),
    };
    NodePayment {
        status: match row.status {
            PaymentStatus::Pending => NodePaymentStatus::Pending,
            PaymentStatus::Succeeded => NodePaymentStatus::Succeeded,
            PaymentStatus::Failed => NodePaymentStatus::Failed,
        },
        hash: hash.map(self::hash),
        amount: row.amount_msat.map(msat),
        fee: row.fee_paid_msat.map(msat),
        preimage: preimage.map(|preimage| Preimage::from_bytes(preimage.0)),
        lsp_fee: msat(lsp_fee),
    }
}

/// What a row tells of a payment to an offer of ours; `None` if it is of another kind. What a payer
/// writes may hold anything: control characters are replaced.
pub(super) fn offer_receipt(row: &PaymentDetails) -> Option<OfferReceipt> {
    if row.direction != PaymentDirection::Inbound {
        return None;
    }
    match &row.kind {
        PaymentKind::Bolt12Offer {
            preimage,
            offer_id,
            payer_note,
            ..
        } => Some(OfferReceipt {
            offer_id: OfferId::from_bytes(offer_id.0),
            payer_note: payer_note.as_ref().map(ToString::to_string),
            preimage: preimage.map(|preimage| Preimage::from_bytes(preimage.0)),
        }),
        PaymentKind::Bolt11 { .. }
        | PaymentKind::Bolt11Jit { .. }
        | PaymentKind::Bolt12Refund { .. }
        | PaymentKind::Spontaneous { .. }
        | PaymentKind::Onchain { .. } => None,
    }
}

pub(super) fn made_offer(offer: &Offer) -> MadeOffer {
    // The text has whole seconds, whatever the builder was given.
    let expires_at = offer
        .absolute_expiry()
        .map(|expiry| Timestamp::from_millis(expiry.as_secs().saturating_mul(1_000)));
    MadeOffer {
        id: OfferId::from_bytes(offer.id().0),
        text: offer.to_string(),
        expires_at,
    }
}

pub(super) fn onchain_row(row: &PaymentDetails) -> Option<OnchainRow> {
    let PaymentKind::Onchain { txid, status } = &row.kind else {
        return None;
    };
    let incoming = row.direction == PaymentDirection::Inbound;
    Some(OnchainRow {
        tx_id: tx_id(*txid),
        incoming,
        amount: msat(row.amount_msat.unwrap_or(0)),
        fee: if incoming {
            Msat::ZERO
        } else {
            msat(row.fee_paid_msat.unwrap_or(0))
        },
        height: match status {
            ConfirmationStatus::Confirmed { height, .. } => Some(*height),
            ConfirmationStatus::Unconfirmed => None,
        },
    })
}

pub(super) fn channel(details: &ChannelDetails, balances: &[LightningBalance]) -> NodeChannel {
    let ours = balances.iter().find_map(|balance| match balance {
        LightningBalance::ClaimableOnChannelClose {
            channel_id,
            amount_satoshis,
            transaction_fee_satoshis,
            ..
        } if *channel_id == details.channel_id => {
            // The opener pays for the closing transaction; that is a cost, not a lower balance.
            Some(
                amount_satoshis
                    + if details.is_outbound {
                        *transaction_fee_satoshis
                    } else {
                        0
                    },
            )
        }
        LightningBalance::ClaimableOnChannelClose { .. }
        | LightningBalance::ClaimableAwaitingConfirmations { .. }
        | LightningBalance::ContentiousClaimable { .. }
        | LightningBalance::MaybeTimeoutClaimableHTLC { .. }
        | LightningBalance::MaybePreimageClaimableHTLC { .. }
        | LightningBalance::CounterpartyRevokedOutputClaimable { .. } => None,
    });
    NodeChannel {
        user_channel_id: details.user_channel_id.0.to_be_bytes(),
        channel_id: details.channel_id.to_string(),
        counterparty: details.counterparty_node_id.to_string(),
        funding: details.funding_txo.map(outpoint),
        capacity: sat(details.channel_value_sats),
        outbound: msat(details.outbound_capacity_msat),
        inbound: msat(details.inbound_capacity_msat),
        balance: sat(ours.unwrap_or(0)),
        is_outbound: details.is_outbound,
        is_ready: details.is_channel_ready,
        is_usable: details.is_usable,
        confirmations: details.confirmations,
    }
}

/// Adds what a balance tells of HTLCs that are not resolved.
pub(super) fn add_to_look(look: &mut Look, balance: &LightningBalance) {
    match balance {
        LightningBalance::MaybeTimeoutClaimableHTLC {
            payment_hash,
            outbound_payment: true,
            ..
        } => look.outgoing.push(hash(*payment_hash)),
        LightningBalance::ClaimableOnChannelClose {
            outbound_payment_htlc_rounded_msat,
            ..
        } => {
            let dust = msat(*outbound_payment_htlc_rounded_msat);
            look.dust = look.dust.checked_add(dust).unwrap_or(look.dust);
        }
        LightningBalance::MaybePreimageClaimableHTLC { payment_hash, .. } => {
            look.incoming.push(hash(*payment_hash));
        }
        LightningBalance::MaybeTimeoutClaimableHTLC {
            outbound_payment: false,
            ..
        }
        // What is left of a closed channel; the channel's row says how deep its closing is.
        | LightningBalance::ClaimableAwaitingConfirmations { .. }
        | LightningBalance::ContentiousClaimable { .. }
        | LightningBalance::CounterpartyRevokedOutputClaimable { .. } => {}
    }
}

/// What a liquidity provider may keep of a payment, as it was agreed when the invoice was made.
pub(super) fn lsp_fee_limit(row: &PaymentDetails) -> Option<Msat> {
    match &row.kind {
        PaymentKind::Bolt11Jit { lsp_fee_limits, .. } => {
            lsp_fee_limits.max_total_opening_fee_msat.map(msat)
        }
        PaymentKind::Bolt11 { .. }
        | PaymentKind::Bolt12Offer { .. }
        | PaymentKind::Bolt12Refund { .. }
        | PaymentKind::Spontaneous { .. }
        | PaymentKind::Onchain { .. } => None,
    }
}

/// Why there is no channel just in time, in words for whoever asked for the invoice. The node does
/// not tell an offer that leaves the amount out from an answer that never came.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else it is, it is no answer of the liquidity provider's"
)]
pub(super) fn jit_error(failed: LdkError) -> NodeError {
    let why = match failed {
        LdkError::ConnectionFailed => "the liquidity provider cannot be reached",
        LdkError::LiquidityFeeTooHigh => {
            "the liquidity provider wants more for a channel than lsp.max_fee_ppm and \
             lsp.max_fee_floor_sat allow"
        }
        LdkError::LiquidityRequestFailed => {
            "the liquidity provider offers no channel for this amount, or does not answer"
        }
        _ => return error(failed),
    };
    NodeError::NoInbound(why.to_owned())
}

/// Why a splice was not begun. The node has one error for what it finds by itself, before it asks the
/// peer.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else it is, it means what it means elsewhere"
)]
pub(super) fn splice_error(failed: LdkError) -> NodeError {
    match failed {
        LdkError::ChannelSplicingFailed => NodeError::Invalid(
            "the channel cannot be spliced now: an earlier splice is not deep enough, too little \
             of the on-chain money is confirmed, or too little would be left in the channel"
                .to_owned(),
        ),
        _ => error(failed),
    }
}

/// What an error of the node means to a caller.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "errors of calls we do not make; their text is all there is to tell"
)]
pub(super) fn error(error: LdkError) -> NodeError {
    let text = error.to_string();
    match error {
        LdkError::NotRunning
        | LdkError::TxSyncFailed
        | LdkError::TxSyncTimeout
        | LdkError::WalletOperationTimeout
        | LdkError::FeerateEstimationUpdateFailed
        | LdkError::FeerateEstimationUpdateTimeout => NodeError::Unavailable(text),
        LdkError::ConnectionFailed => NodeError::Peer(text),
        // An offer leads to us through a peer: none is connected that others could find.
        LdkError::OfferCreationFailed => NodeError::Unavailable(text),
        LdkError::InsufficientFunds => NodeError::InsufficientFunds,
        LdkError::InvalidAddress
        | LdkError::InvalidSocketAddress
        | LdkError::InvalidPublicKey
        | LdkError::InvalidAmount
        | LdkError::InvalidInvoice
        | LdkError::InvalidNodeId => NodeError::Invalid(text),
        _ => NodeError::Failed(text),
    }
}
