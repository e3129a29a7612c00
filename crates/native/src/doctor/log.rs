//! Checks that messages and logs can be written.

use adit_fetch::{Fetch, Request};
use adit_protocol::paths;

use crate::report::Line;
use crate::server::Http;
use crate::show;

/// The coordinator's count of lines that its log lost.
const LOST: &str = "adit_log_lines_lost_total";

/// Shows a message, and says whether it could be written.
pub(super) fn own() -> Line {
    show::message("Looking at this machine; measuring takes some seconds");
    match show::messages().lost() {
        0 => Line::ok("log", "standard error takes messages"),
        _ => Line::skipped("log", "standard error takes no messages: its reader is gone, or its disk is full")
            .advise("programs work without it; give them a log that can be written"),
    }
}

/// Checks that a coordinator could write its whole log; no line if it does not report that.
pub(super) async fn of_coordinator(http: &Http, server: &str) -> Option<Line> {
    let answer = http.fetch(Request::get(format!("{server}{}", paths::METRICS)).timeout_ms(5_000)).await.ok()?;
    let lost = lost(std::str::from_utf8(&answer.body).ok()?)?;
    Some(match lost {
        0 => Line::ok("its log", "the coordinator could write every line"),
        _ => Line::skipped("its log", format!("the coordinator could not write {lost} lines since its start"))
            .advise("look where its standard error goes: the reader may be gone, or the disk full"),
    })
}

fn lost(metrics: &str) -> Option<u64> {
    metrics.lines().find_map(|line| line.strip_prefix(LOST)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_among_the_metrics() {
        let text = "# HELP adit_log_lines_lost_total Lines\n# TYPE adit_log_lines_lost_total counter\n\
                    adit_log_lines_lost_total 12\nadit_other 3\n";
        assert_eq!(lost(text), Some(12));
        assert_eq!(lost("adit_other 3\n"), None);
    }
}
