//! How fast an engine is, and whether it agrees: found out before it gets its first unit.

use adit_core::Kind;
use adit_core::kernel::Running;
use adit_core::kernel::engine::{Engine, EngineError};
use adit_core::vectors::{FLOATS, Generator, START_UP, TREES, Vector};

/// The first start-up vector that `engine` gets wrong.
pub async fn first_disagreement<E: Engine>(engine: &E) -> Result<Option<&'static str>, EngineError> {
    for vector in START_UP {
        if !agrees(engine, vector).await? {
            return Ok(Some(vector.name));
        }
    }
    Ok(None)
}

/// Whether `engine` computes `vector` right, in passes if it takes its layers, else step by step.
pub async fn agrees<E: Engine>(engine: &E, vector: &Vector) -> Result<bool, EngineError> {
    let (prepared, rows) = vector.try_prepare(|b, k, n| engine.pack(b, k, n))?;
    let mut running = Running::new(prepared.into(), rows);
    // In two parts, for sums may have to be added up.
    let most = vector.rows.div_ceil(2);
    if engine.passes(&running.prepared().layers) {
        while let Some(pass) = running.pass(most) {
            engine.pass(pass).await?;
        }
    } else {
        while let Some(step) = running.step(most) {
            engine.carry_out(step).await?;
            running.advance();
        }
    }
    Ok(vector.matches(&running.into_output()))
}

/// The kinds of `engine` whose vectors it agrees with: those of int8 products as a whole are [`first_disagreement`]'s.
pub async fn kinds<E: Engine>(engine: &E) -> Result<Vec<Kind>, EngineError> {
    let mut kinds = engine.kinds().to_vec();
    if kinds.contains(&Kind::MatmulF32) && !floats_agree(engine).await? {
        kinds.retain(|kind| *kind != Kind::MatmulF32);
    }
    if kinds.contains(&Kind::HashTree) && !trees_agree(engine).await? {
        kinds.retain(|kind| *kind != Kind::HashTree);
    }
    Ok(kinds)
}

async fn floats_agree<E: Engine>(engine: &E) -> Result<bool, EngineError> {
    for vector in FLOATS {
        let ((a, b), mut product) = (vector.operands(), vector.zeros());
        engine.multiply_floats(&a, vector.rows, &engine.pack_floats(b)?, &mut product).await?;
        if !vector.matches(&product) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn trees_agree<E: Engine>(engine: &E) -> Result<bool, EngineError> {
    for vector in TREES {
        let mut tree = vector.start();
        while let Some(leaves) = tree.next(E::LEAVES) {
            let digests = engine.hash(leaves).await?;
            tree.take(&digests);
        }
        if !vector.matches(&tree.into_output()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A product to measure with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The most rows at once.
    pub rows: usize,
    /// Inner dimension.
    pub k: usize,
    /// Columns.
    pub n: usize,
}

/// What lanes are measured with at start-up: about the shape of a unit.
pub const START_UP_SHAPE: Shape = Shape { rows: 1024, k: 1024, n: 512 };
/// How much product work a measurement is at least.
pub const START_UP_MS: f64 = 50.0;

/// Multiply-accumulates a second on at least `least_ms` of products, the best of them. Rows and sums count with their way
/// to a device and back; packing does not, for it is done once a job.
pub async fn work_per_s<E: Engine>(
    engine: &E,
    shape: Shape,
    least_ms: f64,
    now_ms: impl Fn() -> f64,
) -> Result<f64, EngineError> {
    let Shape { rows: most, k, n } = shape;
    let mut values = Generator::new(1);
    let (b, a) = (values.weights(k * n), values.activations(most * k));
    let packed = engine.pack(&b, k, n)?;
    let mut sums = vec![0; most * n];
    // The first products are too short for fast engines; they warm them up.
    let (mut best, mut rows) = (0.0f64, (most / 64).max(1));
    let started_ms = now_ms();
    loop {
        let before_ms = now_ms();
        engine.multiply(&a[..rows * k], rows, &packed, &mut sums[..rows * n]).await?;
        let after_ms = now_ms();
        best = best.max((rows * k * n) as f64 * 1e3 / (after_ms - before_ms).max(0.01));
        if after_ms - started_ms >= least_ms {
            return Ok(best);
        }
        rows = (rows * 2).min(most);
    }
}

/// Three digits and a prefix: `12.3 G`; below a thousand the number alone.
pub fn quantity(value: f64) -> String {
    let (scaled, prefix) = match value {
        v if v >= 1e12 => (v / 1e12, "T"),
        v if v >= 1e9 => (v / 1e9, "G"),
        v if v >= 1e6 => (v / 1e6, "M"),
        v if v >= 1e3 => (v / 1e3, "k"),
        v => return format!("{v:.0}"),
    };
    let digits = if scaled >= 100.0 { 0 } else { 1 };
    format!("{scaled:.digits$} {prefix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::kernel::engine::Processor;
    use adit_core::kernel::float::FloatMatrix;
    use adit_core::kernel::{Product, Scalar};
    use futures::executor::block_on;
    use std::cell::Cell;

    #[test]
    fn the_reference_agrees_and_a_wrong_engine_is_named() {
        struct Wrong;
        impl Product for Wrong {
            type Packed = <Scalar as Product>::Packed;
            fn pack(&self, b: &[i8], k: usize, n: usize) -> Self::Packed {
                Scalar.pack(b, k, n)
            }
            fn multiply(&self, a: &[i8], rows: usize, b: &Self::Packed, out: &mut [i32]) {
                Scalar.multiply(a, rows, b, out);
                out[0] ^= i32::from(rows > 1);
            }
            fn multiply_f32(&self, a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
                Scalar.multiply_f32(a, rows, b, out);
                out[0] += f32::from(u8::from(rows > 1));
            }
        }
        assert_eq!(block_on(first_disagreement(&Processor(Scalar))), Ok(None));
        assert_eq!(block_on(kinds(&Processor(Scalar))), Ok(Kind::ALL.to_vec()));
        assert_eq!(block_on(first_disagreement(&Processor(Wrong))), Ok(Some("matmul 3x7x5")));
        let rest = [Kind::MatmulI8, Kind::MlpI8, Kind::GradientI8, Kind::HashTree];
        assert_eq!(block_on(kinds(&Processor(Wrong))), Ok(rest.to_vec()));
    }

    #[test]
    fn the_rate_is_that_of_the_best_product() {
        // Every look at the clock takes 10 ms, so every product does.
        let now = Cell::new(0.0);
        let clock = || now.replace(now.get() + 10.0);
        let shape = Shape { rows: 64, k: 4, n: 5 };
        let rate = block_on(work_per_s(&Processor(Scalar), shape, 100.0, clock)).unwrap();
        assert_eq!(rate, 16.0 * 4.0 * 5.0 * 1e3 / 10.0);
    }

    #[test]
    fn quantities_have_three_digits() {
        assert_eq!(quantity(12_345_678_901.0), "12.3 G");
        assert_eq!(quantity(999_000.0), "999 k");
        assert_eq!((quantity(1_500.0), quantity(0.0)), ("1.5 k".into(), "0".into()));
    }
}
