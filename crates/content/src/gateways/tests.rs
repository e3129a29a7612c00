//! Gateways that lie, stall, redirect and break off, in virtual time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use adit_fetch::{Incoming, Request};
use bytes::Bytes;
use futures::executor::block_on;
use futures::future::FutureExt;

use super::*;
use crate::cid::{DAG_PB, RAW, Version};
use crate::storage::{Memory, Storage, StorageError, next, put};
use crate::{Dag, Limits, Profile, car};

/// A clock that advances when every task waits.
#[derive(Clone, Default)]
struct Virtual(Arc<Hands>);

#[derive(Default)]
struct Hands {
    now_ms: AtomicU64,
    sleepers: Mutex<BTreeMap<(u64, u64), Waker>>,
}

impl Virtual {
    /// Runs until `work` is done.
    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = Box::pin(work);
        loop {
            if let Poll::Ready(done) = work.poll_unpin(&mut Context::from_waker(Waker::noop())) {
                return done;
            }
            let sleepers = &mut *self.0.sleepers.lock().unwrap();
            let ((at, _), waker) = sleepers.pop_first().expect("everybody waits for nothing");
            self.0.now_ms.store(at, Ordering::Relaxed);
            waker.wake();
        }
    }
}

impl Clock for Virtual {
    fn now_ms(&self) -> u64 {
        self.0.now_ms.load(Ordering::Relaxed)
    }

    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let (clock, at, number) = (self.clone(), self.now_ms() + ms, NUMBER.fetch_add(1, Ordering::Relaxed));
        Box::pin(std::future::poll_fn(move |context| {
            if clock.now_ms() >= at {
                return Poll::Ready(());
            }
            clock.0.sleepers.lock().unwrap().insert((at, number), context.waker().clone());
            Poll::Pending
        }))
    }
}

type Answer = (u64, Result<Response, FetchError>);

