//! Runs every fuzz target on its seeds, on inputs that once failed, and on mutations of both.

use std::path::Path;
use std::time::{Duration, Instant};

use adit_fuzz::{Mutator, TARGETS, Target};
use anyhow::Result;

/// Mutations per target, and the most time for them.
const MUTATIONS: usize = 3_000;
const LONGEST: Duration = Duration::from_secs(4);

/// The target's seeds and the inputs that once made it panic.
fn inputs(target: &Target) -> Result<Vec<Vec<u8>>> {
    let mut inputs = (target.seeds)();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("known").join(target.name);
    if folder.is_dir() {
        for file in std::fs::read_dir(folder)? {
            inputs.push(std::fs::read(file?.path())?);
        }
    }
    Ok(inputs)
}

#[test]
fn no_input_makes_a_decoder_panic() -> Result<()> {
    // ADIT_SEED=n makes other mutations.
    let seed: u64 = std::env::var("ADIT_SEED").map_or(Ok(1), |seed| seed.parse())?;
    for target in TARGETS {
        let (inputs, began) = (inputs(target)?, Instant::now());
        anyhow::ensure!(!inputs.is_empty(), "{} has no seeds", target.name);
        let mut mutator = Mutator::new(seed);
        let mutated = (0..MUTATIONS).map(|_| mutator.next(&inputs)).take_while(|_| began.elapsed() < LONGEST);
        let mut tried = 0;
        for input in inputs.iter().cloned().chain(mutated) {
            let run = std::panic::catch_unwind(|| (target.run)(&input));
            assert!(run.is_ok(), "{}: seed {seed}, input {}", target.name, hex::encode(&input));
            tried += 1;
        }
        println!("{}: {tried} inputs in {:.1} s", target.name, began.elapsed().as_secs_f64());
    }
    Ok(())
}
