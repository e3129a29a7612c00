//! Counts tests by reading the summaries that test programs print.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::shell;

/// The tests so far, as nextest, cargo, Vitest and Playwright counted them.
#[derive(Default, Clone, Copy, PartialEq, Debug)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Runs a test program, passes its output on, and adds its counts.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<()> {
        println!("$ {}", shell::shown(command));
        // Colour codes would break up the words that `read` looks for.
        command.env("NO_COLOR", "1").env_remove("FORCE_COLOR");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let errors = child.stderr.take().context("no stderr")?;
        let errors = thread::spawn(move || count(errors, |line| eprintln!("{line}")));
        let output = child.stdout.take().context("no stdout")?;
        self.add(count(output, |line| println!("{line}")));
        self.add(errors.join().unwrap_or_default());
        let status = child.wait()?;
        if !status.success() {
            bail!("tests failed: {status}");
        }
        Ok(())
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

fn count(stream: impl Read, show: impl Fn(&str)) -> Tally {
    let mut tally = Tally::default();
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        show(&line);
        tally.add(read(&line).unwrap_or_default());
    }
    tally
}

/// Reads a line with a summary:
/// - nextest `Summary [ 1.0s] 4 tests run: 3 passed (1 slow), 1 failed, 0 skipped`
/// - cargo `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`
/// - Vitest `Tests  1 failed | 3 passed (4)`
/// - Playwright `  3 passed (1.2s)`, with `  1 failed`, `  1 skipped` on lines of their own
fn read(line: &str) -> Option<Tally> {
    let line = line.trim();
    let sums = if line.starts_with("Summary [") {
        line.split_once("run: ")?.1
    } else if let Some(sums) = line.strip_prefix("test result: ") {
        sums
    } else if let Some(sums) = line.strip_prefix("Tests  ") {
        sums
    } else if line.split(' ').next()?.parse::<u64>().is_ok() {
        // Accept only "N word" and "N word (time)", not every sentence that begins with a number.
        let mut words = line.splitn(3, ' ').skip(2);
        words.next().is_none_or(|rest| rest.starts_with('(')).then_some(line)?
    } else {
        return None;
    };
    let mut tally = Tally::default();
    let words: Vec<_> = sums.split([' ', ',', ';', '|', '(', ')']).filter(|word| !word.is_empty()).collect();
    for pair in words.windows(2) {
        let Ok(number) = pair[0].parse::<u64>() else { continue };
        match pair[1] {
            "passed" => tally.passed += number,
            "failed" | "timed" | "flaky" => tally.failed += number,
            "skipped" | "ignored" => tally.skipped += number,
            _ => {}
        }
    }
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Option<Tally> {
        Some(Tally { passed, failed, skipped })
    }

    #[test]
    fn sums_are_read_as_each_program_prints_them() {
        let nextest = "     Summary [   0.005s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped";
        assert_eq!(read(nextest), tally(3, 2, 2));
        let cargo = "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 7 filtered out; finished in 0.00s";
        assert_eq!(read(cargo), tally(3, 1, 2));
        assert_eq!(read("      Tests  1 failed | 3 passed (4)"), tally(3, 1, 0));
        assert_eq!(read("  12 passed (4.5s)"), tally(12, 0, 0));
        assert_eq!(read("  1 failed"), tally(0, 1, 0));
        assert_eq!(read("3 passed the post"), None);
        assert_eq!(read("running 3 tests"), None);
        assert_eq!(read(""), None);
    }
}
