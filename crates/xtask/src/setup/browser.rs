//! Finds the browsers in which tests open pages.

use std::path::PathBuf;

use crate::shell;

/// The variables that name the browsers for the programs that we start; a person may set them too.
pub(crate) const CHROMIUM: &str = "ADIT_CHROMIUM";
pub(crate) const FIREFOX: &str = "ADIT_FIREFOX";

pub(crate) fn find() -> Option<PathBuf> {
    named(CHROMIUM, &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
}

pub(crate) fn firefox() -> Option<PathBuf> {
    named(FIREFOX, &["firefox-esr", "firefox"])
}

fn named(variable: &str, names: &[&str]) -> Option<PathBuf> {
    match std::env::var_os(variable) {
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => names.iter().copied().find_map(shell::find),
    }
}
