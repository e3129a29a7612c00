//! The page that the program holds.

use std::time::{Duration, SystemTime};

use adit_coordinator::Embedded;
use rust_embed::RustEmbed;

/// The compressed files of www/dist at the time of the build; none where it was not built.
#[derive(RustEmbed)]
#[folder = "../../www/dist"]
#[include = "*.gz"]
#[include = "*.br"]
#[allow_missing = true]
struct Files;

/// The page, if the program holds one.
pub(super) fn embedded() -> Option<Embedded> {
    let files = Files::iter().filter_map(|path| {
        let file = Files::get(&path)?;
        let built = Duration::from_secs(file.metadata.last_modified().unwrap_or_default());
        // Two builds within a second differ by what is in the file.
        let [a, b, c, ..] = file.metadata.sha256_hash();
        let apart = Duration::from_nanos(u64::from(u32::from_le_bytes([a, b, c, 0])));
        Some((path.into_owned(), file.data, SystemTime::UNIX_EPOCH + built + apart))
    });
    Some(Embedded::new(files)).filter(Embedded::has_page)
}
