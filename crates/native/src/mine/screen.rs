//! The full-screen view of a miner on a terminal.
//!
//! A thread draws and reads keys; notices change what it draws. However the program ends, [`leave`] gives the terminal back as it
//! was: at the end, before an exit and in a panic.

mod draw;
mod errors;
#[cfg(test)]
mod tests;
mod view;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use adit_miner::notice::Notice;
use adit_miner::rules::{Decision, Facts};
use futures::channel::mpsc::UnboundedSender;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};

use super::banner::Banner;
use super::overseer::Wish;
use view::{Act, View};

/// The longest time between two drawings.
const REFRESH: Duration = Duration::from_millis(200);

/// Whether the terminal is ours. A process has one terminal.
static OURS: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back, if it is ours.
pub(super) fn leave() {
    if OURS.swap(false, Ordering::SeqCst) {
        // A terminal that is gone needs none of it.
        let _ = ratatui::try_restore();
        errors::give_back();
    }
}

/// The terminal while it shows a miner.
pub(super) struct Screen {
    view: Arc<Mutex<View>>,
    started: Instant,
    drawer: Option<JoinHandle<()>>,
}

impl Screen {
    /// Takes over the terminal. Keys are sent as wishes through `person`.
    pub(super) fn open(banner: &Banner<'_>, person: UnboundedSender<Wish>) -> io::Result<Self> {
        let started = Instant::now();
        let view = Arc::new(Mutex::new(View::new(banner)));
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            hook(panic);
        }));
        let terminal = ratatui::try_init().inspect_err(|_| drop(ratatui::try_restore()))?;
        OURS.store(true, Ordering::SeqCst);
        let told = view.clone();
        // If this fails, messages of libraries stay on the screen until it is drawn again.
        let _ = errors::take(move |line| locked(&told).warn(line, started.elapsed().as_millis() as u64));
        let shown = view.clone();
        let drawer = thread::Builder::new().name("screen".into()).spawn(move || {
            // A terminal that is gone ends the view, not the mining.
            if show(terminal, &shown, started, &person).is_err() {
                leave();
            } else if !OURS.load(Ordering::SeqCst) {
                let _ = person.unbounded_send(Wish::Stop);
            }
        });
        Ok(Screen { view, started, drawer: Some(drawer.inspect_err(|_| leave())?) })
    }

    pub(super) fn notice(&self, notice: Notice) {
        locked(&self.view).notice(notice, self.started.elapsed().as_millis() as u64);
    }

    pub(super) fn decided(&self, decision: &Decision, facts: &Facts) {
        locked(&self.view).decided(decision, facts, self.started.elapsed().as_millis() as u64);
    }

    pub(super) fn warn(&self, text: &str) {
        locked(&self.view).warn(text, self.started.elapsed().as_millis() as u64);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
        if let Some(drawer) = self.drawer.take() {
            // The panic hook has reported a panic already.
            let _ = drawer.join();
        }
    }
}

/// Draws and handles keys until the terminal is given back.
fn show(
    mut terminal: DefaultTerminal,
    view: &Mutex<View>,
    started: Instant,
    person: &UnboundedSender<Wish>,
) -> io::Result<()> {
    while OURS.load(Ordering::SeqCst) {
        let mut drawn = locked(view);
        drawn.tick(started.elapsed().as_millis() as u64);
        terminal.draw(|frame| draw::draw(frame, &drawn))?;
        drop(drawn);
        if !event::poll(REFRESH)? {
            continue;
        }
        let Event::Key(key) = event::read()? else { continue };
        if !key.is_press() {
            continue;
        }
        match locked(view).press(key) {
            Act::Nothing => {}
            Act::Tell(wish) => drop(person.unbounded_send(wish)),
            Act::QuitAtOnce => {
                leave();
                std::process::exit(130);
            }
        }
    }
    Ok(())
}

/// Locks the view, even after a panic of another thread.
fn locked(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}
