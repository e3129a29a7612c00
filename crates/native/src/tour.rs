//! What the program shows when it is started without a command at a terminal: what it is, and the few commands that
//! people start with, on one screen.

use std::fmt::Write;
use std::io::{IsTerminal, stderr, stdout};

use anyhow::Result;

use crate::show;

/// What a person may want, and the commands for it.
const WISHES: &[(&str, &[&str])] = &[
    ("See what this machine can do", &["adit doctor"]),
    ("Mine, and be paid for what was verified", &["adit mine --server https://adit.example"]),
    #[cfg(feature = "serve")]
    ("Run a coordinator, with a page to mine in", &["adit serve"]),
    #[cfg(feature = "jobs")]
    ("Have something computed", &["adit submit matmul A.npy B.npy -o C.npy"]),
    #[cfg(feature = "serve")]
    ("Keep a miner running", &["adit service install mine --server https://adit.example"]),
    ("Check a receipt yourself", &["adit verify --lease ID"]),
];

/// Whether a person started the program with nothing to do.
pub(crate) fn is_wanted() -> bool {
    std::env::args_os().len() == 1 && stdout().is_terminal() && stderr().is_terminal()
}

/// Shows the screen.
pub(crate) fn show() -> Result<()> {
    let styled = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Ok(show::result(screen(styled))?)
}

fn screen(styled: bool) -> String {
    let (bold, faint, plain) = if styled { ("\x1b[1m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let mut text = format!(
        "\n  {bold}adit {}{plain}  Useful work for the device you have.\n\n  Every result is verified, for a fraction of what it \
         cost to compute, and paid\n  for in integers. Nobody is paid for a claim.\n\n",
        env!("CARGO_PKG_VERSION")
    );
    for (wish, commands) in WISHES {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {faint}{wish}{plain}");
        for command in *commands {
            let _ = writeln!(text, "    {bold}{command}{plain}");
        }
    }
    text + "\n  adit COMMAND --help explains a command, adit --help lists them all."
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Cli;

    #[test]
    fn the_tour_fits_a_screen_and_its_commands_are_understood() {
        let text = screen(false);
        let (lines, widest) = (text.lines().count(), text.lines().map(|line| line.chars().count()).max());
        // The prompt takes the last line.
        assert!(lines <= 23 && widest <= Some(80), "{lines} lines, {widest:?} columns");
        assert!((3..=6).contains(&WISHES.len()));
        for command in WISHES.iter().flat_map(|(_, commands)| *commands) {
            assert!(text.contains(command));
            let command = command.replace("ID", &"0".repeat(32));
            if let Err(error) = Cli::try_parse_from(command.split(' ')) {
                panic!("{command}: {error}");
            }
        }
        assert!(screen(true).contains('\x1b') && !text.contains('\x1b'));
    }
}
