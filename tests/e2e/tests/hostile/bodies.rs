//! JSON bodies that are malformed, too long, or of another type.

use adit_protocol::ErrorCode::{self, *};
use adit_protocol::{ErrorBody, paths};
use adit_support::{Scene, raw};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

/// Every call that takes JSON, with a valid body.
fn calls() -> Vec<(&'static str, Value)> {
    let session = json!({ "contributor_id": "x", "session_id": "y" });
    vec![
        (paths::REGISTER, json!({ "contributor_id": "x" })),
        (paths::START_SESSION, json!({ "contributor_id": "x" })),
        (paths::SUBMIT_RESULT, json!({ "contributor_id": "x", "session_id": "y", "task_id": "z", "result": {} })),
        (paths::HEARTBEAT, session.clone()),
        (paths::STOP_SESSION, session),
        (paths::ESTIMATE, json!({ "work": { "kind": "matmul_i8/1", "a": cid(), "b": cid() } })),
        (paths::JOBS, json!({ "work": { "kind": "matmul_i8/1", "a": cid(), "b": cid() } })),
    ]
}

fn cid() -> String {
    adit_core::content_id::output_cid([1; 32]).to_string()
}

/// The answer of a call to these bytes under this content type.
async fn answer(scene: &Scene, path: &str, kind: Option<&str>, body: Vec<u8>) -> Result<ErrorCode> {
    let mut request = scene.honest.as_operator(Method::POST, path).body(body);
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    scene.honest.send(request).await?.code().with_context(|| path.to_owned())
}

#[tokio::test]
async fn bodies_that_are_not_json_are_refused() -> Result<()> {
    let scene = Scene::start().await?;
    for (path, good) in calls() {
        let good = good.to_string();
        let mut bad: Vec<Vec<u8>> = vec![
            b"".to_vec(),
            b"{".to_vec(),
            b"null".to_vec(),
            b"[]".to_vec(),
            b"NaN".to_vec(),
            b"'single'".to_vec(),
            b"\xff\xfe".to_vec(),
            b"{\"contributor_id\": \"\xff\"}".to_vec(),
            b"{\"contributor_id\": \"\\ud800\"}".to_vec(),
            "[".repeat(60_000).into_bytes(),
            "{\"a\":".repeat(10_000).into_bytes(),
            format!("{good}{good}").into_bytes(),
            format!("{good}x").into_bytes(),
            good.as_bytes()[..good.len() - 1].to_vec(),
        ];
        // The first field twice, with different values.
        let twice = good.replacen('{', "{\"contributor_id\": \"other\", \"work\": {}, ", 1);
        bad.push(twice.into_bytes());
        for body in bad {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let code = answer(&scene, path, Some("application/json"), body).await?;
            ensure!(code == InvalidBody, "{path} {shown}: {code:?}");
        }
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")] {
            let code = answer(&scene, path, kind, good.clone().into_bytes()).await?;
            ensure!(code == UnsupportedMediaType, "{path} {kind:?}: {code:?}");
        }
    }
    scene.ends_well().await
}

#[tokio::test]
async fn fields_of_the_wrong_type_are_named() -> Result<()> {
    let scene = Scene::start().await?;
    let post = |body: Value| scene.honest.send(scene.honest.request(Method::POST, paths::REGISTER).json(&body));
    let reply = post(json!({})).await?;
    assert_eq!(reply.status, 422);
    let said: Value = serde_json::from_slice(&reply.body)?;
    let field = &said["detail"][0];
    assert_eq!((&field["type"], &field["loc"]), (&json!("missing"), &json!(["body", "contributor_id"])));
    assert_eq!((&field["msg"], &said["code"]), (&json!("Field required"), &json!("invalid_body")));
    for body in [
        json!({ "contributor_id": 1 }),
        json!({ "contributor_id": null }),
        json!({ "contributor_id": ["x"] }),
        json!({ "contributor_id": "x", "cpu_cores": "8" }),
        json!({ "contributor_id": "x", "cpu_cores": 8.5 }),
        json!({ "contributor_id": "x", "cpu_cores": 1e300 }),
        json!({ "contributor_id": "x", "gpu_memory_mb": 18_446_744_073_709_551_615_u64 }),
        json!({ "contributor_id": "x", "gpu_model": 7 }),
        json!({ "contributor_id": "x", "adit": 7 }),
    ] {
        assert_eq!(post(body.clone()).await?.code()?, InvalidBody, "{body}");
    }
    scene.ends_well().await
}

#[tokio::test]
async fn bodies_over_their_cap_are_refused() -> Result<()> {
    let scene = Scene::start().await?;
    let url = scene.server.url.clone();
    let long = format!("{{\"contributor_id\": \"{}\"}}", "x".repeat(70_000));
    for (path, _) in calls() {
        let code = answer(&scene, path, Some("application/json"), long.clone().into_bytes()).await?;
        ensure!(code == BodyTooLarge, "{path}: {code:?}");
    }
    let token = format!("Bearer {}", scene.server.token());
    let common = [("host", "127.0.0.1"), ("content-type", "application/json"), ("authorization", &token)];
    for path in [paths::REGISTER, paths::JOBS, paths::FILES] {
        let target = format!("{path}?name=A.npy");
        // Announced but never sent: refused before anything is read.
        let request =
            raw::request("POST", &target, &[&common[..], &[("content-length", "1099511627776")]].concat(), b"{");
        let reply = raw::send(&url, &request).await?.context("no answer")?;
        assert_eq!(reply.code()?, BodyTooLarge, "{path}");
    }
    // Without an announced length, the body is refused at the limit.
    let chunk = format!("{:x}\r\n{}\r\n", 40_000, "x".repeat(40_000));
    let body = [chunk.as_bytes(), chunk.as_bytes(), b"0\r\n\r\n"].concat();
    let headers = [&common[..], &[("transfer-encoding", "chunked")]].concat();
    let reply = raw::send(&url, &raw::request("POST", paths::REGISTER, &headers, &body)).await?.context("no answer")?;
    assert_eq!(reply.code()?, BodyTooLarge);
    // Fewer bytes than announced: no answer, or a refusal.
    for path in [paths::REGISTER, paths::JOBS, paths::FILES] {
        let headers = [&common[..], &[("content-length", "1000")]].concat();
        let request = raw::request("POST", &format!("{path}?name=A.npy"), &headers, b"{\"contributor_id\"");
        if let Some(reply) = raw::send_and_hang_up(&url, &request).await? {
            ensure!(reply.status.is_client_error(), "{path}: {}", reply.status);
        }
    }
    // Two different lengths, or a length with chunked encoding, make an invalid request.
    for extra in [[("content-length", "2"), ("content-length", "3")], [("content-length", "x"), ("x", "y")]] {
        let request = raw::request("POST", paths::REGISTER, &[&common[..], &extra].concat(), b"{}");
        if let Some(reply) = raw::send(&url, &request).await? {
            ensure!(reply.status.is_client_error(), "{}", reply.status);
        }
    }
    scene.ends_well().await
}

#[tokio::test]
async fn errors_repeat_nothing_as_markup() -> Result<()> {
    let scene = Scene::start().await?;
    let body = json!({ "contributor_id": "<script>alert(1)</script>" });
    let reply = scene.honest.post(paths::REGISTER, &body).await?;
    assert_eq!(reply.code()?, InvalidContributor);
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    let error: ErrorBody = serde_json::from_slice(&reply.body)?;
    ensure!(!error.message().contains('<'), "{error:?}");
    scene.ends_well().await
}
