//! Sends malformed headers, queries and bodies to every path and method, with the ids of real objects, so that calls
//! get past the first check. New paths are covered automatically.

use adit_core::sign::Digest;
use adit_core::statement::Delivery;
use adit_fuzz::Mutator;
use adit_protocol::jobs::FileInfo;
use adit_protocol::paths;
use adit_support::{Client, Scene, files, raw};
use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::routes::{QUERIES, failed, judge};

const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
/// Mutated bodies per call.
const MUTATED: usize = 24;

/// Ids of real objects.
struct Names {
    /// Path parameters, each tried in every path.
    parameters: Vec<String>,
    session: String,
    /// A valid digest and signature of a delivery.
    digest: String,
    signature: String,
    bodies: Vec<Vec<u8>>,
}

impl Names {
    async fn of(scene: &Scene, stranger: &mut Client) -> Result<Self> {
        // A job of its own, because some call will cancel it.
        let (a, b) = (files::npy(64, 64, &files::values(1, 4_096)), files::npy(64, 64, &files::values(2, 4_096)));
        let file: FileInfo = stranger.upload("A.npy", a.clone()).await?.json()?;
        let job = stranger.submit_matmul(a, b).await?.job.to_string();
        let grant = scene.lease(stranger).await?;
        let output = stranger.compute(&grant).await?;
        let digest = Digest(*blake3::hash(&output).as_bytes());
        let delivery = Delivery { digest, ..stranger.delivery(&grant, &output) };
        let (lease, unit) = (grant.lease.lease.to_string(), grant.lease.unit.to_string());
        let session = stranger.session.clone();
        let told = json!({
            "contributor_id": "stranger", "session_id": session, "task_id": lease, "result": { "result_hash": "00" },
            "tasks_completed": 1, "cpu_usage": 1e308,
        });
        let work =
            json!({ "work": { "kind": "matmul_i8/1", "a": file.file, "b": file.file }, "budget": "0.000000001" });
        let seeds = adit_fuzz::find("requests").context("a target")?.seeds;
        let good: Vec<Vec<u8>> = [told, work].iter().map(|body| body.to_string().into_bytes()).chain(seeds()).collect();
        let mut mutator = Mutator::new(1);
        let bodies = good.iter().cloned().chain((0..MUTATED).map(|_| mutator.next(&good))).collect();
        let key = stranger.key.public_key().to_string();
        let block = grant.inputs[0].cid.to_string();
        let parameters = vec![lease, unit, block, file.file.to_string(), job, key, "Stranger".to_owned()];
        let signature = stranger.key.sign(&delivery).to_string();
        Ok(Names { parameters, session, digest: digest.to_string(), signature, bodies })
    }

    /// A path with each id as its parameter.
    fn targets(&self, path: &str) -> Vec<String> {
        if !path.contains('{') {
            return vec![path.to_owned()];
        }
        self.parameters.iter().map(|value| paths::with(path, value)).collect()
    }

    /// Sets of headers in which one is wrong.
    fn headers(&self) -> Vec<Vec<(&'static str, String)>> {
        let right = [
            (paths::SESSION_HEADER, self.session.clone()),
            (paths::DIGEST_HEADER, self.digest.clone()),
            (paths::SIGNATURE_HEADER, self.signature.clone()),
        ];
        let long = "a".repeat(4_000);
        let wrong =
            |name, values: &[&str]| values.iter().map(move |value| (name, (*value).to_owned())).collect::<Vec<_>>();
        let lists = [
            wrong(paths::SESSION_HEADER, &["", "x", "' OR ''='", "00000000-0000-4000-8000-000000000000", &long]),
            wrong(paths::DIGEST_HEADER, &["", "00", &self.digest.to_uppercase(), &"0".repeat(64), &long]),
            wrong(paths::SIGNATURE_HEADER, &["", "00", &"0".repeat(128), &"f".repeat(128), &long]),
            wrong("authorization", &["Bearer", "Bearer ", "Basic eDp4", "bearer x", &long]),
            wrong("content-type", &["", ";", "application/json; charset=utf-16", "a/b, c/d", "multipart/form-data"]),
            wrong("x-forwarded-for", &["", "::", "999.1.1.1", "127.0.0.1, x", "[::1]:80", &long]),
            wrong("range", &["bytes=0-", "bytes=-1", "bytes=9-1", "bytes=0-0,1-1", "x"]),
            wrong("accept-encoding", &["gzip", "br;q=9", "*;q=0"]),
            wrong("if-none-match", &["*", "\"", "W/\"x\""]),
            wrong("origin", &["null", "http://evil.example", "\u{1}"]),
            wrong("expect", &["100-continue", "x"]),
            wrong("upgrade", &["websocket", "h2c"]),
        ];
        let beside = |one: (&'static str, String)| {
            let mut headers: Vec<_> = right.iter().filter(|(name, _)| *name != one.0).cloned().collect();
            headers.push(one);
            headers
        };
        lists.into_iter().flatten().map(beside).collect()
    }
}

/// Sends each call on its own connection and judges the answer.
struct Caller<'a> {
    url: &'a str,
    authorization: String,
    tried: u32,
}

impl Caller<'_> {
    async fn call(&mut self, method: &str, target: &str, headers: &[(&str, String)], body: &[u8]) -> Result<()> {
        let length = body.len().to_string();
        let own = |name: &str| headers.iter().any(|(given, _)| *given == name);
        let defaults = [
            ("host", "127.0.0.1"),
            ("content-length", length.as_str()),
            ("authorization", self.authorization.as_str()),
            ("content-type", "application/json"),
        ];
        let mut all: Vec<(&str, &str)> = defaults.into_iter().filter(|(name, _)| !own(name)).collect();
        all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
        let request = format!("{method} {target} {headers:?} {}", String::from_utf8_lossy(body));
        // To invalid HTTP the server's parser answers without our error body, or not at all.
        let reply = raw::send(self.url, &raw::request(method, target, &all, body)).await.context(request.clone())?;
        self.tried += 1;
        match reply {
            Some(reply) if reply.status == 400 && reply.body.is_empty() => Ok(()),
            Some(reply) => judge(&request, &reply),
            None => Ok(()),
        }
    }
}

#[tokio::test]
async fn nothing_malformed_beside_good_names_is_a_fault_of_ours() -> Result<()> {
    let scene = Scene::start().await?;
    let mut stranger = scene.stranger("stranger", 1).await?;
    let names = Names::of(&scene, &mut stranger).await?;
    let authorization = format!("Bearer {}", scene.server.token());
    let mut caller = Caller { url: &scene.server.url, authorization, tried: 0 };
    for path in paths::ALL {
        for target in names.targets(path) {
            for method in METHODS {
                for headers in names.headers() {
                    caller.call(method, &target, &headers, b"{}").await?;
                }
                for query in QUERIES {
                    caller.call(method, &format!("{target}{query}"), &[], b"").await?;
                }
            }
            for method in ["POST", "PUT", "DELETE"] {
                for body in &names.bodies {
                    caller.call(method, &target, &[], body).await?;
                }
            }
        }
    }
    println!("{} calls", caller.tried);
    ensure!(caller.tried > 10_000, "{}", caller.tried);
    assert_eq!(failed(&scene).await?, "0");
    scene.earned_nothing(&stranger).await?;
    scene.ends_well().await
}
