//! A stand-in for NeoNet's own server, as its miners see it: its JSON shapes, its check of results (one key must be
//! present), and its payments for mere claims. It hands out every task type in turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Task types with their rewards, their data, and the key that a result must have.
fn kinds() -> Vec<(&'static str, f64, Value, &'static str)> {
    let transactions: Vec<Value> = (0..12)
        .map(|n| json!({ "amount": f64::from(n * n), "from": format!("addr_{n}"), "to": format!("addr_{}", n + 1) }))
        .collect();
    let blocks: Vec<Value> = (0..6).map(|n| json!({ "height": n, "hash": format!("be366e87-65b0-4d{n}") })).collect();
    vec![
        ("fraud_detection", 0.5, json!({ "transactions": transactions }), "results_hash"),
        ("model_training", 0.8, json!({ "layer_size": 64, "batch_size": 16, "epochs": 5 }), "weights_hash"),
        ("network_protection", 0.6, json!({ "blocks": blocks }), "blocks_validated"),
        ("data_validation", 0.3, json!({ "records": 100 }), "integrity_score"),
        ("inference", 0.4, json!({ "model_id": "risk_scorer_v1", "input_size": 32, "batch_size": 8 }), "output_hash"),
        ("federated_learning", 1.0, json!({ "global_weights": null, "local_data_size": 500 }), "weights_hash"),
        ("gradient_compute", 0.5, json!({ "layer_dims": [128, 64, 32] }), "gradient_hash"),
        ("matrix_ops", 0.3, json!({ "matrix_size": 128, "operations": 6 }), "result_hash"),
        ("matrix_ops", 0.3, json!({ "matrix_size": 1_000_000, "operations": 6 }), "result_hash"),
    ]
}

#[derive(Default)]
struct Books {
    contributors: HashMap<String, Value>,
    sessions: HashMap<String, String>,
    tasks: Vec<(Value, &'static str)>,
    results: Vec<Value>,
    beats: Vec<Value>,
    balance: f64,
    stopped: u64,
}

type Shared = State<Arc<Mutex<Books>>>;

/// A running server.
pub struct Original {
    /// Its URL.
    pub url: String,
    books: Arc<Mutex<Books>>,
    serving: JoinHandle<()>,
}

impl Drop for Original {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Original {
    /// Starts it on a free port of loopback.
    pub async fn start() -> anyhow::Result<Self> {
        let books = Arc::new(Mutex::new(Books::default()));
        let router = Router::new()
            .route("/ai-energy/register", post(register))
            .route("/ai-energy/start-session", post(start))
            .route("/ai-energy/task/{contributor}", get(task))
            .route("/ai-energy/submit-result", post(submit))
            .route("/ai-energy/heartbeat", post(heartbeat))
            .route("/ai-energy/stop-session", post(stop))
            .route("/api/gas/info", get(gas))
            .with_state(books.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Original { url, books, serving })
    }

    /// Every submission so far, with the type of its task and whether it was paid.
    pub fn results(&self) -> Vec<Value> {
        lock(&self.books).results.clone()
    }

    /// Every heartbeat so far.
    pub fn beats(&self) -> Vec<Value> {
        lock(&self.books).beats.clone()
    }

