//! How the coordinator sends the page's files.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use adit_coordinator::{Embedded, Web};
use adit_protocol::ErrorCode::NoSuchPath;
use adit_support::{Client, Reply, Server};
use anyhow::Result;
use reqwest::Method;
use reqwest::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, ETAG, HeaderName,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

/// A folder with these files, each holding its own name, and compressed twins of each.
fn site(files: &[&str]) -> Result<tempfile::TempDir> {
    let folder = tempfile::TempDir::new()?;
    for name in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
        std::fs::write(&path, name)?;
        std::fs::write(folder.path().join(format!("{name}.gz")), gzip(name)?)?;
        std::fs::write(folder.path().join(format!("{name}.br")), brotli(name))?;
    }
    Ok(folder)
}

fn gzip(text: &str) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes())?;
    Ok(encoder.finish()?)
}

/// Stands in for text compressed with Brotli; nobody decompresses it.
fn brotli(text: &str) -> Vec<u8> {
    format!("br of {text}").into_bytes()
}

/// The same site as a folder and as the program embeds it.
fn forms(folder: &Path, files: &[&str]) -> Result<[Web; 2]> {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let mut held = Vec::new();
    for name in files {
        held.push((format!("{name}.gz"), Cow::Owned(gzip(name)?), at));
        held.push((format!("{name}.br"), Cow::Owned(brotli(name)), at));
    }
    Ok([Web::Folder(folder.to_owned()), Web::Embedded(Embedded::new(held))])
}

