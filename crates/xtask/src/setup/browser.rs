//! Finds the Chromium in which tests open pages.

use std::path::PathBuf;

use crate::shell;

/// The variable that names the browser for the programs that we start; a person may set it too.
pub(crate) const CHROMIUM: &str = "ADIT_CHROMIUM";

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

pub(crate) fn find() -> Option<PathBuf> {
    match std::env::var_os(CHROMIUM) {
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => NAMES.into_iter().find_map(shell::find),
    }
}
