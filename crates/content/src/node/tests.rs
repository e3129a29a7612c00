//! A strict simulated node, and one that fails in every way.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use adit_fetch::{Incoming, MaybeSend};
use futures::executor::block_on;

use super::*;
use crate::cid;
use crate::storage::{Memory, Storage, key, list, put, read};
use crate::{Block, Profile, profile};

/// A node that accepts what Kubo accepts and nothing else.
#[derive(Clone, Default)]
struct Strict {
    blocks: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    pins: Arc<Mutex<BTreeSet<String>>>,
    /// The start of the calls that fail, and the status and body of their answers.
    fault: Option<(&'static str, u16, &'static str)>,
    js: bool,
}

impl Strict {
    fn answer(&self, request: &Request) -> Response {
        assert_eq!(request.method, Method::Post);
        let (call, query) = request.url.strip_prefix("http://node/api/v0/").unwrap().split_once('?').unwrap();
        let query: HashMap<&str, &str> = query.split('&').map(|part| part.split_once('=').unwrap()).collect();
        assert!(query["timeout"].ends_with('s'), "{}", request.url);
        if let Some((_, status, body)) = self.fault.filter(|(start, ..)| call.starts_with(start)) {
            return Response::new(status, body);
        }
        let root = query.get("arg").map(|arg| cid::parse(arg).unwrap());
        match call {
            "version" if self.js => Response::new(200, r#"{"Version":"0.18.1","interface-ipfs-core":"^0.158.1"}"#),
            "version" => Response::new(200, r#"{"Version":"0.39.0","Golang":"go1.25"}"#),
            "id" => Response::new(200, r#"{"ID":"12D3Koo","AgentVersion":"kubo/0.39.0/","Addresses":null,"X":1}"#),
            "swarm/peers" => Response::new(200, r#"{"Peers":null}"#),
            "repo/stat" => Response::new(200, r#"{"NumObjects":7,"RepoSize":"1234","StorageMax":10000000000}"#),
            "stats/bw" => Response::new(200, r#"{"TotalIn":5,"TotalOut":6,"RateIn":0.1,"RateOut":0}"#),
            "bitswap/stat" => Response::new(200, r#"{"BlocksSent":3,"DataSent":4,"Peers":[]}"#),
            "block/put" => self.take(&query, request),
            "block/get" => match self.blocks.lock().unwrap().get(&key(&root.unwrap())) {
                Some(bytes) => Response::new(200, bytes.clone()),
                None => refuse("block was not found locally (offline): ipld: could not find it"),
            },
            "pin/add" => {
                self.pins.lock().unwrap().insert(key(&root.unwrap()));
                Response::new(200, format!(r#"{{"Pins":["{}"]}}"#, root.unwrap()))
            }
            "pin/rm" => match self.pins.lock().unwrap().remove(&key(&root.unwrap())) {
                true => Response::new(200, format!(r#"{{"Pins":["{}"]}}"#, root.unwrap())),
                false => refuse("not pinned or pinned indirectly"),
            },
            "pin/ls" => {
                let line = |pin: &String| match self.js {
                    true => format!(r#"{{"Keys":{{"{pin}":{{"Type":"recursive"}}}}}}"#),
                    false => format!(r#"{{"Cid":"{pin}","Type":"recursive"}}"#),
                };
                Response::new(200, self.pins.lock().unwrap().iter().map(line).collect::<Vec<_>>().join("\n"))
            }
            _ => Response::new(404, "404 page not found"),
        }
    }

    fn take(&self, query: &HashMap<&str, &str>, request: &Request) -> Response {
        assert_eq!(query["mhtype"], "sha2-256");
        let codec = query.get(if self.js { "format" } else { "cid-codec" }).copied().expect("a codec in our dialect");
        let codec = if codec == "raw" { cid::RAW } else { cid::DAG_PB };
        let kind = &request.headers.iter().find(|(name, _)| *name == "content-type").unwrap().1;
        let line = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let body = request.body.as_ref().unwrap().bytes().unwrap();
        let end = format!("\r\n--{line}--\r\n");
        let body = body.strip_suffix(end.as_bytes()).expect("an end");
        let start = body.windows(4).position(|part| part == b"\r\n\r\n").unwrap() + 4;
        let block = Block::make(cid::Version::V1, codec, body[start..].to_vec().into());
        self.blocks.lock().unwrap().insert(key(block.cid()), body[start..].to_vec());
        Response::new(200, format!(r#"{{"Key":"{}","Size":{}}}"#, block.cid(), block.bytes().len()))
    }
}

fn refuse(message: &str) -> Response {
    Response::new(500, format!(r#"{{"Message":"{message}","Code":0,"Type":"error"}}"#))
}

impl Fetch for Strict {
    fn open(&self, request: Request) -> impl Future<Output = Result<Incoming, FetchError>> + MaybeSend {
        let answer = self.answer(&request);
        std::future::ready(Incoming::ready(answer, request.max_bytes))
    }
}

fn failing(start: &'static str, status: u16, body: &'static str) -> Node<Strict> {
    Node::new(Strict { fault: Some((start, status, body)), ..Strict::default() }, "http://node/")
}

#[test]
fn content_goes_to_a_node_under_our_name_and_comes_back() {
    for (js, profile) in [(false, Profile::default()), (true, Profile::default()), (false, profile::UNIXFS_V0_2015)] {
        let node = Node::new(Strict { js, ..Strict::default() }, "http://node");
        let profile = Profile { chunk_bytes: 1000, ..profile };
        let bytes: Vec<u8> = (0..50_000u32).map(|at| (at * 3 + at / 256) as u8).collect();
        block_on(async {
            let pin = put(&node, &bytes, profile).await.unwrap();
            assert_eq!(pin, put(&Memory::default(), &bytes, profile).await.unwrap());
            assert_eq!(read(&node, &pin.cid.into(), 1_500, 100).await.unwrap().bytes, bytes[1_500..1_600]);
            let pins = node.pins(None, 10).await.unwrap();
            assert_eq!(pins.iter().map(|pin| key(&pin.cid)).collect::<Vec<_>>(), [key(&pin.cid)]);
            assert_eq!(node.pins(Some(&pin.cid), 10).await.unwrap(), []);
            assert!(node.unpin(&pin.cid).await.unwrap());
            assert!(!node.unpin(&pin.cid).await.unwrap());
            assert!(list(&node, &pin.cid.into(), 0, 1).await.is_err());
        });
    }
}

#[test]
fn the_reports_of_a_node_are_read() {
    let node = Node::new(Strict::default(), "http://node");
    block_on(async {
        assert_eq!(node.identity().await.unwrap_err(), StorageError::Node("its answer to id cannot be read".into()));
        assert_eq!(node.peers().await, Ok(0));
        let kept = Repository { objects: Some(7), bytes: Some(1234), max_bytes: Some(10_000_000_000) };
        assert_eq!(node.repository().await, Ok(kept));
        let traffic = node.traffic().await.unwrap();
        assert_eq!((traffic.total_in, traffic.blocks_sent), (Some(5), Some(3)));
        assert_eq!(node.stat().await.unwrap().blocks, Some(7));
    });
    let node = failing("id", 200, r#"{"ID":"12D3Koo","AgentVersion":"js-ipfs/0.18.1","Addresses":["/ip4/127.0.0.1"]}"#);
    assert_eq!(block_on(node.identity()).unwrap().agent_version, "js-ipfs/0.18.1");
}

/// A status proves nothing: the answer must confirm what was asked for.
#[test]
fn errors_are_found_wherever_they_stand() {
    let root = cid::parse("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e").unwrap();
    let pin = |node: Node<Strict>| block_on(node.pin(root, None)).unwrap_err().to_string();
    let kubo = r#"{"Message":"context deadline exceeded","Code":0,"Type":"error"}"#;
    let late = "{\"Progress\":5}\n{\"Message\":\"context deadline exceeded\",\"Code\":0,\"Type\":\"error\"}\n";
    assert!(pin(failing("pin/add", 500, kubo)).ends_with("it answers \"context deadline exceeded\""));
    assert!(pin(failing("pin/add", 200, late)).ends_with("it answers \"context deadline exceeded\""));
    // An error that came in a trailer leaves an answer that ends early.
    assert!(pin(failing("pin/add", 200, "{\"Progress\":5}\n")).contains("does not say that"));
    assert!(pin(failing("pin/add", 200, "")).contains("does not say that"));
    let other = r#"{"Pins":["bafkqaaa"]}"#;
    assert!(pin(failing("pin/add", 200, other)).contains("does not say that"));
    assert!(pin(failing("pin/add", 500, "oops \u{1b}[2J")).contains("it answers 500: \"oops \\u{1b}[2J\""));
    assert!(pin(failing("pin/add", 404, "<html>")).contains("nothing at http://node speaks Kubo's RPC"));
    assert!(pin(failing("pin/add", 403, "")).contains("refuses calls from here"));
    let within = failing("pin/rm", 500, r#"{"Message":"x is pinned indirectly under y","Code":0,"Type":"error"}"#);
    assert_eq!(block_on(within.unpin(&root)), Err(StorageError::Within(Box::new(root))));
}

#[test]
fn a_block_that_comes_back_wrong_or_under_another_name_is_an_error() {
    let root = cid::parse("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e").unwrap();
    let node = failing("block/get", 200, "hello worlD");
    assert!(matches!(block_on(node.fetch_block(&root)), Err(StorageError::Block(_))));
    // Content that looks like an error is content.
    let text = br#"{"Message":"hello","Code":0,"Type":"error"}"#;
    let node = Node::new(Strict::default(), "http://node");
    let pin = block_on(put(&node, text, Profile::default())).unwrap();
    assert_eq!(block_on(read(&node, &pin.cid.into(), 0, 100)).unwrap().bytes, text);
    assert_eq!(block_on(node.fetch_block(&root)), Err(StorageError::missing(&root)));
    let node = failing("block/put", 200, r#"{"Key":"bafkqaaa","Size":11}"#);
    let refused = block_on(put(&node, b"hello world", Profile::default())).unwrap_err().to_string();
    assert!(refused.contains("under the name \"bafkqaaa\""), "{refused}");
    assert!(node.fetch.pins.lock().unwrap().is_empty());
}
