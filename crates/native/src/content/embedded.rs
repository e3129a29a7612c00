//! Mode `embedded`: content in a folder of this program's own.
//!
//! A block that is not there is fetched from a source, if there is one, and kept if there is room.

mod files;
mod pins;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use adit_content::storage::{Blocks, Later, Pin, Storage, StorageError, Usage};
use adit_content::{Block, Cid, Dag, Limits, Step, Walk};

use super::wanted::Wanted;
use files::Files;

/// The most bytes that the folder takes by default.
pub(crate) const DEFAULT_MAX_BYTES: u64 = 10 << 30;

/// Content in a folder of this machine.
#[derive(Clone)]
pub(crate) struct Embedded {
    files: Arc<Files>,
    elsewhere: Option<Arc<dyn Blocks>>,
}

impl Embedded {
    /// Opens the folder, or makes it. All blocks together take at most `max_bytes`.
    pub(crate) fn open(folder: &Path, max_bytes: u64) -> Result<Self, StorageError> {
        Ok(Embedded { files: Arc::new(Files::open(folder, max_bytes)?), elsewhere: None })
    }

    /// Fetches from `elsewhere` what is not in the folder.
    pub(crate) fn with_source(self, elsewhere: Arc<dyn Blocks>) -> Self {
        Embedded { elsewhere: Some(elsewhere), ..self }
    }

    /// The list of incomplete pins.
    pub(crate) fn wanted(&self) -> &Wanted {
        self.files.wanted()
    }

    /// Gives up an incomplete pin and removes what there is of it. False if there was none.
    pub(crate) async fn give_up(&self, root: Cid) -> Result<bool, StorageError> {
        self.on_disk(move |files| files.give_up(&root)).await
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let files = self.files.clone();
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        done.map_err(|error| StorageError::Disk(error.to_string()))?
    }

    /// Stores every block below `root`, parents first, and commits the pin.
    async fn gather(&self, root: Cid, source: Option<&dyn Blocks>) -> Result<Pin, StorageError> {
        let whole = self.elsewhere.as_ref().filter(|_| source.is_none()).and_then(|source| source.whole(&root));
        let source = source.or(whole.as_deref()).or(self.elsewhere.as_deref());
        let (mut walk, mut list) = (Dag::new(root, Limits::default()), self.files.begin(&root)?);
        loop {
            match walk.step()? {
                Step::Need(cid) => walk.supply(self.held(cid, source).await?)?,
                Step::Item(block) => list.add(&block)?,
                Step::Done => return self.on_disk(move |files| files.commit(list)).await,
            }
        }
    }

    /// Gets a block, and stores it in the folder if it is not there.
    async fn held(&self, cid: Cid, source: Option<&dyn Blocks>) -> Result<Block, StorageError> {
        if let Some(block) = self.on_disk(move |files| files.read(&cid)).await? {
            return Ok(block);
        }
        let source = source.ok_or_else(|| StorageError::missing(&cid))?;
        let block = source.block(&cid).await?;
        let kept = block.clone();
        self.on_disk(move |files| files.keep(&kept)).await?;
        Ok(block)
    }
}

impl Blocks for Embedded {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        Box::pin(async move {
            let cid = *cid;
            if let Some(block) = self.on_disk(move |files| files.read(&cid)).await? {
                return Ok(block);
            }
            let elsewhere = self.elsewhere.as_deref().ok_or_else(|| StorageError::missing(&cid))?;
            let block = elsewhere.block(&cid).await?;
            let kept = block.clone();
            // A reader gets the block even if there is no room to keep it.
            let _ = self.on_disk(move |files| files.keep(&kept)).await;
            Ok(block)
        })
    }

    fn whole(&self, root: &Cid) -> Option<Arc<dyn Blocks>> {
        let elsewhere = self.elsewhere.as_ref()?.whole(root)?;
        Some(Arc::new(self.clone().with_source(elsewhere)))
    }
}

impl Storage for Embedded {
    fn mode(&self) -> &'static str {
        "embedded"
    }

    fn pin<'a>(&'a self, root: Cid, source: Option<&'a dyn Blocks>) -> Later<'a, Pin> {
        Box::pin(async move {
            if let Some(pin) = self.on_disk(move |files| files.pin(&root)).await? {
                return Ok(pin);
            }
            self.on_disk(move |files| files.wanted().begin(&root)).await?;
            let gathered = self.gather(root, source).await;
            let (done, given_here) = (gathered.as_ref().err().cloned(), source.is_some());
            self.on_disk(move |files| match done {
                None => files.wanted().end(&root).map(drop),
                // A retry could not get these blocks: the caller has them, and can pin again.
                Some(_) if given_here => files.give_up(&root).map(drop),
                Some(error) => files.wanted().fail(&root, &error.to_string()),
            })
            .await?;
            gathered
        })
    }

    fn unpin<'a>(&'a self, root: &'a Cid) -> Later<'a, bool> {
        let root = *root;
        Box::pin(self.on_disk(move |files| files.unpin(&root)))
    }

    fn pins<'a>(&'a self, after: Option<&'a Cid>, limit: usize) -> Later<'a, Vec<Pin>> {
        let after = after.copied();
        Box::pin(self.on_disk(move |files| files.pins(after.as_ref(), limit)))
    }

    fn stat(&self) -> Later<'_, Usage> {
        Box::pin(self.on_disk(Files::usage))
    }
}
