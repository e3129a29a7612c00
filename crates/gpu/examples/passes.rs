//! Times a model and its gradient, product by product and in one pass, and prints how many bytes of sums are read back.
//! Times are for all rows, the median of several rounds in turn.
//!
//! `cargo run --profile ci -p adit-gpu --example passes`

use std::rc::Rc;
use std::time::Instant;

use adit_core::kernel::engine::{Engine, EngineError};
use adit_core::kernel::gradient::transpose;
use adit_core::kernel::{PackedBack, PackedLayer, PackedLayers, Rows, Running};
use adit_core::random::SplitMix64;
use adit_core::unit::Requant;
use adit_gpu::{AdapterChoice, Graphics, PackedOperand};
use futures::executor::block_on;

const DIMS: [usize; 4] = [784, 256, 128, 10];
const ROWS: usize = 1024;
const ROUNDS: usize = 11;
const SCALE: Requant = Requant { multiplier: 1_518_500_250, shift: 40 };

type Layers = Rc<PackedLayers<PackedOperand<i8>>>;

const WAYS: [&str; 2] = ["product by product", "in one pass"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = block_on(Graphics::open(AdapterChoice::Any, |_| None))?;
    println!("{}, {}", engine.facts().name, engine.kernels());
    for gradient in [false, true] {
        let (prepared, rows) = model(&engine, gradient)?;
        let mut times = vec![Vec::new(); WAYS.len()];
        let mut outputs = Vec::new();
        for round in 0..=ROUNDS {
            for (way, times) in WAYS.into_iter().zip(&mut times) {
                let started = Instant::now();
                let output = block_on(run(&engine, &prepared, &rows, way))?;
                // The first round warms up.
                if round > 0 {
                    times.push(started.elapsed().as_secs_f64() * 1e3);
                }
                outputs.push(output);
            }
        }
        assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]), "every way gives the same bits");
        println!(
            "{} of {ROWS} rows, {DIMS:?}: {} kB of sums",
            if gradient { "gradient" } else { "model" },
            outputs[0].len() / 250
        );
        for (way, times) in WAYS.into_iter().zip(&mut times) {
            times.sort_by(f64::total_cmp);
            println!("  {way:20} {:8.2} ms", times[times.len() / 2]);
        }
    }
    Ok(())
}

fn model(engine: &Graphics, gradient: bool) -> Result<(Layers, Rows), EngineError> {
    let mut values = SplitMix64::new(1);
    let mut layers = Vec::new();
    for (index, pair) in DIMS.windows(2).enumerate() {
        let (k, n) = (pair[0], pair[1]);
        let weights = values.weights(k * n);
        let requant = (gradient || index + 2 < DIMS.len()).then_some(SCALE);
        let mut back = None;
        if gradient && index > 0 {
            back = Some(PackedBack { transposed: engine.pack(&transpose(&weights, k, n), n, k)?, scale: SCALE });
        }
        layers.push(PackedLayer { packed: engine.pack(&weights, k, n)?, k, n, bias: vec![64; n], requant, back });
    }
    let targets = if gradient { values.weights(ROWS * DIMS[DIMS.len() - 1]) } else { Vec::new() };
    let rows = Rows { count: ROWS, input: values.activations(ROWS * DIMS[0]), targets };
    Ok((Rc::new(PackedLayers { layers }), rows))
}

async fn run(
    engine: &Graphics,
    prepared: &Layers,
    rows: &Rows,
    way: &str,
) -> Result<Vec<i32>, Box<dyn std::error::Error>> {
    let mut running = Running::new(prepared.clone(), rows.clone(), Vec::new());
    if way == WAYS[0] {
        while let Some(step) = running.step(ROWS) {
            engine.carry_out(step).await?;
            running.advance();
        }
    } else {
        while let Some(pass) = running.pass(ROWS) {
            engine.pass(pass).await?;
        }
    }
    Ok(running.into_output())
}
