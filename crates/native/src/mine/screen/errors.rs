//! Standard error while the screen is ours: graphics libraries write to it, and what they write must not stand between the
//! lines. It becomes messages.

#[cfg(unix)]
pub(super) use unix::{give_back, take};

#[cfg(unix)]
mod unix {
    use std::io::{self, BufRead, BufReader};
    use std::os::fd::{AsFd, OwnedFd};
    use std::sync::{Mutex, PoisonError};
    use std::thread;

    /// Where standard error went before.
    static BEFORE: Mutex<Option<OwnedFd>> = Mutex::new(None);

    /// From now on every line goes to `tell`.
    pub(in super::super) fn take(tell: impl Fn(&str) + Send + 'static) -> io::Result<()> {
        let (reader, writer) = io::pipe()?;
        let before = io::stderr().as_fd().try_clone_to_owned()?;
        thread::Builder::new().name("errors".into()).spawn(move || {
            // Words in another encoding end nothing.
            for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
                tell(&String::from_utf8_lossy(&line));
            }
        })?;
        rustix::stdio::dup2_stderr(&writer)?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        Ok(())
    }

    /// Everything as it was.
    pub(in super::super) fn give_back() {
        if let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = rustix::stdio::dup2_stderr(&before);
        }
    }
}

#[cfg(not(unix))]
pub(super) fn take(_: impl Fn(&str) + Send + 'static) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn give_back() {}
