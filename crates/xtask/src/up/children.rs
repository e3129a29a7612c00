//! Child processes: starts them, waits for them, and stops them all at the end.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell;

const LOOK_EVERY: Duration = Duration::from_millis(50);
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Ctrl-C, SIGTERM or SIGHUP.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

/// A process has one handler, however many demonstrations it runs.
static INTERRUPT: OnceLock<Interrupt> = OnceLock::new();

impl Interrupt {
    pub(crate) fn listen() -> Result<Self> {
        if let Some(listening) = INTERRUPT.get() {
            return Ok(listening.clone());
        }
        let pressed = Self(Arc::default());
        let handler = pressed.clone();
        ctrlc::set_handler(move || handler.0.store(true, Ordering::SeqCst))?;
        Ok(INTERRUPT.get_or_init(|| pressed).clone())
    }

    fn is_pressed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) enum Ended {
    /// The awaited program succeeded.
    Itself,
    Interrupted,
}

/// The running programs, in the order in which they started.
pub(crate) struct Children {
    interrupt: Interrupt,
    running: Vec<(&'static str, Child)>,
}

impl Children {
    pub(crate) fn new(interrupt: Interrupt) -> Self {
        Self { interrupt, running: Vec::new() }
    }

    /// Starts a program in a process group of its own, so that Ctrl-C reaches only us and we stop the programs in
    /// order.
    pub(crate) fn start(&mut self, name: &'static str, command: &mut Command) -> Result<()> {
        println!("$ {}", shell::shown(command));
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start {name}"))?;
        self.running.push((name, child));
        Ok(())
    }

    /// Waits until the named program succeeds. It is an error if it fails or if any other program ends.
    pub(crate) fn wait_for(&mut self, name: &str, within: Duration) -> Result<Ended> {
        let started = Instant::now();
        while started.elapsed() < within {
            if self.interrupt.is_pressed() {
                return Ok(Ended::Interrupted);
            }
            match self.take_ended()? {
                Some((ended, status)) if ended == name && status.success() => return Ok(Ended::Itself),
                Some((ended, status)) => bail!("{ended} ended: {status}"),
                None => std::thread::sleep(LOOK_EVERY),
            }
        }
        bail!("{name} has not ended within {} seconds", within.as_secs())
    }

    /// Sleeps until the duration is over or Ctrl-C arrives.
    pub(crate) fn pause(&self, duration: Duration) {
        let started = Instant::now();
        while started.elapsed() < duration && !self.interrupt.is_pressed() {
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Fails if a program has ended or Ctrl-C has arrived.
    pub(crate) fn check(&mut self) -> Result<()> {
        if self.interrupt.is_pressed() {
            bail!("interrupted");
        }
        match self.take_ended()? {
            Some((name, status)) => bail!("{name} ended: {status}"),
            None => Ok(()),
        }
    }

    /// Asks the programs to stop, the last started first, and kills those that do not. Fails if one did not stop
    /// cleanly.
    pub(crate) fn stop_all(&mut self) -> Result<()> {
        let mut result = Ok(());
        while let Some((name, child)) = self.running.pop() {
            let stopped = stop(child).with_context(|| format!("{name} did not stop cleanly"));
            result = result.and(stopped);
        }
        result
    }

    fn take_ended(&mut self) -> Result<Option<(&'static str, ExitStatus)>> {
        for index in 0..self.running.len() {
            if let Some(status) = self.running[index].1.try_wait()? {
                let (name, _) = self.running.remove(index);
                return Ok(Some((name, status)));
            }
        }
        Ok(None)
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for (_, child) in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn stop(mut child: Child) -> Result<()> {
    interrupt(&mut child)?;
    let started = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("{status}"),
            None if started.elapsed() > STOP_WITHIN => {
                child.kill()?;
                child.wait()?;
                bail!("killed after {} seconds", STOP_WITHIN.as_secs());
            }
            None => std::thread::sleep(LOOK_EVERY),
        }
    }
}

/// Sends the signal that Ctrl-C in the program's terminal would send.
#[cfg(unix)]
fn interrupt(child: &mut Child) -> Result<()> {
    if child.try_wait()?.is_none() {
        rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::INT)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn interrupt(child: &mut Child) -> Result<()> {
    Ok(child.kill()?)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn children() -> Children {
        Children::new(Interrupt(Arc::default()))
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_that_ends_before_its_time_is_an_error() -> Result<()> {
        let mut children = children();
        children.start("server", &mut shell("exit 3"))?;
        children.start("job", &mut shell("exec sleep 60"))?;
        let error = children.wait_for("job", Duration::from_secs(30)).err().context("the server ended")?;
        assert!(error.to_string().starts_with("server ended"), "{error}");
        Ok(())
    }

    #[test]
    fn an_unclean_exit_after_an_interrupt_is_an_error() -> Result<()> {
        let mut polite = children();
        polite.start("polite", &mut shell("trap 'exit 0' INT; while :; do sleep 0.05; done"))?;
        std::thread::sleep(Duration::from_millis(300));
        polite.stop_all()?;
        let mut rude = children();
        rude.start("rude", &mut shell("trap 'exit 1' INT; while :; do sleep 0.05; done"))?;
        std::thread::sleep(Duration::from_millis(300));
        assert!(rude.stop_all().is_err());
        Ok(())
    }

    #[test]
    fn ctrl_c_ends_the_wait() -> Result<()> {
        let mut children = children();
        children.start("job", &mut shell("exec sleep 60"))?;
        children.interrupt.0.store(true, Ordering::SeqCst);
        let ended = children.wait_for("job", Duration::from_secs(30))?;
        assert!(matches!(ended, Ended::Interrupted));
        Ok(())
    }
}
