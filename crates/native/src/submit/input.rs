//! Files to upload. What can be read only once (standard input, a pipe) is kept in a temporary file until it is sent.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use adit_fetch::Body;
use anyhow::{Context, Result, bail, ensure};

/// The most bytes that are taken from standard input or a pipe.
const MAX_SPOOLED_BYTES: u64 = 1 << 30;

/// A file's format, for inputs whose names say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// NumPy's array format
    Npy,
    /// Comma-separated values
    Csv,
    /// Tensors with their names
    Safetensors,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Npy => "npy",
            Format::Csv => "csv",
            Format::Safetensors => "safetensors",
        }
    }
}

/// A file to upload.
pub(super) struct Input {
    /// What people call it.
    pub(super) name: String,
    /// Its format, if the name does not say it.
    pub(super) format: Option<&'static str>,
    /// Its bytes.
    pub(super) body: Body,
}

impl Input {
    /// Opens a file. `fixed` is its format in this kind of work, `told` the format of those whose names say none.
    fn open(path: &Path, fixed: Option<&'static str>, told: Option<Format>) -> Result<Self> {
        let named = || path.display().to_string();
        let (name, format) = (name(path)?, format(path, fixed, told)?);
        if path == Path::new("-") {
            let body = spool(io::stdin().lock(), MAX_SPOOLED_BYTES).context("standard input")?;
            return Ok(Input { name, format, body });
        }
        let mut file = File::open(path).with_context(named)?;
        let found = file.metadata().with_context(named)?;
        ensure!(!found.is_dir(), "{} is a folder", path.display());
        let body = if found.is_file() { Body::file(path) } else { spool(&mut file, MAX_SPOOLED_BYTES) };
        Ok(Input { name, format, body: body.with_context(named)? })
    }
}

/// Opens every file before the first is uploaded. `told` is the format of those whose names say none.
pub(super) async fn open_all(files: &[(&Path, Option<&'static str>)], told: Option<Format>) -> Result<Vec<Input>> {
    let times = files.iter().filter(|(path, _)| *path == Path::new("-")).count();
    ensure!(times <= 1, "standard input can be only one of the files");
    let files: Vec<_> = files.iter().map(|(path, fixed)| (path.to_path_buf(), *fixed)).collect();
    let open = move || files.iter().map(|(path, fixed)| Input::open(path, *fixed, told)).collect();
    // On a thread of its own, because the writer of a pipe may keep us waiting, and a person may press Ctrl-C meanwhile.
    tokio::task::spawn_blocking(open).await?
}

fn name(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        return Ok("standard input".into());
    }
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(name.with_context(|| format!("{}: the file's name is not text", path.display()))?.to_owned())
}

fn format(path: &Path, fixed: Option<&'static str>, told: Option<Format>) -> Result<Option<&'static str>> {
    let nameless = path.extension().is_none();
    Ok(match (fixed, told) {
        // Only a table's columns are totalled.
        (Some("data"), Some(Format::Csv)) if nameless => Some("table"),
        (Some(fixed), _) => Some(fixed),
        (None, Some(told)) if nameless => Some(told.name()),
        (None, None) if nameless => {
            bail!("{}: the name does not show its format; give it with --format", path.display())
        }
        _ => None,
    })
}

/// Keeps what can be read only once, so that it has a length and can be sent again.
fn spool(from: impl Read, most: u64) -> io::Result<Body> {
    let mut kept = tempfile::tempfile()?;
    let length = io::copy(&mut from.take(most + 1), &mut kept)?;
    if length > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {most} bytes")));
    }
    Ok(Body::chunked(length, move || {
        let mut again = kept.try_clone()?;
        again.rewind()?;
        Ok(Box::new(again))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Body) -> String {
        let Body::Chunked(upload) = body else { panic!("it is in memory") };
        io::read_to_string(upload.open().unwrap()).unwrap()
    }

    #[test]
    fn what_can_be_read_once_is_sent_as_often_as_needed() {
        let body = spool(&b"1,2,3"[..], 5).unwrap();
        assert_eq!((body.length(), read(&body), read(&body)), (5, "1,2,3".into(), "1,2,3".into()));
        assert_eq!(spool(&b"1,2,3"[..], 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_format_is_given_where_the_name_shows_none() {
        let (named, nameless) = (Path::new("X.csv"), Path::new("-"));
        assert_eq!(format(named, None, Some(Format::Npy)).unwrap(), None);
        assert_eq!(format(nameless, None, Some(Format::Csv)).unwrap(), Some("csv"));
        assert_eq!(format(nameless, Some("npy_f32"), Some(Format::Npy)).unwrap(), Some("npy_f32"));
        assert_eq!(format(nameless, Some("data"), Some(Format::Csv)).unwrap(), Some("table"));
        assert!(format(nameless, None, None).unwrap_err().to_string().contains("--format"));
    }

    #[tokio::test]
    async fn a_folder_is_no_input_and_standard_input_is_one_at_most() {
        let folder = tempfile::TempDir::new().unwrap();
        assert!(
            Input::open(folder.path(), Some("data"), None).is_err_and(|error| error.to_string().contains("folder"))
        );
        let path = folder.path().join("X.csv");
        std::fs::write(&path, "1,2").unwrap();
        let input = Input::open(&path, None, None).unwrap();
        assert_eq!((input.name.as_str(), input.format, input.body.length()), ("X.csv", None, 3));
        let standard = (Path::new("-"), Some("data"));
        assert!(open_all(&[standard, standard], None).await.is_err_and(|error| error.to_string().contains("only one")));
    }
}
