//! Errors: a stable code, an HTTP status, and a sentence that says what to do next.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal;)*) => {
        /// A stable error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// The code's text.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorCode::$name => $code,)* }
            }

            /// Its HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$name => $status,)* }
            }
        }
    };
}

error_codes! {
    /// The body is not JSON of the expected shape.
    InvalidBody = "invalid_body", 422;
    /// The body has the wrong content type.
    UnsupportedMediaType = "unsupported_media_type", 415;
    /// A path or query parameter is malformed.
    InvalidParameter = "invalid_parameter", 400;
    /// The request has no Host header, or several: HTTP/1.1 requires one.
    NoHost = "no_host", 400;
    /// The range begins after the end of what is asked for.
    RangeNotSatisfiable = "range_not_satisfiable", 416;
    /// The path does not exist.
    NoSuchPath = "no_such_path", 404;
    /// The path does not support this method.
    MethodNotAllowed = "method_not_allowed", 405;
    /// The body is larger than allowed.
    BodyTooLarge = "body_too_large", 413;
    /// The body arrived too slowly. Send it again.
    TooSlow = "too_slow", 408;
    /// The request names another host than this coordinator's.
    WrongHost = "wrong_host", 421;
    /// The request comes from a page whose origin this coordinator does not serve.
    WrongOrigin = "wrong_origin", 403;
    /// The call needs the operator's token.
    TokenRequired = "token_required", 401;
    /// The contributor has not registered.
    NotRegistered = "not_registered", 404;
    /// A session needs a registered contributor: register first.
    RegisterFirst = "register_first", 400;
    /// The contributor's id is malformed.
    InvalidContributor = "invalid_contributor", 400;
    /// The contributor's id belongs to another key.
    ContributorTaken = "contributor_taken", 403;
    /// The public key is not a point of the curve.
    InvalidPublicKey = "invalid_public_key", 400;
    /// The payout address is malformed.
    InvalidPayout = "invalid_payout", 400;
    /// A session's share names no key, or a part that is not within 1 to 10,000 basis points.
    InvalidShare = "invalid_share", 400;
    /// The challenge is unknown, used or expired.
    ChallengeUsed = "challenge_used", 409;
    /// A signature is malformed, has a high s, or is not the key's signature over the statement.
    InvalidSignature = "invalid_signature", 403;
    /// The signed statement is not the expected one.
    StatementMismatch = "statement_mismatch", 400;
    /// The session does not exist or has ended.
    NoSession = "no_session", 400;
    /// The session belongs to somebody else.
    NotYourSession = "not_your_session", 403;
    /// The lane number is out of range.
    InvalidLane = "invalid_lane", 400;
    /// The task does not exist.
    NoSuchTask = "no_such_task", 404;
    /// The lease does not exist.
    NoSuchLease = "no_such_lease", 404;
    /// The lease expired and its unit went to somebody else.
    LeaseExpired = "lease_expired", 410;
    /// An output with another digest was delivered for this lease.
    SecondDigest = "second_digest", 409;
    /// The body's length is not that of the unit's output.
    WrongLength = "wrong_length", 400;
    /// The body does not match its signed digest. Send it again.
    DigestMismatch = "digest_mismatch", 400;
    /// The coordinator holds no such block.
    NoSuchBlock = "no_such_block", 404;
    /// The unit does not exist.
    NoSuchUnit = "no_such_unit", 404;
    /// The job does not exist.
    NoSuchJob = "no_such_job", 404;
    /// The job has ended.
    JobEnded = "job_ended", 409;
    /// The job has no result yet.
    NotFinished = "not_finished", 409;
    /// The result is no longer stored.
    ResultGone = "result_gone", 410;
    /// The file does not exist.
    NoSuchFile = "no_such_file", 404;
    /// The file is not of a format that Adit reads.
    InvalidFile = "invalid_file", 400;
    /// The file's elements are not of the expected type.
    InvalidDtype = "invalid_dtype", 400;
    /// A value is out of range.
    ValueOutOfRange = "value_out_of_range", 400;
    /// Shapes do not fit each other or exceed a cap.
    InvalidShape = "invalid_shape", 400;
    /// The inner dimension is over 131 071.
    KTooLarge = "k_too_large", 400;
    /// A model's sums could overflow an i32.
    BiasOverflow = "bias_overflow", 400;
    /// The budget does not cover the job.
    BudgetTooSmall = "budget_too_small", 400;
    /// The work is too small to delegate, which only `demo` allows.
    TooSmall = "too_small", 400;
    /// The receipt does not exist.
    NoSuchReceipt = "no_such_receipt", 404;
    /// Nothing is stored under this number.
    NoSuchPin = "no_such_pin", 404;
    /// The replica does not exist, or another key holds it.
    NoSuchReplica = "no_such_replica", 404;
    /// The replica was handed out and is not given again.
    ReplicaHandedOut = "replica_handed_out", 410;
    /// The key holds as many leases as its record allows. Deliver them first.
    TooManyLeases = "too_many_leases", 429;
    /// Outputs of the key were wrong. It gets no work until Retry-After.
    Quarantined = "quarantined", 429;
    /// Too many requests. See Retry-After.
    TooManyRequests = "too_many_requests", 429;
    /// The store is full and takes no new jobs for now.
    StoreFull = "store_full", 507;
    /// The coordinator is stopping or overloaded. See Retry-After.
    Unavailable = "unavailable", 503;
    /// The coordinator failed.
    Internal = "internal", 500;
}

