//! Which content was sealed through the tools: its CIDs, a line each, in a file beside the miner's key.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adit_content::Cid;
use anyhow::{Context, Result};

use crate::home::append_private;

/// The list. Servers that run at once share the file.
pub(super) struct Ledger {
    file: PathBuf,
    known: Mutex<BTreeSet<String>>,
}

impl Ledger {
    pub(super) fn open(file: PathBuf) -> Result<Self> {
        let known = Mutex::new(read(&file).with_context(|| file.display().to_string())?);
        Ok(Ledger { file, known })
    }

    pub(super) fn add(&self, cid: &Cid) -> io::Result<()> {
        append_private(&self.file, format!("{cid}\n").as_bytes())?;
        self.known().insert(cid.to_string());
        Ok(())
    }

    pub(super) fn has(&self, cid: &Cid) -> bool {
        let cid = cid.to_string();
        if self.known().contains(&cid) {
            return true;
        }
        // Another server may have added it.
        if let Ok(all) = read(&self.file) {
            *self.known() = all;
        }
        self.known().contains(&cid)
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(file: &PathBuf) -> io::Result<BTreeSet<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_server_sealed_every_other_one_knows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/mcp.sealed");
        let (one, other) = (Ledger::open(file.clone()).unwrap(), Ledger::open(file.clone()).unwrap());
        let cid: Cid = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e".parse().unwrap();
        assert!(!one.has(&cid) && !other.has(&cid));
        one.add(&cid).unwrap();
        assert!(one.has(&cid) && other.has(&cid) && Ledger::open(file).unwrap().has(&cid));
    }
}
