//! The table of verdicts: what is right for each recorded call, and why where it is not the same.

use std::collections::BTreeSet;

use super::compare::{Difference, Outcome};

const TABLE: &str = include_str!("../data/lnbits-verdicts.csv");
const HEAD: &str = "number,name,verdict,status,where,why";
/// Where answers differ whose statuses do.
pub const STATUS: &str = "status";
const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/contract/data/lnbits-verdicts.csv"
);

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Status and answer are as recorded.
    Same,
    /// They are not, by intention: our status, and just where.
    Differs(u16, Vec<String>),
    /// There is no such route here, by intention.
    NotWanted,
    /// It was no call to a server, or cannot be replayed.
    NotPlayed,
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
    /// Notes what came of the call. A reason stays, and where there is none a person has to give one.
    pub fn judge(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Same => {
                self.verdict = Verdict::Same;
                self.why.clear();
            }
            Outcome::Differs(status, found) => {
                self.verdict = Verdict::Differs(*status, places(found));
            }
            Outcome::Missing => {}
        }
    }

    fn line(&self) -> String {
        let (verdict, status) = match &self.verdict {
            Verdict::Same => ("same", String::from(",")),
            Verdict::Differs(status, at) => ("differs", format!("{status},{}", at.join(" "))),
            Verdict::NotWanted => ("not wanted", String::from(",")),
            Verdict::NotPlayed => ("not played", String::from(",")),
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

/// Where something differs, each place once and in order.
pub fn places(found: &[Difference]) -> Vec<String> {
    let places: BTreeSet<&String> = found.iter().map(|one| &one.at).collect();
    places.into_iter().cloned().collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.splitn(6, ',').collect();
    let [number, name, verdict, status, places, why] = cells[..] else {
        panic!("six cells: {line}");
    };
    let verdict = match verdict {
        "same" => Verdict::Same,
        "differs" => {
            let places = places.split_whitespace().map(str::to_owned);
            Verdict::Differs(status.parse().unwrap(), places.collect())
        }
        "not wanted" => Verdict::NotWanted,
        "not played" => Verdict::NotPlayed,
        other => panic!("no such verdict: {other}"),
    };
    Row {
        number: number.parse().unwrap(),
        name: name.to_owned(),
        verdict,
        why: why.to_owned(),
    }
}
