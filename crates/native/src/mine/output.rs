//! Where a miner reports: in lines, or on the whole screen.

use std::io::Stdout;

use adit_miner::driver::Control;
use adit_miner::notice::{Notice, Status};
use anyhow::Result;
use futures::channel::mpsc::UnboundedSender;

use super::banner::Banner;
use super::printer::{Printer, shown};
#[cfg(feature = "tui")]
use super::screen::Screen;

pub(super) enum Output {
    Lines(Box<Printer<Stdout>>),
    #[cfg(feature = "tui")]
    Screen(Screen),
}

impl Output {
    /// Lines if they are asked for, or if there is no terminal.
    pub(super) fn open(
        lines: bool,
        json: bool,
        banner: &Banner<'_>,
        person: &UnboundedSender<Control>,
    ) -> Result<Self> {
        #[cfg(feature = "tui")]
        if !lines && !json && is_terminal() {
            return Ok(Output::Screen(Screen::open(banner, person.clone())?));
        }
        let _ = lines;
        let mut printer = Printer::new(std::io::stdout(), json, person.clone());
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

    pub(super) fn warn(&mut self, text: &str) {
        match self {
            Output::Lines(printer) => printer.warn(text),
            #[cfg(feature = "tui")]
            Output::Screen(screen) => screen.warn(text),
        }
    }

    /// Gives the terminal back after mining, with the last figures on it.
    pub(super) fn close(self, status: Option<&Status>) {
        if self.is_whole_screen() {
            drop(self);
            if let Some(status) = status {
                println!("{}\n[OK] Stopped", shown(status));
            }
        }
    }
}

#[cfg(feature = "tui")]
fn is_terminal() -> bool {
    use std::io::IsTerminal;
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !dumb
}
