//! Takes attestations in the original pool proxy's format, which names a wallet and a device and proves neither.
//!
//! The answer has the original's format too. The pool stores the attestation as a claim with weight 0.

use adit_rustchain::{Code, Json, MinerId, Refusal, table, weight::weight};
use futures::future::BoxFuture;

use super::books::{Entry, Failure};
use super::record::{MOST_CLAIMS, count_people};
use crate::pool::PoolApp;
use crate::pool::state::{Attested, Member};
use crate::pool::store;
use crate::pool::store::members;
use crate::random;
use crate::store::{Db, DbError};

/// Why a claim does not count.
pub(crate) const REASON: &str = "no signature";
/// The longest name of a device, family or architecture, in bytes.
const MAX_TEXT: usize = 128;

/// A claim, as parsed.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    id: String,
    wallet: MinerId,
    device: String,
    arch: String,
    family: String,
    entropy: i64,
}

/// The score and weight that a claim would have if it were signed, in 1e-6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) id: String,
    pub(crate) score: i64,
    pub(crate) weight: i64,
}

/// Stores a claim. Refuses one that is malformed, or of a new wallet when there are too many claims.
pub(crate) async fn claim(pool: &PoolApp, body: &[u8]) -> Result<Noted, Failure> {
    let claim = read(body)?;
    let score = table::tabled(&claim.family, &arch_of(&claim.arch));
    let noted = Noted { id: claim.id.clone(), score, weight: weight(score, 1) };
    pool.books.write(Note(claim)).await??;
    Ok(noted)
}

/// The architecture as the table names it. The original's documentation writes `PowerPC G4` for `G4`.
fn arch_of(arch: &str) -> String {
    arch.strip_prefix("PowerPC ").unwrap_or(arch).to_owned()
}

fn read(body: &[u8]) -> Result<Claim, Refusal> {
    let json = Json::parse(body).map_err(|error| Refusal::saying(Code::InvalidJsonObject, error.to_string()))?;
    let wallet = json.member("wallet").filter(|wallet| !wallet.is_null());
    let wallet = wallet.ok_or_else(|| Refusal::saying(Code::MissingMiner, "Missing wallet"))?;
    let wrong =
        || Refusal::saying(Code::InvalidMiner, "wallet must be a name of 1 to 128 characters A-Z a-z 0-9 . _ : -");
    let wallet = match wallet {
        Json::Text(text) => text.parse().map_err(|_| wrong())?,
        // The original accepts an integer.
        Json::Number(number) if number.is_integer() => number.text().parse().map_err(|_| wrong())?,
        _ => return Err(wrong()),
    };
    let text = |key: &str| match json.member(key) {
        None => Ok("unknown".to_owned()),
        Some(Json::Text(text)) if text.len() <= MAX_TEXT => Ok(text.clone()),
        Some(_) => {
            Err(Refusal::saying(Code::InvalidDevice, format!("{key} must be a string of at most {MAX_TEXT} bytes")))
        }
    };
    let entropy = match json.member("entropy_score") {
        None => 0.0,
        Some(score) => {
            score.as_number().map(|score| score.as_f64()).filter(|score| score.is_finite()).ok_or_else(|| {
                Refusal::saying(Code::InvalidFingerprintMetric, "entropy_score must be a finite number")
            })?
        }
    };
    if json.member("fingerprint").is_some_and(|fingerprint| fingerprint.as_object().is_none()) {
        return Err(Code::InvalidFingerprint.into());
    }
    let random = random::secret()
        .map_err(|_| Refusal::saying(Code::InternalError, "the operating system gives no random bytes"))?;
    Ok(Claim {
        id: hex::encode(&random[..16]),
        wallet,
        device: text("device_id")?,
        arch: text("device_arch")?,
        family: text("device_family")?,
        entropy: (entropy * 1e6) as i64,
    })
}

struct Note(Claim);

impl Entry for Note {
    type Output = Result<(), Refusal>;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Self::Output, DbError>> {
        Box::pin(async move {
            let claim = &self.0;
            let found = members::member(db, claim.wallet.as_str()).await?;
            let is_new = found.is_none();
            if is_new && store::counter(db, "claims").await? >= MOST_CLAIMS {
                return Ok(Err(Code::PoolFull.into()));
            }
            // An unsigned claim changes nothing of a wallet that has a key.
            if found.as_ref().is_none_or(|member| member.public_key.is_none()) {
                members::save_member(db, &claimed(claim, found, now_ms)).await?;
                count_people(db, is_new, true, false).await?;
            }
            members::insert_attestation(db, &attested(claim, now_ms)).await?;
            store::count(db, "attestations", 1).await?;
            Ok(Ok(()))
        })
    }
}

fn claimed(claim: &Claim, found: Option<Member>, now_ms: i64) -> Member {
    let before = found.unwrap_or(Member { joined_at_ms: now_ms, last_slot: -1, ..Member::default() });
    Member {
        id: claim.wallet.to_string(),
        label: claim.device.clone(),
        arch: claim.arch.clone(),
        family: claim.family.clone(),
        seen_at_ms: now_ms,
        attestations: before.attestations + 1,
        checks: "{}".into(),
        reason: REASON.into(),
        ..before
    }
}

fn attested(claim: &Claim, now_ms: i64) -> Attested {
    Attested {
        id: claim.id.clone(),
        member: claim.wallet.to_string(),
        label: claim.device.clone(),
        at_ms: now_ms,
        entropy: claim.entropy,
        score: 0,
        fingerprint: "{}".into(),
        counted: 0,
        reason: REASON.into(),
    }
}
