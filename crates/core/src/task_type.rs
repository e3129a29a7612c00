//! What requesters call work, and which kinds may be called so. The names are NeoNet's.

use serde::{Deserialize, Serialize};

use crate::kind::name::Kind;

/// A name for work, as requesters choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskType {
    /// Products of matrices.
    MatrixOps,
    /// Classes of samples.
    Inference,
    /// Classes of transactions: inference with a model of what is unusual.
    FraudDetection,
    /// A model's gradient.
    GradientCompute,
    /// Whether a data set is there and intact, and what its columns hold.
    DataValidation,
    /// The same for a part of the coordinator's own log.
    NetworkProtection,
    /// Known, and not handed out: a step of training is a gradient so far.
    ModelTraining,
    /// Known, and not handed out: what a client computes on data of its own cannot be verified yet.
    FederatedLearning,
}

impl TaskType {
    /// Every type.
    pub const ALL: [TaskType; 8] = [
        TaskType::MatrixOps,
        TaskType::Inference,
        TaskType::FraudDetection,
        TaskType::GradientCompute,
        TaskType::DataValidation,
        TaskType::NetworkProtection,
        TaskType::ModelTraining,
        TaskType::FederatedLearning,
    ];

    /// The name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            TaskType::MatrixOps => "matrix_ops",
            TaskType::Inference => "inference",
            TaskType::FraudDetection => "fraud_detection",
            TaskType::GradientCompute => "gradient_compute",
            TaskType::DataValidation => "data_validation",
            TaskType::NetworkProtection => "network_protection",
            TaskType::ModelTraining => "model_training",
            TaskType::FederatedLearning => "federated_learning",
        }
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task_type| task_type.name() == name)
    }

    /// What work of a kind is called unless the requester says otherwise.
    pub const fn of(kind: Kind) -> Self {
        kind.facts().task_type
    }

    /// Whether work of `kind` may be called so.
    ///
    /// ```
    /// use adit_core::{Kind, TaskType};
    /// assert!(TaskType::FraudDetection.fits(Kind::MlpI8));
    /// assert!(!TaskType::FraudDetection.fits(Kind::MatmulI8));
    /// assert!(!Kind::ALL.into_iter().any(|kind| TaskType::FederatedLearning.fits(kind)));
    /// ```
    pub fn fits(self, kind: Kind) -> bool {
        let facts = kind.facts();
        facts.task_type == self || facts.other_task_types.contains(&self)
    }
}
