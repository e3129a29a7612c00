//! RustChain as its node speaks it: canonical JSON, addresses, attestations, transfers, scores and shares.
//!
//! No I/O: bytes become types and back, formulas take integers, and calls are requests that the caller sends. Nothing
//! here needs TLS, an async runtime or 64-bit atomics, so old machines run it too. Sums are integers of 1e-6 RTC (µRTC),
//! never NNET.
//!
//! | module | contents |
//! |---|---|
//! | `json` | JSON that keeps the text of numbers, and Python's canonical form of it |
//! | `key` | Ed25519 keys, signatures, addresses |
//! | `attestation` | attestations: read, checked, drafted and signed |
//! | `fingerprint` | verdicts on the checks of an attestation |
//! | `code` | the node's error codes: what each means, and whether to try again |
//! | `calls` | the node's calls as requests, and its answers as types |
//! | `enrolment`, `transfer` | the two other signed texts |
//! | `table` | the node's reward multipliers for devices, and the pool's scores |
//! | `weight`, `share`, `list` | a member's weight and share, and the public list that anyone can check |
//! | `member`, `sub_wallet` | what a member of a pool signs, and the keys that a pool signs with for it |
//! | `history` | a wallet's history at the node, and what of it adds up |
//! | `epoch` | slots of 600 s, epochs of 144 slots |
//!
//! ```
//! use adit_rustchain::{Json, SecretKey};
//!
//! let payload = Json::parse(br#"{"b": 1E5, "a": "caf\u00e9"}"#)?;
//! assert_eq!(payload.canonical(), r#"{"a":"caf\u00e9","b":100000.0}"#);
//! let key = SecretKey::from_seed([7; 32]);
//! let signature = key.sign(payload.canonical().as_bytes());
//! assert!(key.public_key().verifies(payload.canonical().as_bytes(), &signature));
//! # Ok::<(), adit_rustchain::JsonError>(())
//! ```

pub mod attestation;
pub mod binding;
pub mod calls;
pub mod code;
pub mod enrolment;
pub mod epoch;
pub mod fingerprint;
pub mod history;
pub mod json;
pub mod key;
pub mod list;
pub mod member;
pub mod share;
pub mod sub_wallet;
pub mod table;
pub mod transfer;
pub mod weight;

pub use attestation::{Attestation, Draft, Proof};
pub use code::{Code, Refusal, Retry};
pub use fingerprint::{Fault, Verdict};
pub use json::{Json, JsonError, Number, Object};
pub use key::{Address, MinerId, PublicKey, SecretKey, Signature};
pub use sub_wallet::WalletSecret;
