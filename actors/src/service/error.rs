//! The actors' errors as the service's. Owns the mapping; the words for clients are the surfaces'.

use super::RETRY_AFTER_SECS;
use super::types::ServiceError;
use crate::export::ExportError;
use crate::ledger::LedgerError;
use crate::node::NodeError;
use crate::payments::PayError;
use crate::treasury::TreasuryError;
use crate::views::ViewError;

impl From<LedgerError> for ServiceError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Refused(refusal) => Self::Refused(refusal),
            LedgerError::Busy => Self::Busy {
                retry_after_secs: RETRY_AFTER_SECS,
            },
            LedgerError::Unknown => Self::Unknown,
            LedgerError::DiskLow => Self::Node(NodeError::Unavailable(error.to_string())),
            LedgerError::Stopped => Self::Stopping,
        }
    }
}

impl From<PayError> for ServiceError {
    fn from(error: PayError) -> Self {
        match error {
            PayError::Busy => Self::Busy {
                retry_after_secs: RETRY_AFTER_SECS,
            },
            PayError::Ledger(error) => error.into(),
            PayError::Node(error) => error.into(),
            PayError::Stopped => Self::Stopping,
        }
    }
}

impl From<TreasuryError> for ServiceError {
    fn from(error: TreasuryError) -> Self {
        match error {
            TreasuryError::Busy => Self::Busy {
                retry_after_secs: RETRY_AFTER_SECS,
            },
            TreasuryError::Node(error) => error.into(),
            TreasuryError::Undecided => Self::Unknown,
            TreasuryError::UnknownChannel => Self::UnknownChannel,
            TreasuryError::NothingToBump => Self::NothingToBump,
            TreasuryError::TooPoor {
                needed,
                spendable,
                reserve,
                in_channels,
            } => Self::TooPoorOnchain {
                needed,
                spendable,
                reserve,
                in_channels,
            },
            TreasuryError::Chain(error) => Self::Node(NodeError::Unavailable(error.to_string())),
            TreasuryError::Ledger(error) => error.into(),
            TreasuryError::View(error) => error.into(),
            TreasuryError::Stopped => Self::Stopping,
        }
    }
}

impl From<ExportError> for ServiceError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Busy => Self::Busy {
                retry_after_secs: RETRY_AFTER_SECS,
            },
            ExportError::Journal(error) => {
                tracing::error!(%error, "the journal cannot be read");
                Self::Node(NodeError::Unavailable(
                    "the till cannot read its own records".into(),
                ))
            }
            ExportError::CutOff => Self::Stopping,
        }
    }
}

/// A view that cannot be read is the operator's to mend: the caller can only come back later.
impl From<ViewError> for ServiceError {
    fn from(error: ViewError) -> Self {
        tracing::error!(%error, "the view cannot be read");
        Self::Node(NodeError::Unavailable(
            "the till cannot read its own records".into(),
        ))
    }
}
