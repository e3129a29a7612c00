//! The coordinator's log, on standard error.

use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For people; in colours on a terminal.
    Human,
    /// A JSON object a line.
    Json,
}

impl FromStr for Format {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "human" => Ok(Format::Human),
            "json" => Ok(Format::Json),
            _ => Err("human or json is wanted"),
        }
    }
}

impl Format {
    /// Tells how the coordinator is: a line for people, or an event like any other.
    pub(super) fn say(self, text: &str) {
        match self {
            Format::Human => eprintln!("[OK] {text}"),
            Format::Json => tracing::info!("{text}"),
        }
    }
}

/// Starts to log, panics too.
pub(super) fn start(format: Format, level: EnvFilter) {
    let log = tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr);
    match format {
        Format::Human => log.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        Format::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(false).init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, message = panic.payload_as_str().unwrap_or_default(), "a thread panicked");
    }));
}
