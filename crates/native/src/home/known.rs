//! The keys of coordinators, pinned when they are first seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use adit_core::PublicKey;
use anyhow::{Context, Result};

/// Coordinators' keys by address.
///
/// Keys of loopback addresses are not kept: what listens there changes often, and nobody can intercept it.
#[derive(Debug)]
pub(crate) struct Known {
    path: PathBuf,
    keys: BTreeMap<String, PublicKey>,
}

impl Known {
    pub(crate) fn load(path: PathBuf) -> Result<Self> {
        let keys = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| {
                format!("{} is damaged: move it away to pin every coordinator's key anew", path.display())
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).context(path.display().to_string()),
        };
        Ok(Known { path, keys })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn get(&self, server: &str) -> Option<PublicKey> {
        self.keys.get(server).copied()
    }

    /// Pins the key that a server presented, if it is new.
    pub(crate) fn pin(&mut self, server: &str, key: PublicKey) -> Result<()> {
        if is_loopback(server) || self.keys.get(server) == Some(&key) {
            return Ok(());
        }
        self.keys.insert(server.into(), key);
        let text = serde_json::to_vec_pretty(&self.keys)?;
        super::write_private(&self.path, &text).with_context(|| self.path.display().to_string())
    }
}

/// Whether an address stays on this machine.
pub(crate) fn is_loopback(server: &str) -> bool {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_but_not_for_loopback() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known.json");
        let mut known = Known::load(path.clone()).unwrap();
        known.pin("https://example.org", PublicKey([2; 33])).unwrap();
        known.pin("http://127.0.0.1:8000", PublicKey([3; 33])).unwrap();
        let known = Known::load(path.clone()).unwrap();
        assert_eq!(known.get("https://example.org"), Some(PublicKey([2; 33])));
        assert_eq!(known.get("http://127.0.0.1:8000"), None);
        std::fs::write(&path, "{").unwrap();
        assert!(Known::load(path).is_err());
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for here in ["http://localhost:8000", "http://127.3.2.1/x", "http://[::1]:9", "http://a@127.0.0.1"] {
            assert!(is_loopback(here), "{here}");
        }
        for there in ["http://127.0.0.1@evil.org", "http://localhost.evil.org", "http://10.0.0.1", "https://[fe80::1]"]
        {
            assert!(!is_loopback(there), "{there}");
        }
    }
}