    /// The sum that was paid, and the number of sessions that were stopped.
    pub fn paid_and_stopped(&self) -> (f64, u64) {
        let books = lock(&self.books);
        (books.balance, books.stopped)
    }
}

fn lock(books: &Mutex<Books>) -> std::sync::MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(status: u16, detail: &str) -> Response {
    (StatusCode::from_u16(status).unwrap_or_default(), Json(json!({ "detail": detail }))).into_response()
}

fn id_of(body: &Value) -> String {
    body["contributor_id"].as_str().unwrap_or_default().to_lowercase()
}

async fn register(State(books): Shared, Json(body): Json<Value>) -> Json<Value> {
    let (id, mut books) = (id_of(&body), lock(&books));
    if let Some(known) = books.contributors.get(&id) {
        return Json(json!({ "success": false, "error": "Already registered", "contributor": known }));
    }
    books.contributors.insert(id.clone(), body);
    Json(json!({
        "success": true, "message": "Registered", "contributor_id": id, "next_step": "start", "note": "",
        "tokenomics": { "genesis_supply": 5e7, "model": "x" },
    }))
}

async fn start(State(books): Shared, Json(body): Json<Value>) -> Response {
    let (id, mut books) = (id_of(&body), lock(&books));
    if !books.contributors.contains_key(&id) {
        return refused(400, "Not registered. Call /ai-energy/register first");
    }
    if let Some(session) = books.sessions.get(&id) {
        let answer = json!({ "success": false, "error": "Session already active", "session_id": session });
        return Json(answer).into_response();
    }
    let session = format!("8f930ed3-0000-4000-8000-{:012}", books.sessions.len());
    books.sessions.insert(id, session.clone());
    let answer = json!({
        "success": true, "session_id": session, "message": "Started", "initial_task": null,
        "instructions": "Send heartbeats to /ai-energy/heartbeat every 30 seconds",
    });
    Json(answer).into_response()
}

async fn task(State(books): Shared, Path(contributor): Path<String>) -> Response {
    let (id, mut books) = (contributor.to_lowercase(), lock(&books));
    let Some(session) = books.sessions.get(&id).cloned() else {
        return refused(400, "No active session. Start a session first.");
    };
    if let Some((pending, _)) = books.tasks.iter().find(|(task, _)| task["status"] == "assigned") {
        return Json(pending.clone()).into_response();
    }
    let kinds = kinds();
    let number = books.tasks.len();
    let (task_type, reward, data, key) = kinds[number % kinds.len()].clone();
    let task = json!({
        "task_id": format!("926be4a4-0000-4000-8000-{number:012}"), "session_id": session, "contributor_id": id,
        "task_type": task_type, "data": data, "description": "", "created_at": 1.7e9, "status": "assigned",
        "base_reward": reward, "reward": reward, "reward_type": "issuance", "difficulty": 3, "timeout_seconds": 60,
    });
    books.tasks.push((task.clone(), key));
    Json(task).into_response()
}

async fn submit(State(books): Shared, Json(body): Json<Value>) -> Response {
    let mut books = lock(&books);
    if !books.contributors.contains_key(&id_of(&body)) {
        return refused(404, "Contributor not registered");
    }
    let Some(place) = books.tasks.iter().position(|(task, _)| task["task_id"] == body["task_id"]) else {
        return refused(404, "Task not found");
    };
    let (task, key) = books.tasks[place].clone();
    if task["status"] == "completed" {
        return refused(400, "Task already completed");
    }
    let result = &body["result"];
    let valid = result.get("error").is_none() && result.get(key).is_some();
    books.results.push(json!({ "task_type": task["task_type"], "result": result, "paid": valid }));
    books.tasks[place].0["status"] = json!(if valid { "completed" } else { "failed" });
    if !valid {
        return Json(json!({ "success": false, "error": "Invalid result format", "reward": 0 })).into_response();
    }
    let reward = task["reward"].as_f64().unwrap_or_default();
    books.balance += reward;
    let answer = json!({
        "success": true, "task_id": task["task_id"], "reward": reward, "total_rewards": books.balance,
        "balance": books.balance, "message": format!("Task completed! You earned {reward:.4} NNET"),
    });
    Json(answer).into_response()
}

async fn heartbeat(State(books): Shared, Json(body): Json<Value>) -> Response {
    let mut books = lock(&books);
    let session = books.sessions.get(&id_of(&body)).cloned();
    if session.as_deref() != body["session_id"].as_str() {
        return refused(400, "Session not found");
    }
    let counted = books.results.iter().filter(|result| result["paid"] == true).count() as i64;
    // It pays for every task claimed beyond its own count.
    books.balance += (body["tasks_completed"].as_i64().unwrap_or_default() - counted).max(0) as f64 * 0.05;
    books.beats.push(body.clone());
    let answer = json!({
        "success": true, "session_id": session, "compute_time": 1, "tasks_completed": counted,
        "rewards_earned": books.balance, "next_task": null, "status": "active",
    });
    Json(answer).into_response()
}

async fn stop(State(books): Shared, Json(body): Json<Value>) -> Response {
    let mut books = lock(&books);
    if books.sessions.remove(&id_of(&body)).is_none() {
        return refused(400, "Session not found");
    }
    books.stopped += 1;
    let summary = json!({
        "compute_hours": 0.1, "tasks_completed": 1, "rewards_earned": books.balance,
        "avg_cpu_usage": 0.0, "avg_gpu_usage": 0.0,
    });
    let answer = json!({ "success": true, "session_id": body["session_id"], "summary": summary, "message": "" });
    Json(answer).into_response()
}

async fn gas() -> Json<Value> {
    Json(json!({
        "neo_transfer_fee": 0.012_453, "token_transfer_fee": 0.006_227, "active_providers": 0,
        "congestion_level": "medium", "fee_model": "EIP-1559 Dynamic",
    }))
}
