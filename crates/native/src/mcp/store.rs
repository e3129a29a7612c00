//! The content store as the tools see it: kept where the operator said, sealed with the content key.

mod files;
mod ledger;

use std::sync::Arc;

use adit_content::seal::{self, Lock, fernet};
use adit_content::storage::{self, Blocks, Storage, StorageError};
use adit_content::{Cid, ContentPath, Profile};
use adit_mcp::backend::{Chunk, Ecosystem, Look, Network, Pending, Pin, Pinned, Pins, Store};
use adit_mcp::{Code, ToolError};
use anyhow::Result;
use futures::future::FutureExt;

use crate::content::{Opened, Place};
use crate::home::{ContentKey, Home};
use crate::mine::passphrase;
use crate::show;
pub(super) use files::Files;
use files::Listed;
use ledger::Ledger;

/// The largest sealed file that is opened, and the largest of the operator's files that is pinned.
const MOST_BYTES: u64 = 64 << 20;
/// How a sealed file begins: of age, and of Fernet.
const SEALED: [&[u8]; 2] = [b"age-encryption.org/v1\n", b"gAAAA"];
/// When to ask again a place that did not answer.
const SOON_MS: u64 = 10_000;

/// A store, its key, and what was sealed with it here.
pub(super) struct Kept {
    opened: Opened,
    storage: Arc<dyn Storage>,
    place: Place,
    home: Home,
    ledger: Ledger,
    files: Files,
}

impl Kept {
    pub(super) fn open(place: Place, files: Files, home: &Home) -> Result<Self> {
        let opened = place.open()?;
        let (storage, ledger) = (opened.storage(), Ledger::open(home.mcp_sealed())?);
        Ok(Kept { opened, storage, place, home: home.clone(), ledger, files })
    }

    fn key(&self) -> Result<ContentKey, ToolError> {
        let key = ContentKey::open_or_make(&self.home.content_key(), passphrase().as_deref());
        key.map_err(|error| ToolError::new(Code::NotConfigured, format!("the content key cannot be used: {error:#}")))
    }

    async fn keep(&self, content: Vec<u8>, seal: bool) -> Result<Pinned, ToolError> {
        let bytes = if seal { self.seal(&content)? } else { content };
        let pin = storage::put(&*self.storage, &bytes, Profile::default()).await.map_err(|error| failed(&error))?;
        if seal {
            let kept = self.ledger.add(&pin.cid);
            kept.map_err(|error| ToolError::new(Code::Internal, format!("the list of sealed content: {error}")))?;
        }
        Ok(Pinned { cid: pin.cid, bytes: pin.bytes.unwrap_or(bytes.len() as u64) })
    }

    fn seal(&self, content: &[u8]) -> Result<Vec<u8>, ToolError> {
        let key = self.key()?;
        let (lock, mut sealed) = (Lock::Recipients(vec![key.secret.recipient(key.newest)]), Vec::new());
        let done = seal::seal(&lock, content, &mut sealed);
        done.map_err(|error| ToolError::new(Code::Internal, format!("the content cannot be sealed: {error}")))?;
        Ok(sealed)
    }

    async fn piece(&self, cid: &Cid, from: u64, most: usize) -> Result<Chunk, ToolError> {
        let (path, blocks) = (ContentPath::from(*cid), self.opened.blocks());
        let piece = storage::read::<dyn Blocks>(&*blocks, &path, from, most).await.map_err(|error| failed(&error))?;
        Ok(Chunk { bytes: piece.bytes, total: piece.size })
    }

    async fn opened(&self, cid: &Cid) -> Result<Vec<u8>, ToolError> {
        let total = self.piece(cid, 0, 0).await?.total;
        if total > MOST_BYTES {
            let message =
                format!("{cid} is larger than 64 MiB, the most that is opened here: `adit content open` opens it");
            return Err(ToolError::new(Code::TooLarge, message));
        }
        let sealed = self.piece(cid, 0, MOST_BYTES as usize).await?.bytes;
        let key = self.key()?;
        let opened = tokio::task::spawn_blocking(move || open(&key, &sealed)).await;
        opened.ok().flatten().ok_or_else(|| {
            let message = format!("{cid} does not open: it was sealed for another key, or changed or cut since");
            ToolError::new(Code::NotOpened, message)
        })
    }

    async fn pin_file(&self, Listed { path, name, seal }: Listed) -> Result<Ecosystem, ToolError> {
        let read = tokio::task::spawn_blocking(move || files::read(&path, MOST_BYTES)).await;
        let content = read.ok().and_then(Result::ok).ok_or_else(|| {
            let message =
                format!("{name} cannot be read, is a link, or is larger than 64 MiB; those before it are pinned");
            ToolError::new(Code::NotFound, message)
        })?;
        let pinned = self.keep(content, seal).await?;
        Ok(Ecosystem { name, cid: pinned.cid.to_string(), sealed: seal })
    }
}

