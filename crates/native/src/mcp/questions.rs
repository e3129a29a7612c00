//! Where agents' questions wait for a person: a folder beside the miner's key. An answer is a signature of that key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use adit_core::{PublicKey, Signature};
use adit_mcp::act::{Question, Terminal};
use anyhow::{Context, Result, ensure};

use crate::home::{Home, KeyFile, PASSPHRASE, Sealing, write_private};

/// The largest file of a question or an answer that is read.
const MOST_BYTES: u64 = 64 << 10;
/// Questions this old belong to a server that is gone.
const OLD: Duration = Duration::from_secs(600);
/// The hex digits of a question's number.
const DIGITS: usize = 16;

/// The folder, and the key whose signatures count.
pub(super) struct Folder {
    home: Home,
    /// The key that was seen first. Another key in its place does not count.
    key: OnceLock<PublicKey>,
}

impl Folder {
    /// Opens the folder and removes the questions of servers that are gone.
    pub(super) fn open(home: &Home) -> Self {
        let folder = Folder { home: home.clone(), key: OnceLock::new() };
        // A key made later is noted later.
        drop(folder.sealed_key());
        for entry in fs::read_dir(home.mcp_questions()).into_iter().flatten().flatten() {
            let age = entry.metadata().and_then(|facts| facts.modified()).map(|at| at.elapsed().unwrap_or_default());
            if age.is_ok_and(|age| age > OLD) {
                // A file that cannot be removed does no harm: no server asks about it.
                let _ = fs::remove_file(entry.path());
            }
        }
        folder
    }

    /// The key's public half, if it is sealed and the one that was seen first.
    fn sealed_key(&self) -> Result<PublicKey> {
        let found = KeyFile::look(self.home.key())?;
        let (key, sealing) = found.context("there is no key yet, so initialize_miner has to be called first")?;
        ensure!(
            sealing == Sealing::Sealed,
            "the miner's key is not sealed, so that nobody could prove to be the person: they start `adit mine` once with \
             {PASSPHRASE} set"
        );
        ensure!(
            *self.key.get_or_init(|| key) == key,
            "the miner's key was replaced, so this server has to be started anew"
        );
        Ok(key)
    }
}

impl Terminal for Folder {
    fn hindrance(&self) -> Option<String> {
        self.sealed_key().err().map(|error| format!("{error:#}"))
    }

    fn leave(&self, question: &Question) -> io::Result<()> {
        write_private(&path(&self.home, &question.id, "json"), &serde_json::to_vec_pretty(question)?)
    }

    fn answer(&self, id: &str) -> Option<(Signature, PublicKey)> {
        let text = read(&path(&self.home, id, "yes")).ok()?;
        Some((text.trim().parse().ok()?, self.sealed_key().ok()?))
    }

    fn clear(&self, id: &str) {
        // A file that stays answers no other question.
        ["json", "yes"].iter().for_each(|kind| drop(fs::remove_file(path(&self.home, id, kind))));
    }
}

/// The question of this number.
pub(super) fn question(home: &Home, id: &str) -> Result<Question> {
    let is_number = id.len() == DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase());
    ensure!(is_number, "this is no number of a question: it has {DIGITS} digits, as the agent was told");
    let asked = read(&path(home, id, "json")).with_context(|| {
        format!("there is no question {id} (any more): it ends after five minutes, or with its server. Let the agent ask anew")
    })?;
    let question: Question =
        serde_json::from_str(&asked).context("the question cannot be read: let the agent ask anew")?;
    ensure!(question.id == id, "the question {id} was changed: let the agent ask anew");
    Ok(question)
}

/// Answers a question with yes.
pub(super) fn answer(home: &Home, id: &str, yes: &Signature) -> io::Result<()> {
    write_private(&path(home, id, "yes"), yes.to_string().as_bytes())
}

fn path(home: &Home, id: &str, kind: &str) -> PathBuf {
    home.mcp_questions().join(format!("{id}.{kind}"))
}

fn read(path: &Path) -> io::Result<String> {
    use io::Read;
    let mut text = String::new();
    fs::File::open(path)?.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::sign::SecretKey;
    use adit_mcp::{Code, Desk, Stop, Tool, Way};
    use futures::executor::block_on;
    use serde_json::json;

    fn home(passphrase: Option<&str>) -> (tempfile::TempDir, Home, SecretKey) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(&folder.path().join("miner.key"))).unwrap();
        let key = KeyFile::open_or_make(home.key(), passphrase).unwrap().key;
        (folder, home, key)
    }

    fn asked(home: &Home) -> Option<Question> {
        let entry = fs::read_dir(home.mcp_questions()).ok()?.next()?.ok()?;
        question(home, entry.path().file_stem()?.to_str()?).ok()
    }

    #[test]
    fn a_signature_of_the_sealed_key_answers_once() {
        let (_folder, home, key) = home(Some("correct horse"));
        let desk = Desk::new([], Folder::open(&home), || 0);
        let act = adit_mcp::act::Act::new(Tool::UnpinContent, &json!({ "cid": "a" }), "Unpin a");
        let decide = || block_on(desk.decide(&act, "stdio", &Way::Terminal));
        assert!(matches!(decide(), Err(Stop::Failed(error)) if error.message.contains("adit mcp approve ")));
        let question = asked(&home).unwrap();
        assert_eq!((question.tool.as_str(), question.sentence.as_str()), ("unpin_content", "Unpin a"));
        let stranger = SecretKey::from_bytes(&[9; 32]).unwrap();
        answer(&home, &question.id, &stranger.sign(&question.approval().unwrap())).unwrap();
        assert!(decide().is_err());
        answer(&home, &question.id, &key.sign(&question.approval().unwrap())).unwrap();
        assert_eq!(decide(), Ok(()));
        assert!(asked(&home).is_none(), "the question is still there");
        assert!(decide().is_err());
        drop(desk);
        assert!(asked(&home).is_none());
    }

    /// A key that anybody could read or replace proves nothing.
    #[test]
    fn a_key_that_is_not_sealed_or_was_replaced_approves_nothing() {
        let (_folder, home, _) = home(None);
        let desk = Desk::new([], Folder::open(&home), || 0);
        let act = adit_mcp::act::Act::new(Tool::UnpinContent, &json!({}), "Unpin");
        let code = |decided| match decided {
            Err(Stop::Failed(error)) => (error.code, error.message),
            other => panic!("{other:?}"),
        };
        let (refused, why) = code(block_on(desk.decide(&act, "stdio", &Way::Terminal)));
        assert!(refused == Code::NeedsApproval && why.contains("not sealed") && why.contains("--allow"), "{why}");
        let sealed = KeyFile::open_or_make(home.key(), Some("p")).unwrap().key;
        let folder = Folder::open(&home);
        assert!(folder.hindrance().is_none());
        fs::remove_file(home.key()).unwrap();
        let other = KeyFile::open_or_make(home.key(), Some("q")).unwrap().key;
        assert_ne!(sealed.public_key(), other.public_key());
        assert!(folder.hindrance().is_some_and(|why| why.contains("replaced")));
    }

    #[test]
    fn a_questions_number_leads_nowhere_else() {
        let (_folder, home, _) = home(None);
        for wrong in ["", "../miner", "0011223344556677/..", "00112233445566GG", "00112233445566AA"] {
            assert!(question(&home, wrong).unwrap_err().to_string().contains("no number"), "{wrong}");
        }
        let gone = question(&home, "0011223344556677").unwrap_err();
        assert!(gone.to_string().contains("ask anew"));
    }
}
