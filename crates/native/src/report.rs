//! Reports of `adit doctor` and `adit verify`: a line for each thing that was examined, for people or as JSON.

use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;

use crate::show;

/// One thing that was examined.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    /// What was examined.
    pub(crate) about: &'static str,
    /// The outcome.
    pub(crate) state: State,
    /// What was found.
    pub(crate) found: String,
    /// What to do, if there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Ok,
    /// Not examined, or absent and not needed.
    Skipped,
    Failed,
}

impl Line {
    pub(crate) fn ok(about: &'static str, found: impl Into<String>) -> Self {
        Line { about, state: State::Ok, found: found.into(), advice: None }
    }

    pub(crate) fn skipped(about: &'static str, found: impl Into<String>) -> Self {
        Line { about, state: State::Skipped, found: found.into(), advice: None }
    }

    pub(crate) fn failed(about: &'static str, found: impl Into<String>) -> Self {
        Line { about, state: State::Failed, found: found.into(), advice: None }
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// Whether nothing failed.
pub(crate) fn holds(lines: &[Line]) -> bool {
    lines.iter().all(|line| line.state != State::Failed)
}

/// Shows a report: as text, or as one JSON object `{ "holds": …, "findings": … }`.
pub(crate) fn print(lines: &[Line], json: bool) -> Result<()> {
    if json {
        return show::json(&serde_json::json!({ "holds": holds(lines), "findings": lines }));
    }
    let mut text = String::new();
    for line in lines {
        let mark = match line.state {
            State::Ok => "[OK]",
            State::Skipped => "[--]",
            State::Failed => "[ERROR]",
        };
        writeln!(text, "{mark:<8}{:<14}{}", line.about, line.found)?;
        if let Some(advice) = &line.advice {
            writeln!(text, "{:<22}{advice}", "")?;
        }
    }
    Ok(show::result(text.trim_end())?)
}
