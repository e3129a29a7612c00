//! Targets for every JSON body on the wire: whatever is read can be written and read again.

use adit_core::Amount;
use adit_core::sign::{Challenge, Digest};
use adit_core::statement::{SessionStart, Verdict};
use adit_protocol::TaskType;
use adit_protocol::error::{ErrorBody, ErrorCode};
use adit_protocol::jobs::{DataPlace, Estimate, FileInfo, JobList, JobRequest, JobView, JobWork};
use adit_protocol::mining::{
    Delivered, Input, MinerLimits, RegisterGrant, RegisterKey, SessionGrant, SignedStart, TaskGrant,
};
use adit_protocol::neonet::*;
use adit_protocol::records::*;
use adit_protocol::statistics::{Earnings, SignedName, Statistics};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::samples::{Sample, coordinator, miner, samples};
use crate::statements::proven;

/// Parses bytes as each of these types.
macro_rules! read_as {
    ($bytes:ident: $($name:ty),* $(,)?) => { $(reads::<$name>($bytes);)* };
}

fn reads<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(bytes) {
        let written = serde_json::to_vec(&value).expect("what is read can be written");
        assert!(serde_json::from_slice::<T>(&written).is_ok(), "{}", String::from_utf8_lossy(&written));
    }
}

pub(super) fn requests(bytes: &[u8]) {
    read_as!(bytes:
        RegisterRequest, StartSessionRequest, SubmitResultRequest, HeartbeatRequest, StopSessionRequest, RegisterKey,
        SignedStart, JobRequest, JobWork,
    );
}

pub(super) fn responses(bytes: &[u8]) {
    read_as!(bytes:
        RegisterResponse, StartSessionResponse, Task, SubmitResultResponse, HeartbeatResponse, StopSessionResponse,
        ReturnUnitsResponse, Contributor, ContributorResponse, Tokenomics, DecentralizationStatus, GasInfo, GasEstimate, Stats, Leaderboard,
        RegisterGrant, SessionGrant, TaskGrant, Delivered, FileInfo, Estimate, JobView, JobList, Health, Overview,
        Statistics, Earnings, SignedName, Activity, Account, MinerList, ReceiptList, SignedHead, ConsistencyProof, EpochList, LedgerTotals,
    );
    if let Ok(error) = serde_json::from_slice::<ErrorBody>(bytes) {
        assert!(ErrorCode::ALL.contains(&error.code));
        error.message();
    }
}

pub(super) fn request_seeds() -> Vec<Vec<u8>> {
    let start = SessionStart {
        coordinator: coordinator().public_key(),
        challenge: Challenge([5; 32]),
        expires_at_ms: 1_780_000_000_000,
        contributor: "x".into(),
        public_key: miner().public_key(),
        payout: None,
        origin: "native".into(),
        share: None,
    };
    let signed = SignedStart { signature: miner().sign(&start), statement: start };
    let key = RegisterKey { public_key: miner().public_key(), payout: Some(format!("0x{}", "ab".repeat(20))) };
    let session = json!({ "contributor_id": "x", "session_id": "y" });
    let file = adit_core::content_id::output_cid([1; 32]);
    let mut seeds = vec![
        json!({ "contributor_id": "x", "cpu_cores": 8, "gpu_memory_mb": 0, "gpu_model": "", "adit": key }),
        json!({ "contributor_id": "x", "adit": signed }),
        json!({ "contributor_id": "x", "session_id": "y", "task_id": "z", "result": { "result_hash": "00" } }),
        json!({ "contributor_id": "x", "session_id": "y", "cpu_usage": 1.5, "gpu_usage": 0, "tasks_completed": 3 }),
        session,
        json!(key),
        json!(signed),
    ];
    let works = [
        JobWork::MatmulI8 { a: file, b: file },
        JobWork::MlpI8 { model: file, input: file },
        JobWork::GradientI8 { model: file, input: file, targets: file },
        JobWork::MatmulF32 { a: file, b: file },
        JobWork::HashTree { data: DataPlace::File { file } },
        JobWork::HashTree { data: DataPlace::Source { source: "https://gateway.example".into(), blocks: file } },
        JobWork::HashTree { data: DataPlace::Log { first: 0, count: 5 } },
        JobWork::HashTree2 { source: "https://gateway.example".into(), blocks: file },
    ];
    for work in works {
        seeds.push(json!(work));
        let (budget, task_type) = (Some(Amount::from_nano(1)), Some(TaskType::FraudDetection));
        seeds.push(json!(JobRequest {
            demo: true,
            budget,
            name: Some("n".into()),
            task_type,
            ..JobRequest::new(work)
        }));
    }
    seeds.iter().map(to_bytes).collect()
}

