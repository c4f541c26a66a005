//! Calls recorded from a real LNbits 1.6.2 server, replayed in order against the `v1` dialect. Every
//! call has a verdict in `data/lnbits-verdicts.csv`; the test fails where what happens is not what the
//! verdict says, field by field. With `LNBITS_VERDICTS=write` it notes what is the same and what differs;
//! why it may is a person's to say.

mod compare;
mod recording;
mod stage;
mod verdicts;

use compare::Outcome;
use recording::Call;
use stage::Stage;
use verdicts::{Table, Verdict};

/// The guide, which has the kinds of differences in a table.
const GUIDE: &str = include_str!("../../../docs/lnbits.md");
const KINDS: &str = "## How the recorded calls differ";

/// Asks for the table to be brought up to date.
const WRITE: &str = "LNBITS_VERDICTS";

/// What became of a call.
async fn outcome(stage: &mut Stage, call: &Call) -> Outcome {
    stage.prepare(call).await;
    let Some((status, ours)) = stage.play(call).await else {
        return Outcome::Missing;
    };
    stage.learn(&call.response, &ours);
    if compare::is_missing(status, &ours) && call.status != status {
        return Outcome::Missing;
    }
    if status != call.status {
        let detail = &ours["detail"];
        let why = format!("{} is {status}: {detail}", call.status);
        let at = verdicts::STATUS.to_owned();
        return Outcome::Differs(status, vec![compare::Difference { at, why }]);
    }
    let found = compare::differences(&call.response, &ours, &|text| stage.ours(text));
    match found.is_empty() {
        true => Outcome::Same,
        false => Outcome::Differs(status, found),
    }
}

/// Why an outcome is not what its verdict says.
fn complaint(verdict: &Verdict, outcome: &Outcome) -> Option<String> {
    match (verdict, outcome) {
        (Verdict::NotPlayed, _)
        | (Verdict::Same, Outcome::Same)
        | (Verdict::NotWanted, Outcome::Missing) => None,
        (Verdict::Differs(wanted, at), Outcome::Differs(status, found))
            if wanted == status && *at == verdicts::places(found) =>
        {
            None
        }
        (Verdict::Same | Verdict::Differs(..) | Verdict::NotWanted, _) => {
            Some(format!("should be {verdict:?}, is {outcome:?}"))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_calls_are_answered_as_their_verdicts_say() {
    let (calls, mut table) = (recording::calls(), Table::read());
    assert_eq!(calls.len(), table.rows.len(), "a verdict for every call");
    let mut stage = Stage::set().await;
    let mut complaints = Vec::new();
    for (call, row) in calls.iter().zip(&mut table.rows) {
        assert_eq!(call.name, row.name, "calls and verdicts in the same order");
        if row.verdict == Verdict::NotPlayed {
            continue;
        }
        let outcome = outcome(&mut stage, call).await;
        if let Some(why) = complaint(&row.verdict, &outcome) {
            complaints.push(format!("{} {}: {why}", row.number, call.name));
        }
        row.judge(&outcome);
    }
    if std::env::var(WRITE).is_ok_and(|wish| wish == "write") {
        table.write();
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn every_difference_has_a_reason() {
    for row in Table::read().rows {
        let needs_one = row.verdict != Verdict::Same;
        assert!(!needs_one || row.why.len() > 10, "{}", row.name);
    }
}

#[test]
fn the_guide_names_each_call_that_differs_once() {
    let kinds = GUIDE.split(KINDS).nth(1).unwrap();
    let kinds = kinds.split("\n## ").next().unwrap();
    let cells = kinds.lines().filter_map(|line| line.split('|').nth(2));
    let mut named: Vec<usize> = cells.flat_map(numbers).collect();
    named.sort_unstable();
    let rows = Table::read().rows.into_iter();
    let differing = rows.filter(|row| row.verdict != Verdict::Same);
    assert_eq!(named, differing.map(|row| row.number).collect::<Vec<_>>());
}

/// The numbers of a cell such as `9, 16-18`; what is no number names none.
fn numbers(cell: &str) -> Vec<usize> {
    let ranges = cell.split(',').filter_map(|part| {
        let (first, last) = part.trim().split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    });
    ranges.flatten().collect()
}
