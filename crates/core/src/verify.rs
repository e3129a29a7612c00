//! Verification: checks every product in full for a small part of its cost (Freivalds 1977, in Z/2^64).
//!
//! Claim: Z = A · W with A of m × k and W of k × n. For secret coins r the verifier computes s = W · r once for all units that
//! share W, and accepts row i if Σ_j Z_ij · r_j = Σ_l A_il · s_l (mod 2^64), twice with independent coins.
//!
//! Soundness: let D = Z − A·W ≠ 0 with d = D_ij ≠ 0. |d| < 2^32, so 2^31 is the highest power of two that can divide d
//! and d · r_j ≡ c (mod 2^64) has at most one solution in any 2^32 consecutive integers. Coins are signed 32-bit
//! integers, so a wrong row passes one round with a probability of at most 2^-32, and both with at most 2^-64. In a chain of
//! layers the first wrong product must pass, so the bound is that of one product. The coins must be secret and independent of
//! the output. If Q checks share coins at the same time, the bound is Q · 2^-64: see [`bits`].
//!
//! Products of f32 matrices are checked within a tolerance ([`FloatCheck`]), trees by sampling ([`LeafSample`],
//! and [`SourceSample`] for data at an external source).

pub(crate) mod chain;
pub(crate) mod coins;
pub(crate) mod counterexample;
pub(crate) mod draw;
pub(crate) mod float;
pub(crate) mod fold;
pub(crate) mod gradient;
pub(crate) mod judgement;
pub(crate) mod leaves;
pub(crate) mod method;
pub(crate) mod mismatch;
pub(crate) mod output;
pub(crate) mod product;
pub(crate) mod states;

pub use chain::{ChainCheck, CheckLayer, check_rows};
pub use coins::{Coins, ROUNDS, SOUNDNESS_BITS, bits};
pub use counterexample::Counterexample;
pub use float::{ExactRows, FLOAT_ROUNDS, FloatCheck, FloatPlan, SUSPECTS, TOLERANCE, any_is_wrong, is_wrong};
pub use fold::{Fingerprint, Fold, ScalarFold, Sums};
pub use gradient::{GradientCheck, GradientPlan};
pub use judgement::{Claim, FinishedCheck, Judgement, Rechecked};
pub use leaves::LeafSample;
pub use method::Method;
pub use mismatch::Mismatch;
pub use output::{CheckInputs, CheckPlan, OutputCheck};
pub use product::{ProductCheck, ProductPlan};
pub use states::SourceSample;
