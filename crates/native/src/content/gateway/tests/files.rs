//! The cases of ipfs/gateway-conformance for files and folders.

use super::*;

fn text(got: &Got) -> String {
    String::from_utf8(got.body.as_ref().expect("a whole answer").to_vec()).unwrap()
}

#[tokio::test]
async fn folders_are_listed_or_show_their_index() {
    let fixture = Fixture::open("dir-listing");
    let moved = fixture.send("?download=true", &[]).await;
    let to = format!("/ipfs/{}/?download=true", fixture.root);
    assert_eq!((moved.status, moved.header("location")), (301, &*to));
    let got = fixture.send("/%C4%85/%C4%99/", &[]).await;
    assert_eq!((got.status, got.header("content-type")), (200, "text/html; charset=utf-8"));
    let page = text(&got);
    assert!(page.contains("<a href=\"./file-%C5%BA%C5%82.txt\">file-źł.txt</a>"), "{page}");
    assert!(page.contains("<a href=\"../\">..</a>"));
    let (etag, cache) = (got.header("etag").to_owned(), got.header("cache-control"));
    assert!(etag.starts_with("\"DirIndex-1_CID-bafy") && cache.contains("max-age=604800"), "{etag} {cache}");
    assert_eq!(fixture.send("/%C4%85/%C4%99/", &[("if-none-match", &etag)]).await.status, 304);
    assert_eq!(text(&fixture.send("/%C4%85/%C4%99/file-%C5%BA%C5%82.txt", &[]).await).lines().count(), 1);
    let percent = Fixture::open("dir-with-percent-encoded-filename");
    let listed = text(&percent.send("/", &[]).await);
    assert!(listed.contains("%25") && !listed.contains("<script"), "{listed}");
    let (_, from) = listed.split_once("<a href=\"./").unwrap();
    let file = from.split('"').next().unwrap();
    assert_eq!(percent.send(&format!("/{file}"), &[]).await.status, 200, "{file}");

    let fixture = Fixture::open("gateway-cache");
    let got = fixture.send("/root2/root3/root4/", &[]).await;
    assert_eq!((text(&got).as_str(), got.header("content-type")), ("hello\n", "text/html; charset=utf-8"));
    let index = fixture.find("root2/root3/root4/index.html");
    assert_eq!(got.header("etag"), format!("\"{index}\""));
    assert!(got.header("cache-control").contains("immutable"));
    assert_eq!(fixture.send("/root2/root3/", &[]).await.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(fixture.send("/root2/nothing", &[]).await.status, 404);
    assert_eq!(fixture.send("/root2/nothing", &[("cache-control", "only-if-cached")]).await.status, 412);
    assert_eq!(fixture.send("/root2/", &[("cache-control", "only-if-cached")]).await.status, 200);
}

#[tokio::test]
async fn files_are_sent_whole_or_in_ranges_and_in_a_sandbox() {
    let fixture = Fixture::open("dir-with-files");
    let got = fixture.send("/hello.txt", &[("accept", "text/html, */*;q=0.8")]).await;
    assert_eq!((got.status, got.header("content-length"), text(&got).as_str()), (200, "12", "hello world\n"));
    assert!(got.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    let policy = got.header("cross-origin-resource-policy");
    assert_eq!((policy, got.header("x-content-type-options")), ("cross-origin", "nosniff"));
    assert_eq!(got.header("content-disposition"), "inline; filename*=UTF-8''hello.txt");
    let etag = got.header("etag").to_owned();
    assert_eq!(fixture.send("/hello.txt", &[("if-none-match", &etag)]).await.status, 304);
    let named = fixture.send("/hello.txt?filename=%C5%BC%22.svg&download=true", &[]).await;
    assert_eq!(named.header("content-disposition"), "attachment; filename*=UTF-8''%C5%BC%22.svg");
    assert!(named.header("content-security-policy").starts_with("sandbox"));
    let whole = text(&fixture.send("/multiblock.txt", &[]).await);
    for (range, part) in [("bytes=0-0", 0..1), ("bytes=250-520", 250..521), ("bytes=-3", 1023..1026)] {
        let got = fixture.send("/multiblock.txt", &[("range", range)]).await;
        assert_eq!((got.status, text(&got).as_str()), (206, &whole[part.clone()]));
        assert_eq!(got.header("content-range"), format!("bytes {}-{}/1026", part.start, part.end - 1));
    }
    assert_eq!(fixture.send("/multiblock.txt", &[("range", "bytes=1026-")]).await.status, 416);
    let url = format!("/ipfs/{}/hello.txt", fixture.root);
    let head = fixture.ask("HEAD", &url, &[]).await;
    assert_eq!((head.status, head.header("content-length"), head.body.as_ref().unwrap().len()), (200, "12", 0));

    let hole = Fixture::open("file-3k-and-3-blocks-missing-block");
    for (range, whole) in
        [("bytes=0-1000", true), ("bytes=2200-2201", true), ("bytes=0-1024", false), ("bytes=0-", false)]
    {
        let got = hole.send("", &[("range", range)]).await;
        assert_eq!((got.status, got.body.is_some()), (206, whole), "{range}");
    }
    let link = Fixture::open("symlink");
    let got = link.send("/bar", &[]).await;
    assert_eq!((got.header("content-type"), text(&got).as_str()), ("inode/symlink", "foo"));
    assert_eq!(text(&link.send("/foo", &[]).await), "content\n");
    assert_eq!(link.send("/bar/x", &[]).await.status, 404);
}

#[tokio::test]
async fn other_codecs_are_passed_on_and_not_converted() {
    for (name, codec, kind) in [
        ("dag-cbor-traversal", "dag-cbor", "application/vnd.ipld.dag-cbor"),
        ("dag-json-traversal", "dag-json", "application/vnd.ipld.dag-json"),
        ("plain-json", "json", "application/json"),
        ("plain-cbor", "cbor", "application/cbor"),
    ] {
        let fixture = Fixture::open(name);
        let bytes = fixture.blocks[&fixture.root].bytes();
        for query in ["".to_owned(), format!("?format={codec}")] {
            let got = fixture.send(&query, &[]).await;
            assert_eq!((got.status, got.header("content-type"), got.body.as_ref()), (200, kind, Some(bytes)), "{name}");
            let head = fixture.ask("HEAD", &format!("/ipfs/{}{query}", fixture.root), &[]).await;
            assert_eq!((head.status, head.header("content-type")), (200, kind));
        }
        assert_eq!(fixture.send("?format=raw", &[]).await.body.as_ref(), Some(bytes));
        for other in ["dag-cbor", "dag-json", "json", "cbor", "tar"].iter().filter(|other| **other != codec) {
            assert_eq!(fixture.send(&format!("?format={other}"), &[]).await.status, 406, "{name} {other}");
        }
    }
}