/// Every code with its status.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ErrorCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let statuses: Vec<String> =
            Self::ALL.iter().map(|code| alloc::format!("`{}` {}", code.name(), code.status())).collect();
        let description = alloc::format!("A stable code, and the status that it comes with: {}.", statuses.join(", "));
        let codes = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
        codes.enum_values(Some(Self::ALL.iter().map(|code| code.name()))).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ErrorCode {}

/// The body of every error response.
///
/// `detail` is a sentence, as NeoNet's server writes it, or a list for a body of the wrong shape, as NeoNet's framework writes
/// it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What is wrong and what to do next.
    pub detail: Detail,
    /// The stable code.
    pub code: ErrorCode,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Detail {
    /// A sentence.
    Text(String),
    /// What is wrong with a body's fields.
    Fields(Vec<FieldError>),
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// `missing` or `value_error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is: `body`, then the field's name.
    pub loc: Vec<String>,
    /// A sentence.
    pub msg: String,
}

impl ErrorBody {
    /// An error with a sentence.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        ErrorBody { detail: Detail::Text(detail.into()), code }
    }

    /// Every sentence of `detail` in one text.
    pub fn message(&self) -> String {
        match &self.detail {
            Detail::Text(text) => text.clone(),
            Detail::Fields(fields) => {
                let sentences: Vec<String> =
                    fields.iter().map(|field| alloc::format!("{}: {}", field.loc.join("."), field.msg)).collect();
                sentences.join("; ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_only_internal_is_a_500() {
        for (index, code) in ErrorCode::ALL.iter().enumerate() {
            assert!(ErrorCode::ALL[..index].iter().all(|other| other.name() != code.name()));
            assert_eq!(code.status() == 500, *code == ErrorCode::Internal);
        }
    }

    #[test]
    fn bodies_have_neonets_shapes() {
        let text =
            serde_json::to_string(&ErrorBody::new(ErrorCode::NotRegistered, "Contributor not registered")).unwrap();
        assert_eq!(text, r#"{"detail":"Contributor not registered","code":"not_registered"}"#);
        let loc = alloc::vec![String::from("body"), String::from("contributor_id")];
        let field = FieldError { kind: "missing".into(), loc, msg: "Field required".into() };
        let body = ErrorBody { detail: Detail::Fields(alloc::vec![field]), code: ErrorCode::InvalidBody };
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"detail":[{"type":"missing","loc":["body","contributor_id"],"msg":"Field required"}],"code":"invalid_body"}"#
        );
        assert_eq!(body.message(), "body.contributor_id: Field required");
    }
}
