//! The trial of an engine before its first unit: whether it agrees with the vectors, and how fast it is.

use adit_core::Kind;
use adit_core::kernel::Running;
use adit_core::kernel::engine::{Engine, EngineError};
use adit_core::kernel::float::FloatMatrix;
use adit_core::kernel::hash_tree::{LEAF_BYTES, Leaves};
use adit_core::kind::Primitive;
use adit_core::random::SplitMix64;
use adit_core::sign::LeaseId;
use adit_core::vectors::{self, FLOATS, TREES, Vector};

/// The first start-up vector that `engine` gets wrong.
pub async fn first_disagreement<E: Engine>(engine: &E) -> Result<Option<&'static str>, EngineError> {
    for vector in vectors::products() {
        if !agrees(engine, vector).await? {
            return Ok(Some(vector.name));
        }
    }
    Ok(None)
}

/// Whether `engine` computes `vector` correctly: in passes if it takes the layers that way, otherwise step by step.
pub async fn agrees<E: Engine>(engine: &E, vector: &Vector) -> Result<bool, EngineError> {
    let (prepared, rows) = vector.try_prepare(|b, k, n| engine.pack(b, k, n))?;
    let mut running = Running::new(prepared.into(), rows, Vec::new());
    // In two parts, so that results summed over rows have to be added up across parts.
    let most = vector.rows.div_ceil(2);
    if engine.passes(&running.packed().layers) {
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

/// The kinds whose vectors `engine` agrees with. [`first_disagreement`] checks int8 products: an engine that gets those
/// wrong is not used at all.
pub async fn kinds<E: Engine>(engine: &E) -> Result<Vec<Kind>, EngineError> {
    let mut kinds = engine.kinds().to_vec();
    if needs(&kinds, Primitive::Float) && !floats_agree(engine).await? {
        kinds.retain(|kind| kind.facts().primitive != Primitive::Float);
    }
    if needs(&kinds, Primitive::Hash) && !trees_agree(engine).await? {
        kinds.retain(|kind| kind.facts().primitive != Primitive::Hash);
    }
    Ok(kinds)
}

fn needs(kinds: &[Kind], primitive: Primitive) -> bool {
    kinds.iter().any(|kind| kind.facts().primitive == primitive)
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

/// The dimensions of a product that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The most rows of one product.
    pub rows: usize,
    /// Inner dimension.
    pub k: usize,
    /// Columns.
    pub n: usize,
}

/// The product that lanes are measured with at start-up: about the shape of a unit.
pub const START_UP_SHAPE: Shape = Shape { rows: 1024, k: 1024, n: 512 };
/// How long each of an engine's [`Rates`] is measured at start-up, at least. It is short, so that lanes begin soon.
pub const START_UP_MS: f64 = 30.0;

/// The shortest sample: browsers' clocks advance in tenths of a millisecond, or in whole ones.
const SAMPLE_MS: f64 = 5.0;

/// What an engine does per second; zero if it does not do it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Multiply-accumulates of int8.
    pub products: f64,
    /// Multiply-accumulates of f32.
    pub floats: f64,
    /// Bytes hashed as leaves.
    pub bytes: f64,
}

impl Rates {
    /// Measures the primitives that `kinds` need, in the start-up shape.
    pub async fn measure<E: Engine>(
        engine: &E,
        kinds: &[Kind],
        least_ms: f64,
        now_ms: impl Fn() -> f64,
    ) -> Result<Rates, EngineError> {
        let mut rates =
            Rates { products: work_per_s(engine, START_UP_SHAPE, least_ms, &now_ms).await?, ..Rates::default() };
        if needs(kinds, Primitive::Float) {
            rates.floats = floats_per_s(engine, START_UP_SHAPE, least_ms, &now_ms).await?;
        }
        if needs(kinds, Primitive::Hash) {
            rates.bytes = bytes_per_s(engine, least_ms, &now_ms).await?;
        }
        Ok(rates)
    }

    /// The rate of the primitive that `kind` is made of.
    pub fn of(&self, kind: Kind) -> f64 {
        match kind.facts().primitive {
            Primitive::Int8 => self.products,
            Primitive::Float => self.floats,
            Primitive::Hash => self.bytes,
            Primitive::Holding => 0.0,
        }
    }

    /// The kinds at which this engine is faster than `rival`.
    pub fn won(&self, kinds: &[Kind], rival: &Rates) -> Vec<Kind> {
        kinds.iter().copied().filter(|kind| self.of(*kind) > rival.of(*kind)).collect()
    }
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [products, floats, bytes] = [self.products, self.floats, self.bytes].map(quantity);
        write!(f, "{products} int8 and {floats} f32 multiply-adds, {bytes}B hashed a second")
    }
}

