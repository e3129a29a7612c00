//! Verification: every product checked in full for a small part of what it cost (Freivalds 1977, in Z/2^64).
//!
//! Claim: Z = A · W with A of m × k, W of k × n. For secret coins r the verifier prepares s = W · r once for a version of
//! the weights, and accepts row i when Σ_j Z_ij · r_j = Σ_l A_il · s_l (mod 2^64), twice with independent coins.
//!
//! Soundness: let D = Z − A·W ≠ 0 with d = D_ij ≠ 0. |d| < 2^32, so 2^31 is the highest power of two that can divide d
//! and d · r_j ≡ c (mod 2^64) has at most one solution in any 2^32 consecutive integers. Coins are signed 32-bit
//! integers, so a wrong row passes one round with at most 2^-32 and both with at most 2^-64. For a chain of layers the
//! first wrong product alone has to pass, so the bound is that of one product. The coins must be secret and independent
//! of the output. Where Q checks share coins at the same time, the bound is Q · 2^-64: see [`bits`].
//!
//! Products of f32 are checked within a tolerance ([`FloatCheck`]), trees by samples ([`LeafSample`]).

pub(crate) mod chain;
pub(crate) mod coins;
pub(crate) mod counterexample;
pub(crate) mod float;
pub(crate) mod fold;
pub(crate) mod gradient;
pub(crate) mod judgement;
pub(crate) mod leaves;
pub(crate) mod method;
pub(crate) mod mismatch;
pub(crate) mod output;
pub(crate) mod product;

pub use chain::{ChainCheck, CheckLayer, check_rows};
pub use coins::{Coins, ROUNDS, SOUNDNESS_BITS, bits};
pub use counterexample::Counterexample;
pub use float::{FLOAT_ROUNDS, FloatCheck, FloatPlan, TOLERANCE, any_is_wrong, is_wrong};
pub use fold::{Fingerprint, Fold, ScalarFold, Sums};
pub use gradient::{GradientCheck, GradientPlan};
pub use judgement::{Claim, FinishedCheck, Judgement, Rechecked};
pub use leaves::LeafSample;
pub use method::Method;
pub use mismatch::Mismatch;
pub use output::{CheckInputs, CheckPlan, OutputCheck};
pub use product::{ProductCheck, ProductPlan};
