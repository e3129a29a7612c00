//! How the coordinator sends the page's files.

use adit_protocol::ErrorCode::NoSuchPath;
use adit_support::{Client, Reply, Server};
use anyhow::Result;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING};

fn header(reply: &Reply, name: reqwest::header::HeaderName) -> &str {
    reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn files_are_sent_compressed_and_kept_as_long_as_they_are_true() -> Result<()> {
    let web = tempfile::TempDir::new()?;
    std::fs::create_dir(web.path().join("assets"))?;
    for name in ["index.html", "dashboard.html", "assets/page-1a2b.js"] {
        std::fs::write(web.path().join(name), name)?;
        std::fs::write(web.path().join(format!("{name}.gz")), format!("compressed {name}"))?;
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
        let small = client.send(client.request(Method::GET, path).header(ACCEPT_ENCODING, "gzip, br")).await?;
        assert_eq!(String::from_utf8(small.body.clone())?, format!("compressed {name}"));
        assert_eq!((header(&small, CACHE_CONTROL), header(&small, CONTENT_ENCODING)), (cache, "gzip"));
    }
    // A missing file may exist tomorrow, so its 404 is not cached.
    for path in ["/assets/page-0000.js", "/missing"] {
        let reply = client.get(path).await?;
        assert_eq!((reply.code()?, header(&reply, CACHE_CONTROL)), (NoSuchPath, ""));
    }
    server.assert_balanced().await
}
