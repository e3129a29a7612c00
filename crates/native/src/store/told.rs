//! What `adit store` prints: lines, or JSON.

use std::path::Path;

use adit_core::PublicKey;
use adit_miner::store::{Event, Figures, Loss};
use adit_protocol::storage::{Answered, PROVES};
use serde_json::{Value, json};

use super::args::Args;
use crate::show::{self, Lines};

/// Where it is told.
#[derive(Clone)]
pub(super) struct Told {
    lines: Lines,
    json: bool,
}

impl Told {
    pub(super) fn new(json: bool) -> Self {
        Told { lines: show::report(), json }
    }

    fn tell(&self, value: Value, text: String) {
        if self.json { self.lines.line(value) } else { self.lines.line(text) }
    }

    pub(super) fn begins(&self, args: &Args, folder: &Path, key: &PublicKey) {
        let (coordinator, share) = (&args.coordinator, args.share);
        let value = json!({
            "event": "begins", "coordinator": coordinator, "share_bytes": share, "folder": folder.display().to_string(), "key": key,
        });
        let folder = folder.display();
        self.tell(value, format!("Holding up to {} for {coordinator} in {folder}\nKey {key}", bytes(share)));
    }

    pub(super) fn note(&self, text: &str) {
        self.tell(json!({ "event": "note", "text": text }), format!("Note: {text}"));
    }

    /// What a holder tells.
    pub(super) fn happened(&self, figures: &Figures, event: &Event<'_>) {
        match event {
            // Whoever started the holder remembers the key.
            Event::Registered(_) => {}
            Event::Held(replica, length) => self.held(&replica.to_string(), *length, *figures),
            Event::Lost(replicas, _, why) => self.lost(*replicas, why_lost(*why)),
            Event::Released(replicas) => self.released(*replicas),
            Event::GaveBack(replica) => self.gave_back(&replica.to_string()),
            Event::Answered(answer, took_ms) => self.answered(answer, *took_ms),
            Event::Full(why) => self.full(why),
            Event::Failed(error) => self.failed(&error.to_string()),
        }
    }

    /// A replica is whole.
    fn held(&self, replica: &str, length: u64, figures: Figures) {
        let value = json!({
            "event": "held", "replica": replica, "bytes": length,
            "replicas": figures.replicas, "held_bytes": figures.bytes,
        });
        let Figures { replicas, bytes: all, .. } = figures;
        self.tell(value, format!("Took a replica of {}; {replicas} now, {} in all", bytes(length), bytes(all)));
    }

    /// Some replicas are lost.
    fn lost(&self, replicas: u64, why: &str) {
        let value = json!({ "event": "lost", "replicas": replicas, "why": why });
        self.tell(value, format!("Lost {replicas} replicas ({why}); reported, and made again elsewhere"));
    }

    /// The coordinator no longer wants some replicas.
    fn released(&self, replicas: u64) {
        let value = json!({ "event": "released", "replicas": replicas });
        self.tell(value, format!("The coordinator no longer needs {replicas} replicas; their room is free"));
    }

    /// A replica was given back.
    fn gave_back(&self, replica: &str) {
        let value = json!({ "event": "gave_back", "replica": replica });
        self.tell(value, "Gave a replica back: its content was asked for".into());
    }

    /// A window has a verdict.
    fn answered(&self, answer: &Answered, took_ms: u64) {
        let receipt = &answer.receipt.receipt;
        let value = json!({
            "event": "answered", "verdict": receipt.verdict, "reward": answer.reward, "lease": receipt.lease,
            "sampled": receipt.strength(), "missing_at_most_ppm": answer.missing_at_most_ppm, "took_ms": took_ms,
            "proves": PROVES,
        });
        let (verdict, strength, ppm) = (receipt.verdict.name(), receipt.strength(), answer.missing_at_most_ppm);
        let reward = answer.reward;
        let text = format!(
            "Window {verdict}: {strength} in {took_ms} ms, {reward} NNET pending; at most {ppm} ppm missing ({PROVES})"
        );
        self.tell(value, text);
    }

    /// There is no room.
    fn full(&self, why: &str) {
        let value = json!({ "event": "full", "why": why });
        let text = format!("{why}: no room for more. What is held stays; free some room, or offer less with --share");
        self.tell(value, text);
    }

    /// A turn failed, and is tried again.
    fn failed(&self, error: &str) {
        let value = json!({ "event": "failed", "error": error });
        self.tell(value, format!("Failed, and will try again: {error}"));
    }

    pub(super) fn ends(&self, figures: Figures) {
        let Figures { replicas, bytes: held, windows, passed, earned, .. } = figures;
        let value = json!({
            "event": "ends", "replicas": replicas, "held_bytes": held, "windows": windows, "passed": passed,
            "pending_nano": earned,
        });
        let text = format!(
            "Stopped; {replicas} replicas ({}) stay, and {passed} of {windows} windows were passed. Start again \
             soon: a challenge that comes meanwhile is missed, and the next window pays nothing",
            bytes(held)
        );
        self.tell(value, text);
        self.lines.flush(show::LAST_LINES);
    }
}

/// Why replicas are lost.
fn why_lost(why: Loss) -> &'static str {
    match why {
        Loss::Gone => "their files are gone",
        Loss::Damaged => "they are damaged",
        Loss::Seen => "a look through them found damage",
    }
}

/// A number of bytes for people.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}
