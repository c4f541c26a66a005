//! What is ours in an open channel, by all that the node tells of it. Owns what LDK's figures have to do with
//! each other.
//!
//! `outbound_capacity_msat` is our balance less the reserve that the peer asks for, less the two anchor
//! outputs if we opened the channel, and not below zero; `inbound_capacity_msat` is the same for the peer
//! (`get_available_balances` in LDK's `channel.rs`). What is not the peer's is ours. A commitment transaction
//! tells our balance in whole satoshis, less fee and anchors if we opened the channel.
//!
//! None of these is enough alone, and what they leave open would hide the cost of other channels' closings.

use ldk_node::{ChannelDetails, LightningBalance};

/// Millisatoshis in a satoshi.
const MSAT: i128 = 1_000;
/// What the opener of a channel puts into its two anchor outputs (BOLT 3), in msat. Whether a
/// channel has them the node does not tell.
const ANCHORS_MSAT: i128 = 660 * MSAT;
/// Weight of a commitment transaction without HTLCs (BOLT 3), with anchors and without.
const WEIGHT_WITH_ANCHORS: i128 = 1_124;
const WEIGHT_WITHOUT: i128 = 724;

/// What is ours: at least, and at most. `None` where the node contradicts itself, as it does while a channel
/// changes, or hangs on two outputs.
pub(super) fn in_channel(
    channel: &ChannelDetails,
    balances: &[LightningBalance],
) -> Option<(i128, i128)> {
    let paid_out = balances
        .iter()
        .find_map(|balance| claimable(channel, balance));
    let told = Told {
        value: sats(channel.channel_value_sats),
        we_opened: channel.is_outbound,
        ours: Side {
            capacity: channel.outbound_capacity_msat.into(),
            reserve: sats(channel.unspendable_punishment_reserve.unwrap_or(0)),
        },
        theirs: Side {
            capacity: channel.inbound_capacity_msat.into(),
            reserve: sats(channel.counterparty_unspendable_punishment_reserve),
        },
        paid_out: sats(paid_out.unwrap_or(0)),
        feerate: channel.feerate_sat_per_1000_weight.into(),
    };
    told.bounds()
}

/// What the commitment transaction would pay us, in whole satoshis.
fn claimable(channel: &ChannelDetails, balance: &LightningBalance) -> Option<u64> {
    match balance {
        LightningBalance::ClaimableOnChannelClose {
            channel_id,
            amount_satoshis,
            ..
        } => (*channel_id == channel.channel_id).then_some(*amount_satoshis),
        LightningBalance::ClaimableAwaitingConfirmations { .. }
        | LightningBalance::ContentiousClaimable { .. }
        | LightningBalance::MaybeTimeoutClaimableHTLC { .. }
        | LightningBalance::MaybePreimageClaimableHTLC { .. }
        | LightningBalance::CounterpartyRevokedOutputClaimable { .. } => None,
    }
}

fn sats(sats: u64) -> i128 {
    i128::from(sats) * MSAT
}

/// One side of a channel, in msat.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// What it can pay.
    capacity: i128,
    /// What it must keep.
    reserve: i128,
}

impl Side {
    /// Its balance: at least, and at most.
    fn bounds(self, is_opener: bool) -> (i128, i128) {
        let anchors = if is_opener { ANCHORS_MSAT } else { 0 };
        let most = self.capacity + self.reserve;
        let least = if self.capacity > 0 { most } else { 0 };
        (least, most + anchors)
    }
}

/// What the node tells of a channel without HTLCs, in msat.
#[derive(Clone, Copy, Debug)]
struct Told {
    value: i128,
    we_opened: bool,
    ours: Side,
    theirs: Side,
    /// By our commitment transaction; zero where that would be dust.
    paid_out: i128,
    /// Of the commitment transaction, in sat per 1000 weight units.
    feerate: i128,
}

impl Told {
    fn bounds(self) -> Option<(i128, i128)> {
        let (mut low, mut high) = self.ours.bounds(self.we_opened);
        let (their_low, their_high) = self.theirs.bounds(!self.we_opened);
        let mut narrow = |least: i128, most: i128| {
            low = low.max(least);
            high = high.min(most);
        };
        narrow(self.value - their_high, self.value - their_low);
        if self.paid_out > 0 {
            if self.we_opened {
                narrow(self.paid_out, self.value);
            } else {
                narrow(self.paid_out, self.paid_out + MSAT - 1);
            }
        }
        if let Some(balance) = self.by_fee() {
            narrow(balance, balance);
        }
        (low <= high).then_some((low, high))
    }

