//! The audit's report as JSON: what `tilld audit --json` prints and the door answers. Field names
//! are stable; see `docs/reliability.md`.

use serde::{Deserialize, Serialize};
use till_actors::audit::{AuditReport, NodeCheck};

/// Why there is no report.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) error: String,
}

/// The report.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AuditWire {
    /// Whether nothing differs and every invariant holds.
    pub(crate) agrees: bool,
    /// Whether the till was serving.
    pub(crate) running: bool,
    /// Records in the journal.
    pub(crate) records: u64,
    /// Entries of the views that were compared.
    pub(crate) compared: u64,
    pub(crate) views: ViewsWire,
    pub(crate) differences_total: u64,
    /// The first thousand.
    pub(crate) differences: Vec<DifferenceWire>,
    pub(crate) invariants: Vec<InvariantWire>,
    pub(crate) node: Option<NodeWire>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ViewsWire {
    pub(crate) seq: u64,
    pub(crate) behind: u64,
    pub(crate) not_compared: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DifferenceWire {
    pub(crate) subject: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InvariantWire {
    pub(crate) name: String,
    pub(crate) holds: bool,
    pub(crate) detail: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NodeWire {
    pub(crate) lightning_low_msat: Option<i64>,
    pub(crate) lightning_high_msat: Option<i64>,
    pub(crate) closing_msat: Option<i64>,
    pub(crate) onchain_msat: Option<i64>,
    pub(crate) ledger_lightning_msat: i64,
    pub(crate) ledger_closing_msat: i64,
    pub(crate) ledger_onchain_msat: i64,
    pub(crate) difference_msat: i64,
    pub(crate) unexplained: bool,
    pub(crate) explanation: Option<String>,
    /// The block at which the books begin, if they begin with a recovery from the seed.
    #[serde(default)]
    pub(crate) opening_height: Option<u32>,
    /// What was on the chain then.
    #[serde(default)]
    pub(crate) opening_onchain_msat: Option<i64>,
}

impl AuditWire {
    pub(crate) fn of(report: &AuditReport, running: bool) -> Self {
        let differences = report.differences.iter().map(|difference| DifferenceWire {
            subject: difference.subject.clone(),
            expected: difference.expected.clone(),
            found: difference.found.clone(),
        });
        let invariants = report.invariants.iter().map(|invariant| InvariantWire {
            name: invariant.name.to_owned(),
            holds: invariant.holds,
            detail: invariant.detail.clone(),
        });
        Self {
            agrees: report.agrees(),
            running,
            records: report.records,
            compared: report.compared,
            views: ViewsWire {
                seq: report.views.seq,
                behind: report.views.behind,
                not_compared: report.views.not_compared.clone(),
            },
            differences_total: report.differences_total,
            differences: differences.collect(),
            invariants: invariants.collect(),
            node: report.node.as_ref().map(NodeWire::of),
        }
    }
}

impl NodeWire {
    pub(crate) fn of(check: &NodeCheck) -> Self {
        // No ledger of bitcoin has figures beyond these bounds.
        let msat = |msat: i128| i64::try_from(msat).unwrap_or(i64::MAX);
        let node = check.node;
        Self {
            lightning_low_msat: node.map(|node| msat(node.channels_low_msat)),
            lightning_high_msat: node.map(|node| msat(node.channels_high_msat)),
            closing_msat: node.map(|node| msat(node.closing_msat)),
            onchain_msat: node.map(|node| msat(node.onchain_msat)),
            ledger_lightning_msat: msat(check.ledger_lightning_msat),
            ledger_closing_msat: msat(check.ledger_closing_msat),
            ledger_onchain_msat: msat(check.ledger_onchain_msat),
            difference_msat: msat(check.difference_msat),
            unexplained: check.is_unexplained,
            explanation: check.explanation.map(str::to_owned),
            opening_height: check.opening.map(|opening| opening.height),
            opening_onchain_msat: check.opening.map(|opening| msat(opening.onchain_msat)),
        }
    }
}

/// What became of a payment, by the operator's word.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ResolveWire {
    /// Its id or hash.
    pub(crate) payment: String,
    /// Whether the recipient has the money.
    pub(crate) paid: bool,
}

/// How a payment stands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PaymentWire {
    pub(crate) id: String,
    pub(crate) hash: Option<String>,
    pub(crate) status: String,
    pub(crate) attempt: u32,
    pub(crate) amount_msat: u64,
    pub(crate) attempted_at: u64,
    pub(crate) failure: Option<String>,
    pub(crate) waits_for: Option<String>,
}
