//! Findings, for people or as JSON.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) about: &'static str,
    /// How it is.
    pub(crate) state: State,
    /// What was found.
    pub(crate) found: String,
    /// What to do, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Ok,
    /// Not looked at, or not there, and not needed.
    Skipped,
    Failed,
}

impl Finding {
    pub(crate) fn ok(about: &'static str, found: impl Into<String>) -> Self {
        Finding { about, state: State::Ok, found: found.into(), advice: None }
    }

    pub(crate) fn skipped(about: &'static str, found: impl Into<String>) -> Self {
        Finding { about, state: State::Skipped, found: found.into(), advice: None }
    }

    pub(crate) fn failed(about: &'static str, found: impl Into<String>) -> Self {
        Finding { about, state: State::Failed, found: found.into(), advice: None }
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// Whether nothing failed.
pub(crate) fn holds(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.state != State::Failed)
}

/// Prints findings: a line each, or one JSON object `{ "holds": …, "findings": … }`.
pub(crate) fn print(findings: &[Finding], json: bool) -> Result<()> {
    if json {
        return print_json(&serde_json::json!({ "holds": holds(findings), "findings": findings }));
    }
    let mut out = io::stdout().lock();
    for finding in findings {
        let mark = match finding.state {
            State::Ok => "[OK]",
            State::Skipped => "[--]",
            State::Failed => "[ERROR]",
        };
        writeln!(out, "{mark:<8}{:<14}{}", finding.about, finding.found)?;
        if let Some(advice) = &finding.advice {
            writeln!(out, "{:<22}{advice}", "")?;
        }
    }
    Ok(())
}

/// Prints one JSON value on a line.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(value)?)?;
    Ok(())
}
