//! The cases of ipfs/gateway-conformance for trustless gateways, on its fixtures.

mod files;

use std::collections::HashMap;
use std::path::Path as FilePath;

use adit_content::car::CarReader;
use adit_content::name::names;
use adit_content::{Block, Cid, ContentPath, Limits, List, Resolve, Walk, cid};
use axum::body::to_bytes;
use axum::http::Request;
use bytes::Bytes;
use tower::ServiceExt;

use super::*;

/// A gateway that has the blocks of a fixture.
struct Fixture {
    root: Cid,
    blocks: HashMap<Cid, Block>,
}

/// An answer. Its body is `None` if it was broken off.
struct Got {
    status: u16,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The identifiers of a CAR's blocks, after its header was checked.
    fn cids(&self) -> Vec<Cid> {
        self.blocks().iter().map(|block| *block.cid()).collect()
    }

    fn blocks(&self) -> Vec<Block> {
        assert_eq!(self.status, 200);
        assert!(self.header("content-type").starts_with("application/vnd.ipld.car; version=1; order=dfs; dups="));
        assert_eq!((self.header("accept-ranges"), self.header("x-content-type-options")), ("none", "nosniff"));
        assert_eq!(self.header("content-length"), "");
        assert!(self.header("etag").starts_with("W/\"") && self.header("cache-control").contains("immutable"));
        assert!(self.header("content-disposition").starts_with("attachment; filename=\""));
        assert!(self.header("content-disposition").ends_with(".car\""));
        let (mut reader, mut blocks) = (CarReader::new(), Vec::new());
        reader.feed(self.body.as_ref().expect("a whole answer"));
        while let Some(block) = reader.block().unwrap() {
            blocks.push(block);
        }
        reader.finish().unwrap();
        blocks
    }
}

impl Fixture {
    fn open(name: &str) -> Self {
        let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/ipfs/gateway-conformance");
        let (mut reader, mut blocks) = (CarReader::new(), HashMap::new());
        reader.feed(&std::fs::read(folder.join(name).with_extension("car")).unwrap());
        while let Some(block) = reader.block().unwrap() {
            blocks.insert(*block.cid(), block);
        }
        Fixture { root: reader.roots().unwrap()[0], blocks }
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)]) -> Got {
        self.ask("GET", &format!("/ipfs/{}{path}", self.root), headers).await
    }

    async fn ask(&self, method: &str, uri: &str, headers: &[(&str, &str)]) -> Got {
        let request = Request::builder().method(method).uri(uri);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = app(Arc::new(self.blocks.clone())).oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 24).await.ok();
        Got { status, headers, body }
    }

    /// A CAR, asked for by `format` and by Accept, which must agree.
    async fn car(&self, path: &str, query: &str) -> Vec<Cid> {
        let by_format = self.send(&format!("{path}?format=car{query}"), &[]).await.cids();
        let query = query.strip_prefix('&').map(|rest| format!("?{rest}")).unwrap_or_default();
        let by_accept = self.send(&format!("{path}{query}"), &[("accept", "application/vnd.ipld.car")]).await;
        assert_eq!(by_accept.cids(), by_format, "{path} {query}");
        by_format
    }

    /// The block that a path names.
    fn find(&self, path: &str) -> Cid {
        let path = ContentPath { root: self.root, names: names(path) };
        Resolve::new(&path).next_from(|cid| self.block(cid)).unwrap().unwrap().cid
    }

    fn block(&self, cid: &Cid) -> Result<Block, adit_content::WalkError> {
        Ok(self.blocks[cid].clone())
    }

    fn links(&self, cid: &Cid) -> Vec<Cid> {
        adit_content::walk::links(&self.blocks[cid]).unwrap()
    }
}

fn cids(texts: &[&str]) -> Vec<Cid> {
    texts.iter().map(|text| cid::parse(text).unwrap()).collect()
}

const ASCII: &str = "bafkreifkam6ns4aoolg3wedr4uzrs3kvq66p4pecirz6y2vlrngla62mxm";
const HELLO: &str = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4";
const MULTI: &str = "bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa";

