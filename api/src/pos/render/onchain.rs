//! On-chain payments, fee bumps and closings.

use till::treasury::{CloseJob, CloseState};
use till_actors::service::Spent;

use crate::pos::wire;

const NOT_SEEN: wire::NotSeen = wire::NotSeen {
    status: "pending",
    message: "The chain source has not seen the transaction yet; it is broadcast until it has",
};

pub(in crate::pos) fn paid_onchain(spent: &Spent) -> wire::PaidOnchain {
    wire::PaidOnchain {
        pending: (!spent.seen).then_some(NOT_SEEN),
        payment_id: spent.payment.id.to_string(),
        tx_id: spent.version.tx_id.to_string(),
        amount_sat: spent.version.amount.get(),
        fees_sat: spent.version.fee.get(),
    }
}

pub(in crate::pos) fn bumped(spent: &Spent) -> wire::Bumped {
    wire::Bumped {
        pending: (!spent.seen).then_some(NOT_SEEN),
        payment_id: spent.payment.id.to_string(),
        tx_id: spent.version.tx_id.to_string(),
        new_feerate_sat_byte: spent.version.feerate,
        additional_fees_sat: spent.version.fee.saturating_sub(spent.fee_before).get(),
    }
}

pub(in crate::pos) fn channel_closing(job: &CloseJob) -> wire::ChannelClosing {
    wire::ChannelClosing {
        tx_id: job.state.closing_tx().map(|tx_id| tx_id.to_string()),
        channel_id: job.channel_id.clone(),
        force: job.force,
        sweep: sweep(job),
    }
}

pub(in crate::pos) fn sweep(job: &CloseJob) -> Option<wire::Sweep> {
    let to = job.sweep_to.as_ref()?;
    Some(wire::Sweep {
        status: match job.state {
            CloseState::Closing | CloseState::Returning { .. } => "WAITING",
            CloseState::Sweeping { .. } => "SENT",
            CloseState::Done {
                payment: Some(_), ..
            } => "CONFIRMED",
            CloseState::Done { payment: None, .. } => "NOTHING_TO_SWEEP",
            CloseState::Refused => "CANCELLED",
        },
        address: to.address.clone(),
        feerate_sat_byte: to.feerate,
        payment_id: job.state.sweep().map(|payment| payment.to_string()),
    })
}
