//! UnixFS: the message in a dag-pb node that describes a file, folder or symbolic link.
//! Specification: <https://specs.ipfs.tech/unixfs/>.

use bytes::Bytes;

use crate::protobuf::{Fields, ProtobufError, Value, put_bytes, put_fixed32, put_number};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of a file. Old writers used it for leaves.
    Raw,
    /// A folder in one block.
    Directory,
    /// A file, or a part of one.
    File,
    /// Metadata, which no program writes any more.
    Metadata,
    /// A symbolic link.
    Symlink,
    /// A part of a folder too large for one block.
    Shard,
}

const KINDS: [Kind; 6] = [Kind::Raw, Kind::Directory, Kind::File, Kind::Metadata, Kind::Symlink, Kind::Shard];

/// When something was last changed: seconds since 1970 and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mtime {
    /// Seconds.
    pub seconds: i64,
    /// Nanoseconds, 1 to 999,999,999.
    pub nanoseconds: Option<u32>,
}

/// A UnixFS message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixFs {
    /// What the node is.
    pub kind: Kind,
    /// A file's bytes, a link's target, or a shard's bit field.
    pub data: Option<Bytes>,
    /// The file's bytes in this node and below it.
    pub filesize: Option<u64>,
    /// The file's bytes below each of the node's links.
    pub blocksizes: Vec<u64>,
    /// A shard's hash function.
    pub hash_type: Option<u64>,
    /// A shard's number of slots.
    pub fanout: Option<u64>,
    /// POSIX mode.
    pub mode: Option<u32>,
    /// The time of the last change.
    pub mtime: Option<Mtime>,
}

/// Why bytes are not a UnixFS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnixFsError {
    /// The bytes are not protobuf.
    #[error(transparent)]
    Protobuf(#[from] ProtobufError),
    /// The message names no kind, or one that does not exist.
    #[error("the node does not say whether it is a file or a folder")]
    Kind,
    /// The nanoseconds are out of range.
    #[error("the time of the last change has impossible nanoseconds")]
    Mtime,
}

impl UnixFs {
    /// An empty message of a kind.
    pub fn new(kind: Kind) -> Self {
        UnixFs {
            kind,
            data: None,
            filesize: None,
            blocksizes: Vec::new(),
            hash_type: None,
            fanout: None,
            mode: None,
            mtime: None,
        }
    }

    /// Reads a message. Unknown fields are skipped, as protobuf does.
    pub fn decode(bytes: &Bytes) -> Result<Self, UnixFsError> {
        let (mut fields, mut found, mut kind) = (Fields(bytes.clone()), UnixFs::new(Kind::Raw), None);
        while let Some((field, value)) = fields.next()? {
            match (field, value) {
                (1, Value::Number(number)) => {
                    kind = usize::try_from(number).ok().and_then(|number| KINDS.get(number)).copied();
                    found.kind = kind.ok_or(UnixFsError::Kind)?;
                }
                (2, Value::Bytes(data)) => found.data = Some(data),
                (3, Value::Number(size)) => found.filesize = Some(size),
                (4, Value::Number(size)) => found.blocksizes.push(size),
                (4, Value::Bytes(packed)) => {
                    let mut packed = Fields(packed);
                    while !packed.0.is_empty() {
                        found.blocksizes.push(packed.varint()?);
                    }
                }
                (5, Value::Number(hash)) => found.hash_type = Some(hash),
                (6, Value::Number(fanout)) => found.fanout = Some(fanout),
                (7, Value::Number(mode)) => found.mode = Some(mode as u32),
                (8, Value::Bytes(mtime)) => found.mtime = Some(Mtime::decode(mtime)?),
                (field @ 1..=8, _) => return Err(ProtobufError::Field(field).into()),
                _ => {}
            }
        }
        kind.map(|_| found).ok_or(UnixFsError::Kind)
    }

    /// Writes the message in the order of its fields.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        put_number(&mut out, 1, KINDS.iter().position(|kind| *kind == self.kind).unwrap_or_default() as u64);
        if let Some(data) = &self.data {
            put_bytes(&mut out, 2, data);
        }
        let numbers = [(3, self.filesize), (5, self.hash_type), (6, self.fanout), (7, self.mode.map(u64::from))];
        for (field, number) in numbers {
            if let Some(number) = number {
                put_number(&mut out, field, number);
            }
            if field == 3 {
                self.blocksizes.iter().for_each(|size| put_number(&mut out, 4, *size));
            }
        }
        if let Some(mtime) = &self.mtime {
            put_bytes(&mut out, 8, &mtime.encode());
        }
        out.into()
    }

    /// The file's size as the sum of its parts; `None` if it exceeds 64 bits.
    pub fn size(&self) -> Option<u64> {
        let own = self.data.as_ref().map_or(0, |data| data.len() as u64);
        self.blocksizes.iter().try_fold(own, |sum, size| sum.checked_add(*size))
    }
}

impl Mtime {
    fn decode(bytes: Bytes) -> Result<Self, UnixFsError> {
        let (mut fields, mut seconds, mut nanoseconds) = (Fields(bytes), None, None);
        while let Some((field, value)) = fields.next()? {
            match (field, value) {
                (1, Value::Number(number)) => seconds = Some(number as i64),
                (2, Value::Fixed32(number)) => nanoseconds = Some(number),
                _ => {}
            }
        }
        if nanoseconds.is_some_and(|number| !(1..1_000_000_000).contains(&number)) {
            return Err(UnixFsError::Mtime);
        }
        Ok(Mtime { seconds: seconds.ok_or(UnixFsError::Mtime)?, nanoseconds })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, 1, self.seconds as u64);
        if let Some(nanoseconds) = self.nanoseconds {
            put_fixed32(&mut out, 2, nanoseconds);
        }
        out
    }
}
