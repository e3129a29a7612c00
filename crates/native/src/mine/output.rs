//! Where a miner reports: in lines, or on the whole screen.

use adit_miner::notice::{Notice, Status};
use adit_miner::rules::{Decision, Facts};
use anyhow::{Result, ensure};
use futures::channel::mpsc::UnboundedSender;

use super::banner::Banner;
use super::overseer::Wish;
use super::printer::{Printer, shown};
#[cfg(feature = "tui")]
use super::screen::Screen;
use crate::show::{LAST_LINES, Lines};

/// What a person sees of a miner.
#[derive(Clone, Copy)]
pub(super) enum View {
    /// A line of JSON for each notice.
    Json,
    /// Lines of text.
    Lines,
    /// The whole terminal.
    #[cfg(feature = "tui")]
    Screen,
}

impl View {
    /// The whole terminal where there is one, unless something else is asked for.
    pub(super) fn of(json: bool, plain: bool) -> View {
        let screen = if plain { None } else { screen() };
        if json { View::Json } else { screen.unwrap_or(View::Lines) }
    }
}

pub(super) enum Output {
    Lines(Box<Printer<Lines>>),
    #[cfg(feature = "tui")]
    Screen(Screen),
}

impl Output {
    /// Shows the banner in a view; `lines` are for views that print some.
    pub(super) fn open(
        view: View,
        banner: &Banner<'_>,
        lines: &Lines,
        #[cfg_attr(not(feature = "tui"), expect(unused_variables, reason = "only the screen has keys"))]
        person: &UnboundedSender<Wish>,
    ) -> Result<Self> {
        let json = match view {
            View::Json => true,
            View::Lines => false,
            #[cfg(feature = "tui")]
            View::Screen => return Ok(Output::Screen(Screen::open(banner, person.clone())?)),
        };
        let mut printer = Printer::new(lines.clone(), json);
        printer.banner(banner);
        Ok(Output::Lines(Box::new(printer)))
    }

    /// Whether nothing else may be written to the terminal.
    pub(super) fn is_whole_screen(&self) -> bool {
        !matches!(self, Output::Lines(_))
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        match self {
            Output::Lines(printer) => printer.notice(notice),
            #[cfg(feature = "tui")]
            Output::Screen(screen) => screen.notice(notice),
        }
    }

    /// Shows what the rules allow from now on; lines only if that has `changed`.
    pub(super) fn decided(&mut self, decision: &Decision, facts: &Facts, changed: bool) {
        match self {
            Output::Lines(printer) if changed => printer.decided(decision, facts.now_ms),
            Output::Lines(_) => {}
            #[cfg(feature = "tui")]
            Output::Screen(screen) => screen.decided(decision, facts),
        }
    }

    pub(super) fn warn(&mut self, text: &str) {
        match self {
            Output::Lines(printer) => printer.warn(text),
            #[cfg(feature = "tui")]
            Output::Screen(screen) => screen.warn(text),
        }
    }

    /// Gives the terminal back after mining, with the last figures on it.
    pub(super) fn close(self, lines: &Lines, status: Option<&Status>) {
        if self.is_whole_screen() {
            drop(self);
            if let Some(status) = status {
                lines.line(format_args!("{}\n[OK] Stopped", shown(status)));
            }
        }
    }
}

/// Fails if not everything was shown, so that whoever supervises the miner learns of it in the end.
pub(super) fn shown_whole(lines: &Lines) -> Result<()> {
    let written = lines.flush(LAST_LINES);
    let lost = lines.lost();
    ensure!(lost == 0, "{lost} lines could not be written to standard output; the mining went on without them");
    ensure!(written, "nobody reads standard output; the mining went on without its last lines");
    Ok(())
}

/// The whole terminal, if a person sits at one.
#[cfg(feature = "tui")]
fn screen() -> Option<View> {
    use std::io::IsTerminal;
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !dumb;
    terminal.then_some(View::Screen)
}

#[cfg(not(feature = "tui"))]
fn screen() -> Option<View> {
    None
}
