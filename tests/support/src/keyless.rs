//! A client like NeoNet's own: it has no key, sends made-up results, and claims tasks that it did not do.

use adit_protocol::paths::{self, with};
use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{Client, Reply, Server};

/// A client that has an id but no key.
pub struct Keyless {
    /// The client that sends its requests.
    pub client: Client,
    /// Its id, as it spells it.
    pub id: String,
    /// Its session, once started.
    pub session: String,
}

impl Keyless {
    /// A client that has not registered yet.
    pub fn new(server: &Server, id: &str) -> Result<Self> {
        Ok(Keyless { client: Client::new(server, id, 99)?, id: id.to_owned(), session: String::new() })
    }

    /// Sends a POST with JSON and returns the answer. Fails unless it is 200.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.client.post(path, &body).await?.json()
    }

    /// Sends a GET and returns the answer. Fails unless it is 200.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.client.get(path).await?.json()
    }

    /// Registers and claims eight cores.
    pub async fn register(&self) -> Result<Value> {
        let body = json!({ "contributor_id": self.id, "cpu_cores": 8, "gpu_memory_mb": 0, "gpu_model": "", "p2p_endpoint": "x" });
        self.post(paths::REGISTER, body).await
    }

    /// Starts a session, or resumes the open one.
    pub async fn start(&mut self) -> Result<Value> {
        let started = self.post(paths::START_SESSION, json!({ "contributor_id": self.id })).await?;
        self.session = started["session_id"].as_str().context("no session")?.to_owned();
        Ok(started)
    }

    /// Asks for a task.
    pub async fn task(&self) -> Result<Value> {
        self.get(&with(paths::TASK, &self.id)).await
    }

    /// Submits a result.
    pub async fn submit(&self, task: &Value, result: Value) -> Result<Reply> {
        let body = json!({
            "contributor_id": self.id, "session_id": self.session, "task_id": task["task_id"], "result": result,
            "task_type": task["task_type"], "duration_seconds": 1.5, "cpu_usage": 50.0, "gpu_usage": 0.0,
        });
        self.client.post(paths::SUBMIT_RESULT, &body).await
    }

    /// Sends a heartbeat that claims a number of tasks.
    pub async fn heartbeat(&self, claimed: i64) -> Result<Value> {
        let body = json!({
            "contributor_id": self.id, "session_id": self.session,
            "cpu_usage": 73.2, "gpu_usage": 12.0, "tasks_completed": claimed,
        });
        self.post(paths::HEARTBEAT, body).await
    }

    /// Stops the session.
    pub async fn stop(&self) -> Result<Value> {
        self.post(paths::STOP_SESSION, json!({ "contributor_id": self.id, "session_id": self.session })).await
    }
}

/// A made-up result that NeoNet's server would accept: it looks only for one key.
pub fn made_up(task_type: &str) -> Value {
    let hash = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58";
    match task_type {
        "matrix_ops" => json!({ "result_hash": hash, "final_norm": 0.0, "operations_done": 6, "compute_time_ms": 3 }),
        "inference" => json!({ "output_hash": hash, "predictions": [1, 2, 3, 4, 5], "confidence": 0.97 }),
        _ => json!({
            "results_hash": hash, "weights_hash": hash, "gradient_hash": hash, "blocks_validated": "i did nothing",
            "integrity_score": 0.99,
        }),
    }
}
