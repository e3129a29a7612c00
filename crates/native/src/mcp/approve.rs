//! `adit mcp approve`: a person's yes to what an agent asked.

use adit_mcp::act::Question;
use adit_mcp::escape::escape_line;
use anyhow::{Context, Result, ensure};
use zeroize::Zeroizing;

use super::questions;
use crate::home::{Home, KeyFile, Sealing};
use crate::stop::Stopped;
use crate::{show, stop};

/// The longest passphrase.
const MOST_BYTES: u64 = 4 << 10;
/// The longest line that is shown of a question, in characters.
const MOST_CHARS: usize = 4_000;

pub(super) async fn run(id: &str, home: &Home) -> Result<()> {
    let question = questions::question(home, id)?;
    let found = KeyFile::look(home.key())?.context("there is no key beside this question")?;
    // Without a passphrase anybody could approve, and so could an agent.
    ensure!(
        found.1 == Sealing::Sealed,
        "the miner's key is not sealed: start `adit mine` once with ADIT_PASSPHRASE set"
    );
    let approval = question.approval().context("the question names no tool of this version: let the agent ask anew")?;
    show::message(shown(&question));
    let passphrase = ask("Passphrase of the miner's key, to say yes: ").await?;
    let key = KeyFile::open_or_make(home.key(), Some(&passphrase))?.key;
    questions::answer(home, id, &key.sign(&approval)).context("the answer cannot be kept")?;
    Ok(show::result("Approved, once. Tell the agent to call the tool again")?)
}

/// The question as a terminal shows it. An agent may have written any part of it.
fn shown(Question { tool, arguments, sentence, principal, .. }: &Question) -> String {
    let (tool, principal) = (escape_line(tool, 100), escape_line(principal, 100));
    format!(
        "An agent ({principal}) wants to call {tool}:\n\n  {}\n\n  {}\n\nWithout a passphrase nothing happens.",
        escape_line(sentence, MOST_CHARS),
        escape_line(arguments, MOST_CHARS)
    )
}

/// Asks at the terminal, whatever standard input is, and shows nothing of what is typed.
#[cfg(unix)]
async fn ask(prompt: &'static str) -> Result<Zeroizing<String>> {
    use std::fs::{File, OpenOptions};
    use std::io::{BufRead, BufReader, Read, Write};

    let nobody = "a yes is given at a terminal, and this process has none";
    let mut terminal: File = OpenOptions::new().read(true).write(true).open("/dev/tty").context(nobody)?;
    let quiet = Quiet::begin(&terminal).context(nobody)?;
    terminal.write_all(prompt.as_bytes())?;
    let typed = terminal.try_clone()?;
    let reading = tokio::task::spawn_blocking(move || {
        let mut line = Zeroizing::new(String::new());
        BufReader::new(typed.take(MOST_BYTES)).read_line(&mut line).map(|_| line)
    });
    let line = tokio::select! {
        line = reading => line??,
        () = stop::signal() => return Err(Stopped("Stopped; nothing was approved".into()).into()),
    };
    drop(quiet);
    writeln!(terminal)?;
    let passphrase = Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned());
    ensure!(!passphrase.is_empty(), "no passphrase was given; nothing was approved");
    Ok(passphrase)
}

#[cfg(not(unix))]
async fn ask(_: &'static str) -> Result<Zeroizing<String>> {
    anyhow::bail!("this system has no way yet to ask at a terminal: allow the tool with `adit mcp --allow TOOL`")
}

/// A terminal without echo, until this is dropped.
#[cfg(unix)]
struct Quiet {
    terminal: std::fs::File,
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl Quiet {
    fn begin(terminal: &std::fs::File) -> std::io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        // Input typed before the question does not answer it.
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Quiet { terminal: terminal.try_clone()?, before })
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // The terminal is gone if this fails.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_shown_so_that_it_acts_on_no_terminal() {
        let question = Question {
            id: "0011223344556677".into(),
            tool: "unpin_content".into(),
            arguments: "{\"cid\":\"\u{1b}[2J\u{202e}\"}".into(),
            sentence: "Unpin\n\nPassphrase: \u{7}".into(),
            principal: "stdio".into(),
        };
        let text = shown(&question);
        assert!(text.contains("Unpin  Passphrase: \\u{7}") && text.contains("\\u{1b}[2J\\u{202e}"), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'));
    }
}
