//! The coordinator's log on standard error.

use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use crate::show;

/// The format of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Text, in colours on a terminal.
    Human,
    /// One JSON object per line.
    Json,
}

impl FromStr for Format {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "human" => Ok(Format::Human),
            "json" => Ok(Format::Json),
            _ => Err("expected human or json"),
        }
    }
}

impl Format {
    /// Reports the coordinator's state: a line of text, or an event.
    pub(super) fn say(self, text: &str) {
        match self {
            Format::Human => show::messages().line(format_args!("[OK] {text}")),
            Format::Json => tracing::info!("{text}"),
        }
    }
}

/// Starts logging, panics included.
pub(super) fn start(format: Format, level: EnvFilter) {
    let log = tracing_subscriber::fmt().with_env_filter(level).with_writer(|| show::messages().clone());
    let log = log.log_internal_errors(false);
    match format {
        Format::Human => log.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        Format::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(false).init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, message = panic.payload_as_str().unwrap_or_default(), "a thread panicked");
        // The program may end now.
        show::messages().flush(show::LAST_LINES);
    }));
}
