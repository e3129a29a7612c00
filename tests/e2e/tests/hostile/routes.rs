//! Malformed requests to every route: none gets a 5xx, and every error has a code.

use adit_protocol::ErrorCode::*;
use adit_protocol::paths;
use adit_support::{Reply, Scene, Server, raw};
use anyhow::{Context, Result, ensure};

/// Malformed path parameters.
const PARAMETERS: [&str; 18] = [
    "x",
    "0",
    "-1",
    "99999999999999999999",
    "1e3",
    "%00",
    "%ff%fe",
    "%zz",
    "..",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cadmin.token",
    "%2fetc%2fpasswd",
    "'%20OR%20'1'='1",
    "1;DROP%20TABLE%20job;--",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "%F0%9F%92%A9",
    "BAFKREIHDWDCEFGH4DQKJV67UZCMW7OJEE6XEDZDETOJUZJEVTENXQUVYKU",
    "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",
];

pub(crate) const QUERIES: [&str; 12] = [
    "?lane=-1",
    "?lane=99999999999",
    "?limit=-1",
    "?limit=99999999999999999999",
    "?limit=x&miner=zz",
    "?from=0&to=0",
    "?from=18446744073709551615&to=1",
    "?from=1&to=18446744073709551615",
    "?format=dag-json",
    "?name=../../x.npy",
    "?name=%00.npy&%ff=%ff",
    "?a[]=1&&&==&;'--",
];

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let json = "application/json";
    vec![
        (json, Vec::new()),
        (json, b"{}".to_vec()),
        (json, b"[[[[".to_vec()),
        (json, b"\xff\x00".to_vec()),
        (json, br#"{"contributor_id":"' OR ''='","session_id":"\u0000","task_id":"<b>","result":{"a":[1]}}"#.to_vec()),
        (json, br#"{"contributor_id":"x","session_id":"y","task_id":"z","result":{"a":1e308},"tasks_completed":-9223372036854775808}"#.to_vec()),
        (json, br#"{"contributor_id":"x","adit":{"public_key":"00"},"cpu_cores":-9223372036854775808}"#.to_vec()),
        (json, br#"{"work":{"kind":"matmul_i8/1","a":"x","b":"y"},"budget":"-0"}"#.to_vec()),
        ("text/plain", b"hello".to_vec()),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--".to_vec()),
    ]
}

/// A path with its parameter filled in.
fn targets(path: &str) -> Vec<String> {
    if !path.contains('{') {
        return vec![path.to_owned()];
    }
    let long = "a".repeat(5_000);
    PARAMETERS.iter().copied().chain([long.as_str()]).map(|value| paths::with(path, value)).collect()
}

/// Fails unless a stranger may cause this answer. Returns its text if it is an error.
pub(crate) fn judge(request: &str, reply: &Reply) -> Result<()> {
    ensure!(reply.status.as_u16() < 500, "{request}: {}", reply.status);
    if reply.status.is_client_error() && !request.starts_with("HEAD") {
        let code = reply.code().with_context(|| request.to_owned())?;
        ensure!(code != Internal);
        let text = String::from_utf8_lossy(&reply.body);
        ensure!(!text.contains("sqlite") && !text.contains("panicked"), "{request}: {text}");
        // It may quote the request, so browsers must not take it for a page.
        assert_eq!(reply.headers["content-type"], "application/json", "{request}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{request}");
    }
    Ok(())
}

async fn try_all(server: &Server) -> Result<u32> {
    let authorization = format!("Bearer {}", server.token());
    let common = [("host", "127.0.0.1"), ("authorization", authorization.as_str())];
    let mut tried = 0;
    for path in paths::ALL {
        for target in targets(path) {
            for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "BREW"] {
                let headers = [&common[..], &[("content-type", "application/json"), ("content-length", "2")]].concat();
                let reply = raw::send(&server.url, &raw::request(method, &target, &headers, b"{}")).await?;
                let request = format!("{method} {target}");
                judge(&request, &reply.with_context(|| format!("{request}: no answer"))?)?;
                tried += 1;
            }
        }
        let target = paths::with(path, "x");
        for query in QUERIES {
            for method in ["GET", "POST"] {
                let target = format!("{target}{query}");
                let reply = raw::send(&server.url, &raw::request(method, &target, &common, b"")).await?;
                let request = format!("{method} {target}");
                judge(&request, &reply.with_context(|| format!("{request}: no answer"))?)?;
                tried += 1;
            }
        }
        for (kind, body) in bodies() {
            for method in ["POST", "PUT", "DELETE"] {
                let length = body.len().to_string();
                let headers = [&common[..], &[("content-type", kind), ("content-length", &length)]].concat();
                let reply = raw::send(&server.url, &raw::request(method, &target, &headers, &body)).await?;
                let request = format!("{method} {target} {}", String::from_utf8_lossy(&body));
                judge(&request, &reply.with_context(|| format!("{request}: no answer"))?)?;
                tried += 1;
            }
        }
    }
    Ok(tried)
}

/// The metric that counts our 5xx answers.
pub(crate) async fn failed(scene: &Scene) -> Result<String> {
    let text = String::from_utf8(scene.honest.get(paths::METRICS).await?.body)?;
    let line = text.lines().find_map(|line| line.strip_prefix("adit_requests_failed_total "));
    Ok(line.context("no such metric")?.to_owned())
}

#[tokio::test]
async fn nothing_malformed_is_a_fault_of_ours() -> Result<()> {
    let scene = Scene::start().await?;
    let tried = try_all(&scene.server).await?;
    ensure!(tried > 1_500, "{tried}");
    assert_eq!(failed(&scene).await?, "0");
    scene.ends_well().await
}

#[tokio::test]
async fn unknown_paths_are_reported() -> Result<()> {
    let page = tempfile::TempDir::new()?;
    std::fs::write(page.path().join("index.html"), "<p>page</p>")?;
    std::fs::write(page.path().join("secret.txt"), "not the page's parent's")?;
    let web = page.path().join("web");
    std::fs::create_dir(&web)?;
    std::fs::write(web.join("index.html"), "<p>page</p>")?;
    for web in [None, Some(web)] {
        let scene = Scene::start().await?;
        let server = scene.server.restart(|config| config.web = web.clone().map(Into::into)).await?;
        let honest = adit_support::Client::at(&server.url, server.token(), "honest", 200)?;
        for target in [
            "/v1",
            "/v1/",
            "/v1/nothing",
            "/v1/jobs/",
            "/v1/jobs/1/result/x",
            "/V1/jobs",
            "//v1/jobs",
            "/v2/jobs",
            "/ai-energy",
            "/ai-energy/",
            "/ai-energy/admin",
            "/api/wallet/create",
            "/ipfs/",
            "/ipfs/a/b",
            "/.env",
            "/../admin.token",
            "/%2e%2e/admin.token",
            "/..%2fsecret.txt",
            "/../secret.txt",
            "/web/../secret.txt",
            "/admin.token",
            "/coordinator.key",
            "/adit.sqlite",
            "/%00",
            "/%ff",
        ] {
            for method in ["GET", "POST", "PUT", "DELETE"] {
                let request = raw::request(method, target, &[("host", "127.0.0.1"), ("content-length", "0")], b"");
                let reply = raw::send(&server.url, &request).await?.context("no answer")?;
                let code = reply.code().with_context(|| format!("{method} {target}, page {}", web.is_some()))?;
                ensure!([NoSuchPath, MethodNotAllowed].contains(&code), "{method} {target}: {code:?}");
            }
        }
        let reply = honest.get("/").await?;
        assert_eq!(reply.status == 200, web.is_some());
        Scene { server, honest, ..scene }.ends_well().await?;
    }
    Ok(())
}

#[tokio::test]
async fn methods_that_a_path_does_not_have_are_reported() -> Result<()> {
    let scene = Scene::start().await?;
    for (method, path) in
        [("PATCH", paths::JOBS), ("POST", paths::STATS), ("GET", paths::REGISTER), ("DELETE", paths::FILES)]
    {
        let request = raw::request(method, path, &[("host", "127.0.0.1"), ("content-length", "0")], b"");
        let reply = raw::send(&scene.server.url, &request).await?.context("no answer")?;
        assert_eq!(reply.code()?, MethodNotAllowed, "{method} {path}");
        ensure!(reply.headers.contains_key("allow"));
    }
    scene.ends_well().await
}

#[tokio::test]
async fn blocks_have_every_name_of_their_bytes() -> Result<()> {
    let scene = Scene::start().await?;
    let client = scene.stranger("stranger", 1).await?;
    let grant = scene.lease(&client).await?;
    let cid = grant.inputs.first().context("an input")?.cid.to_string();
    let get = |name: &str, query: &str| {
        let path = format!("{}{query}", paths::with(paths::BLOCK, name));
        let client = &client;
        async move { client.get(&path).await }
    };
    assert_eq!(get(&cid, "?format=raw").await?.status, 200);
    assert_eq!(get(&cid, "").await?.code()?, InvalidParameter);
    assert_eq!(get(&cid, "?format=car").await?.code()?, InvalidParameter);
    let unit = grant.unit.cid().to_string();
    let output = adit_core::content_id::output_cid([0; 32]).to_string();
    let other = get(&cid.to_uppercase(), "?format=raw").await?;
    assert_eq!((other.status, &other.headers["x-ipfs-roots"]), (reqwest::StatusCode::OK, &cid.parse()?));
    for name in [unit, output] {
        assert_eq!(get(&name, "?format=raw").await?.code()?, NoSuchBlock, "{name}");
    }
    for name in [format!("{cid}a"), "%2e%2e%2fadmin.token".to_owned()] {
        assert_eq!(get(&name, "?format=raw").await?.code()?, InvalidParameter, "{name}");
    }
    scene.ends_well().await
}
