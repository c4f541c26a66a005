//! The ledger's asset accounts put to the node's own figures. Owns the words for what a difference
//! may come from; whether it is booked the ledger decides (`Command::Reconcile`).

use till::inception::Inception;
use till::ledger::{Account, Balance, difference_msat};
use till::treasury::{Allowance, Figures, OnchainTx, Purpose};

use crate::views::{ViewError, Views};

/// The ledger's asset accounts beside the node's figures, in msat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeCheck {
    /// What the node holds, if it told and nothing was on its way.
    pub node: Option<Figures>,
    /// The account `lightning`.
    pub ledger_lightning_msat: i128,
    /// The account `closing`.
    pub ledger_closing_msat: i128,
    /// The account `onchain`, less what is signed away.
    pub ledger_onchain_msat: i128,
    /// Ledger less node; zero within what the node leaves open by rounding.
    pub difference_msat: i128,
    /// What is known to make up the difference, or why there is none to be told.
    pub explanation: Option<&'static str>,
    /// Whether somebody should look at it.
    pub is_unexplained: bool,
    /// Where the books begin, if that is a recovery from the seed.
    pub opening: Option<Opening>,
    allowance: Allowance,
}

/// What there was when the books were begun anew from the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The best block then.
    pub height: u32,
    /// What the node had on the chain, in msat.
    pub onchain_msat: i128,
}

impl Opening {
    fn of(views: &Views) -> Result<Option<Self>, ViewError> {
        let begun = views.get::<Inception>(&())?;
        let Some(height) = begun.and_then(|begun| begun.height) else {
            return Ok(None);
        };
        let mut onchain_msat = 0;
        for row in views.all::<OnchainTx>()? {
            let amount = i128::from(row.amount.get());
            match row.purpose {
                Purpose::OpeningIn => onchain_msat += amount,
                Purpose::OpeningOut => onchain_msat -= amount,
                Purpose::Deposit
                | Purpose::ChannelFunding
                | Purpose::ChannelProceeds
                | Purpose::ClosingCost
                | Purpose::SpliceIn
                | Purpose::SpliceOut => {}
            }
        }
        Ok(Some(Self {
            height,
            onchain_msat,
        }))
    }
}

impl NodeCheck {
    /// The ledger's side.
    pub(crate) fn of(views: &Views) -> Result<Self, ViewError> {
        let held = |account| -> Result<i128, ViewError> {
            let balance = views.get::<Balance>(&account)?;
            Ok(balance.unwrap_or(Balance::empty(account)).debit_msat())
        };
        // What is signed away has left the wallet, though no block has it yet.
        let signed_away = views.get::<Balance>(&Account::Onchain)?;
        let signed_away = signed_away.map_or(0, |onchain| onchain.credits_pending);
        Ok(Self {
            ledger_lightning_msat: held(Account::Lightning)?,
            ledger_closing_msat: held(Account::Closing)?,
            ledger_onchain_msat: held(Account::Onchain)? - i128::from(signed_away),
            opening: Opening::of(views)?,
            allowance: views.get::<Allowance>(&())?.unwrap_or_default(),
            ..Self::default()
        })
    }

    /// The node's side, and what follows.
    pub(crate) fn put_to(&mut self, node: Option<Figures>) {
        self.node = node;
        let Some(figures) = node else {
            self.explanation = Some("the node does not answer, or something is on its way");
            return;
        };
        let assets = [
            self.ledger_lightning_msat,
            self.ledger_closing_msat,
            self.ledger_onchain_msat,
        ];
        self.difference_msat = difference_msat(assets, &figures);
        let closing = i128::from(self.allowance.closing_msat);
        let routing = i128::from(self.allowance.routing_msat);
        self.explanation = match self.difference_msat {
            0 => None,
            cost if cost > 0 && cost <= closing => {
                Some("closing channels may have cost so much; it is booked when all is at rest")
            }
            earned if earned < 0 && -earned <= routing => {
                Some("forwarding may have earned so much; it is booked when all is at rest")
            }
            _ => Some("nothing that was seen explains it, unless something is on its way"),
        };
        // One that is there for a moment only never raised an alarm.
        let alarmed = i128::from(self.allowance.unexplained_msat);
        self.is_unexplained = self.difference_msat != 0 && self.difference_msat == alarmed;
    }
}
