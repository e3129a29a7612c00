//! The node's error codes: the status of each, its meaning for a person, and whether to try again.
//!
//! Source: the node's source at 1f5db5df. The node burns a challenge before it looks at the hardware, so a refusal by one of
//! the later checks needs a fresh one.

use crate::json::Json;

/// Whether and how a refused call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same attestation will be refused again: something must change first.
    Never,
    /// With a fresh challenge and a new measurement.
    FreshChallenge,
    /// After a wait, with a fresh challenge.
    Later {
        /// The wait, in seconds, if the answer names none.
        wait_s: u32,
    },
}

macro_rules! codes {
    ($($variant:ident, $status:literal, $name:literal, $retry:expr, $advice:literal;)*) => {
        /// A code of the node, or of a pool that acts as one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// The code as the node writes it.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),* }
            }

            /// The HTTP status that it comes with.
            pub fn status(self) -> u16 {
                match self { $(Code::$variant => $status),* }
            }

            /// What it means and what to do next.
            pub fn advice(self) -> &'static str {
                match self { $(Code::$variant => $advice),* }
            }

            /// Whether to try again.
            pub fn retry(self) -> Retry {
                match self { $(Code::$variant => $retry),* }
            }
        }
    };
}

const SOON: Retry = Retry::Later { wait_s: 60 };
const IN_AN_HOUR: Retry = Retry::Later { wait_s: 3_600 };

