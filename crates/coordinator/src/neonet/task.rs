//! Units as the original's tasks.

use adit_core::{Amount, Unit};
use adit_protocol::TaskType;
use adit_protocol::neonet::Task;
use serde_json::{Value, json};

use crate::mining::flow::Granted;

impl From<Granted> for Task {
    /// A lease as a task, with ours riding along.
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

/// The original's description of a unit, without anybody's name on it.
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
