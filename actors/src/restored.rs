//! What is known of a till that was restored from a backup: what its operator should see before payments
//! are let go. Owns the collecting; whether they are held is the ledger's.

use till::holder::Wallet;
use till::id::WalletId;
use till::ledger::{Account, Balance, WalletRef};
use till::payment::Payment;
use till::restoration::Restoration;
use till::treasury::{Channel, ChannelState};

use crate::audit::NodeCheck;
use crate::views::{ViewError, Views};

/// What is known.
#[derive(Clone, Debug)]
pub struct Restored {
    /// When, up to where the books go, and whether that was acknowledged.
    pub row: Restoration,
    /// The ledger put to the node, as far as that can be asked.
    pub check: NodeCheck,
    /// Channels of before whose closing the chain does not show yet.
    pub open_channels: Vec<Channel>,
    /// Wallets of others that have money by the books, the largest first, each with its msat.
    pub wallets: Vec<(WalletId, String, i128)>,
    /// Payments of which nobody knows what became.
    pub undecided: Vec<Payment>,
}

impl Restored {
    /// Reads it; `None` if the till never came from a backup.
    pub(crate) fn read(views: &Views) -> Result<Option<Self>, ViewError> {
        let Some(row) = views.get::<Restoration>(&())? else {
            return Ok(None);
        };
        let mut undecided = views.pending_payments()?;
        undecided.retain(|payment| row.leaves_open(payment));
        let mut open_channels = views.all::<Channel>()?;
        open_channels.retain(|channel| {
            let lost = channel.opened_at <= row.known_until && channel.closing.is_none();
            lost && channel.funding_tx.is_some() && channel.state != ChannelState::Opening
        });
        Ok(Some(Self {
            row,
            check: NodeCheck::of(views)?,
            open_channels,
            wallets: wallets(views)?,
            undecided,
        }))
    }
}

fn wallets(views: &Views) -> Result<Vec<(WalletId, String, i128)>, ViewError> {
    let mut found = Vec::new();
    for wallet in views.all::<Wallet>()? {
        let account = Account::Wallet(WalletRef::Wallet(wallet.id));
        let balance = views.get::<Balance>(&account)?;
        let msat = balance.map_or(0, |balance| balance.credit_msat());
        if msat != 0 {
            found.push((wallet.id, wallet.name, msat));
        }
    }
    found.sort_by_key(|(_, _, msat)| std::cmp::Reverse(*msat));
    Ok(found)
}

/// Whether payments are held back now.
pub(crate) fn holds_payments(views: &Views) -> Result<bool, ViewError> {
    let row = views.get::<Restoration>(&())?;
    Ok(row.is_some_and(|row| row.holds_payments()))
}

/// Says at a start that they are.
pub(crate) fn warn_if_held(views: &Views) -> Result<(), ViewError> {
    if holds_payments(views)? {
        tracing::warn!(
            "payments are held back: the till was restored from a backup. `tilld acknowledge-restore` \
             shows what is known, and lets them go"
        );
    }
    Ok(())
}
