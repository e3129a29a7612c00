//! A seeded simulation in virtual time: honest, lazy, lying, colluding, hoarding and flapping miners, a network that
//! loses and repeats messages, a database whose statements fail, and a coordinator that dies. Ledger and answers are
//! checked after every step; in the end every job is done and everybody has what is due.
//!
//! `ADIT_SEED=n` replays one seed and prints its history; `ADIT_SEEDS=from..to` replaces the usual thousand seeds.

mod actor;
mod crowd;
mod orders;
mod siege;
mod truth;
mod wire;
mod world;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};

use world::{Scale, World};

/// A scene that takes a fraction of a second.
const SMALL: Scale = Scale { miners: 8, steps: 120, jobs: 3, longest_ms: 3_600_000 };
/// A scene with hundreds of miners.
const LARGE: Scale = Scale { miners: 300, steps: 6_000, jobs: 40, longest_ms: 3_000 };

/// Runs one scene and returns its history and the numbers of valid, invalid and late outputs.
fn run(seed: u64, scale: Scale) -> Result<(Vec<String>, [usize; 3])> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let mut world = World::new(seed, scale).await?;
        let ended = live(&mut world, scale).await;
        let story = std::mem::take(&mut world.history);
        let tail = story[story.len().saturating_sub(40)..].join("\n");
        ended.with_context(|| format!("seed {seed} fails; replay it with ADIT_SEED={seed}. Lately:\n{tail}"))?;
        Ok((story, world.verdicts()))
    })
}

async fn live(world: &mut World, scale: Scale) -> Result<()> {
    for _ in 0..scale.jobs {
        world.submit().await?;
    }
    for step in 0..scale.steps {
        world.step().await.with_context(|| format!("step {step}"))?;
    }
    world.ends_well().await.context("at the end")
}

/// The seeds to run: those from the environment, or the usual ones.
fn seeds() -> Result<Range<u64>> {
    if let Ok(seed) = std::env::var("ADIT_SEED") {
        let seed = seed.parse()?;
        return Ok(seed..seed + 1);
    }
    match std::env::var("ADIT_SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").context("ADIT_SEEDS is from..to")?;
            Ok(from.parse()?..to.parse()?)
        }
        Err(_) => Ok(1..1_001),
    }
}

#[test]
fn a_thousand_scenes_end_well() -> Result<()> {
    let seeds = seeds()?;
    if let Ok(seed) = std::env::var("ADIT_SEED") {
        let (story, _) = run(seed.parse()?, SMALL)?;
        println!("{}", story.join("\n"));
        return Ok(());
    }
    let next = AtomicU64::new(seeds.start);
    let work = || -> Result<[usize; 3]> {
        let mut verdicts = [0; 3];
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return Ok(verdicts);
            }
            let found = run(seed, SMALL).inspect_err(|_| next.store(seeds.end, Ordering::Relaxed))?.1;
            verdicts.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
        }
    };
    let lanes = std::thread::available_parallelism().map_or(1, usize::from);
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..lanes).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
    });
    let mut verdicts = [0; 3];
    for result in results {
        verdicts.iter_mut().zip(result?).for_each(|(sum, found)| *sum += found);
    }
    println!("valid, invalid and late outputs: {verdicts:?}");
    // A simulation in which nothing happens would find nothing.
    anyhow::ensure!(verdicts.iter().all(|count| *count as u64 >= (seeds.end - seeds.start) / 4), "{verdicts:?}");
    Ok(())
}

#[test]
fn hundreds_of_miners_end_well() -> Result<()> {
    let (_, verdicts) = run(1, LARGE)?;
    println!("valid, invalid and late outputs: {verdicts:?}");
    Ok(())
}

#[test]
fn a_seed_replays_exactly() -> Result<()> {
    for seed in [3, 4, 5] {
        let (first, second) = (run(seed, SMALL)?.0, run(seed, SMALL)?.0);
        assert!(first == second, "seed {seed} has two histories");
    }
    Ok(())
}
