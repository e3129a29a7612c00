//! A folder whose files are served.

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use futures::future::{BoxFuture, FutureExt};
use tower_http::services::fs::{Backend, TokioBackend, TokioFile};

/// The file system, in which an impossible name is that of a missing file. `ServeDir` would answer HEAD of such a name with
/// a failure.
#[derive(Clone)]
pub(super) struct OnDisk;

impl Backend for OnDisk {
    type File = TokioFile;
    type Metadata = Metadata;
    type OpenFuture = BoxFuture<'static, io::Result<TokioFile>>;
    type MetadataFuture = BoxFuture<'static, io::Result<Metadata>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        TokioBackend.open(path).map(absent).boxed()
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        TokioBackend.metadata(path).map(absent).boxed()
    }
}

fn absent<T>(found: io::Result<T>) -> io::Result<T> {
    found.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => ErrorKind::NotFound.into(),
        _ => error,
    })
}
