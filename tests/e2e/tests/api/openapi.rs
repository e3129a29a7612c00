//! Compares the API's description with the API: every path, every method, and the bodies of live answers.

use std::collections::BTreeSet;

use adit_core::Amount;
use adit_protocol::jobs::{FileInfo, JobRequest, JobWork};
use adit_protocol::paths::{self, with};
use adit_protocol::{ErrorBody, ErrorCode};
use adit_support::{Client, Scene, Server, files, raw};
use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Map, Value, json};

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

struct Document(Value);

impl Document {
    async fn of(client: &Client) -> Result<Self> {
        client.get(paths::OPENAPI).await?.json().map(Document)
    }

    fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            METHODS.iter().filter_map(|method| item.get(*method).map(|operation| (path.as_str(), *method, operation)))
        })
    }

    /// The target of a reference, or the value itself.
    fn resolved<'a>(&'a self, value: &'a Value) -> Result<&'a Value> {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').context("a reference to another document")?;
                self.0.pointer(pointer).with_context(|| format!("{reference} names nothing"))
            }
            None => Ok(value),
        }
    }

    /// Fails unless `value` fits `schema` and has no other fields.
    fn holds(&self, schema: &Value, value: &Value, at: &str) -> Result<()> {
        let schema = self.resolved(schema)?;
        if let Some(options) = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array) {
            let found: Vec<_> = options.iter().map(|option| self.holds(option, value, at)).collect();
            ensure!(found.iter().any(Result::is_ok), "{at}: {value} is none of {found:?}");
            return Ok(());
        }
        if let Some(options) = schema.get("enum").and_then(Value::as_array) {
            ensure!(options.contains(value), "{at}: {value} is none of {options:?}");
        }
        if let Some(types) = schema.get("type") {
            let of_type = |kind: &str| match kind {
                "null" => value.is_null(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                "string" => value.is_string(),
                "array" => value.is_array(),
                _ => value.is_object(),
            };
            let fits = match types {
                Value::Array(types) => types.iter().filter_map(Value::as_str).any(of_type),
                kind => kind.as_str().is_some_and(of_type),
            };
            ensure!(fits, "{at}: {value} is not {types}");
        }
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            values.iter().try_for_each(|value| self.holds(items, value, &format!("{at}[]")))?;
        }
        let (Some(properties), Some(fields)) = (schema.get("properties"), value.as_object()) else { return Ok(()) };
        self.fields_hold(schema, properties, fields, at)
    }

    fn fields_hold(&self, schema: &Value, properties: &Value, fields: &Map<String, Value>, at: &str) -> Result<()> {
        for (name, value) in fields {
            let property = properties.get(name).with_context(|| format!("{at}.{name} is not described"))?;
            self.holds(property, value, &format!("{at}.{name}"))?;
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            ensure!(name.as_str().is_some_and(|name| fields.contains_key(name)), "{at}.{name} is missing");
        }
        Ok(())
    }

    /// The schema of a call's answer with status 200.
    fn answer(&self, method: &str, path: &str) -> Result<&Value> {
        let pointer = ["paths", path, method, "responses", "200", "content", "application/json", "schema"];
        let escaped = pointer.map(|part| part.replace('~', "~0").replace('/', "~1"));
        self.0.pointer(&format!("/{}", escaped.join("/"))).with_context(|| format!("{method} {path} gives no JSON"))
    }
}

