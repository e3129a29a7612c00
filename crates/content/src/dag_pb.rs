//! dag-pb: nodes of links and bytes. Specification: <https://ipld.io/specs/codecs/dag-pb/spec/>.
//!
//! The reader accepts only what the specification calls valid. `rust-unixfs` is not used, because it accepts every block that
//! the specification's own test cases refuse.

use bytes::Bytes;

use crate::cid::{self, Cid, CidError};
use crate::protobuf::{Fields, ProtobufError, Value, put_bytes, put_number};

/// The most links of a node. More would take much memory for few bytes.
pub const MAX_LINKS: usize = 1 << 16;

/// A dag-pb node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its links, in order.
    pub links: Vec<Link>,
    /// Its bytes; in UnixFS an encoded message.
    pub data: Option<Bytes>,
}

/// A link to a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The block that it links to.
    pub cid: Cid,
    /// The link's name, mostly UTF-8.
    pub name: Option<Bytes>,
    /// The claimed size of everything below the link. Only a hint.
    pub tsize: Option<u64>,
}

/// Why bytes are not a dag-pb node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// The bytes are not protobuf.
    #[error(transparent)]
    Protobuf(#[from] ProtobufError),
    /// A field is repeated or out of order.
    #[error("a dag-pb field is repeated or out of order")]
    Order,
    /// A link names no block.
    #[error("a link names no block")]
    NoHash,
    /// A link's identifier cannot be read.
    #[error("a link's identifier: {0}")]
    Cid(#[from] CidError),
    /// There are too many links.
    #[error("a node with more than {MAX_LINKS} links")]
    Links,
}

impl Node {
    /// Reads a node that takes up all of `bytes`.
    pub fn decode(bytes: &Bytes) -> Result<Self, NodeError> {
        let (mut fields, mut node, mut closed) = (Fields(bytes.clone()), Node::default(), false);
        while let Some((field, value)) = fields.next()? {
            match (field, value) {
                (1, Value::Bytes(data)) => {
                    if node.data.replace(data).is_some() {
                        return Err(NodeError::Order);
                    }
                    // Links before and after the data would be two separate lists.
                    closed = !node.links.is_empty();
                }
                (2, Value::Bytes(_)) if closed => return Err(NodeError::Order),
                (2, Value::Bytes(_)) if node.links.len() == MAX_LINKS => return Err(NodeError::Links),
                (2, Value::Bytes(link)) => node.links.push(Link::decode(link)?),
                (field, _) => return Err(ProtobufError::Field(field).into()),
            }
        }
        Ok(node)
    }

    /// Writes the node, links first.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.links.len() * 64 + self.data.as_ref().map_or(0, |data| data.len() + 8));
        let mut link_bytes = Vec::new();
        for link in &self.links {
            link_bytes.clear();
            link.encode(&mut link_bytes);
            put_bytes(&mut out, 2, &link_bytes);
        }
        if let Some(data) = &self.data {
            put_bytes(&mut out, 1, data);
        }
        out.into()
    }
}

impl Link {
    fn decode(bytes: Bytes) -> Result<Self, NodeError> {
        let (mut fields, mut cid, mut name, mut tsize, mut last) = (Fields(bytes), None, None, None, 0);
        while let Some((field, value)) = fields.next()? {
            if field <= last {
                return Err(NodeError::Order);
            }
            last = field;
            match (field, value) {
                (1, Value::Bytes(bytes)) => cid = Some(cid::read_whole(&bytes)?),
                (2, Value::Bytes(bytes)) => name = Some(bytes),
                (3, Value::Number(number)) => tsize = Some(number),
                (field, _) => return Err(ProtobufError::Field(field).into()),
            }
        }
        Ok(Link { cid: cid.ok_or(NodeError::NoHash)?, name, tsize })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(out, 1, &self.cid.to_bytes());
        if let Some(name) = &self.name {
            put_bytes(out, 2, name);
        }
        if let Some(tsize) = self.tsize {
            put_number(out, 3, tsize);
        }
    }
}
