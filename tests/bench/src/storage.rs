//! What a storage challenge costs: its check on the coordinator, its answer on a miner that holds 1 GiB in files.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use adit_core::content_id::output_cid;
use adit_core::encoding;
use adit_core::kind::store::tree::{Groups, hash};
use adit_core::kind::store::{DRAWS, Holding, Holdings, MAX_REPLICA_BYTES, Store, WINDOW_MS};
use adit_core::random::SplitMix64;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{median, timed};

/// The goals: the longest check and answer in ms, and the most bytes of an answer.
const MOST_CHECK_MS: f64 = 0.5;
const MOST_ANSWER_MS: f64 = 200.0;
const MOST_ANSWER_BYTES: usize = 100_000;
/// Replicas of the largest size: 1 GiB.
const REPLICAS: u64 = 64;
const RUNS: u8 = 41;

/// A miner's files.
struct Held {
    folder: TempDir,
    holdings: Holdings,
    groups: Vec<Groups>,
}

impl Held {
    fn make() -> Result<Self> {
        let (folder, mut held, mut groups) = (TempDir::new()?, Vec::new(), Vec::new());
        for replica in 0..REPLICAS {
            let bytes: Vec<u8> =
                SplitMix64::new(replica).signed(MAX_REPLICA_BYTES as usize).into_iter().map(|b| b as u8).collect();
            let (root, of_replica) = hash(&bytes);
            File::create(folder.path().join(replica.to_string()))?.write_all(&bytes)?;
            held.push(Holding { root: output_cid(root), length: bytes.len() as u64 });
            groups.push(of_replica);
        }
        Ok(Held { folder, holdings: Holdings(held), groups })
    }

    fn answer(&self, store: &Store) -> Result<Vec<u8>> {
        let mut answer = Vec::new();
        for position in store.positions(self.holdings.chunks()) {
            let (replica, chunk) = self.holdings.place(position).context("no such chunk")?;
            let groups = &self.groups[replica];
            let (first, bytes) = groups.group(chunk);
            let mut file = File::open(self.folder.path().join(replica.to_string()))?;
            let mut group = vec![0; bytes as usize];
            file.seek(SeekFrom::Start(first))?;
            file.read_exact(&mut group)?;
            answer.extend(groups.open(chunk, &group).context("the group is damaged")?);
        }
        Ok(answer)
    }
}

/// Measures both, prints a row each, and checks that a forged answer is refused.
pub fn measure() -> Result<Value> {
    let held = Held::make()?;
    let holdings = encoding::cid_of(&held.holdings);
    let (mut answers, mut checks, mut bytes) = (Vec::new(), Vec::new(), 0);
    for run in 0..RUNS {
        let store = Store { holdings, s: DRAWS, seed: [run; 32], window_ms: WINDOW_MS };
        let (answer_ms, answer) = timed(|| held.answer(&store));
        let answer = answer?;
        let (check_ms, checked) = timed(|| store.check(&held.holdings, &answer));
        ensure!(checked.is_ok(), "a right answer was refused");
        let mut forged = answer.clone();
        forged[usize::from(run) * 1_000] ^= 1;
        ensure!(store.check(&held.holdings, &forged).is_err(), "a forged answer was accepted");
        answers.push(answer_ms);
        checks.push(check_ms);
        bytes = answer.len();
    }
    let (answer_ms, check_ms) = (median(&answers), median(&checks));
    println!("\nStorage, 1 GiB in {REPLICAS} replicas, one thread, medians of {RUNS}\n");
    let rows = [
        ("challenge check, ms", check_ms, MOST_CHECK_MS),
        ("answer, ms", answer_ms, MOST_ANSWER_MS),
        ("answer, bytes", bytes as f64, MOST_ANSWER_BYTES as f64),
    ];
    println!("| what | measured | goal, at most | |\n|---|---:|---:|---|");
    for (what, measured, most) in rows {
        println!("| {what} | {measured:.3} | {most} | {} |", if measured <= most { "met" } else { "missed" });
    }
    Ok(json!({ "check_ms": check_ms, "answer_bytes": bytes, "answer_ms": answer_ms }))
}