/// The best multiply-accumulates per second over at least `least_ms` of int8 products. The time includes moving rows to a
/// device and sums back, but not packing, which happens once a job.
pub async fn work_per_s<E: Engine>(
    engine: &E,
    shape: Shape,
    least_ms: f64,
    now_ms: impl Fn() -> f64,
) -> Result<f64, EngineError> {
    let Shape { rows: most, k, n } = shape;
    let mut values = SplitMix64::new(1);
    let (b, a) = (values.weights(k * n), values.activations(most * k));
    let packed = engine.pack(&b, k, n)?;
    let mut sums = vec![0; most * n];
    let multiply = async |rows: usize| {
        engine.multiply(&a[..rows * k], rows, &packed, &mut sums[..rows * n]).await.map(|()| (rows * k * n) as f64)
    };
    best_per_s(most, least_ms, now_ms, multiply).await
}

/// The best f32 multiply-accumulates per second, measured in the same way.
pub async fn floats_per_s<E: Engine>(
    engine: &E,
    shape: Shape,
    least_ms: f64,
    now_ms: impl Fn() -> f64,
) -> Result<f64, EngineError> {
    let Shape { rows: most, k, n } = shape;
    let mut values = SplitMix64::new(1);
    let mut floats = |count| values.signed(count).into_iter().map(f32::from).collect::<Vec<f32>>();
    let (b, a) = (FloatMatrix { rows: k, cols: n, values: floats(k * n) }, floats(most * k));
    let packed = engine.pack_floats(b)?;
    let mut sums = vec![0.0; most * n];
    let multiply = async |rows: usize| {
        engine
            .multiply_floats(&a[..rows * k], rows, &packed, &mut sums[..rows * n])
            .await
            .map(|()| (rows * k * n) as f64)
    };
    best_per_s(most, least_ms, now_ms, multiply).await
}

/// Bytes per second hashed as the leaves of a tree.
pub async fn bytes_per_s<E: Engine>(engine: &E, least_ms: f64, now_ms: impl Fn() -> f64) -> Result<f64, EngineError> {
    let bytes = vec![0; LEAF_BYTES as usize];
    let hash = async |count: usize| {
        let leaves = Leaves { lease: LeaseId([0; 16]), first: 0, bytes: vec![&bytes; count.min(E::LEAVES)] };
        let hashed = leaves.bytes.len() * bytes.len();
        engine.hash(leaves).await.map(|_| hashed as f64)
    };
    best_per_s(E::LEAVES, least_ms, now_ms, hash).await
}

/// The best rate of `work`, which is told how much to do, at most `most`, and returns how much it did.
async fn best_per_s(
    most: usize,
    least_ms: f64,
    now_ms: impl Fn() -> f64,
    mut work: impl AsyncFnMut(usize) -> Result<f64, EngineError>,
) -> Result<f64, EngineError> {
    // The first calls are too small for a fast engine, but they warm it up.
    let (mut best, mut count) = (0.0f64, (most / 64).max(1));
    let started_ms = now_ms();
    loop {
        let (before_ms, mut done) = (now_ms(), 0.0);
        let after_ms = loop {
            done += work(count).await?;
            count = (count * 2).min(most);
            let at_ms = now_ms();
            if at_ms - before_ms >= SAMPLE_MS {
                break at_ms;
            }
        };
        best = best.max(done * 1e3 / (after_ms - before_ms));
        if after_ms - started_ms >= least_ms {
            return Ok(best);
        }
    }
}

