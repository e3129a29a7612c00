//! Represents units as NeoNet tasks.

use adit_core::{Amount, Unit};
use adit_protocol::TaskType;
use adit_protocol::neonet::Task;
use serde_json::{Value, json};

use crate::mining::flow::Granted;

impl From<Granted> for Task {
    /// A NeoNet task with Adit's lease inside.
    fn from(granted: Granted) -> Task {
        let Granted { grant, task, session, contributor, task_type, sponsored, issued_at_ms } = granted;
        let value = grant.lease.value.approximate_nnet();
        let described = task_of(&grant.unit, task_type);
        Task {
            contributor_id: Some(contributor),
            task_id: task,
            session_id: session,
            created_at: issued_at_ms as f64 / 1_000.0,
            base_reward: value,
            reward: value,
            reward_type: if sponsored { "issuance" } else { "escrow" }.to_owned(),
            timeout_seconds: (grant.lease.ttl_ms / 1_000).max(1),
            adit: Some(grant),
            ..described
        }
    }
}

/// A unit as a NeoNet task that is assigned to nobody.
pub(crate) fn task_of(unit: &Unit, task_type: TaskType) -> Task {
    let (data, description) = describe(unit, task_type);
    Task {
        task_id: String::new(),
        session_id: String::new(),
        contributor_id: None,
        task_type: task_type.name().to_owned(),
        data,
        description: description.to_owned(),
        created_at: 0.0,
        status: "assigned".to_owned(),
        base_reward: Amount::ZERO.approximate_nnet(),
        reward: Amount::ZERO.approximate_nnet(),
        reward_type: "none".to_owned(),
        difficulty: (unit.work().max(1).ilog2() / 8).clamp(1, 5) as u8,
        timeout_seconds: 60,
        adit: None,
    }
}

fn describe(unit: &Unit, task_type: TaskType) -> (Value, &'static str) {
    let (input, layers) = (unit.input(), unit.layers().len());
    let (rows, cols, blocks, bytes) = (input.rows, input.cols, input.panels.len(), input.bytes());
    let kind = unit.kind();
    let outputs = unit.targets().map_or(0, |targets| targets.cols);
    let inner = unit.weights().first().map_or(0, |weight| weight.rows);
    let summary = kind.facts().summary;
    match task_type {
        TaskType::MatrixOps => (
            json!({ "matrix_size": rows, "operations": 1, "inner_size": inner, "columns": unit.output_width() }),
            summary,
        ),
        TaskType::FraudDetection => (
            json!({ "tx_count": rows, "features": cols, "model_id": kind.name(), "layers": layers }),
            "Classes of transactions, by a quantised perceptron",
        ),
        TaskType::Inference => {
            (json!({ "model_id": kind.name(), "input_size": cols, "batch_size": rows, "layers": layers }), summary)
        }
        TaskType::GradientCompute => {
            (json!({ "input_dim": cols, "output_dim": outputs, "batch_size": rows, "layers": layers }), summary)
        }
        TaskType::NetworkProtection => {
            (json!({ "block_range": [0, blocks], "bytes": bytes }), "Hash tree over a part of the coordinator's log")
        }
        TaskType::DataValidation => (json!({ "records": blocks, "bytes": bytes }), summary),
        TaskType::ModelTraining | TaskType::FederatedLearning => (json!({}), summary),
    }
}

#[cfg(test)]
mod tests {
    use adit_core::kind::MatmulI8;
    use adit_core::sign::{LeaseId, SecretKey};
    use adit_core::split::cut;
    use adit_core::statement::{Lease, STATEMENT_VERSION};
    use adit_core::{Kind, PublicKey, Signature};
    use adit_protocol::mining::{Input, TaskGrant};
    use serde::Deserialize;

    use super::*;

    /// The task as miners have decoded it since the first version. Later changes to the types must not reach it.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct PreviousTask {
        task_id: String,
        session_id: String,
        contributor_id: Option<String>,
        task_type: String,
        data: Value,
        description: String,
        created_at: f64,
        status: String,
        base_reward: f64,
        reward: f64,
        reward_type: String,
        difficulty: u8,
        timeout_seconds: u64,
        adit: Option<PreviousGrant>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct PreviousGrant {
        lease: Lease,
        signature: Signature,
        kind: Kind,
        unit: Unit,
        inputs: Vec<Input>,
        work: u64,
        expires_in_ms: u64,
        job: u64,
    }

    fn granted() -> Granted {
        let key = SecretKey::from_bytes(&[7; 32]).unwrap();
        let (a, b) = (cut(&[1; 6], 2, 3, 1).0, cut(&[2; 12], 3, 4, 3).0);
        let unit = Unit::MatmulI8(MatmulI8 { a, b });
        let lease = Lease {
            version: STATEMENT_VERSION,
            coordinator: key.public_key(),
            lease: LeaseId([9; 16]),
            unit: unit.cid(),
            miner: PublicKey([2; 33]),
            value: Amount::from_nano(1_500_000_000),
            price_version: 1,
            ttl_ms: 30_000,
        };
        Granted {
            grant: TaskGrant {
                signature: key.sign(&lease),
                kind: unit.kind(),
                inputs: unit.blocks().into_iter().map(|(cid, bytes)| Input { cid, bytes }).collect(),
                work: unit.work(),
                expires_in_ms: 29_000,
                job: 5,
                about: None,
                unit,
                lease,
            },
            task: "a-task".to_owned(),
            session: "a-session".to_owned(),
            contributor: "a-miner".to_owned(),
            task_type: TaskType::MatrixOps,
            sponsored: true,
            issued_at_ms: 1_780_000_000_500,
        }
    }

    #[test]
    fn a_task_keeps_its_bytes() {
        let text = serde_json::to_string(&Task::from(granted())).unwrap();
        assert_eq!(text, include_str!("task.json").trim_end());
    }

    #[test]
    fn the_previous_miner_decodes_a_task() {
        let text = serde_json::to_string(&Task::from(granted())).unwrap();
        let task: PreviousTask = serde_json::from_str(&text).unwrap();
        let grant = task.adit.unwrap();
        assert_eq!((grant.lease.unit, grant.work), (grant.unit.cid(), 24));
        assert!(grant.lease.coordinator.verify(&grant.lease, &grant.signature).is_ok());
    }
}
