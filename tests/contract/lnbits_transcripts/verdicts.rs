//! The table of verdicts: what is right for each recorded call, and why where it is not the same.

use super::compare::Outcome;

const TABLE: &str = include_str!("../data/lnbits-verdicts.csv");
/// What the reason of a pending verdict begins with where it says what it should come to.
const MEANT: &str = "meant: ";
const HEAD: &str = "number,name,verdict,status,why";
const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/contract/data/lnbits-verdicts.csv"
);

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Status and answer are as recorded.
    Same,
    /// They are not, by intention; our status.
    Differs(u16),
    /// There is no such route here, by intention.
    NotWanted,
    /// It was no call to a server, or cannot be replayed.
    NotPlayed,
    /// Nobody has decided yet.
    Pending,
}

pub struct Row {
    pub number: usize,
    pub name: String,
    pub verdict: Verdict,
    pub why: String,
}

pub struct Table {
    pub rows: Vec<Row>,
}

impl Row {
    /// Settles what needs no person; where a difference is meant, a person decides.
    pub fn judge(&mut self, outcome: &Outcome) {
        if self.why.starts_with(MEANT) {
            return;
        }
        match outcome {
            Outcome::Same => {
                self.verdict = Verdict::Same;
                self.why.clear();
            }
            Outcome::Differs(status, why) => {
                self.why = format!("{status}; {}", why.replace('\n', " "));
            }
            Outcome::Missing => "no such route yet".clone_into(&mut self.why),
        }
    }

    fn line(&self) -> String {
        let (verdict, status) = match self.verdict {
            Verdict::Same => ("same", String::new()),
            Verdict::Differs(status) => ("differs", status.to_string()),
            Verdict::NotWanted => ("not wanted", String::new()),
            Verdict::NotPlayed => ("not played", String::new()),
            Verdict::Pending => ("pending", String::new()),
        };
        let Self {
            number, name, why, ..
        } = self;
        format!("{number},{name},{verdict},{status},{why}\n")
    }
}

impl Table {
    pub fn read() -> Self {
        let mut lines = TABLE.lines();
        assert_eq!(lines.next(), Some(HEAD));
        Self {
            rows: lines.map(row).collect(),
        }
    }

    pub fn write(&self) {
        let lines: String = self.rows.iter().map(Row::line).collect();
        std::fs::write(FILE, format!("{HEAD}\n{lines}")).unwrap();
    }
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.splitn(5, ',').collect();
    let [number, name, verdict, status, why] = cells[..] else {
        panic!("five cells: {line}");
    };
    let verdict = match verdict {
        "same" => Verdict::Same,
        "differs" => Verdict::Differs(status.parse().unwrap()),
        "not wanted" => Verdict::NotWanted,
        "not played" => Verdict::NotPlayed,
        "pending" => Verdict::Pending,
        other => panic!("no such verdict: {other}"),
    };
    Row {
        number: number.parse().unwrap(),
        name: name.to_owned(),
        verdict,
        why: why.to_owned(),
    }
}
