//! The report for a person. Owns the sentences; the figures are in the report.

use std::fmt::Write as _;

use crate::serve::control::wire::{AuditWire, NodeWire};

/// The report in lines, the verdict first.
pub(super) fn of(report: &AuditWire) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, report);
    text
}

fn write(text: &mut String, report: &AuditWire) -> std::fmt::Result {
    let broken = report.invariants.iter().filter(|i| !i.holds).count();
    let differs_from_node = { report.node.as_ref() }.is_some_and(|node| node.difference_msat != 0);
    if report.agrees && differs_from_node {
        writeln!(
            text,
            "the books agree with themselves; the node differs, see below"
        )?;
    } else if report.agrees {
        writeln!(text, "everything agrees")?;
    } else {
        let differences = report.differences_total;
        writeln!(
            text,
            "NOT in agreement: {differences} differences, {broken} broken invariants"
        )?;
    }
    let (records, compared) = (report.records, report.compared);
    writeln!(
        text,
        "  {records} records replayed, {compared} entries compared"
    )?;
    if report.views.behind > 0 {
        let behind = report.views.behind;
        writeln!(
            text,
            "  the views lack {behind} records; the next start adds them"
        )?;
    }
    if let Some(why) = &report.views.not_compared {
        writeln!(text, "  the views were not compared: {why}")?;
    }
    for difference in &report.differences {
        writeln!(text, "differs: {}", difference.subject)?;
        writeln!(text, "  expected: {}", difference.expected)?;
        writeln!(text, "  found:    {}", difference.found)?;
    }
    let named = u64::try_from(report.differences.len()).unwrap_or(u64::MAX);
    if report.differences_total > named {
        let rest = report.differences_total - named;
        writeln!(text, "differs: and {rest} more")?;
    }
    for invariant in &report.invariants {
        let verdict = if invariant.holds { "holds" } else { "BROKEN" };
        let detail = match invariant.detail.as_str() {
            "" => String::new(),
            detail => format!(" ({detail})"),
        };
        writeln!(text, "{verdict}: {}{detail}", invariant.name)?;
    }
    match &report.node {
        Some(node) => write_node(text, node),
        None => Ok(()),
    }
}

fn write_node(text: &mut String, node: &NodeWire) -> std::fmt::Result {
    let figure = |msat: Option<i64>| msat.map_or("-".to_owned(), |msat| msat.to_string());
    writeln!(
        text,
        "node: {} to {} msat in channels, {} closing, {} on the chain",
        figure(node.lightning_low_msat),
        figure(node.lightning_high_msat),
        figure(node.closing_msat),
        figure(node.onchain_msat),
    )?;
    writeln!(
        text,
        "ledger: {} msat in channels, {} closing, {} on the chain; {} msat {} than the node",
        node.ledger_lightning_msat,
        node.ledger_closing_msat,
        node.ledger_onchain_msat,
        node.difference_msat.unsigned_abs(),
        if node.difference_msat < 0 {
            "less"
        } else {
            "more"
        }
    )?;
    if let Some(explanation) = &node.explanation {
        writeln!(text, "  {explanation}")?;
    }
    if let (Some(height), Some(had)) = (node.opening_height, node.opening_onchain_msat) {
        writeln!(
            text,
            "  the books begin with a recovery from the seed at block {height}, when {had} msat were on \
             the chain; what came before it is not in them"
        )?;
    }
    Ok(())
}
