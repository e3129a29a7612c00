//! Where the page's files come from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

/// The page's built files.
#[derive(Clone, Debug)]
pub enum Web {
    /// A folder, read for each request.
    Folder(PathBuf),
    /// Files that the program holds.
    Embedded(Embedded),
}

impl From<PathBuf> for Web {
    fn from(folder: PathBuf) -> Self {
        Web::Folder(folder)
    }
}

/// Compressed files in memory, by their paths.
///
/// Only compressed forms are stored: `page.js.gz`, and `page.js.br` where there is one. `page.js` itself is decompressed when
/// somebody first asks for it, and kept.
#[derive(Clone, Debug, Default)]
pub struct Embedded(Arc<BTreeMap<String, Stored>>);

#[derive(Debug)]
struct Stored {
    form: Form,
    modified: SystemTime,
}

#[derive(Debug)]
enum Form {
    Compressed(Bytes),
    /// What is in the compressed file, from its first use on.
    Plain(Bytes, OnceLock<Bytes>),
}

/// A file or a folder of [`Embedded`].
#[derive(Clone, Debug)]
pub(crate) enum Found {
    File(Bytes, SystemTime),
    Folder,
}

impl Embedded {
    /// Takes files with the extension `gz` or `br`; others are left out. `modified` must differ between files of one
    /// length whose content differs, because their tags are made from both.
    pub fn new(files: impl IntoIterator<Item = (String, Cow<'static, [u8]>, SystemTime)>) -> Self {
        let mut stored = BTreeMap::new();
        for (path, bytes, modified) in files {
            let bytes = match bytes {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            if let Some(plain) = path.strip_suffix(".gz") {
                let form = Form::Plain(bytes.clone(), OnceLock::new());
                stored.insert(plain.to_owned(), Stored { form, modified });
            } else if !path.ends_with(".br") {
                continue;
            }
            stored.insert(path, Stored { form: Form::Compressed(bytes), modified });
        }
        Embedded(Arc::new(stored))
    }

    /// Whether the page is among the files.
    pub fn has_page(&self) -> bool {
        self.0.contains_key("index.html")
    }

    /// The file or folder at a relative path.
    pub(crate) fn find(&self, path: &Path) -> io::Result<Found> {
        let path = path.strip_prefix(".").unwrap_or(path).to_str().ok_or(io::ErrorKind::NotFound)?;
        let path = path.trim_end_matches('/');
        if let Some(stored) = self.0.get(path) {
            return Ok(Found::File(stored.bytes()?, stored.modified));
        }
        let below = format!("{path}/");
        let mut from_there = self.0.range(below.clone()..);
        if path.is_empty() || from_there.next().is_some_and(|(name, _)| name.starts_with(&below)) {
            return Ok(Found::Folder);
        }
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Stored {
    fn bytes(&self) -> io::Result<Bytes> {
        match &self.form {
            Form::Compressed(bytes) => Ok(bytes.clone()),
            Form::Plain(compressed, plain) => match plain.get() {
                Some(plain) => Ok(plain.clone()),
                None => {
                    let mut bytes = Vec::new();
                    MultiGzDecoder::new(&compressed[..]).read_to_end(&mut bytes)?;
                    Ok(plain.get_or_init(|| bytes.into()).clone())
                }
            },
        }
    }
}
