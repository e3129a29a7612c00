//! Steps that are timed, go on after a failure, and end in a table.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How a stage ended that did not fail.
pub(crate) enum Outcome {
    Done,
    /// A part of the machine is missing. Said in the table, and a failure where `CI` is set.
    Skipped(String),
}

impl Outcome {
    /// For a command that ends here: an error where `CI` is set and a part is missing.
    pub(crate) fn settle(self) -> Result<()> {
        match self {
            Self::Skipped(why) if in_ci() => bail!("{why}"),
            _ => Ok(()),
        }
    }
}

/// The stages of one run.
#[derive(Default)]
pub(crate) struct Stages {
    ended: Vec<Stage>,
}

struct Stage {
    name: String,
    took: Duration,
    failed: bool,
    note: String,
}

impl Stages {
    /// Runs one stage; what goes wrong is kept for the table.
    pub(crate) fn run(&mut self, name: &str, stage: impl FnOnce() -> Result<Outcome>) {
        println!("\n== {name}");
        let started = Instant::now();
        let (failed, note) = match stage() {
            Ok(Outcome::Done) => (false, String::new()),
            Ok(Outcome::Skipped(why)) => (in_ci(), format!("skipped: {why}")),
            Err(error) => (true, format!("{error:#}")),
        };
        if !note.is_empty() {
            println!("{name}: {note}");
        }
        let took = started.elapsed();
        self.ended.push(Stage { name: name.to_owned(), took, failed, note });
    }

    /// Prints the table; an error if any stage failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n{:<16} {:>8}", "stage", "seconds");
        for stage in &self.ended {
            println!("{}", stage.row());
        }
        let total: Duration = self.ended.iter().map(|stage| stage.took).sum();
        println!("{:<16} {:>8.1}", "all", total.as_secs_f64());
        let failed: Vec<_> = self.ended.iter().filter(|stage| stage.failed).collect();
        if !failed.is_empty() {
            let names: Vec<_> = failed.iter().map(|stage| stage.name.as_str()).collect();
            bail!("failed: {}", names.join(", "));
        }
        Ok(())
    }
}

impl Stage {
    fn row(&self) -> String {
        let mark = if self.failed { "FAILED" } else { "ok" };
        let note = self.note.lines().next().unwrap_or_default();
        let row = format!("{:<16} {:>8.1}  {mark:<6}  {note}", self.name, self.took.as_secs_f64());
        row.trim_end().to_owned()
    }
}

/// Whether nobody is there to read that a part was missing.
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_fails_the_run_and_the_rest_still_runs() {
        let mut stages = Stages::default();
        let mut reached = false;
        stages.run("first", || bail!("broken"));
        stages.run("second", || {
            reached = true;
            Ok(Outcome::Done)
        });
        assert!(reached);
        let error = stages.finish().expect_err("the first stage failed");
        assert_eq!(error.to_string(), "failed: first");
    }
}