fn references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| references(field, into));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_lists_every_path_and_no_other() -> Result<()> {
    let server = Server::start().await?;
    let document = Document::of(&Client::new(&server, "reader", 1)?).await?;
    ensure!(document.0["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    let described: BTreeSet<&str> = document.operations().map(|(path, _, _)| path).collect();
    assert_eq!(described, paths::ALL.iter().copied().collect());
    assert_eq!(described.len(), document.0["paths"].as_object().map_or(0, Map::len));

    let mut ids = BTreeSet::new();
    for (path, method, operation) in document.operations() {
        let at = format!("{method} {path}");
        ensure!(ids.insert(operation["operationId"].as_str().context("an id")?), "{at}: a duplicate id");
        ensure!(operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{at}");
        ensure!(["200", "204"].iter().any(|success| operation["responses"].get(success).is_some()), "{at}");
        let error = document.resolved(&operation["responses"]["default"])?;
        assert_eq!(error["content"]["application/json"]["schema"], json!({ "$ref": "#/components/schemas/ErrorBody" }));
        let declared = operation["parameters"].as_array().into_iter().flatten();
        let declared: Vec<&str> =
            declared.filter(|parameter| parameter["in"] == "path").filter_map(|p| p["name"].as_str()).collect();
        let wanted: Vec<&str> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(declared, wanted, "{at}");
    }
    for (path, alias) in [(paths::TOKENOMICS, "/halving-info"), (paths::STATS, "/api/ai-energy/stats")] {
        let text = document.0["paths"][path]["get"]["description"].as_str().unwrap_or_default();
        ensure!(text.contains(&format!("`{alias}`")), "{alias} is not described");
    }
    let mut named = Vec::new();
    references(&document.0, &mut named);
    ensure!(named.len() > 50);
    for reference in named {
        document.resolved(&json!({ "$ref": reference }))?;
    }
    let codes = &document.0["components"]["schemas"]["ErrorCode"]["enum"];
    let codes: BTreeSet<&str> = codes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(codes, ErrorCode::ALL.iter().map(|code| code.name()).collect());
    Ok(())
}

#[tokio::test]
async fn the_router_has_the_documents_methods_and_no_other() -> Result<()> {
    let server = Server::start().await?;
    let document = Document::of(&Client::new(&server, "reader", 1)?).await?;
    for path in paths::ALL {
        for method in METHODS {
            let request = raw::request(
                &method.to_uppercase(),
                &with(path, "1"),
                &[("host", "127.0.0.1"), ("content-length", "0")],
                b"",
            );
            let reply = raw::send(&server.url, &request).await?.context("no answer")?;
            let code = if reply.status.is_client_error() { Some(reply.code()?) } else { None };
            let described = document.0["paths"][path].get(method).is_some();
            assert_eq!(code == Some(ErrorCode::MethodNotAllowed), !described, "{method} {path}: {code:?}");
            ensure!(code != Some(ErrorCode::NoSuchPath), "{method} {path} is not routed");
            // The document says which calls need the operator's token.
            let secured = document.0["paths"][path][method].get("security").is_some();
            assert_eq!(code == Some(ErrorCode::TokenRequired), secured, "{method} {path}: {code:?}");
        }
    }
    Ok(())
}

/// Collects answers from a live coordinator with jobs, miners, receipts and a closed epoch.
#[tokio::test]
async fn live_answers_are_as_described() -> Result<()> {
    let scene = Scene::start().await?;
    let document = Document::of(&scene.honest).await?;
    let holds = |method: &str, path: &str, value: &Value| {
        document.holds(document.answer(method, path)?, value, &format!("{method} {path}"))
    };
    let mut miner = Client::new(&scene.server, "miner", 1)?;
    let key = miner.key.public_key();
    let post = async |path: &str, body: Value| -> Result<Value> {
        let request = scene.honest.as_operator(Method::POST, path).json(&body);
        let value: Value = scene.honest.send(request).await?.json()?;
        holds("post", path, &value)?;
        Ok(value)
    };
    // A session with a key and one without, each asked twice.
    for _ in 0..2 {
        post(paths::REGISTER, json!({ "contributor_id": "miner", "adit": { "public_key": key } })).await?;
        post(paths::REGISTER, json!({ "contributor_id": "keyless" })).await?;
        let keyless = post(paths::START_SESSION, json!({ "contributor_id": "keyless" })).await?;
        let session = json!({ "contributor_id": "keyless", "session_id": keyless["session_id"] });
        post(paths::HEARTBEAT, session).await?;
        let statement = miner.start_statement(&miner.register().await?);
        let adit = json!({ "statement": statement, "signature": miner.key.sign(&statement) });
        let started = post(paths::START_SESSION, json!({ "contributor_id": "miner", "adit": adit })).await?;
        miner.session = started["session_id"].as_str().context("a session")?.to_owned();
    }
    let given: Value = miner.ask(0).await?.json()?;
    holds("get", paths::TASK, &given)?;
    let grant = miner.task(0).await?.and_then(|task| task.adit).context("a lease")?;
    let output = miner.compute(&grant).await?;
    let delivered: Value = miner.deliver(&grant, output).await?.json()?;
    holds("put", paths::OUTPUT, &delivered)?;
    let grant = miner.task(0).await?.and_then(|task| task.adit).context("a lease")?;
    let wrong: Value = miner.deliver(&grant, vec![1; grant.unit.output_bytes() as usize]).await?.json()?;
    ensure!(wrong["receipt"]["receipt"]["counterexample"].is_object());
    holds("put", paths::OUTPUT, &wrong)?;
    let closed = json!({
        "contributor_id": "miner", "session_id": miner.session, "task_id": given["task_id"], "result": {},
    });
    post(paths::SUBMIT_RESULT, closed).await?;
    let file = scene.honest.upload("A.npy", files::npy(64, 64, &[1; 4096])).await?.json::<FileInfo>()?;
    holds("post", paths::FILES, &serde_json::to_value(&file)?)?;
    let work = JobWork::MatmulI8 { a: file.file, b: file.file };
    let budget = Some(Amount::from_nano(1_000_000));
    let order =
        serde_json::to_value(JobRequest { demo: true, budget, name: Some("named".into()), ..JobRequest::new(work) })?;
    document.holds(&document.0["components"]["schemas"]["JobRequest"], &order, "order")?;
    post(paths::ESTIMATE, order.clone()).await?;
    let job = post(paths::JOBS, order).await?;
    let returned = scene.honest.request(reqwest::Method::POST, paths::RETURN_UNITS).body(miner.session.clone());
    holds("post", paths::RETURN_UNITS, &miner.send(returned).await?.json()?)?;
    scene.server.advance(3_600_001).await?;
    post(paths::STOP_SESSION, json!({ "contributor_id": "miner", "session_id": miner.session })).await?;

    let lease = grant.lease.lease.to_string();
    for (path, parameter, query) in [
        (paths::STATS, "", ""),
        (paths::LEADERBOARD, "", "?limit=5"),
        (paths::CONTRIBUTOR, "miner", ""),
        (paths::GAS_INFO, "", ""),
        (paths::GAS_ESTIMATE, "", "?token=NEO&amount=1.5"),
        (paths::TOKENOMICS, "", ""),
        (paths::DECENTRALIZATION, "", ""),
        (paths::RECEIPT, &lease, ""),
        (paths::RECEIPTS, "", "?limit=5"),
        (paths::LOG_HEAD, "", ""),
        (paths::LOG_CONSISTENCY, "", "?from=1&to=2"),
        (paths::JOBS, "", ""),
        (paths::JOB, &job["job"].to_string(), ""),
        (paths::OVERVIEW, "", ""),
        (paths::ACTIVITY, "", "?minutes=1"),
        (paths::ACCOUNT, &key.to_string(), ""),
        (paths::EARNINGS, &key.to_string(), "?days=7"),
        (paths::STATISTICS, "", "?days=7"),
        (paths::MINERS, "", ""),
        (paths::LEDGER, "", ""),
        (paths::EPOCHS, "", ""),
        (paths::HEALTH, "", ""),
        (paths::OPENAPI, "", ""),
    ] {
        let request = scene.honest.as_operator(Method::GET, &format!("{}{query}", with(path, parameter)));
        let value: Value = scene.honest.send(request).await?.json()?;
        holds("get", path, &value)?;
    }
    let cancelled = scene.honest.as_operator(Method::DELETE, &with(paths::JOB, &job["job"].to_string()));
    holds("delete", paths::JOB, &scene.honest.send(cancelled).await?.json()?)?;
    scene.server.assert_balanced().await
}

#[tokio::test]
async fn errors_are_as_described() -> Result<()> {
    let server = Server::start().await?;
    let client = Client::new(&server, "reader", 1)?;
    let document = Document::of(&client).await?;
    let schema = json!({ "$ref": "#/components/schemas/ErrorBody" });
    for reply in [client.get("/v1/nothing").await?, client.post(paths::REGISTER, &json!({})).await?] {
        reply.code()?;
        document.holds(&schema, &serde_json::from_slice(&reply.body)?, "error")?;
    }
    let other = serde_json::to_value(ErrorBody::new(ErrorCode::Internal, "x"))?;
    document.holds(&schema, &other, "error")?;
    // The check itself refuses fields that are not described.
    for wrong in
        [json!({ "detail": "x" }), json!({ "detail": 1, "code": "internal" }), json!({ "detail": "x", "code": "y" })]
    {
        if document.holds(&schema, &wrong, "error").is_ok() {
            bail!("{wrong} passes");
        }
    }
    Ok(())
}
