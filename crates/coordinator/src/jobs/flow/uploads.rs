//! Stores uploaded files and loads them again when a job names them.

use adit_core::Cid;
use adit_protocol::ErrorCode;
use adit_protocol::jobs::FileInfo;
use adit_table::Options;
use bytes::Bytes;

use super::submit::StoreFile;
use crate::app::App;
use crate::blocking::blocking;
use crate::error::{Failure, Refusal};
use crate::jobs::intake::{self, Format, IntakeError, Parsed, Reading};
use crate::jobs::store::blocks;

/// Parses a whole file and stores it. `format` overrides the file name's extension, `options` say how to read a table.
pub(crate) async fn upload(
    app: &App,
    name: &str,
    format: Option<&str>,
    options: Options,
    bytes: Bytes,
) -> Result<FileInfo, Failure> {
    let extension = name.rsplit_once('.').map_or(name, |(_, extension)| extension);
    let format: Format = format.unwrap_or(extension).parse().map_err(Refusal::from)?;
    let reading = Reading::new(format, options).map_err(Refusal::from)?;
    let bytes = bytes.to_vec();
    let parse = move || {
        let (parsed, decision) = intake::read(&reading, &bytes)?;
        let said = decision.map(|decision| decision.to_string());
        Ok::<_, IntakeError>((parsed.content(), said, reading.name(&bytes), bytes))
    };
    let (content, said, file, bytes) = blocking(parse).await?.map_err(Refusal::from)?;
    let max_stored_bytes = app.max_stored_bytes;
    app.store.write(StoreFile { file, reading, bytes, max_stored_bytes }).await?;
    Ok(FileInfo { file, content, reading: said })
}

/// Loads a file that was uploaded before.
pub(super) async fn uploaded(app: &App, file: &Cid) -> Result<Parsed, Failure> {
    let name = *file;
    let found = app.store.read_apart(move |db| Box::pin(async move { blocks::file(db, &name).await })).await?;
    let (reading, bytes) = found.ok_or_else(|| {
        Refusal::new(ErrorCode::NoSuchFile, format!("no file {file}; upload it first with POST /v1/files"))
    })?;
    let reading: Reading = reading.parse().map_err(Refusal::from)?;
    let (parsed, _) = blocking(move || intake::read(&reading, &bytes)).await?.map_err(Refusal::from)?;
    Ok(parsed)
}
