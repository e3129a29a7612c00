//! The content store, as the tools see it.

use adit_content::Cid;
use schemars::JsonSchema;
use serde::Serialize;

use crate::backend::{Pending, absent};

/// A content store: pins what it is given, and gives back what a CID names.
pub trait Store: Send + Sync {
    /// How it stores: `embedded`, `local`, `gateway` or `none`.
    fn mode(&self) -> &'static str;

    /// Whether others can fetch what it pins.
    fn publishes(&self) -> bool;

    /// Pins content, sealed for this server's own key or as it is.
    fn pin(&self, content: Vec<u8>, seal: bool) -> Pending<'_, Pinned>;

    /// Whether something is sealed, and whether this server did that.
    fn look<'a>(&'a self, cid: &'a Cid) -> Pending<'a, Look>;

    /// At most `most` bytes from `from` on, opened if it is sealed and `open`.
    fn read<'a>(&'a self, cid: &'a Cid, open: bool, from: u64, most: usize) -> Pending<'a, Chunk>;

    /// Ends a pin.
    fn unpin<'a>(&'a self, cid: &'a Cid) -> Pending<'a, ()>;

    /// At most `limit` pins after the one that `after` names.
    fn pins<'a>(&'a self, after: Option<&'a Cid>, limit: usize) -> Pending<'a, Pins>;

    /// Who and what is reached. What peers say of themselves is a stranger's text.
    fn network(&self) -> Pending<'_, Network>;

    /// What pin_ecosystem_data would pin: what the operator listed, and nothing else.
    fn ecosystem(&self) -> Pending<'_, Vec<String>>;

    /// Pins those files, and seals the marked ones.
    fn pin_ecosystem(&self) -> Pending<'_, Vec<Ecosystem>>;
}

/// Something that was pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Its CID.
    pub cid: Cid,
    /// The bytes that are stored.
    pub bytes: u64,
}

/// What something looks like from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Whether it is sealed.
    pub sealed: bool,
    /// Whether it was sealed through these tools.
    pub ours: bool,
}

/// A part of what a CID names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// All bytes of it.
    pub total: u64,
}

/// A page of pins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    /// The pins.
    pub pins: Vec<Pin>,
    /// Whether there are more.
    pub more: bool,
    /// The bytes of all pins.
    pub total_bytes: u64,
}

/// A pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its CID.
    pub cid: Cid,
    /// Its bytes, where known.
    pub bytes: Option<u64>,
}

/// What an IPFS node, or this program in its place, says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Network {
    /// How content is stored and fetched.
    pub mode: String,
    /// The node's peer id, if there is a node.
    pub peer_id: Option<String>,
    /// Its public key.
    pub public_key: Option<String>,
    /// Its program.
    pub agent_version: Option<String>,
    /// Its protocol.
    pub protocol_version: Option<String>,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// The peers that it says it is connected to.
    pub connected_peers: u64,
    /// The gateways that are asked.
    pub gateways: Vec<String>,
}

/// Something of the operator's list that was pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ecosystem {
    /// Its name in the list.
    pub name: String,
    /// Its CID.
    pub cid: String,
    /// Whether it was sealed.
    pub sealed: bool,
}

/// No store.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore;

const STORE: &str = "content store";

impl Store for NoStore {
    fn mode(&self) -> &'static str {
        "none"
    }

    fn publishes(&self) -> bool {
        false
    }

    fn pin(&self, _: Vec<u8>, _: bool) -> Pending<'_, Pinned> {
        absent(STORE)
    }

    fn look<'a>(&'a self, _: &'a Cid) -> Pending<'a, Look> {
        absent(STORE)
    }

    fn read<'a>(&'a self, _: &'a Cid, _: bool, _: u64, _: usize) -> Pending<'a, Chunk> {
        absent(STORE)
    }

    fn unpin<'a>(&'a self, _: &'a Cid) -> Pending<'a, ()> {
        absent(STORE)
    }

    fn pins<'a>(&'a self, _: Option<&'a Cid>, _: usize) -> Pending<'a, Pins> {
        absent(STORE)
    }

    fn network(&self) -> Pending<'_, Network> {
        absent(STORE)
    }

    fn ecosystem(&self) -> Pending<'_, Vec<String>> {
        absent(STORE)
    }

    fn pin_ecosystem(&self) -> Pending<'_, Vec<Ecosystem>> {
        absent(STORE)
    }
}
