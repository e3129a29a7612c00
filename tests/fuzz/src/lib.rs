//! Fuzz targets: every decoder of untrusted bytes, in one table.
//!
//! `cargo xtask fuzz` runs each target under libFuzzer. The test `targets` runs it on its seeds, on inputs that once
//! failed (`tests/fuzz/known/NAME/`) and on a few thousand mutations. A target panics only if the decoder does or an
//! invariant is violated. A new decoder is a new line in [`TARGETS`].

mod content;
mod files;
mod input;
mod miner;
mod mutate;
mod outputs;
mod proofs;
mod router;
mod rustchain;
mod samples;
mod statements;
mod texts;
mod words;

use std::path::Path;

pub use mutate::Mutator;
pub use samples::{Sample, samples};

/// A decoder and its seeds.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Decodes, and panics if an invariant is violated.
    pub run: fn(&[u8]),
    /// Valid inputs, which reach far into the decoder.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    // core
    Target { name: "statements", run: statements::statements, seeds: statements::statement_seeds },
    Target { name: "units", run: statements::units, seeds: statements::unit_seeds },
    Target { name: "texts", run: texts::texts, seeds: texts::text_seeds },
    Target { name: "keys", run: texts::keys, seeds: texts::key_seeds },
    Target { name: "outputs", run: outputs::outputs, seeds: outputs::output_seeds },
    Target { name: "counterexamples", run: outputs::counterexamples, seeds: outputs::counterexample_seeds },
    Target { name: "recheck", run: proofs::recheck, seeds: proofs::recheck_seeds },
    Target { name: "log", run: proofs::log, seeds: proofs::log_seeds },
    // protocol
    Target { name: "requests", run: words::requests, seeds: words::request_seeds },
    Target { name: "responses", run: words::responses, seeds: words::response_seeds },
    // content
    Target { name: "cids", run: content::cids, seeds: content::cid_seeds },
    Target { name: "nodes", run: content::nodes, seeds: content::node_seeds },
    Target { name: "cars", run: content::cars, seeds: content::car_seeds },
    // rustchain
    Target { name: "canonical", run: rustchain::canonical, seeds: rustchain::canonical_seeds },
    Target { name: "attestations", run: rustchain::attestations, seeds: rustchain::attestation_seeds },
    Target { name: "node_answers", run: rustchain::answers, seeds: rustchain::answer_seeds },
    Target { name: "share_lists", run: rustchain::lists, seeds: rustchain::list_seeds },
    // coordinator
    Target { name: "npy", run: files::npy, seeds: files::npy_seeds },
    Target { name: "csv", run: files::csv, seeds: files::csv_seeds },
    Target { name: "safetensors", run: files::safetensors, seeds: files::safetensors_seeds },
    Target { name: "floats", run: files::floats, seeds: files::floats_seeds },
    Target { name: "table", run: files::table, seeds: files::table_seeds },
    Target { name: "blocks", run: files::blocks, seeds: files::blocks_seeds },
    Target { name: "router", run: router::router, seeds: router::seeds },
    // miner
    Target { name: "journal", run: miner::journal, seeds: miner::journal_seeds },
    Target { name: "miner", run: miner::miner, seeds: miner::seeds },
];

/// The target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// The variable that names the target to fuzz.
pub const TARGET: &str = "ADIT_FUZZ";
/// The variable that names a folder for the target's seeds.
pub const SEEDS: &str = "ADIT_FUZZ_SEEDS";

/// The target that [`TARGET`] names, after its seeds have been written to [`SEEDS`]. Without a name, or with an unknown
/// one, it prints all names and exits.
pub fn chosen() -> &'static Target {
    let name = std::env::var(TARGET).unwrap_or_default();
    let Some(target) = find(&name) else {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        std::process::exit(i32::from(!name.is_empty()));
    };
    if let Some(folder) = std::env::var_os(SEEDS) {
        target.write_seeds(Path::new(&folder)).expect("cannot write the seeds");
    }
    target
}

impl Target {
    fn write_seeds(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut seeds = (self.seeds)().into_iter().enumerate();
        seeds.try_for_each(|(number, seed)| std::fs::write(folder.join(format!("seed-{number}")), seed))
    }
}
