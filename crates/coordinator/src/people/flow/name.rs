//! Chooses the name under which a key is listed.

use adit_core::statement::NameChoice;
use adit_core::{PublicKey, Signature};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::is_line;
use adit_protocol::records::Account;
use adit_protocol::statistics::{MAX_MINER_NAME_BYTES, SignedName};
use futures::future::BoxFuture;

use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::money::flow::account;
use crate::people::store as people;
use crate::store::DbError;

/// Stores a signed name. Sending the same choice again changes nothing.
pub(crate) async fn choose_name(app: &App, key: PublicKey, signed: SignedName) -> Result<Account, Failure> {
    let SignedName { statement, signature } = signed;
    check(app.public_key, key, &statement, &signature)?;
    app.store.write(Choose(statement)).await?;
    account(app, &key).await?.ok_or_else(|| DbError::RowNotFound.into())
}

fn check(coordinator: PublicKey, key: PublicKey, statement: &NameChoice, signature: &Signature) -> Result<(), Refusal> {
    if statement.coordinator != coordinator || statement.public_key != key {
        let detail = "the signed statement names another coordinator or key";
        return Err(Refusal::new(ErrorCode::StatementMismatch, detail));
    }
    let fits = |name: &String| is_line(name, MAX_MINER_NAME_BYTES) && name.trim() == name;
    if statement.name.as_ref().is_some_and(|name| !fits(name)) {
        let detail = "a name is one line of at most 40 bytes without control characters or spaces at its ends";
        return Err(Refusal::new(ErrorCode::InvalidParameter, detail));
    }
    if key.verify(statement, signature).is_err() {
        let detail = "signature is not a low-s signature by the key over the statement";
        return Err(Refusal::new(ErrorCode::InvalidSignature, detail));
    }
    Ok(())
}

struct Choose(NameChoice);

impl Operation for Choose {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let NameChoice { public_key, name, counter, .. } = &self.0;
            let known = people::miner(batch.db, public_key).await?;
            let known = known.ok_or_else(|| Refusal::new(ErrorCode::NotRegistered, "this key has no account yet"))?;
            let counter = i64::try_from(*counter).unwrap_or(i64::MAX);
            if counter == known.name_counter && *name == known.name {
                return Ok(());
            }
            if counter <= known.name_counter {
                let detail = format!("the counter must be above {}, that of the last choice", known.name_counter);
                return Err(Refusal::new(ErrorCode::StatementMismatch, detail).into());
            }
            Ok(people::set_name(batch.db, public_key, name.as_deref(), counter).await?)
        })
    }
}
