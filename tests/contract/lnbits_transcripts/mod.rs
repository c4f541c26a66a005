//! Calls recorded from a real LNbits 1.6.2 server, replayed in order against the `v1` dialect. Every
//! call has a verdict in `data/lnbits-verdicts.csv`; the test fails where what happens is not what the
//! verdict says. With `LNBITS_VERDICTS=write` it turns `pending` verdicts into `same` where they are, and
//! notes beside the others what differs.

mod compare;
mod recording;
mod stage;
mod verdicts;

use compare::Outcome;
use recording::Call;
use stage::Stage;
use verdicts::{Table, Verdict};

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
        return Outcome::Differs(status, format!("{} is {status}: {detail}", call.status));
    }
    match compare::difference(&call.response, &ours, &|text| stage.ours(text)) {
        None => Outcome::Same,
        Some(why) => Outcome::Differs(status, why),
    }
}

/// Why an outcome is not what its verdict says.
fn complaint(verdict: &Verdict, outcome: &Outcome) -> Option<String> {
    match (verdict, outcome) {
        (Verdict::Pending | Verdict::NotPlayed, _) | (Verdict::Same, Outcome::Same) => None,
        (Verdict::Differs(wanted), Outcome::Differs(status, _)) if wanted == status => None,
        (Verdict::NotWanted, Outcome::Missing) => None,
        (Verdict::Same | Verdict::Differs(_) | Verdict::NotWanted, _) => {
            Some(format!("should be {verdict:?}, is {outcome:?}"))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_calls_are_answered_as_their_verdicts_say() {
    let (calls, mut table) = (recording::calls(), Table::read());
    assert_eq!(calls.len(), table.rows.len(), "a verdict for every call");
    let mut stage = Stage::set().await;
    let (mut complaints, mut pending) = (Vec::new(), Vec::new());
    for (call, row) in calls.iter().zip(&mut table.rows) {
        assert_eq!(call.name, row.name, "calls and verdicts in the same order");
        if row.verdict == Verdict::NotPlayed {
            continue;
        }
        let outcome = outcome(&mut stage, call).await;
        if let Some(why) = complaint(&row.verdict, &outcome) {
            complaints.push(format!("{} {}: {why}", row.number, call.name));
        }
        if row.verdict == Verdict::Pending {
            row.judge(&outcome);
            pending.push(format!("{} {}: {outcome:?}", row.number, call.name));
        }
    }
    println!("{} calls are pending: {pending:#?}", pending.len());
    if std::env::var(WRITE).is_ok_and(|wish| wish == "write") {
        table.write();
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn every_difference_has_a_reason() {
    for row in Table::read().rows {
        let needs_one = !matches!(row.verdict, Verdict::Same | Verdict::Pending);
        assert!(!needs_one || row.why.len() > 10, "{}", row.name);
    }
}