    /// Our balance in a channel that we opened, where the fee of the commitment transaction tells whether it
    /// has anchors.
    fn by_fee(self) -> Option<i128> {
        if !self.we_opened || self.ours.capacity == 0 || self.paid_out == 0 {
            return None;
        }
        let before_fee = self.ours.capacity + self.ours.reserve;
        let fee = before_fee / MSAT - self.paid_out / MSAT;
        let of = |weight: i128| self.feerate * weight / 1_000;
        match (fee == of(WEIGHT_WITH_ANCHORS), fee == of(WEIGHT_WITHOUT)) {
            (true, false) => Some(before_fee + ANCHORS_MSAT),
            (false, true) => Some(before_fee),
            // There is none, or the feerate is just changing.
            (true, true) | (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: i128 = 1_000_000_000;
    const RESERVE: i128 = 10_000_000;
    const FEERATE: i128 = 253;
    /// Below it an output is left out (BOLT 3), in msat.
    const DUST: i128 = 354_000;

    /// What LDK tells of a channel in which so many msat are ours.
    fn told(ours: i128, we_opened: bool, has_anchors: bool) -> Told {
        let (anchors, weight) = if has_anchors {
            (ANCHORS_MSAT, WEIGHT_WITH_ANCHORS)
        } else {
            (0, WEIGHT_WITHOUT)
        };
        let side = |balance: i128, is_opener: bool| {
            let kept = RESERVE + if is_opener { anchors } else { 0 };
            Side {
                capacity: (balance - kept).max(0),
                reserve: RESERVE,
            }
        };
        let costs = if we_opened {
            anchors + FEERATE * weight / 1_000 * MSAT
        } else {
            0
        };
        let paid_out = (ours - costs) / MSAT * MSAT;
        Told {
            value: VALUE,
            we_opened,
            ours: side(ours, we_opened),
            theirs: side(VALUE - ours, !we_opened),
            paid_out: if paid_out < DUST { 0 } else { paid_out },
            feerate: FEERATE,
        }
    }

    #[test]
    fn a_balance_is_known_to_the_satoshi_wherever_both_sides_are() {
        for has_anchors in [true, false] {
            for we_opened in [true, false] {
                // Below the reserve of ours, between, and below the peer's.
                for ours in [9_000_001, 500_000_123, 995_000_777, VALUE] {
                    let told = told(ours, we_opened, has_anchors);
                    let (low, high) = told.bounds().expect("no contradiction");
                    assert!(low <= ours && ours <= high, "{low} {ours} {high} {told:?}");
                    assert!(high - low < MSAT, "{low} {high} {told:?}");
                }
            }
        }
    }

    #[test]
    fn dust_is_within_its_bounds() {
        for has_anchors in [true, false] {
            for we_opened in [true, false] {
                for ours in [0, 1, 353_999, 700_000] {
                    let told = told(ours, we_opened, has_anchors);
                    let (low, high) = told.bounds().expect("no contradiction");
                    assert!(low <= ours && ours <= high, "{low} {ours} {high} {told:?}");
                    assert!(high - low <= ANCHORS_MSAT, "{low} {high} {told:?}");
                }
            }
        }
    }

    #[test]
    fn a_feerate_that_is_just_changing_leaves_the_anchors_open() {
        let told = Told {
            feerate: 2 * FEERATE,
            ..told(VALUE - 1_000, true, true)
        };
        let (low, high) = told.bounds().expect("no contradiction");
        assert_eq!(high - low, ANCHORS_MSAT, "{low} {high}");
        assert!(low <= VALUE - 1_000 && VALUE - 1_000 <= high);
    }

    #[test]
    fn a_channel_that_contradicts_itself_tells_nothing() {
        let mut told = told(500_000_000, true, true);
        // A splice takes from what the peer has, and the channel's value is still the one before.
        told.theirs.capacity -= 100_000_000;
        assert_eq!(told.bounds(), None);
    }
}