#[tokio::test]
async fn car_pathing() {
    let nested = Fixture::open("subdir-with-two-single-block-files");
    let (root, folder) = (nested.root, nested.find("subdir"));
    assert_eq!(nested.car("/subdir/ascii.txt", "").await, [root, folder, cids(&[ASCII])[0]]);

    let shards = Fixture::open("single-layer-hamt-with-multi-block-files");
    let mut tried = 0;
    for number in 1..=1000 {
        let name = format!("{number}.txt");
        let path = ContentPath { root: shards.root, names: vec![name.clone()] };
        let found = Resolve::new(&path).next_from(|cid| shards.block(cid)).unwrap().unwrap();
        if !shards.blocks.contains_key(&found.cid) {
            continue;
        }
        let on_the_way = found.blocks.iter().map(|block| *block.cid());
        let wanted: Vec<Cid> = on_the_way.chain([found.cid]).chain(shards.links(&found.cid)).collect();
        assert_eq!(shards.car(&format!("/{name}"), "").await, wanted, "{name}");
        tried += 1;
    }
    assert!(tried > 0);

    let data = Fixture::open("dir-with-dag-cbor-with-links");
    let document = data.find("document");
    assert_eq!(data.car("/document/files/single", "").await, [data.root, document, cids(&[HELLO])[0]]);
    let below = data.links(&cids(&[MULTI])[0]);
    let wanted: Vec<Cid> = [data.root, document, cids(&[MULTI])[0]].into_iter().chain(below).collect();
    assert_eq!(data.car("/document/files/multiblock", "").await, wanted);

    let links = Fixture::open("dag-cbor-traversal");
    let second = links.links(&links.root)[0];
    let third = links.links(&second)[0];
    assert_eq!(links.car("/foo/link/bar", "").await, [links.root, second, third]);
    assert_eq!(links.car("/foo/link", "").await, [links.root, second, third]);
    for (path, status) in [("/foo/object", 501), ("/foo/nothing", 404), ("/foo/link/bar/hello", 501), ("/x/y", 404)] {
        assert_eq!(links.send(&format!("{path}?format=car"), &[]).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn dag_scope() {
    let nested = Fixture::open("subdir-with-mixed-block-files");
    let (root, folder, multi) = (nested.root, nested.find("subdir"), cids(&[MULTI])[0]);
    let (ascii, hello) = (cids(&[ASCII])[0], cids(&[HELLO])[0]);
    let parts = nested.links(&multi);
    let file: Vec<Cid> = [root, folder, multi].into_iter().chain(parts.clone()).collect();
    let all: Vec<Cid> = [root, folder, ascii, hello, multi].into_iter().chain(parts).collect();
    assert_eq!(nested.car("/subdir", "&dag-scope=block").await, [root, folder]);
    assert_eq!(nested.car("/subdir/multiblock.txt", "&dag-scope=block").await, [root, folder, multi]);
    assert_eq!(nested.car("/subdir", "&dag-scope=entity").await, [root, folder]);
    assert_eq!(nested.car("/subdir/ascii.txt", "&dag-scope=entity").await, [root, folder, ascii]);
    assert_eq!(nested.car("/subdir/multiblock.txt", "&dag-scope=entity").await, file);
    assert_eq!(nested.car("/subdir/multiblock.txt", "&dag-scope=all").await, file);
    assert_eq!(nested.car("/subdir", "&dag-scope=all").await, all);
    assert_eq!(nested.car("/subdir", "").await, all);

    let shards = Fixture::open("single-layer-hamt-with-multi-block-files");
    let entity = shards.send("?format=car&dag-scope=entity", &[]).await;
    let held: HashMap<Cid, Block> = entity.blocks().into_iter().map(|block| (*block.cid(), block)).collect();
    let mut list = List::new(shards.root, Limits::default());
    let mut count = 0;
    while list.next_from(|cid| Ok::<_, adit_content::WalkError>(held[cid].clone())).unwrap().is_some() {
        count += 1;
    }
    // All shards, and no block of the folder's files.
    assert_eq!((count, held.len()), (1000, entity.cids().len()));
    assert!(held.keys().all(|cid| shards.blocks[cid].bytes().windows(4).any(|part| part == b"\x28\x22\x30\x80")));
    assert_eq!(shards.car("", "&dag-scope=block").await, [shards.root]);
    let data = Fixture::open("dir-with-dag-cbor-with-links");
    let document = data.find("document");
    assert_eq!(data.car("/document", "&dag-scope=entity").await, [data.root, document]);
    let below = data.car("/document", "").await;
    let parts = data.links(&multi);
    assert_eq!(below, [data.root, document, hello, multi].into_iter().chain(parts).collect::<Vec<_>>());
}

#[tokio::test]
async fn entity_bytes() {
    let nested = Fixture::open("subdir-with-mixed-block-files");
    let multi = cids(&[MULTI])[0];
    let (folder, parts) = (nested.find("subdir"), nested.links(&multi));
    // Parts of 256 bytes, the last one of 2: 1,026 bytes.
    for (bytes, which) in [
        ("0:*", 0..5),
        ("512:*", 2..5),
        ("512:1023", 2..4),
        ("512:767", 2..3),
        ("500:600", 1..3),
        ("0:0", 0..1),
        ("-5:*", 3..5),
        ("-9999999:*", 0..5),
        ("-9999999:-3", 0..4),
        ("0:-3", 0..4),
        ("1024:9999999", 4..5),
        ("5000:*", 0..0),
    ] {
        let wanted: Vec<Cid> = [nested.root, folder, multi].into_iter().chain(parts[which].iter().copied()).collect();
        for scope in ["", "&dag-scope=entity"] {
            let query = format!("{scope}&entity-bytes={bytes}");
            assert_eq!(nested.car("/subdir/multiblock.txt", &query).await, wanted, "{bytes}");
        }
    }
    assert_eq!(nested.car("/subdir", "&dag-scope=entity&entity-bytes=0:5").await, [nested.root, folder]);
    assert_eq!(nested.car("/subdir/ascii.txt", "&entity-bytes=0:5").await[2..], cids(&[ASCII]));

    let hole = Fixture::open("file-3k-and-3-blocks-missing-block");
    let parts = hole.links(&hole.root);
    assert_eq!(hole.car("", "&entity-bytes=0:1023").await, [hole.root, parts[0]]);
    assert_eq!(hole.car("", "&entity-bytes=2048:*").await, [hole.root, parts[2]]);
    assert_eq!(hole.car("", "&entity-bytes=-1:*").await, [hole.root, parts[2]]);
    for query in ["&entity-bytes=0:1024", "&entity-bytes=1500:1501", "&dag-scope=entity", ""] {
        let broken = hole.send(&format!("?format=car{query}"), &[]).await;
        assert_eq!((broken.status, broken.body), (200, None), "{query} must not look whole");
    }
    for query in ["&entity-bytes=5", "&entity-bytes=5:4", "&dag-scope=some", "&car-dups=maybe", "&car-order=bfs"] {
        assert_eq!(hole.send(&format!("?format=car{query}"), &[]).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn order_and_duplicates() {
    let twice = Fixture::open("dir-with-duplicate-files");
    let (ascii, hello, multi) = (cids(&[ASCII])[0], cids(&[HELLO])[0], cids(&[MULTI])[0]);
    let rest: Vec<Cid> = [hello, multi].into_iter().chain(twice.links(&multi)).collect();
    let once: Vec<Cid> = [twice.root, ascii].into_iter().chain(rest.clone()).collect();
    let again: Vec<Cid> = [twice.root, ascii, ascii].into_iter().chain(rest).collect();
    for (query, wanted) in [("", &once), ("&car-dups=n", &once), ("&car-order=dfs&car-dups=y", &again)] {
        assert_eq!(&twice.car("", query).await, wanted, "{query}");
    }
    let car = "application/vnd.ipld.car";
    for (accept, query, wanted, said) in [
        (format!("{car}; order=dfs; dups=y"), "", &again, "dups=y"),
        (format!("{car};version=1;order=unk;dups=n"), "", &once, "dups=n"),
        (format!("text/html, {car}; dups=\"y\""), "", &again, "dups=y"),
        (format!("{car}; dups=y"), "?format=car&car-dups=n", &once, "dups=n"),
        (format!("{car}; dups=n"), "?car-dups=y", &again, "dups=y"),
    ] {
        let got = twice.send(query, &[("accept", &accept)]).await;
        assert_eq!(&got.cids(), wanted, "{accept}");
        assert!(got.header("content-type").ends_with(said));
    }
    assert_eq!(twice.send("", &[("accept", &format!("{car}; version=2"))]).await.status, 400);
    let etags = ["", "&car-dups=y", "&dag-scope=block", "&entity-bytes=0:5"].map(|query| format!("?format=car{query}"));
    let mut seen = std::collections::HashSet::new();
    for query in etags {
        let etag = twice.send(&query, &[]).await.header("etag").to_owned();
        assert_eq!(twice.send(&query, &[("if-none-match", &format!("\"x\", {etag}"))]).await.status, 304);
        assert!(seen.insert(etag), "{query}");
    }
}

#[tokio::test]
async fn format_precedence() {
    let fixture = Fixture::open("gateway-raw-block");
    let (raw, car) = ("application/vnd.ipld.raw", "application/vnd.ipld.car");
    for (query, accept, kind) in [("?format=car", raw, car), ("?format=raw", car, raw), ("", raw, raw), ("", car, car)]
    {
        let got = fixture.send(&format!("/dir/ascii.txt{query}"), &[("accept", accept)]).await;
        assert!(got.header("content-type").starts_with(kind), "{query} {accept}");
    }
    for (query, accept) in [("?format=tar", raw), ("?format=dag-json", "*/*")] {
        assert_eq!(fixture.send(query, &[("accept", accept)]).await.status, 406, "{query} {accept}");
    }
}

#[tokio::test]
async fn raw_blocks() {
    let fixture = Fixture::open("gateway-raw-block");
    let (folder, file) = (fixture.find("dir"), fixture.find("dir/ascii.txt"));
    let bytes = fixture.blocks[&file].bytes().clone();
    for (path, cid) in [("", fixture.root), ("/dir", folder), ("/dir/ascii.txt", file)] {
        let got = fixture.send(&format!("{path}?format=raw"), &[]).await;
        assert_eq!((got.status, got.body.as_ref()), (200, Some(fixture.blocks[&cid].bytes())));
        assert_eq!(got.header("content-type"), "application/vnd.ipld.raw");
        assert_eq!(got.header("content-disposition"), format!("attachment; filename=\"{cid}.bin\""));
        assert_eq!((got.header("etag"), got.header("x-content-type-options")), (&*format!("\"{cid}.raw\""), "nosniff"));
        assert_eq!(got.header("x-ipfs-path"), format!("/ipfs/{}{path}", fixture.root));
        assert!(got.header("x-ipfs-roots").starts_with(&fixture.root.to_string()));
        assert!(got.header("cache-control").contains("immutable"));
        assert_eq!(got.header("access-control-allow-origin"), "*");
        let etag = got.header("etag").to_owned();
        for known in [etag.clone(), format!("W/{etag}"), "*".to_owned(), format!("\"x\",{etag}")] {
            let got = fixture.send(&format!("{path}?format=raw"), &[("if-none-match", &known)]).await;
            assert_eq!((got.status, got.body.unwrap().len()), (304, 0), "{known}");
        }
    }
    let roots = fixture.send("/dir/ascii.txt?format=raw", &[]).await.header("x-ipfs-roots").to_owned();
    assert_eq!(roots, format!("{},{folder},{file}", fixture.root));
    let url = format!("/ipfs/{file}?format=raw");
    for (range, part) in [("bytes=6-16", 6..17), ("bytes=6-", 6..31), ("bytes=-4", 27..31), ("bytes=0-99", 0..31)] {
        let got = fixture.ask("GET", &url, &[("range", range)]).await;
        let said = format!("bytes {}-{}/31", part.start, part.end - 1);
        assert_eq!((got.status, got.header("content-range")), (206, &*said));
        assert_eq!(got.body.unwrap(), bytes.slice(part));
    }
    for range in ["bytes=6-16,0-4", "bytes=a-b", "lines=1-2", "bytes=5-4"] {
        assert_eq!(fixture.ask("GET", &url, &[("range", range)]).await.body, Some(bytes.clone()), "{range}");
    }
    for range in ["bytes=31-", "bytes=-0", "bytes=99-100"] {
        assert_eq!(fixture.ask("GET", &url, &[("range", range)]).await.status, 416, "{range}");
    }
    let head = fixture.ask("HEAD", &url, &[]).await;
    assert_eq!((head.status, head.header("content-length"), head.body.as_ref().unwrap().len()), (200, "31", 0));
}

#[tokio::test]
async fn missing_content_is_not_fetched_and_errors_are_explained() {
    let fixture = Fixture::open("dir-with-files");
    let other = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
    for format in ["raw", "car"] {
        let url = format!("/ipfs/{other}?format={format}");
        let got = fixture.ask("GET", &url, &[]).await;
        assert_eq!(got.status, 404);
        assert!(String::from_utf8_lossy(&got.body.unwrap()).contains("is not here, and is not fetched for others"));
        assert_eq!(fixture.ask("GET", &url, &[("cache-control", "only-if-cached")]).await.status, 412);
        assert_eq!(fixture.ask("HEAD", &url, &[]).await.status, 404);
        let cached = [("cache-control", "no-store, only-if-cached")];
        assert_eq!(fixture.send(&format!("/hello.txt?format={format}"), &cached).await.status, 200);
        assert_eq!(fixture.send(&format!("/no.txt?format={format}"), &[]).await.status, 404);
        for method in ["GET", "HEAD"] {
            assert_eq!(fixture.ask(method, &format!("/ipfs/bafkqaaa?format={format}"), &[]).await.status, 200);
        }
        for path in ["x", "Qm", "bafk", &"b".repeat(600), &format!("{other}/{}", "a/".repeat(9_000))] {
            assert_eq!(fixture.ask("GET", &format!("/ipfs/{path}?format={format}"), &[]).await.status, 400);
        }
    }
    assert_eq!(fixture.ask("GET", "/ipfs/bafkqaaa?format=raw", &[]).await.body.unwrap().len(), 0);
    let car = fixture.ask("GET", "/ipfs/bafkqaaa?format=car", &[]).await;
    assert_eq!((car.body, car.status), (Some(adit_content::car::header(&cids(&["bafkqaaa"]))), 200));
    assert_eq!(fixture.send("", &[("service-worker", "script")]).await.status, 400);
    assert_eq!(fixture.ask("OPTIONS", &format!("/ipfs/{other}"), &[]).await.status, 204);
    assert_eq!(fixture.ask("POST", &format!("/ipfs/{other}"), &[]).await.status, 405);
    assert_eq!(fixture.ask("GET", "/", &[]).await.status, 404);
}
