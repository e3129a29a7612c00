//! Task types: what requesters call their work, and which kinds fit each. The names are NeoNet's.

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
    /// Whether a part of the coordinator's own log is intact.
    NetworkProtection,
    /// Recognised but never handed out: a training step is delegated as a gradient.
    ModelTraining,
    /// Recognised but never handed out: work on a client's own data cannot be verified yet.
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

    /// The task type of work of `kind` unless the requester chooses another.
    pub const fn of(kind: Kind) -> Self {
        kind.facts().task_type
    }

    /// Whether a requester may give work of `kind` this type.
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
