//! Runs timed stages, continues after a failure, and prints a table of how long each took.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The outcome of a stage that did not fail.
pub(crate) enum Outcome {
    Done,
    /// The machine lacks something. The table says so, and with `CI` set the stage fails.
    Skipped(String),
}

impl Outcome {
    /// Turns a skipped stage into an error if `CI` is set, for commands that print no table.
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
    /// Stages within this one; their time is part of its own.
    parts: Stages,
}

impl Stages {
    /// Runs one stage. A failure goes into the table and does not stop the run.
    pub(crate) fn run(&mut self, name: &str, stage: impl FnOnce() -> Result<Outcome>) {
        self.run_parts(name, |_| stage());
    }

    /// Runs a stage that consists of stages, which the table lists below it.
    pub(crate) fn run_parts(&mut self, name: &str, stage: impl FnOnce(&mut Stages) -> Result<Outcome>) {
        println!("\n== {name}");
        let (started, mut parts) = (Instant::now(), Stages::default());
        let outcome = stage(&mut parts).and_then(|outcome| parts.check().map(|()| outcome));
        let (failed, note) = match outcome {
            Ok(Outcome::Done) => (false, String::new()),
            Ok(Outcome::Skipped(why)) => (in_ci(), format!("skipped: {why}")),
            Err(error) => (true, format!("{error:#}")),
        };
        if !note.is_empty() {
            println!("{name}: {note}");
        }
        let took = started.elapsed();
        self.ended.push(Stage { name: name.to_owned(), took, failed, note, parts });
    }

    /// Prints the table; an error if any stage failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n{:<20} {:>8}", "stage", "seconds");
        for stage in &self.ended {
            println!("{}", stage.row(""));
            stage.parts.ended.iter().for_each(|part| println!("{}", part.row("  ")));
        }
        let total: Duration = self.ended.iter().map(|stage| stage.took).sum();
        println!("{:<20} {:>8.1}", "all", total.as_secs_f64());
        self.check()
    }

    fn check(&self) -> Result<()> {
        let failed: Vec<_> = self.ended.iter().filter(|stage| stage.failed).map(|stage| stage.name.as_str()).collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

impl Stage {
    fn row(&self, indent: &str) -> String {
        let mark = if self.failed { "FAILED" } else { "ok" };
        let note = self.note.lines().next().unwrap_or_default();
        let name = format!("{indent}{}", self.name);
        let row = format!("{name:<20} {:>8.1}  {mark:<6}  {note}", self.took.as_secs_f64());
        row.trim_end().to_owned()
    }
}

/// Whether continuous integration runs this. There, nobody would notice that a stage was skipped.
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

    #[test]
    fn a_part_that_fails_fails_its_stage() {
        let mut stages = Stages::default();
        stages.run_parts("lint", |parts| {
            parts.run("format", || bail!("ugly"));
            parts.run("types", || Ok(Outcome::Done));
            Ok(Outcome::Done)
        });
        assert_eq!(stages.ended[0].note, "failed: format");
        assert_eq!(stages.ended[0].parts.ended.len(), 2);
        assert!(stages.finish().is_err());
    }
}