/// A number with three digits and a prefix, as in `12.3 G`; below a thousand, the number alone. It formats integers only: the code
/// that formats floats would add 8 kB to each web package with kernels.
pub fn quantity(value: f64) -> String {
    let (scaled, prefix) = match value {
        v if v >= 1e12 => (v / 1e12, "T"),
        v if v >= 1e9 => (v / 1e9, "G"),
        v if v >= 1e6 => (v / 1e6, "M"),
        v if v >= 1e3 => (v / 1e3, "k"),
        v => return (v.round() as u64).to_string(),
    };
    if scaled >= 100.0 {
        return format!("{} {prefix}", scaled.round() as u64);
    }
    let tenths = (scaled * 10.0).round() as u64;
    format!("{}.{} {prefix}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::kernel::engine::Processor;
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
        let rest = [Kind::MatmulI8, Kind::MlpI8, Kind::GradientI8, Kind::HashTree, Kind::HashTree2];
        assert_eq!(block_on(kinds(&Processor(Wrong))), Ok(rest.to_vec()));
    }

    #[test]
    fn the_rate_is_that_of_the_best_product() {
        // Reading the clock takes 10 ms, so every product takes 10 ms.
        let now = Cell::new(0.0);
        let clock = || now.replace(now.get() + 10.0);
        let shape = Shape { rows: 64, k: 4, n: 5 };
        let rate = block_on(work_per_s(&Processor(Scalar), shape, 100.0, clock)).unwrap();
        assert_eq!(rate, 16.0 * 4.0 * 5.0 * 1e3 / 10.0);
    }

    /// A call may take less time than the clock can show, as hashing does in a browser.
    #[test]
    fn a_coarse_clock_makes_no_engine_faster() {
        for call_ms in [0.03, 0.3, 3.0] {
            let now = Cell::new(0.0f64);
            let call = async |_: usize| {
                now.set(now.get() + call_ms);
                Ok(1.0)
            };
            let rate = block_on(best_per_s(1, 30.0, || now.get().floor(), call)).unwrap();
            let share = rate * call_ms / 1e3;
            assert!((0.75..1.35).contains(&share), "{share} of the rate of calls of {call_ms} ms");
        }
    }

    #[test]
    fn the_rate_of_its_primitive_decides_who_wins_a_kind() {
        let ours = Rates { products: 2.0, floats: 5.0, bytes: 0.0 };
        let rival = Rates { products: 3.0, floats: 4.0, bytes: 0.0 };
        assert_eq!(ours.won(&Kind::ALL, &rival), [Kind::MatmulF32]);
        assert_eq!(rival.won(&Kind::ALL, &ours), Kind::PRODUCTS);
        assert_eq!(ours.won(&Kind::PRODUCTS, &Rates::default()), Kind::PRODUCTS);
    }

    #[test]
    fn only_what_kinds_need_is_measured() {
        let now = Cell::new(0.0);
        let clock = || now.replace(now.get() + 10.0);
        let rates =
            block_on(Rates::measure(&Processor(Scalar), &[Kind::MatmulI8, Kind::HashTree], 1.0, clock)).unwrap();
        assert_eq!((rates.products, rates.floats), (16.0 * 1024.0 * 512.0 * 100.0, 0.0));
        assert_eq!(rates.bytes, 16384.0 * 100.0);
    }

    #[test]
    fn quantities_have_three_digits() {
        assert_eq!(quantity(12_345_678_901.0), "12.3 G");
        assert_eq!(quantity(999_000.0), "999 k");
        assert_eq!((quantity(1_500.0), quantity(0.0)), ("1.5 k".into(), "0".into()));
    }
}
