//! The graphics adapter, and the forms of the kernels that were fastest on it in earlier runs.

use std::collections::BTreeMap;
use std::path::Path;

use adit_core::Kind;
use adit_gpu::{AdapterChoice, AdapterFacts, Graphics, Kernels};
use adit_miner::trial::{self, Rates, START_UP_MS, first_disagreement};
use anyhow::{Result, bail};
use futures::executor::block_on;

use crate::home::write_private;

/// An adapter that agrees with the start-up vectors, with its measurements.
pub(crate) struct Opened {
    pub(crate) engine: Graphics,
    /// The kinds whose vectors it agrees with.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) rates: Rates,
}

/// Opens an adapter and measures it. The forms that win are kept in the file `memory`.
pub(crate) fn open(adapters: AdapterChoice, memory: Option<&Path>) -> Result<Opened> {
    let known = memory.map(read).unwrap_or_default();
    let engine = agreeing(adapters, |facts| known.get(&key(facts)).and_then(|forms| forms.parse().ok()))?;
    let facts = engine.facts();
    let kinds = block_on(trial::kinds(&engine))?;
    let rates = block_on(Rates::measure(&engine, &kinds, START_UP_MS, super::clock()))?;
    if let Some(memory) = memory {
        remember(memory, known, &facts, engine.kernels());
    }
    Ok(Opened { engine, kinds, rates })
}

/// Opens an adapter with forms that won on it before, without measuring it.
pub(crate) fn open_again(adapters: AdapterChoice, kernels: Kernels) -> Result<Graphics> {
    agreeing(adapters, |_| Some(kernels))
}

fn agreeing(adapters: AdapterChoice, recall: impl FnOnce(&AdapterFacts) -> Option<Kernels>) -> Result<Graphics> {
    let engine = block_on(Graphics::open(adapters, recall))?;
    match block_on(first_disagreement(&engine))? {
        None => Ok(engine),
        Some(vector) => bail!("{} computes vector {vector:?} wrong", name(&engine.facts())),
    }
}

/// The adapter's name, marked if the processor emulates it.
pub(crate) fn name(facts: &AdapterFacts) -> String {
    if facts.software { format!("{} (emulated on the processor)", facts.name) } else { facts.name.clone() }
}

/// Forms by adapter.
type Known = BTreeMap<String, String>;

fn key(AdapterFacts { name, backend, driver, .. }: &AdapterFacts) -> String {
    format!("{name}, {backend}, {driver}")
}

/// The forms that earlier runs kept. A file that cannot be read counts as empty: the race is run again.
fn read(memory: &Path) -> Known {
    std::fs::read(memory).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn remember(memory: &Path, mut known: Known, facts: &AdapterFacts, kernels: Kernels) {
    let (key, forms) = (key(facts), kernels.to_string());
    if known.get(&key) == Some(&forms) {
        return;
    }
    known.insert(key, forms);
    if let Ok(text) = serde_json::to_vec_pretty(&known) {
        // If it cannot be written, the next run races again.
        let _ = write_private(memory, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_winner_is_remembered_and_damage_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("miner.adapters.json");
        let Ok(Opened { engine, .. }) = open(AdapterChoice::Any, Some(&memory)) else {
            assert!(std::env::var_os("CI").is_none(), "CI must have a Vulkan adapter");
            eprintln!("skipped: no Vulkan adapter");
            return;
        };
        let (facts, kernels) = (engine.facts(), engine.kernels());
        assert_eq!(read(&memory).get(&key(&facts)).map(|forms| forms.parse()), Some(Ok(kernels)));
        // A winner that this adapter would not choose is used too, for it computes correctly.
        let forms = "spread 4x4 of 8x8 in registers, float 4x4 of 8x8 in registers";
        remember(&memory, Known::new(), &facts, forms.parse().unwrap());
        let Opened { engine, .. } = open(AdapterChoice::Any, Some(&memory)).unwrap();
        assert_eq!(engine.kernels().to_string(), forms);
        std::fs::write(&memory, "{").unwrap();
        assert_eq!(read(&memory), Known::new());
    }
}
