//! Tasks: leases for lanes with a key, copies of units for clients without one.

use adit_core::statement::Verdict;
use adit_core::{Amount, Kind};
use adit_protocol::ErrorCode;
use adit_protocol::neonet::{SubmitResultRequest, SubmitResultResponse, Task};

use super::keyless::{Copy, Refuse};
use crate::app::App;
use crate::error::{Failure, Refusal};
use crate::jobs::choice::Choice;
use crate::limits::AddressBlock;
use crate::mining::flow::{grant, lease_lane};
use crate::mining::store as leases;
use crate::money::flow::account_of;
use crate::neonet::task::task_of;
use crate::people::identity::contributor_id;
use crate::people::store::{self as people, SessionRow};
use crate::random::random_uuid;
use crate::store::Db;

/// What a lane asks for.
pub(crate) struct Asked<'a> {
    /// The lane's number.
    pub(crate) lane: u32,
    /// The kinds that it computes, comma-separated.
    pub(crate) kinds: Option<&'a str>,
    /// Whether only jobs that are open to everybody will do.
    pub(crate) open_source: bool,
    /// The only job that will do.
    pub(crate) job: Option<u64>,
}

/// A lane's task, if there is work: a lease for a session with a key, otherwise a copy.
pub(crate) async fn task(
    app: &App,
    contributor: &str,
    session: Option<&str>,
    asked: Asked<'_>,
    from: Option<AddressBlock>,
) -> Result<Option<Task>, Failure> {
    let contributor = contributor_id(contributor)?;
    match session {
        Some(session) => leased(app, contributor, session, asked, from).await,
        None => {
            let mut db = app.store.read().await?;
            must_be_registered(&mut db, &contributor).await?;
            let session = people::open_session(&mut db, &contributor, None).await?;
            drop(db);
            let none = || Refusal::new(ErrorCode::NoSession, "No active session. Start a session first.");
            copy(app, &session.ok_or_else(none)?, Some(&contributor)).await
        }
    }
}

async fn leased(
    app: &App,
    contributor: String,
    session: &str,
    asked: Asked<'_>,
    from: Option<AddressBlock>,
) -> Result<Option<Task>, Failure> {
    let known = people::session(&mut *app.store.read().await?, session).await?;
    if let Some(key) = known.and_then(|known| known.key()) {
        app.may_ask(key)?;
    }
    let from = from.map(|block| block.as_bytes().to_vec());
    let choice = Choice::new(&kinds_of(asked.kinds), asked.open_source, asked.job);
    let operation = lease_lane(session.to_owned(), contributor, asked.lane, Some(choice), from)?;
    let (leased, _) = app.store.write(operation).await?;
    Ok(leased.map(|leased| grant(app, leased)).transpose()?.map(Task::from))
}

/// Parses a lane's comma-separated kinds; the default is those of int8 products. Skips kinds that this coordinator does
/// not know, and repeats.
fn kinds_of(text: Option<&str>) -> Vec<Kind> {
    match text {
        Some(text) => Kind::ALL.into_iter().filter(|kind| text.split(',').any(|t| t == kind.name())).collect(),
        None => Kind::PRODUCTS.to_vec(),
    }
}

/// A copy of a unit for a client without a key. It is never leased or paid, and stays the same until submitted.
pub(super) async fn copy(app: &App, session: &SessionRow, contributor: Option<&str>) -> Result<Option<Task>, Failure> {
    let (owner, task) = (session.contributor.clone(), random_uuid());
    let (copy, _) = app.store.write(Copy { session: session.id.clone(), contributor: owner, task }).await?;
    Ok(copy.map(|copy| Task {
        task_id: copy.task,
        session_id: session.id.clone(),
        contributor_id: contributor.map(str::to_owned),
        created_at: copy.created_at_ms as f64 / 1_000.0,
        ..task_of(&copy.unit, copy.task_type)
    }))
}

/// Closes a task in NeoNet's shape. Unverified results earn nothing.
pub(crate) async fn submit_result(app: &App, request: SubmitResultRequest) -> Result<SubmitResultResponse, Failure> {
    let contributor = contributor_id(&request.contributor_id)?;
    let mut db = app.store.read().await?;
    must_be_registered(&mut db, &contributor).await?;
    let Some(lease) = leases::lease_of_task(&mut db, &request.task_id).await? else {
        drop(db);
        app.store.write(Refuse { contributor, task: request.task_id }).await?;
        return Ok(unpaid("not verified: this client has no key, so its results earn nothing"));
    };
    if lease.session != request.session_id {
        return Err(Refusal::new(ErrorCode::NotYourSession, "Session belongs to another contributor").into());
    }
    if lease.verdict != Some(Verdict::Valid) {
        return Ok(unpaid("not verified: deliver the output with PUT /v1/leases/{lease}/output first"));
    }
    let account = account_of(app, &mut db, &lease.miner()?).await?;
    let reward = Amount::from_nano(lease.value).approximate_nnet();
    let (pending, posted) =
        account.map_or((0.0, 0.0), |account| (account.pending.approximate_nnet(), account.posted.approximate_nnet()));
    Ok(SubmitResultResponse {
        success: true,
        task_id: Some(request.task_id),
        error: None,
        reward,
        total_rewards: Some(pending + posted),
        balance: Some(posted),
        message: Some(format!("Task completed! You earned {reward:.4} NNET")),
    })
}

async fn must_be_registered(db: &mut Db, contributor: &str) -> Result<(), Failure> {
    match people::contributor(db, contributor).await? {
        Some(_) => Ok(()),
        None => Err(Refusal::new(ErrorCode::NotRegistered, "Contributor not registered").into()),
    }
}

fn unpaid(error: &str) -> SubmitResultResponse {
    SubmitResultResponse {
        success: false,
        task_id: None,
        error: Some(error.to_owned()),
        reward: 0.0,
        total_rewards: None,
        balance: None,
        message: None,
    }
}