pub(super) fn response_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        json!(registered()),
        json!(started()),
        json!({ "detail": "gone", "code": "lease_expired" }),
        json!({ "detail": [{ "type": "missing", "loc": ["body", "x"], "msg": "Field required" }], "code": "invalid_body" }),
        json!(account()),
        json!({ "jobs": [] }),
        json!({ "success": true, "session_id": "s", "summary": {
            "compute_hours": 0.0, "tasks_completed": 7, "rewards_earned": 0.0, "avg_cpu_usage": 0.0, "avg_gpu_usage": 0.0,
        }, "message": "" }),
        json!({ "neo_transfer_fee": 0.01, "token_transfer_fee": 0.005, "active_providers": 1, "congestion_level": "low",
            "fee_model": "x" }),
    ];
    for sample in samples() {
        let proven = proven(sample, Verdict::Valid);
        seeds.extend([json!(task(sample)), json!(delivered(sample)), json!({ "receipts": [proven] })]);
        seeds.push(json!(SignedHead { head: proven.head, signature: proven.head_signature }));
        seeds.push(json!(ConsistencyProof { from: 1, to: 2, path: vec![Digest([1; 32])] }));
    }
    seeds.iter().map(to_bytes).collect()
}

fn to_bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// The coordinator's answer to a registration.
pub(super) fn registered() -> RegisterResponse {
    let adit = RegisterGrant {
        coordinator_key: coordinator().public_key(),
        challenge: Challenge([5; 32]),
        expires_at_ms: 1_000,
        expires_in_ms: 1_000,
        limits: MinerLimits { max_lanes: 8, max_output_bytes: 1 << 26, max_block_bytes: 1 << 20 },
    };
    let response = serde_json::from_value(json!({ "success": true })).expect("nothing else is needed");
    RegisterResponse { adit: Some(adit), ..response }
}

/// The coordinator's answer to a session's start.
pub(super) fn started() -> StartSessionResponse {
    let adit = SessionGrant { in_flight: 8, idle_ms: 600_000, account: account() };
    let response = serde_json::from_value(json!({ "success": true, "session_id": "s" })).expect("no more is needed");
    StartSessionResponse { adit: Some(adit), ..response }
}

fn account() -> Account {
    Account {
        contributor: "x".into(),
        key: miner().public_key(),
        pending: Amount::ZERO,
        posted: Amount::from_nano(1),
        confidence_bps: 5_000,
        units_valid: 0,
        units_invalid: 0,
        work_verified: 0,
        expected: Amount::ZERO,
        next_payment_ms: 0,
        name: None,
        name_counter: 0,
    }
}

/// A task with the sample's unit.
pub(super) fn task(sample: &Sample) -> Task {
    let lease = sample.lease(60_000);
    let blocks = sample.unit.blocks().into_iter();
    let grant = TaskGrant {
        signature: coordinator().sign(&lease),
        lease,
        kind: sample.unit.kind(),
        unit: sample.unit.clone(),
        inputs: blocks.map(|(cid, bytes)| Input { cid, bytes }).collect(),
        work: sample.unit.work(),
        expires_in_ms: 60_000,
        job: 1,
        about: None,
    };
    let task = json!({
        "task_id": "t", "session_id": "s", "contributor_id": "x", "task_type": "matrix_ops", "data": { "operations": 1 },
        "description": "", "created_at": 0.0, "status": "assigned", "base_reward": 0.0, "reward": 0.0,
        "reward_type": "issuance", "difficulty": 1, "timeout_seconds": 60,
    });
    Task { adit: Some(grant), ..serde_json::from_value(task).expect("the original's fields") }
}

/// The coordinator's answer to the sample's correct output.
pub(super) fn delivered(sample: &Sample) -> Delivered {
    let receipt = proven(sample, Verdict::Valid);
    Delivered {
        lease: receipt.receipt.lease,
        verdict: Verdict::Valid,
        reward: receipt.receipt.value,
        receipt,
        next: None,
        retry_after_ms: 3_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::Kind;

    #[test]
    fn every_kind_of_work_is_asked_for() {
        let seeds: Vec<Value> = request_seeds().iter().filter_map(|seed| serde_json::from_slice(seed).ok()).collect();
        for kind in Kind::ALL {
            assert!(seeds.iter().any(|seed| seed["work"]["kind"] == kind.name()), "{kind}");
        }
    }
}