/// A network on which `answer` gives the response of each address, and its delay in ms.
struct Wire {
    clock: Virtual,
    #[allow(clippy::type_complexity)]
    answer: Box<dyn Fn(&str) -> Answer + Send + Sync>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Fetch for Wire {
    async fn open(&self, request: Request) -> Result<Incoming, FetchError> {
        self.seen.lock().unwrap().push(request.url.clone());
        let (after_ms, answer) = (self.answer)(&request.url);
        self.clock.sleep(after_ms).await;
        Incoming::ready(answer?, request.max_bytes)
    }
}

/// Gateways `http://a`, `http://b`, …, their clock, and the requests so far.
struct Scene {
    gateways: Arc<Gateways<Wire, Virtual>>,
    clock: Virtual,
    seen: Arc<Mutex<Vec<String>>>,
}

fn scene(names: &str, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Scene {
    let (clock, seen) = (Virtual::default(), Arc::default());
    let wire = Wire { clock: clock.clone(), answer: Box::new(answer), seen: Arc::clone(&seen) };
    let urls = names.chars().map(|name| format!("http://{name}/"));
    Scene { gateways: Arc::new(Gateways::new(wire, clock.clone(), urls)), clock, seen }
}

impl Scene {
    /// Pins everything below `root`, and says how many blocks that were.
    fn pin(&self, root: Cid) -> Result<u64, StorageError> {
        let whole = self.gateways.whole(&root).unwrap();
        let memory = Memory::default();
        self.clock.run(memory.pin(root, Some(&*whole))).map(|pin| pin.blocks.unwrap())
    }

    fn block(&self, cid: &Cid) -> Result<Block, StorageError> {
        self.clock.run(self.gateways.block(cid))
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Why each gateway is out.
    fn out(&self) -> Vec<Option<String>> {
        self.gateways.standings().into_iter().map(|one| one.out).collect()
    }
}

/// A file in eleven blocks, in the order of a CAR.
fn sample() -> (Cid, Vec<Block>) {
    let (memory, profile) = (Memory::default(), Profile { chunk_bytes: 1000, ..Profile::default() });
    let bytes: Vec<u8> = (0..9_500u32).map(|at| (at * 7 + at / 251) as u8).collect();
    block_on(async {
        let root = put(&memory, &bytes, profile).await.unwrap().cid;
        let (mut walk, mut blocks) = (Dag::new(root, Limits::default()), Vec::new());
        while let Some(block) = next(&mut walk, &memory).await.unwrap() {
            blocks.push(block);
        }
        (root, blocks)
    })
}

fn packed(root: Cid, blocks: &[Block]) -> Vec<u8> {
    let sections = blocks.iter().flat_map(|block| [car::section(block), block.bytes().clone()]);
    std::iter::once(car::header(&[root])).chain(sections).collect::<Vec<_>>().concat()
}

fn ok(kind: &str, body: impl Into<Vec<u8>>) -> Result<Response, FetchError> {
    Ok(Response::new(200, body).with_header("content-type", kind))
}

const CAR: &str = "application/vnd.ipld.car; version=1; order=dfs; dups=n";
const RAW_TYPE: &str = "application/vnd.ipld.raw";

/// The answers of a faultless gateway.
fn honest(url: &str, root: Cid, blocks: &[Block]) -> Result<Response, FetchError> {
    if url.contains("format=car") {
        let from = blocks.iter().position(|block| url.contains(&block.cid().to_string())).unwrap_or_default();
        return ok(CAR, packed(root, &blocks[from..]));
    }
    let found = blocks.iter().find(|block| url.contains(&format!("/ipfs/{}?format=raw", block.cid())));
    found.map_or_else(|| Ok(Response::new(404, "")), |block| ok(RAW_TYPE, block.bytes().to_vec()))
}

#[test]
fn everything_below_a_root_is_one_request() {
    let (root, blocks) = sample();
    let scene = scene("a", move |url| (10, honest(url, root, &blocks)));
    assert_eq!(scene.pin(root), Ok(11));
    assert_eq!(scene.seen().len(), 1);
    assert!(scene.seen()[0].starts_with(&format!("http://a/ipfs/{root}?format=car&dag-scope=all")));
}

#[test]
fn a_gateway_that_lies_only_in_the_last_block_is_taken_out_and_another_gives_it() {
    let (root, blocks) = sample();
    let last = *blocks[10].cid();
    let scene = scene("ab", move |url| {
        let mut answer = honest(url, root, &blocks).unwrap();
        if url.starts_with("http://a/") {
            *answer.body.last_mut().unwrap() ^= 1;
        }
        (10, Ok(answer))
    });
    assert_eq!(scene.pin(root), Ok(11));
    assert!(scene.out()[0].as_ref().unwrap().contains("damaged or forged"), "{:?}", scene.out());
    assert_eq!(scene.out()[1], None);
    assert_eq!(scene.seen()[1..], [format!("http://b/ipfs/{last}?format=raw")]);
}

#[test]
fn html_pages_and_oversized_or_wrong_blocks_are_reported_and_dropped() {
    let (root, blocks) = sample();
    let other = blocks[1].bytes().to_vec();
    let answers: [(Result<Response, FetchError>, &str); 4] = [
        (ok("text/html; charset=utf-8", "<html>"), "sends \"text/html\" in place of application/vnd.ipld.raw"),
        (ok(RAW_TYPE, vec![0; (2 << 20) + 1]), "more than 2097152 bytes"),
        (ok(RAW_TYPE, other), "damaged or forged"),
        (Err(FetchError::Redirect("to ftp://x, which is no http address".into())), "redirects to ftp://x"),
    ];
    for (answer, sentence) in answers {
        let scene = scene("a", move |_| (1, answer.clone()));
        let refused = scene.block(&root).unwrap_err().to_string();
        assert!(refused.contains(sentence) && refused.contains("http://a "), "{refused}");
    }
    let answer = move |url: &str| match url.starts_with("http://a/") {
        true => ok("text/html", "<html>"),
        false => honest(url, root, &blocks),
    };
    let scene = scene("ab", move |url| (1, answer(url)));
    // A gateway without CARs may still serve blocks; only one that sends a page instead of a block is dropped.
    assert_eq!(scene.pin(root), Ok(11));
    assert_eq!(scene.out(), [None, None]);
}

#[test]
fn a_car_that_stops_half_way_is_completed_elsewhere() {
    let (root, blocks) = sample();
    let half = packed(root, &blocks[..6]);
    let scene = scene("ab", move |url| {
        let cut = url.starts_with("http://a/") && url.contains("format=car");
        let cut = cut.then(|| ok(CAR, half.clone()).map(|found| found.with_header("content-length", "20000")));
        (10, cut.unwrap_or_else(|| honest(url, root, &blocks)))
    });
    assert_eq!(scene.pin(root), Ok(11));
    let seen = scene.seen();
    assert_eq!(seen.len(), 6, "{seen:#?}");
    assert!(seen[1..].iter().all(|url| url.starts_with("http://b/") && url.contains("format=raw")), "{seen:#?}");
    assert_eq!(scene.out(), [None, None]);
}

#[test]
fn malformed_and_incomplete_cars_are_completed_block_by_block() {
    let (root, blocks) = sample();
    let whole = packed(root, &blocks);
    let padded = [&whole[..], &[0, 0, 0]].concat();
    let endless = [packed(root, &blocks[..4]), vec![0xff; 32]].concat();
    let gaps = packed(root, &[blocks[0].clone(), blocks[3].clone(), blocks[2].clone()]);
    let html = b"<html><body>Welcome</body></html>".to_vec();
    for (body, is_out) in [(padded, false), (endless, true), (gaps, false), (html, true), (vec![], false)] {
        let (own, length) = (blocks.clone(), body.len());
        let scene = scene("a", move |url| {
            (1, if url.contains("format=car") { ok(CAR, body.clone()) } else { honest(url, root, &own) })
        });
        let pinned = scene.pin(root);
        assert_eq!((pinned.is_err(), scene.out()[0].is_some()), (is_out, is_out), "{length}: {pinned:?}");
    }
}

#[test]
fn a_busy_gateway_is_left_alone_as_long_as_it_asks() {
    let (root, blocks) = sample();
    let busy = Mutex::new([429, 503].into_iter());
    let scene = scene("a", move |url| {
        let answer = match busy.lock().unwrap().next() {
            Some(status) => Ok(Response::new(status, "").with_header("retry-after", "7")),
            None => honest(url, root, &blocks),
        };
        (10, answer)
    });
    assert!(scene.block(&root).is_ok());
    assert_eq!((scene.seen().len(), scene.clock.now_ms()), (3, 14_030));
    // Not for ever: after three tries, the error names the last answer.
    let scene = self::scene("a", |_| (0, Ok(Response::new(500, ""))));
    let refused = scene.block(&root).unwrap_err();
    assert!(refused.may_pass() && refused.to_string().ends_with("http://a answers 500"), "{refused}");
    assert_eq!(scene.seen().len(), 3);
}

#[test]
fn a_second_gateway_is_asked_when_the_first_is_slower_than_it_was() {
    let (root, blocks) = sample();
    let first = *blocks[1].cid();
    let scene = scene("ab", move |url| {
        let stalls = url.starts_with("http://a/") && url.contains(&first.to_string());
        let after_ms = if url.starts_with("http://b/") { 300 } else { 100 };
        let silent = stalls.then_some((30_000, Err(FetchError::Silent(30_000))));
        silent.unwrap_or_else(|| (after_ms, honest(url, root, &blocks)))
    });
    let leaf = *sample().1[2].cid();
    for _ in 0..10 {
        assert!(scene.block(&leaf).is_ok());
    }
    let (asked, now_ms) = (scene.seen().len(), scene.clock.now_ms());
    assert!(scene.block(&first).is_ok());
    let hosts: Vec<_> = scene.seen()[asked..].iter().map(|url| url[7..8].to_owned()).collect();
    assert_eq!((hosts.join(""), scene.clock.now_ms() - now_ms), ("ab".into(), 400));
}

#[test]
fn a_car_of_blocks_that_were_not_requested_is_abandoned() {
    let (root, blocks) = sample();
    let noise: Vec<Block> = (0..80u8).map(|at| Block::make(Version::V1, RAW, Bytes::from(vec![at; 1 << 20]))).collect();
    let bomb = packed(root, &[&blocks[..1], &noise, &blocks[1..]].concat());
    let scene = scene("a", move |url| {
        (1, if url.contains("format=car") { ok(CAR, bomb.clone()) } else { honest(url, root, &blocks) })
    });
    assert_eq!(scene.pin(root), Ok(11));
    assert_eq!(scene.seen().len(), 11);
}

#[test]
fn no_gateway_is_blamed_for_an_identifier_that_cannot_be_checked() {
    let scene = scene("a", |_| (0, Ok(Response::new(404, ""))));
    let (root, _) = sample();
    let short = Cid::new_v1(DAG_PB, multihash::Multihash::wrap(0x12, &root.hash().digest()[..8]).unwrap());
    assert!(matches!(scene.block(&short), Err(StorageError::Block(_))));
    assert_eq!(scene.seen().len(), 0);
    let inline = crate::cid::parse("bafkqaaa").unwrap();
    assert_eq!(scene.block(&inline).unwrap().bytes().len(), 0);
    let refused = scene.block(&root).unwrap_err().to_string();
    assert!(refused.ends_with("http://a answers 404"), "{refused}");
    assert_eq!(scene.seen().len(), 1);
    let nobody = self::scene("", |_| (0, Ok(Response::new(404, ""))));
    assert!(nobody.block(&root).unwrap_err().to_string().ends_with("no gateway is named"));
}
