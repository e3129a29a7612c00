//! Lets `ServeDir` serve files in memory, so that they are answered like files in a folder.

use std::future::{Ready, ready};
use std::io::{self, Cursor, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};
use tower_http::services::fs::{Backend, File, Metadata};

use crate::web::{Embedded, Found};

/// A backend of [`ServeDir`](tower_http::services::ServeDir).
#[derive(Clone)]
pub(super) struct InMemory(pub(super) Embedded);

impl Backend for InMemory {
    type File = Opened;
    type Metadata = Found;
    type OpenFuture = Ready<io::Result<Opened>>;
    type MetadataFuture = Ready<io::Result<Found>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        ready(self.0.find(&path).and_then(|found| match &found {
            Found::File(bytes, _) => Ok(Opened { bytes: Cursor::new(bytes.clone()), found }),
            Found::Folder => Err(io::ErrorKind::NotFound.into()),
        }))
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        ready(self.0.find(&path))
    }
}

/// A file in memory that is being read.
pub(super) struct Opened {
    bytes: Cursor<Bytes>,
    found: Found,
}

impl AsyncRead for Opened {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_read(cx, into)
    }
}

impl AsyncSeek for Opened {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.bytes).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.bytes).poll_complete(cx)
    }
}

impl File for Opened {
    type Metadata = Found;
    type MetadataFuture<'a> = Ready<io::Result<Found>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        ready(Ok(self.found.clone()))
    }
}

impl Metadata for Found {
    fn is_dir(&self) -> bool {
        matches!(self, Found::Folder)
    }

    fn modified(&self) -> io::Result<SystemTime> {
        match self {
            Found::File(_, modified) => Ok(*modified),
            Found::Folder => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Found::File(bytes, _) => bytes.len() as u64,
            Found::Folder => 0,
        }
    }
}