impl Store for Kept {
    fn mode(&self) -> &'static str {
        self.storage.mode()
    }

    /// A node serves what it pins, and `adit content gateway` may serve this program's own folder.
    fn publishes(&self) -> bool {
        true
    }

    fn pin(&self, content: Vec<u8>, seal: bool) -> Pending<'_, Pinned> {
        self.keep(content, seal).boxed()
    }

    fn look<'a>(&'a self, cid: &'a Cid) -> Pending<'a, Look> {
        async move {
            let begins = self.piece(cid, 0, SEALED[0].len()).await?.bytes;
            let sealed = SEALED.iter().any(|magic| begins.starts_with(magic));
            Ok(Look { sealed, ours: sealed && self.ledger.has(cid) })
        }
        .boxed()
    }

    fn read<'a>(&'a self, cid: &'a Cid, open: bool, from: u64, most: usize) -> Pending<'a, Chunk> {
        async move {
            if !open {
                return self.piece(cid, from, most).await;
            }
            let plain = self.opened(cid).await?;
            let total = plain.len() as u64;
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            Ok(Chunk { bytes: plain.into_iter().skip(from).take(most).collect(), total })
        }
        .boxed()
    }

    fn unpin<'a>(&'a self, cid: &'a Cid) -> Pending<'a, ()> {
        async move {
            match self.storage.unpin(cid).await.map_err(|error| failed(&error))? {
                true => Ok(()),
                false => Err(ToolError::new(
                    Code::NotFound,
                    format!("{cid} is not pinned: list_pinned_content shows what is"),
                )),
            }
        }
        .boxed()
    }

    fn pins<'a>(&'a self, after: Option<&'a Cid>, limit: usize) -> Pending<'a, Pins> {
        async move {
            let total_bytes = self.storage.stat().await.map_err(|error| failed(&error))?.bytes.unwrap_or_default();
            if limit == 0 {
                return Ok(Pins { total_bytes, ..Pins::default() });
            }
            let mut found = self.storage.pins(after, limit + 1).await.map_err(|error| failed(&error))?;
            let more = found.len() > limit;
            found.truncate(limit);
            let pins = found.into_iter().map(|pin| Pin { cid: pin.cid, bytes: pin.bytes }).collect();
            Ok(Pins { pins, more, total_bytes })
        }
        .boxed()
    }

    fn network(&self) -> Pending<'_, Network> {
        async {
            let (mode, gateways) = (self.mode().to_owned(), self.place.gateways().to_vec());
            let own = Network { mode, gateways, ..Network::default() };
            let node = self.place.node().map_err(|error| ToolError::new(Code::NotConfigured, format!("{error:#}")))?;
            let Some(node) = node else { return Ok(own) };
            let identity = node.identity().await.map_err(|error| failed(&error))?;
            let connected_peers = node.peers().await.map_err(|error| failed(&error))? as u64;
            Ok(Network {
                peer_id: Some(identity.id),
                agent_version: Some(identity.agent_version),
                addresses: identity.addresses,
                connected_peers,
                ..own
            })
        }
        .boxed()
    }

    fn ecosystem(&self) -> Pending<'_, Vec<String>> {
        async { Ok(self.files.list()?.into_iter().map(|listed| listed.to_string()).collect()) }.boxed()
    }

    fn pin_ecosystem(&self) -> Pending<'_, Vec<Ecosystem>> {
        async {
            let mut pinned = Vec::new();
            for listed in self.files.list()? {
                pinned.push(self.pin_file(listed).await?);
            }
            Ok(pinned)
        }
        .boxed()
    }
}

fn open(key: &ContentKey, sealed: &[u8]) -> Option<Vec<u8>> {
    if sealed.starts_with(SEALED[1]) {
        let keys: Vec<_> = (1..=key.newest).rev().map(|version| key.secret.fernet(version)).collect();
        return fernet::open(keys.iter().map(|key| &**key), sealed).ok().map(|plain| plain.to_vec());
    }
    let mut plain = Vec::new();
    seal::open(&key.secret.keys(key.newest), sealed, &mut plain).ok().map(|_| plain)
}

/// The error for an agent. What gateways, nodes and files say is for the operator's eyes, and stays on standard error.
fn failed(error: &StorageError) -> ToolError {
    show::message(format_args!("content: {error}"));
    let of = |code, message: &str| ToolError::new(code, message);
    match error {
        StorageError::Missing(cid) => of(Code::NotFound, &format!("a part of it is not here: block {cid}")),
        StorageError::Unavailable { cid, .. } => {
            of(Code::Unavailable, &format!("nobody who was asked has block {cid}")).retry_after_ms(SOON_MS)
        }
        StorageError::Full { .. } | StorageError::DiskFull(_) => {
            of(Code::Refused, "there is no room: ask the operator to make some")
        }
        StorageError::ReadOnly(_) => {
            of(Code::NotConfigured, "mode gateway keeps nothing: ask the operator to start this server in another mode")
        }
        StorageError::Within(cid) => {
            of(Code::Refused, &format!("{cid} is kept as a part of something else: unpin that"))
        }
        StorageError::Block(_) | StorageError::Walk(_) => {
            of(Code::Refused, "what this CID names is no file, or is malformed: it cannot be read")
        }
        StorageError::Node(_) => {
            of(Code::Unavailable, "the IPFS node refuses, or does not answer: ask the operator").retry_after_ms(SOON_MS)
        }
        StorageError::Disk(_) => {
            of(Code::Internal, "the content store failed: the operator sees why on standard error")
        }
    }
}
