//! What the operator of a pool without a node confirms by hand: a device's family and architecture.
//!
//! The pool believes no claim about hardware, so a device scores 1.0 until then. A confirmation holds for the member whose device
//! it is, and ends when another takes the device over.

use adit_core::sign::Signature;
use adit_rustchain::member::Confirm;
use adit_rustchain::table;
use adit_rustchain::weight::weight;
use adit_rustchain::{Code, Refusal};
use futures::future::BoxFuture;
use serde::Deserialize;

use super::books::{Entry, Failure};
use super::challenge::{Purpose, consume_for};
use super::join::may_speak;
use super::record::rate;
use crate::pool::PoolApp;
use crate::pool::state::Member;
use crate::pool::store::members;
use crate::store::{Db, DbError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    statement: Confirm,
    signature: Signature,
}

/// Confirms what a device is, or takes it back. Returns its member.
pub(crate) async fn confirm(pool: &PoolApp, body: &[u8]) -> Result<Member, Failure> {
    let Signed { statement, signature } = serde_json::from_slice(body)
        .map_err(|error| Refusal::saying(Code::InvalidJsonObject, format!("not a signed statement: {error}")))?;
    may_speak(pool, &statement.pool, statement.version)?;
    if statement.pool.verify(&statement, &signature).is_err() {
        return Err(Refusal::saying(Code::InvalidSignature, "only the pool's own key confirms devices").into());
    }
    if pool.node.is_some() {
        let text = "this pool has a node, and what a device is, is the node's word";
        return Err(Refusal::saying(Code::InvalidDevice, text).into());
    }
    let hardware = statement.hardware.map(|hardware| table::listed(&hardware.family, &hardware.arch)).transpose();
    let hardware = hardware.map_err(|error| Refusal::saying(Code::InvalidDevice, error.to_string()))?;
    let challenge = statement.challenge.to_string();
    Ok(pool.books.write(Mark { challenge, device: statement.device, hardware }).await??)
}

struct Mark {
    challenge: String,
    device: String,
    hardware: Option<(&'static str, String)>,
}

impl Entry for Mark {
    type Output = Result<Member, Refusal>;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Self::Output, DbError>> {
        Box::pin(async move {
            if let Err(refusal) = consume_for(db, &self.challenge, Purpose::Membership, now_ms).await? {
                return Ok(Err(refusal));
            }
            let device = members::device(db, &self.device).await?;
            let member = match &device {
                Some(device) => members::member(db, &device.member).await?,
                None => None,
            };
            let Some(mut member) = member else {
                let text = "the pool knows no device of this id: it shows a device's id beside its wallet";
                return Ok(Err(Refusal::saying(Code::InvalidDevice, text)));
            };
            let hardware = self.hardware.as_ref().map(|(family, arch)| (*family, arch.as_str()));
            members::confirm_device(db, &self.device, hardware).await?;
            // What was counted keeps the score that it was counted with.
            if member.device.as_deref() == Some(&self.device) {
                rate(&mut member, hardware);
                member.weight = weight(member.score, member.slots);
                members::save_member(db, &member).await?;
            }
            Ok(Ok(member))
        })
    }
}
