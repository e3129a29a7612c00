//! The body of a request: bytes in memory, or natively a reader that is opened when the request is sent.

use std::fmt;
#[cfg(not(target_arch = "wasm32"))]
use std::io::{self, Read};
use std::sync::Arc;

/// The body of a request. A clone shares the bytes, so sending a request again copies nothing.
#[derive(Clone)]
pub enum Body {
    /// Bytes in memory.
    Whole(Arc<Vec<u8>>),
    /// Bytes that are read in chunks while they are sent. Browsers cannot do that.
    #[cfg(not(target_arch = "wasm32"))]
    Chunked(Upload),
}

impl Body {
    /// A body read from a file. Its length is determined now.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn file(path: &std::path::Path) -> io::Result<Self> {
        let (length, path) = (std::fs::metadata(path)?.len(), path.to_owned());
        Ok(Body::chunked(length, move || Ok(Box::new(std::fs::File::open(&path)?))))
    }

    /// A body of exactly `length` bytes. `open` is called once for each time that the request is sent.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn chunked(length: u64, open: impl Fn() -> io::Result<Reader> + Send + Sync + 'static) -> Self {
        Body::Chunked(Upload { length, open: Arc::new(open) })
    }

    /// The bytes, if they are in memory.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Body::Whole(bytes) => Some(bytes),
            #[cfg(not(target_arch = "wasm32"))]
            Body::Chunked(_) => None,
        }
    }

    /// The length in bytes.
    pub fn length(&self) -> u64 {
        match self {
            Body::Whole(bytes) => bytes.len() as u64,
            #[cfg(not(target_arch = "wasm32"))]
            Body::Chunked(upload) => upload.length,
        }
    }
}

impl From<Arc<Vec<u8>>> for Body {
    fn from(bytes: Arc<Vec<u8>>) -> Self {
        Body::Whole(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Body::Whole(Arc::new(bytes))
    }
}

impl PartialEq for Body {
    /// Chunked bodies are equal if they share their reader: nothing is read to compare them.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Body::Whole(ours), Body::Whole(theirs)) => ours == theirs,
            #[cfg(not(target_arch = "wasm32"))]
            (Body::Chunked(ours), Body::Chunked(theirs)) => Arc::ptr_eq(&ours.open, &theirs.open),
            #[cfg(not(target_arch = "wasm32"))]
            _ => false,
        }
    }
}

impl Eq for Body {}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.length())
    }
}

/// Where the bytes of a chunked body come from.
#[cfg(not(target_arch = "wasm32"))]
pub type Reader = Box<dyn Read + Send>;

/// A chunked body: its length, and how to read it from the start.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone)]
pub struct Upload {
    length: u64,
    open: Arc<dyn Fn() -> io::Result<Reader> + Send + Sync>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Upload {
    /// Opens the source from its start. The reader gives exactly the announced length, or fails if the source ends before it.
    pub fn open(&self) -> io::Result<Reader> {
        Ok(Box::new(Exact { source: (self.open)()?, left: self.length }))
    }
}

#[cfg(not(target_arch = "wasm32"))]
struct Exact {
    source: Reader,
    left: u64,
}

#[cfg(not(target_arch = "wasm32"))]
impl Read for Exact {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.source.read(&mut buffer[..most])?;
        if read == 0 && most > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the upload became shorter while it was sent"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    fn read(length: u64) -> io::Result<Vec<u8>> {
        let Body::Chunked(upload) = Body::chunked(length, || Ok(Box::new(&b"four"[..]))) else { unreachable!() };
        let mut bytes = Vec::new();
        upload.open()?.read_to_end(&mut bytes).map(|_| bytes)
    }

    #[test]
    fn a_chunked_body_has_exactly_its_length() {
        assert_eq!(read(4).unwrap(), b"four");
        assert_eq!(read(3).unwrap(), b"fou");
        assert_eq!(read(5).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