codes! {
    InvalidJsonObject, 400, "INVALID_JSON_OBJECT", Retry::Never, "the body must be a JSON object";
    BodyTooLarge, 413, "BODY_TOO_LARGE", Retry::Never, "the body is longer than 1 MiB";
    InvalidMiner, 400, "INVALID_MINER", Retry::Never, "a miner's name has 1 to 128 of the characters A-Z a-z 0-9 . _ : -";
    MissingMiner, 400, "MISSING_MINER", Retry::Never, "the attestation names no miner";
    InvalidMinerWalletFormat, 400, "INVALID_MINER_WALLET_FORMAT", Retry::Never, "this is an address of another chain: use an RTC address";
    InvalidDevice, 400, "INVALID_DEVICE", Retry::Never, "`device` must be an object whose names are strings";
    InvalidSignals, 400, "INVALID_SIGNALS", Retry::Never, "`signals` must be an object whose names are strings";
    InvalidSignalsMacs, 400, "INVALID_SIGNALS_MACS", Retry::Never, "`signals.macs` must be a list of strings that are not empty";
    InvalidReport, 400, "INVALID_REPORT", Retry::Never, "`report` must be an object";
    InvalidFingerprint, 400, "INVALID_FINGERPRINT", Retry::Never, "`fingerprint` must be an object";
    InvalidFingerprintChecks, 400, "INVALID_FINGERPRINT_CHECKS", Retry::Never, "`fingerprint.checks` must be an object of objects";
    InvalidSignatureType, 400, "INVALID_SIGNATURE_TYPE", Retry::Never, "`signature` must be 128 hex digits";
    InvalidPublicKeyType, 400, "INVALID_PUBLIC_KEY_TYPE", Retry::Never, "`public_key` must be 64 hex digits";
    InvalidSignatureTypeField, 400, "INVALID_SIGNATURE_TYPE_FIELD", Retry::Never, "`signature_type` must be a string";
    IncompleteSignature, 400, "INCOMPLETE_SIGNATURE", Retry::Never, "a signature needs its public key, and a public key its signature";
    InvalidSignature, 400, "INVALID_SIGNATURE", Retry::Never, "the signature is not this key's over the canonical JSON of the attestation";
    MissingSignature, 400, "MISSING_SIGNATURE", Retry::Never, "this node takes signed attestations alone";
    PubkeyAddressMismatch, 400, "PUBKEY_ADDRESS_MISMATCH", Retry::Never, "the key does not belong to the miner's address: attest with the key that made it";
    SigningKeyMismatch, 400, "SIGNING_KEY_MISMATCH", Retry::Never, "this miner attested with another key before: use that one";
    MissingNonce, 400, "MISSING_NONCE", Retry::FreshChallenge, "the attestation answers no challenge";
    NonceIdentityMismatch, 403, "NONCE_IDENTITY_MISMATCH", Retry::FreshChallenge, "the challenge was made for another miner";
    ChallengeInvalid, 409, "CHALLENGE_INVALID", Retry::FreshChallenge, "the challenge is unknown or has expired, as after a restart of the node";
    NonceReplay, 409, "NONCE_REPLAY", Retry::FreshChallenge, "the challenge was used before";
    HardwareBindingFailed, 409, "HARDWARE_BINDING_FAILED", Retry::Never, "the node has bound this serial number to another wallet for good, or takes the hardware for another's: attest with that wallet, or ask the node's operator";
    DuplicateHardware, 409, "DUPLICATE_HARDWARE", Retry::Never, "this hardware attests for another wallet";
    ReplayAttackBlocked, 409, "REPLAY_ATTACK_BLOCKED", Retry::Later { wait_s: 300 }, "the node saw these measurements before: it takes new ones after five minutes";
    InvalidDeviceCores, 422, "INVALID_DEVICE_CORES", Retry::Never, "`device.cores` must be an integer from 1 to 4096";
    MissingDevice, 422, "MISSING_DEVICE", Retry::Never, "`device` is missing or empty";
    MissingSignals, 422, "MISSING_SIGNALS", Retry::Never, "`signals` is missing or empty";
    MissingFingerprint, 422, "MISSING_FINGERPRINT", Retry::Never, "`fingerprint.checks` is missing or empty";
    InvalidFingerprintMetric, 422, "INVALID_FINGERPRINT_METRIC", Retry::Never, "a measurement must be a finite number";
    ChallengeRateLimit, 429, "CHALLENGE_RATE_LIMIT", SOON, "this address asked for more than 10 challenges in a minute";
    IpRateLimit, 429, "IP_RATE_LIMIT", IN_AN_HOUR, "more than 15 miners attested from this address within an hour";
    Ed25519Unavailable, 503, "ED25519_UNAVAILABLE", SOON, "the node cannot check signatures";
    IdentityStateUnavailable, 503, "IDENTITY_STATE_UNAVAILABLE", SOON, "the node cannot read its records";
    InternalError, 500, "INTERNAL_ERROR", SOON, "the node failed";
    PoolFull, 503, "POOL_FULL", SOON, "the pool holds as many challenges or members as it may";
    RelayFull, 503, "RELAY_FULL", SOON, "the pool has used up what the node allows to its address";
    NodeUnreachable, 502, "NODE_UNREACHABLE", SOON, "the pool cannot reach its node";
    TooManyRequests, 429, "TOO_MANY_REQUESTS", SOON, "too many requests from this network";
    NoRecentAttestation, 412, "NO_RECENT_ATTESTATION", Retry::FreshChallenge, "an enrolment needs an accepted attestation of the last 600 s";
    SignedEnrollmentRequired, 401, "SIGNED_ENROLLMENT_REQUIRED", Retry::Never, "an enrolment must be signed by the attestation's key";
    NotSlotProducer, 403, "NOT_SLOT_PRODUCER", Retry::Never, "another miner produces this slot's header";
}

impl Code {
    /// The code of this name.
    pub fn from_name(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.name() == name)
    }
}

/// A refusal: its code, and what is wrong in this case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// What is wrong, and what to do next.
    pub message: String,
    /// When to ask again, in seconds, if waiting helps.
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    /// A refusal whose message is the advice of its code.
    pub fn new(code: Code) -> Self {
        Refusal::saying(code, code.advice())
    }

    /// A refusal with a message of its own.
    pub fn saying(code: Code, message: impl Into<String>) -> Self {
        let retry_after_s = if let Retry::Later { wait_s } = code.retry() { Some(wait_s) } else { None };
        Refusal { code, message: message.into(), retry_after_s }
    }

    /// Sets when to ask again.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The body in the node's shape.
    pub fn to_json(&self) -> Json {
        let name = self.code.name();
        Json::object([
            ("ok", false.into()),
            ("error", name.to_ascii_lowercase().into()),
            ("code", name.into()),
            ("message", self.message.as_str().into()),
        ])
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Refusal::new(code)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code.name())
    }
}

impl std::error::Error for Refusal {}
