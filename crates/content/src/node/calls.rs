//! Kubo's calls, one function each.

use adit_fetch::Fetch;

use super::answers::{self, Identity, Repository, Traffic, number, values};
use super::{Call, LONG_S, Node, SHORT_S};
use crate::cid::{self, Block, Cid, DAG_CBOR, DAG_PB, MAX_BLOCK_BYTES, RAW};
use crate::name::Shown;
use crate::storage::{StorageError, key};

/// The parameter by which a node takes a block's codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `cid-codec`, as Kubo since 0.12.
    Kubo,
    /// `format`, as js-ipfs.
    Js,
}

impl<F: Fetch> Node<F> {
    /// What the node reports about itself (`id`).
    pub async fn identity(&self) -> Result<Identity, StorageError> {
        let body = self.call(Call::new("id")).await?;
        serde_json::from_slice(&body).map_err(|_| unread("id"))
    }

    /// How many peers it has (`swarm/peers`). A node without peers answers null.
    pub async fn peers(&self) -> Result<usize, StorageError> {
        let body = self.call(Call::new("swarm/peers")).await?;
        let answer = values(&body).into_iter().next().ok_or_else(|| unread("swarm/peers"))?;
        Ok(answer["Peers"].as_array().map_or(0, Vec::len))
    }

    /// How much it stores (`repo/stat`).
    pub async fn repository(&self) -> Result<Repository, StorageError> {
        let body = self.call(Call::new("repo/stat")).await?;
        let answer = values(&body).into_iter().next().ok_or_else(|| unread("repo/stat"))?;
        let (objects, bytes) = (number(&answer["NumObjects"]), number(&answer["RepoSize"]));
        Ok(Repository { objects, bytes, max_bytes: number(&answer["StorageMax"]) })
    }

    /// The traffic that it reports (`stats/bw`, `bitswap/stat`).
    pub async fn traffic(&self) -> Result<Traffic, StorageError> {
        let (all, blocks) = (self.call(Call::new("stats/bw")).await?, self.call(Call::new("bitswap/stat")).await?);
        let all = values(&all).into_iter().next().ok_or_else(|| unread("stats/bw"))?;
        let blocks = values(&blocks).into_iter().next().ok_or_else(|| unread("bitswap/stat"))?;
        let (total_in, total_out) = (number(&all["TotalIn"]), number(&all["TotalOut"]));
        let (blocks_sent, data_sent) = (number(&blocks["BlocksSent"]), number(&blocks["DataSent"]));
        Ok(Traffic { total_in, total_out, blocks_sent, data_sent })
    }

    /// A block (`block/get`), checked against its identifier.
    pub async fn fetch_block(&self, cid: &Cid) -> Result<Block, StorageError> {
        let method = format!("block/get?arg={cid}");
        let call = Call { max_bytes: MAX_BLOCK_BYTES, is_opaque: true, ..Call::new(&method) };
        let body = self.call(call).await.map_err(|error| match error {
            StorageError::Node(said) if said.contains("not found") || said.contains("could not find") => {
                StorageError::missing(cid)
            }
            StorageError::Node(said) if said.contains("timed out") || said.contains("deadline exceeded") => {
                let why = format!("the node did not find it within {SHORT_S} s");
                StorageError::Unavailable { cid: Box::new(*cid), why }
            }
            error => error,
        })?;
        Ok(Block::verify(*cid, body.into())?)
    }

    /// The parameter by which this node takes a block's codec (`version`).
    pub(super) async fn dialect(&self) -> Result<Dialect, StorageError> {
        let body = self.call(Call::new("version")).await?;
        let answer = values(&body).into_iter().next().ok_or_else(|| unread("version"))?;
        let is_js = answer.as_object().is_some_and(|fields| fields.keys().any(|name| name.contains("interface-ipfs")));
        Ok(if is_js { Dialect::Js } else { Dialect::Kubo })
    }

    /// Gives the node a block (`block/put`). The node must answer with the same identifier.
    pub(super) async fn put_block(&self, block: &Block, dialect: Dialect) -> Result<(), StorageError> {
        let (codec, hash) = names(block.cid())?;
        let method = match dialect {
            Dialect::Kubo => format!("block/put?cid-codec={codec}&mhtype={hash}&allow-big-block=true"),
            Dialect::Js => format!("block/put?format={codec}&mhtype={hash}&version=1&cid-base=base32"),
        };
        let line = format!("adit-{}", key(block.cid()));
        let body = self.call(Call { file: Some((block.bytes(), &line)), ..Call::new(&method) }).await?;
        let answer = values(&body).into_iter().next().ok_or_else(|| unread("block/put"))?;
        let named = answer["Key"].as_str().unwrap_or_default();
        if cid::parse(named).is_ok_and(|named| key(&named) == key(block.cid())) {
            return Ok(());
        }
        Err(StorageError::Node(format!("it keeps block {} under the name {}", block.cid(), Shown(named))))
    }

    /// Has the node pin `root`, which it may have to fetch (`pin/add`).
    pub(super) async fn add_pin(&self, root: &Cid) -> Result<(), StorageError> {
        let method = format!("pin/add?arg={root}&recursive=true");
        let body = self.call(Call { seconds: LONG_S, ..Call::new(&method) }).await?;
        let done = answers::pins_done(&body);
        if done.iter().any(|pin| cid::parse(pin).is_ok_and(|pin| key(&pin) == key(root))) {
            return Ok(());
        }
        Err(StorageError::Node(format!("it does not say that {root} is pinned")))
    }

    /// Has the node remove a pin (`pin/rm`). False if there was none.
    pub(super) async fn remove_pin(&self, root: &Cid) -> Result<bool, StorageError> {
        let method = format!("pin/rm?arg={root}&recursive=true");
        match self.call(Call::new(&method)).await {
            Ok(body) if !answers::pins_done(&body).is_empty() => Ok(true),
            Ok(_) => Err(StorageError::Node(format!("it does not say that {root} is unpinned"))),
            Err(StorageError::Node(said)) if said.contains("indirect") && !said.contains("not pinned or") => {
                Err(StorageError::Within(Box::new(*root)))
            }
            Err(StorageError::Node(said)) if said.contains("not pinned") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The recursive pins of the node (`pin/ls`).
    pub(super) async fn list_pins(&self) -> Result<Vec<Cid>, StorageError> {
        let body = self.call(Call::new("pin/ls?type=recursive&stream=true&quiet=true")).await?;
        Ok(answers::pins_listed(&body).iter().filter_map(|text| cid::parse(text).ok()).collect())
    }
}

/// The node's names of an identifier's codec and hash.
fn names(cid: &Cid) -> Result<(&'static str, &'static str), StorageError> {
    let codec = match cid.codec() {
        RAW => Some("raw"),
        DAG_PB => Some("dag-pb"),
        DAG_CBOR => Some("dag-cbor"),
        _ => None,
    };
    let hash = match cid.hash().code() {
        0x12 => Some("sha2-256"),
        0x1e => Some("blake3"),
        _ => None,
    };
    let unknown = || StorageError::Node(format!("it cannot be given block {cid}: its codec or hash has no name"));
    codec.zip(hash).ok_or_else(unknown)
}

fn unread(method: &str) -> StorageError {
    StorageError::Node(format!("its answer to {method} cannot be read"))
}