fn header(reply: &Reply, name: reqwest::header::HeaderName) -> &str {
    reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn files_are_sent_compressed_and_cached_as_long_as_they_are_valid() -> Result<()> {
    let files = ["index.html", "dashboard.html", "stats.html", "assets/page-1a2b.js"];
    let site = site(&files)?;
    for web in forms(site.path(), &files)? {
        are_sent_compressed(web).await?;
    }
    Ok(())
}

async fn are_sent_compressed(web: Web) -> Result<()> {
    let server = Server::start_with(|config| config.web = Some(web)).await?;
    let client = Client::new(&server, "visitor", 1)?;
    let kept = "public, max-age=31536000, immutable";
    for (path, name, cache) in [
        ("/", "index.html", "no-cache"),
        ("/dashboard", "dashboard.html", "no-cache"),
        ("/stats", "stats.html", "no-cache"),
        ("/assets/page-1a2b.js", "assets/page-1a2b.js", kept),
    ] {
        let plain = client.get(path).await?;
        assert_eq!((plain.status.as_u16(), String::from_utf8(plain.body.clone())?), (200, name.to_owned()));
        assert_eq!((header(&plain, CACHE_CONTROL), header(&plain, CONTENT_ENCODING)), (cache, ""));
        for (accepted, sent, copy) in [("gzip, deflate, br", "br", brotli(name)), ("gzip", "gzip", gzip(name)?)] {
            let small = client.send(client.request(Method::GET, path).header(ACCEPT_ENCODING, accepted)).await?;
            assert_eq!(small.body, copy);
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
    let files = ["index.html", "dashboard.html", "assets/worker/lane-1a2b.js"];
    let site = site(&files)?;
    for web in forms(site.path(), &files)? {
        say_what_browsers_must_not_do(web).await?;
    }
    Ok(())
}

async fn say_what_browsers_must_not_do(web: Web) -> Result<()> {
    let server = Server::start_with(|config| config.web = Some(web)).await?;
    let client = Client::new(&server, "visitor", 1)?;
    for path in ["/", "/index.html", "/dashboard", "/assets/worker/lane-1a2b.js"] {
        let first = client.get(path).await?;
        // The browser keeps an unchanged file with this answer's headers.
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

/// For every request, both forms give the same status, body and headers, except for dates and tags.
#[tokio::test]
async fn a_page_within_the_program_answers_as_a_folder_does() -> Result<()> {
    let files = ["index.html", "dashboard.html", "assets/page/page-1a2b.js", "assets/page/x.wasm", "assets/page/x.css"];
    let site = site(&files)?;
    let [folder, embedded] = forms(site.path(), &files)?;
    let folder = Server::start_with(|config| config.web = Some(folder)).await?;
    let embedded = Server::start_with(|config| config.web = Some(embedded)).await?;
    let clients = [Client::new(&folder, "visitor", 1)?, Client::new(&embedded, "visitor", 1)?];
    let paths = [
        "/",
        "/index.html",
        "/dashboard",
        "/dashboard/",
        "/dashboard.html?x=1",
        "/assets",
        "/assets/",
        "/assets/page",
        "/assets/page/",
        "/assets/page/page-1a2b.js",
        "/assets/page/x.wasm",
        "/assets/page/x.css",
        "/assets/page/x.css/",
        "/assets/page/none.js",
        "/assets/pag",
        "/index.html/x",
        "/./index.html",
        "/%00",
        "/%2e%2e/index.html",
        "/assets/%2e%2e/index.html",
        "/none",
        &format!("/{}", "long".repeat(100)),
    ];
    let (mut compared, mut tags) = (0, 0);
    for path in paths {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
            for encoding in ["", "gzip", "br", "gzip;q=0, identity", "identity;q=0, gzip"] {
                let mut replies = Vec::new();
                for client in &clients {
                    let request = client.request(method.clone(), path).header(ACCEPT_ENCODING, encoding);
                    replies.push(client.send(request).await?);
                }
                let [tag, twin] = [&replies[0], &replies[1]].map(|reply| reply.headers.contains_key(ETAG));
                assert_eq!(tag, twin, "{method} {path} {encoding}");
                tags += usize::from(tag);
                let [one, other] = [&replies[0], &replies[1]].map(lasting);
                assert_eq!(one, other, "{method} {path} {encoding}");
                compared += 1;
            }
        }
    }
    assert!(compared == 440 && tags > 50, "{compared}, {tags}");
    folder.assert_balanced().await?;
    embedded.assert_balanced().await
}

/// What does not depend on when a file was written or requested.
fn lasting(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = reply.headers.iter().collect();
    headers.retain(|(name, _)| !["date", "etag", "last-modified", "x-request-id"].contains(&name.as_str()));
    let mut headers: Vec<_> =
        headers.into_iter().map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
    headers.sort();
    (reply.status.as_u16(), headers, String::from_utf8_lossy(&reply.body).into_owned())
}

/// Each form of a file has a tag of its own, and a file that has not changed is not sent again.
#[tokio::test]
async fn an_unchanged_file_is_sent_once() -> Result<()> {
    let files = ["index.html", "assets/page-1a2b.js"];
    let site = site(&files)?;
    for web in forms(site.path(), &files)? {
        let server = Server::start_with(|config| config.web = Some(web)).await?;
        let client = Client::new(&server, "visitor", 1)?;
        let mut tags = std::collections::BTreeSet::new();
        for path in ["/", "/assets/page-1a2b.js"] {
            for encoding in ["gzip", "identity"] {
                let ask = || client.request(Method::GET, path).header(ACCEPT_ENCODING, encoding);
                let first = client.send(ask()).await?;
                let tag = header(&first, ETAG).to_owned();
                let again = client.send(ask().header(IF_NONE_MATCH, &tag)).await?;
                assert_eq!((first.status.as_u16(), again.status.as_u16(), again.body.len()), (200, 304, 0), "{path}");
                let head = client.send(client.request(Method::HEAD, path).header(ACCEPT_ENCODING, encoding)).await?;
                assert_eq!((head.status.as_u16(), head.body.len(), header(&head, ETAG)), (200, 0, &*tag), "{path}");
                assert_eq!(header(&head, CONTENT_LENGTH), first.body.len().to_string(), "{path}");
                tags.insert(tag);
            }
        }
        assert_eq!(tags.len(), 4, "{tags:?}");
        server.assert_balanced().await?;
    }
    Ok(())
}
