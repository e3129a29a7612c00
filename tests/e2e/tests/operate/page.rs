//! How the coordinator sends the page's files.

use adit_protocol::ErrorCode::NoSuchPath;
use adit_support::{Client, Reply, Server};
use anyhow::Result;
use reqwest::Method;
use reqwest::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderName, IF_MODIFIED_SINCE,
    LAST_MODIFIED, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

fn header(reply: &Reply, name: reqwest::header::HeaderName) -> &str {
    reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn files_are_sent_compressed_and_kept_as_long_as_they_are_true() -> Result<()> {
    let web = tempfile::TempDir::new()?;
    std::fs::create_dir(web.path().join("assets"))?;
    for name in ["index.html", "dashboard.html", "assets/page-1a2b.js"] {
        std::fs::write(web.path().join(name), name)?;
        for ending in ["br", "gz"] {
            std::fs::write(web.path().join(format!("{name}.{ending}")), format!("{ending} of {name}"))?;
        }
    }
    let server = Server::start_with(|config| config.web = Some(web.path().to_owned())).await?;
    let client = Client::new(&server, "visitor", 1)?;
    let kept = "public, max-age=31536000, immutable";
    for (path, name, cache) in [
        ("/", "index.html", "no-cache"),
        ("/dashboard", "dashboard.html", "no-cache"),
        ("/assets/page-1a2b.js", "assets/page-1a2b.js", kept),
    ] {
        let plain = client.get(path).await?;
        assert_eq!((plain.status.as_u16(), String::from_utf8(plain.body.clone())?), (200, name.to_owned()));
        assert_eq!((header(&plain, CACHE_CONTROL), header(&plain, CONTENT_ENCODING)), (cache, ""));
        for (accepted, sent, copy) in [("gzip, deflate, br", "br", "br"), ("gzip", "gzip", "gz")] {
            let small = client.send(client.request(Method::GET, path).header(ACCEPT_ENCODING, accepted)).await?;
            assert_eq!(String::from_utf8(small.body.clone())?, format!("{copy} of {name}"));
            assert_eq!((header(&small, CACHE_CONTROL), header(&small, CONTENT_ENCODING)), (cache, sent));
        }
    }
    // A missing file may exist tomorrow, so its 404 is not cached.
    for path in ["/assets/page-0000.js", "/missing"] {
        let reply = client.get(path).await?;
        assert_eq!((reply.code()?, header(&reply, CACHE_CONTROL)), (NoSuchPath, ""));
    }
    server.assert_balanced().await
}

/// The headers that browsers obey: pages may be framed by nobody and load only what they need; every other answer, opened
/// as a document, may do nothing.
#[tokio::test]
async fn pages_and_calls_say_what_browsers_must_not_do() -> Result<()> {
    let web = tempfile::TempDir::new()?;
    std::fs::create_dir_all(web.path().join("assets/worker"))?;
    for name in ["index.html", "dashboard.html", "assets/worker/lane-1a2b.js"] {
        std::fs::write(web.path().join(name), name)?;
    }
    let server = Server::start_with(|config| config.web = Some(web.path().to_owned())).await?;
    let client = Client::new(&server, "visitor", 1)?;
    for path in ["/", "/index.html", "/dashboard", "/assets/worker/lane-1a2b.js"] {
        let first = client.get(path).await?;
        // What has not changed is kept with the headers of this answer.
        let since = header(&first, LAST_MODIFIED).to_owned();
        let again = client.send(client.request(Method::GET, path).header(IF_MODIFIED_SINCE, since)).await?;
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 304), "{path}");
        for reply in [first, again] {
            let policy = header(&reply, CONTENT_SECURITY_POLICY);
            for part in ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval';", "frame-ancestors 'none'"] {
                assert!(policy.contains(part), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
            assert!(header(&reply, HeaderName::from_static("permissions-policy")).contains("camera=()"), "{path}");
            is_hardened(&reply, path);
        }
    }
    for path in ["/healthz", "/openapi.json", "/v1/jobs", "/v1/nothing", "/missing", "/assets/missing.js"] {
        let reply = client.get(path).await?;
        assert_eq!(header(&reply, CONTENT_SECURITY_POLICY), "default-src 'none'; frame-ancestors 'none'", "{path}");
        is_hardened(&reply, path);
    }
    server.assert_balanced().await
}

fn is_hardened(reply: &Reply, path: &str) {
    assert_eq!(header(reply, X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
    assert_eq!(header(reply, REFERRER_POLICY), "no-referrer", "{path}");
    let embedded = HeaderName::from_static("cross-origin-resource-policy");
    assert_eq!(header(reply, embedded), "same-origin", "{path}");
}
