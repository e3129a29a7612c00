//! A row of a benchmark's table: contenders at one computation, their rates, and our ratio to the best peer.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::median;

/// A contender's measurements.
#[derive(Deserialize)]
pub struct Measured {
    /// Its name; ours begin with `adit`.
    pub name: String,
    /// Milliseconds of each round.
    pub times: Vec<f64>,
    /// The digest of its result.
    pub digest: Option<String>,
    /// Why it has no result.
    pub error: Option<String>,
}

/// A ratio that one of our contenders should reach over a peer.
#[derive(Deserialize)]
pub struct Goal {
    /// Our contender.
    pub ours: String,
    /// The peer.
    pub peer: String,
    /// The least ratio.
    pub at_least: f64,
}

/// Contenders at one computation.
pub struct Row {
    what: String,
    unit: String,
    /// Names, and the rate in the row's unit or the reason why there is none.
    contenders: Vec<(String, Result<f64, String>)>,
    goals: Vec<Goal>,
}

impl Row {
    /// A row with rates of `work` per second at the median times. Fails if results disagree.
    pub fn new(what: String, unit: &str, work: f64, measured: Vec<Measured>, goals: Vec<Goal>) -> Result<Self> {
        let ran = || measured.iter().filter(|measured| measured.error.is_none());
        let digests: BTreeSet<_> = ran().map(|measured| measured.digest.as_deref()).collect();
        let names: Vec<_> = ran().map(|measured| format!("{} {:?}", measured.name, measured.digest)).collect();
        ensure!(digests.len() <= 1, "{what}: the contenders disagree: {}", names.join(", "));
        let rate = |measured: Measured| match measured.error {
            None => (measured.name, Ok(work * 1e3 / median(&measured.times))),
            Some(error) => (measured.name, Err(error)),
        };
        Ok(Row { what, unit: unit.into(), contenders: measured.into_iter().map(rate).collect(), goals })
    }

    fn best(&self, ours: bool) -> Option<f64> {
        let of_side = self.contenders.iter().filter(|(name, _)| name.starts_with("adit") == ours);
        of_side.filter_map(|(_, rate)| rate.as_ref().ok().copied()).max_by(f64::total_cmp)
    }

    fn rate(&self, wanted: &str) -> Option<f64> {
        self.contenders.iter().find(|(name, _)| name == wanted)?.1.as_ref().ok().copied()
    }

    /// The rate of our best contender divided by the best peer's.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.best(true)? / self.best(false)?)
    }

    fn reached(&self, goal: &Goal) -> Option<f64> {
        Some(self.rate(&goal.ours)? / self.rate(&goal.peer)?)
    }

    fn shown(&self) -> String {
        let contender = |(name, rate): &(String, Result<f64, String>)| match rate {
            Ok(rate) => format!("{name} {rate:.1}"),
            Err(error) => format!("{name} did not run ({})", one_line(error)),
        };
        let goal = |goal: &Goal| {
            let Goal { ours, peer, at_least } = goal;
            let reached = self.reached(goal).map_or("not measured".into(), |ratio| format!("{ratio:.2}"));
            let met = self.reached(goal).is_some_and(|ratio| ratio >= *at_least);
            format!("{ours} ÷ {peer} {reached}, {} {at_least}", if met { "met:" } else { "**missed**:" })
        };
        let contenders = self.contenders.iter().map(contender).collect::<Vec<_>>().join(", ");
        let ratio = self.ratio().map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
        let goals = self.goals.iter().map(goal).collect::<Vec<_>>().join("; ");
        format!("| {} | {} | {contenders} | {ratio} | {goals} |", self.what, self.unit)
    }

    /// The row as JSON.
    pub fn to_json(&self) -> Value {
        let contender = |(name, rate): &(String, Result<f64, String>)| match rate {
            Ok(rate) => json!({ "name": name, "per_s": rate }),
            Err(error) => json!({ "name": name, "error": error }),
        };
        let goal = |goal: &Goal| {
            let Goal { ours, peer, at_least } = goal;
            json!({ "ours": ours, "peer": peer, "at_least": at_least, "ratio": self.reached(goal) })
        };
        let contenders: Vec<Value> = self.contenders.iter().map(contender).collect();
        let goals: Vec<Value> = self.goals.iter().map(goal).collect();
        json!({ "what": self.what, "unit": self.unit, "contenders": contenders, "ratio": self.ratio(), "goals": goals })
    }
}

/// The rows as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let mut table = "| what | unit | contenders | ours ÷ best peer | goals |\n|---|---|---|---|---|\n".to_owned();
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{}", row.shown());
    }
    table
}

/// An error as text that fits a table's cell.
fn one_line(error: &str) -> String {
    let words = error.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "/");
    words.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, ms: f64, digest: &str) -> Measured {
        Measured { name: name.into(), times: vec![9e9, ms, 0.0], digest: Some(digest.into()), error: None }
    }

    fn goal(at_least: f64) -> Goal {
        Goal { ours: "adit fast".into(), peer: "peer".into(), at_least }
    }

    #[test]
    fn a_row_says_how_far_ahead_ours_are_and_who_failed() -> Result<()> {
        let failed = Measured { error: Some("no\n| adapter".into()), ..measured("other", 1.0, "b") };
        let contenders = vec![measured("adit", 4.0, "a"), measured("adit fast", 2.0, "a"), measured("peer", 5.0, "a")];
        let contenders = contenders.into_iter().chain([failed]).collect();
        let row = Row::new("product".into(), "Gop/s", 1.0, contenders, vec![goal(2.5), goal(3.0)])?;
        assert_eq!(
            table(&[row]).lines().last(),
            Some(
                "| product | Gop/s | adit 250.0, adit fast 500.0, peer 200.0, other did not run (no / adapter) | 2.50 \
                 | adit fast ÷ peer 2.50, met: 2.5; adit fast ÷ peer 2.50, **missed**: 3 |"
            )
        );
        Ok(())
    }

    #[test]
    fn contenders_that_disagree_are_an_error() {
        let contenders = vec![measured("adit", 1.0, "a"), measured("peer", 1.0, "b")];
        assert!(Row::new("product".into(), "Gop/s", 1.0, contenders, Vec::new()).is_err());
    }
}
