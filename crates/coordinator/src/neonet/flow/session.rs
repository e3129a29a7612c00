//! Registration and sessions, in NeoNet's shapes.

use adit_core::sign::Challenge;
use adit_core::unit::MAX_OUTPUT_BYTES;
use adit_core::{Amount, content_id};
use adit_protocol::mining::{HeartbeatNews, MinerLimits, RegisterGrant, SessionGrant};
use adit_protocol::neonet::{
    Contributor, HeartbeatRequest, HeartbeatResponse, RegisterRequest, RegisterResponse, ReturnUnitsResponse,
    SessionSummary, StartSessionRequest, StartSessionResponse, StopSessionRequest, StopSessionResponse,
};
use serde_json::{Value, json};

use super::people::{contributor_view, hours, tokenomics_of};
use super::tasks::copy;
use crate::app::App;
use crate::error::Failure;
use crate::mining::MAX_LANES;
use crate::mining::flow::conduct;
use crate::money::flow::account_of;
use crate::people::flow::{Beaten, Heartbeat, Register, ReturnUnits, StartSession, Started, StopSession};
use crate::people::identity::contributor_id;
use crate::people::{CHALLENGE_MS, SESSION_IDLE_MS};
use crate::random::{random, random_uuid};

/// Registers a contributor. With a key, also issues a challenge.
pub(crate) async fn register(app: &App, request: RegisterRequest) -> Result<RegisterResponse, Failure> {
    let challenge = Challenge(random()?);
    let keyed = request.adit.is_some();
    let (registered, _) = app.store.write(Register::new(request, challenge)?).await?;
    let adit = keyed.then(|| grant(app, challenge, registered.expires_at_ms));
    let mut db = app.store.read().await?;
    let now_ms = app.clock.now_ms();
    let contributor = contributor_view(&mut db, &registered.contributor, now_ms).await?;
    if !registered.new {
        return Ok(registered_before(contributor, adit));
    }
    let tokenomics = json!(tokenomics_of(&mut db, now_ms).await?);
    Ok(newly_registered(contributor, tokenomics, adit))
}

fn grant(app: &App, challenge: Challenge, expires_at_ms: i64) -> RegisterGrant {
    RegisterGrant {
        coordinator_key: app.public_key,
        challenge,
        expires_at_ms,
        expires_in_ms: CHALLENGE_MS as u64,
        limits: MinerLimits {
            max_lanes: MAX_LANES,
            max_output_bytes: MAX_OUTPUT_BYTES,
            max_block_bytes: content_id::MAX_BLOCK_BYTES as u64,
        },
    }
}

fn newly_registered(contributor: Contributor, tokenomics: Value, adit: Option<RegisterGrant>) -> RegisterResponse {
    RegisterResponse {
        success: true,
        message: Some("Registered".to_owned()),
        error: None,
        contributor_id: Some(contributor.id),
        next_step: Some("Call /ai-energy/start-session to begin".to_owned()),
        tokenomics: Some(tokenomics),
        note: Some("Rewards follow verified work alone; hardware, uptime and heartbeats earn nothing.".to_owned()),
        contributor: None,
        adit,
    }
}

fn registered_before(contributor: Contributor, adit: Option<RegisterGrant>) -> RegisterResponse {
    RegisterResponse {
        success: false,
        message: None,
        error: Some("Already registered".to_owned()),
        contributor_id: None,
        next_step: None,
        tokenomics: None,
        note: None,
        contributor: Some(contributor),
        adit,
    }
}

/// Opens a session or finds the open one. Without a key, also returns a first task.
pub(crate) async fn start_session(app: &App, request: StartSessionRequest) -> Result<StartSessionResponse, Failure> {
    let keyed = request.adit.is_some();
    let (session, max_keyless) = (random_uuid(), app.keyless_sessions);
    let operation = StartSession::new(&request.contributor_id, request.adit, &app.public_key, session, max_keyless)?;
    let (Started { session, new }, _) = app.store.write(operation).await?;
    let mut db = app.store.read().await?;
    let (account, in_flight) = match session.key() {
        Some(key) => {
            let standing = conduct::standing(&mut db, &key, &app.conduct).await?;
            let in_flight = standing.in_flight(&app.conduct).min(i64::from(MAX_LANES));
            (account_of(app, &mut db, &key).await?, in_flight as u32)
        }
        None => (None, 0),
    };
    drop(db);
    let initial_task = if keyed || !new { None } else { copy(app, &session, None).await? };
    Ok(StartSessionResponse {
        success: new,
        session_id: session.id,
        message: new.then(|| "Session started".to_owned()),
        error: (!new).then(|| "Session already active".to_owned()),
        initial_task,
        instructions: new.then(|| "Send heartbeats to /ai-energy/heartbeat every 30 seconds".to_owned()),
        adit: account.map(|account| SessionGrant { in_flight, idle_ms: SESSION_IDLE_MS as u64, account }),
    })
}

/// Keeps a session open. Earns nothing.
pub(crate) async fn heartbeat(app: &App, request: HeartbeatRequest) -> Result<HeartbeatResponse, Failure> {
    let contributor = contributor_id(&request.contributor_id)?;
    let operation = Heartbeat { contributor, session: request.session_id };
    let (Beaten { session, now_ms, vain }, _) = app.store.write(operation).await?;
    Ok(HeartbeatResponse {
        success: true,
        compute_time: ((now_ms - session.started_at_ms).max(0) / 1_000) as u64,
        tasks_completed: session.units_valid as u64,
        rewards_earned: Amount::from_nano(session.earned).approximate_nnet(),
        session_id: session.id,
        next_task: None,
        status: "active".to_owned(),
        adit: (!vain.is_empty()).then_some(HeartbeatNews { vain }),
    })
}

/// Returns a session's units. The body is the session's id, in a form that a browser can send while a page is being closed.
pub(crate) async fn return_units(app: &App, body: &[u8]) -> Result<ReturnUnitsResponse, Failure> {
    let session = std::str::from_utf8(body).unwrap_or_default().trim();
    let session = session.strip_prefix("session_id=").unwrap_or(session).to_owned();
    let (units, _) = app.store.write(ReturnUnits { session }).await?;
    Ok(ReturnUnitsResponse { success: true, units })
}

/// Ends a session and returns its leases.
pub(crate) async fn stop_session(app: &App, request: StopSessionRequest) -> Result<StopSessionResponse, Failure> {
    let contributor = contributor_id(&request.contributor_id)?;
    let (session, _) = app.store.write(StopSession { contributor, session: request.session_id }).await?;
    let ended = session.ended_at_ms.unwrap_or(session.seen_at_ms);
    Ok(StopSessionResponse {
        success: true,
        summary: SessionSummary {
            compute_hours: hours((ended - session.started_at_ms).max(0)),
            tasks_completed: session.units_valid as u64,
            rewards_earned: Amount::from_nano(session.earned).approximate_nnet(),
            avg_cpu_usage: 0.0,
            avg_gpu_usage: 0.0,
        },
        session_id: session.id,
        message: "Session stopped".to_owned(),
    })
}
