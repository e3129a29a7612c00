//! The token that opens the server over HTTP.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::home::{close, make_private, random};

/// The shortest token that is taken from a file, in characters.
const LEAST_CHARS: usize = 32;

/// Reads the token, or makes one that only its owner may read.
pub(super) fn open_or_make(path: &Path) -> Result<String> {
    let named = || path.display().to_string();
    let mut bytes = [0; 32];
    random(&mut bytes)?;
    if make_private(path, hex::encode(bytes).as_bytes()).with_context(named)? {
        return Ok(hex::encode(bytes));
    }
    close(path).with_context(named)?;
    let token = std::fs::read_to_string(path).with_context(named)?.trim().to_owned();
    // With an empty token anyone could call.
    ensure!(token.len() >= LEAST_CHARS, "{} does not hold a token: remove it to get a new one", path.display());
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_for_its_owner_and_an_empty_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp.token");
        let made = open_or_make(&path).unwrap();
        assert_eq!((made.len(), open_or_make(&path).unwrap()), (64, made));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "\n").unwrap();
        assert!(open_or_make(&path).is_err());
    }
}
