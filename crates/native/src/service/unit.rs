//! The text of a unit, made from the files in `packaging/`.

use std::path::Path;

use anyhow::{Result, ensure};

use super::{Scope, What};

/// The first line of every unit that this program writes, by which it knows them again.
pub(super) const MARK: &str = "# Written by `adit service install`; `adit service remove` takes it away.";

const COORDINATOR: &str = include_str!("../../packaging/adit.service");
const MINER: &str = include_str!("../../packaging/adit-mine.service");

/// What a manager of one person's services can do for them: it has no privileges to give away and no view of the file
/// system to change. Other lines of the section stay out.
const OF_A_PERSON: [&str; 18] = [
    "CPUSchedulingPolicy",
    "ExecStart",
    "KillSignal",
    "LimitNOFILE",
    "LockPersonality",
    "MemoryDenyWriteExecute",
    "Nice",
    "NoNewPrivileges",
    "Restart",
    "RestartSec",
    "RestrictAddressFamilies",
    "RestrictNamespaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "SystemCallArchitectures",
    "SystemCallFilter",
    "TimeoutStopSec",
    "UMask",
];

/// Flags whose values are paths. A service starts in another folder than the person who installs it.
const PATHS: [&str; 4] = ["--config", "--data", "--key", "--web"];

impl What {
    /// The unit's name.
    pub(super) fn unit(self) -> &'static str {
        match self {
            What::Mine => "adit-mine.service",
            What::Serve => "adit.service",
        }
    }

    fn template(self) -> &'static str {
        match self {
            What::Mine => MINER,
            What::Serve => COORDINATOR,
        }
    }

    /// Flags that a service needs, if they are not among the person's own.
    fn needs(self, scope: Scope, home: &Path) -> Vec<(&'static str, Option<String>)> {
        let value = |text: &str| Some(text.to_owned());
        match (self, scope) {
            (What::Mine, Scope::System) => vec![("--plain", None), ("--key", value("/var/lib/adit-mine/miner.key"))],
            (What::Mine, Scope::Person) => vec![("--plain", None)],
            (What::Serve, Scope::System) => vec![("--data", value("/var/lib/adit")), ("--log", value("json"))],
            (What::Serve, Scope::Person) => {
                vec![("--data", Some(home.join("coordinator").display().to_string())), ("--log", value("json"))]
            }
        }
    }
}

/// The command line: the person's flags, their paths absolute, and those that the service needs.
pub(super) fn command(what: What, scope: Scope, flags: &[String], here: &Path, home: &Path) -> Vec<String> {
    let mut words = Vec::new();
    let mut is_path = false;
    for flag in flags {
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        words.push(match (is_path, PATHS.contains(&name)) {
            (true, _) => here.join(flag).display().to_string(),
            (false, true) if !value.is_empty() => format!("{name}={}", here.join(value).display()),
            _ => flag.clone(),
        });
        is_path = !is_path && PATHS.contains(&flag.as_str());
    }
    for (flag, value) in what.needs(scope, home) {
        if !flags.iter().any(|word| word.split('=').next() == Some(flag)) {
            words.push(flag.to_owned());
            words.extend(value);
        }
    }
    words
}

/// The unit that runs `program` with these words.
pub(super) fn text(what: What, scope: Scope, program: &Path, words: &[String]) -> Result<String> {
    let words = std::iter::once(program.display().to_string()).chain([what.word().to_owned()]).chain(words.to_vec());
    let line = words.map(|word| quoted(&word)).collect::<Result<Vec<_>>>()?.join(" ");
    let mut lines = vec![MARK.to_owned()];
    let mut comments = Vec::new();
    for line_of_template in what.template().lines().skip(1) {
        // A comment belongs to the next directive, and goes where it goes.
        if line_of_template.starts_with('#') {
            comments.push(line_of_template.to_owned());
            continue;
        }
        let kept = match line_of_template.split_once('=') {
            Some(("ExecStart", _)) => Some(format!("ExecStart={line}")),
            Some(("WantedBy", _)) if scope == Scope::Person => Some("WantedBy=default.target".to_owned()),
            // The network is the system's business.
            Some(("Wants" | "After", _)) if scope == Scope::Person => None,
            Some((name, _)) if scope == Scope::Person && name != "Description" && !OF_A_PERSON.contains(&name) => None,
            _ => Some(line_of_template.to_owned()),
        };
        if let Some(kept) = kept {
            lines.append(&mut comments);
            lines.push(kept);
        }
        comments.clear();
    }
    lines.dedup_by(|one, other| one.is_empty() && other.is_empty());
    Ok(lines.join("\n") + "\n")
}

/// A word as systemd reads it: `%` and `$` stand for other things there.
fn quoted(word: &str) -> Result<String> {
    ensure!(!word.contains(['\n', '\r', '\0']), "a unit cannot hold a line break: {word:?}");
    let word = word.replace('%', "%%").replace('$', "$$");
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "%$-_./:=,@+[]".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Ok(word);
    }
    Ok(format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests;
