//! What operators and holders do with storage, independent of HTTP.

mod answer;
mod assign;
mod challenge;
mod give_back;
mod hand_out;
mod lose;
mod pins;
mod reports;
pub(crate) mod tend;
mod views;

pub(crate) use answer::{AnswerHeaders, answer};
pub(crate) use assign::assign;
pub(crate) use challenge::{holdings, unit_bytes, wish};
pub(crate) use give_back::give_back;
pub(crate) use hand_out::hand_out;
pub(crate) use lose::{held, losses};
pub(crate) use pins::{Content, NewPin, content, end, pin, put};
pub(crate) use reports::report;
pub(crate) use views::{holder, holders, list};

use adit_core::{Cid, PublicKey};
use adit_protocol::ErrorCode;

use crate::app::App;
use crate::error::{Failure, Refusal};
pub(crate) use crate::mining::no_such_lease;
use crate::people::store as people;
use crate::store::DbError;

/// The holder that makes a call, from its session.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) key: PublicKey,
    pub(crate) contributor: String,
    pub(crate) session: String,
}

/// Finds the holder of a session, and counts the call against its key's rate limit.
pub(crate) async fn asker(app: &App, session: Option<&str>) -> Result<Asker, Failure> {
    let none = || Refusal::new(ErrorCode::NoSession, "no such session: register, start one, and send its id along");
    let session = session.ok_or_else(none)?;
    let row = people::session(&mut *app.store.read().await?, session).await?;
    let row = row.filter(|row| row.ended_at_ms.is_none()).ok_or_else(none)?;
    let key = row.key().ok_or_else(|| {
        Refusal::new(ErrorCode::NoSession, "only a session with a key can hold replicas: register with a key")
    })?;
    app.may_ask(key)?;
    Ok(Asker { key, contributor: row.contributor, session: row.id })
}

fn no_such_replica() -> Refusal {
    let detail = "this key holds no such replica; ask for one with POST /v1/storage/replicas";
    Refusal::new(ErrorCode::NoSuchReplica, detail)
}

fn no_such_pin() -> Refusal {
    Refusal::new(ErrorCode::NoSuchPin, "nothing is stored under this number; GET /v1/storage/pins lists what is")
}

/// The CID of a piece, as stored.
fn piece_cid(text: &str) -> Result<Cid, DbError> {
    text.parse().map_err(|_| crate::store::corrupt("a piece's name is not a CID"))
}
