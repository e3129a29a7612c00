//! Flags that say where content is kept and where it comes from.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_content::Cid;
use adit_content::gateways::{Clock, Gateways};
use adit_content::node::{DEFAULT_URL, Node, api_url};
use adit_content::storage::{Blocks, ReadOnly, Storage, StorageError};
use anyhow::{Context, Result, ensure};

use super::embedded::{DEFAULT_MAX_BYTES, Embedded};
use super::noted::Noted;
use super::wanted::Wanted;
use crate::home::Home;
use crate::server::{Http, http};
use crate::show;

/// Where content is kept and comes from.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Place {
    /// Where content is: `embedded` keeps it in a folder of this program's own, `local` has an IPFS node keep it, `gateway`
    /// reads it and keeps nothing
    #[arg(long, value_enum, default_value_t = Mode::Embedded)]
    mode: Mode,
    /// A trustless gateway that is asked for what is not here; may be repeated. Everything that it sends is checked
    #[arg(long, value_name = "URL", env = "ADIT_GATEWAY", value_delimiter = ',')]
    gateway: Vec<String>,
    /// The node of mode `local`: where its RPC is, as a URL or a multiaddr
    #[arg(long, value_name = "URL", env = "IPFS_API_URL", default_value = DEFAULT_URL)]
    ipfs_api: String,
    /// The folder that keeps content; by default `content` beside the miner's key
    #[arg(long, value_name = "DIR", env = "ADIT_CONTENT")]
    store: Option<PathBuf>,
    /// The most that the folder keeps, in GiB, from 1 to 1000000
    #[arg(long, value_name = "GIB", default_value_t = DEFAULT_MAX_BYTES >> 30, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    max_store: u64,
}

/// Where content is.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Embedded,
    Local,
    Gateway,
}

/// Content storage, opened as the flags say.
#[derive(Clone)]
pub(crate) struct Opened {
    storage: Arc<dyn Storage>,
    list: List,
    gateways: Arc<Gateways<Http, Wall>>,
}

/// Where the list of incomplete pins is.
#[derive(Clone)]
enum List {
    Folder(Embedded),
    Node(Wanted),
}

impl Place {
    /// Opens it. Errors: a folder or an address that cannot be used, and mode `gateway` without a gateway.
    pub(crate) fn open(&self) -> Result<Opened> {
        let folder = self.folder()?;
        let gateways = Arc::new(Gateways::new(http()?, Wall(Instant::now()), self.gateway.iter().cloned()));
        let mut embedded = Embedded::open(&folder, self.max_store << 30)?;
        if !self.gateway.is_empty() {
            embedded = embedded.with_source(gateways.clone());
        }
        let (storage, list): (Arc<dyn Storage>, _) = match self.mode {
            Mode::Embedded => (Arc::new(embedded.clone()), List::Folder(embedded)),
            Mode::Local => {
                let wanted = Wanted::new(folder.join("local"));
                let node = Node::new(http()?, &self.api_url()?);
                (Arc::new(Noted::new(node, wanted.clone())), List::Node(wanted))
            }
            Mode::Gateway => {
                let hint = "mode gateway needs a gateway: name one with --gateway URL, or set ADIT_GATEWAY";
                ensure!(!self.gateway.is_empty(), hint);
                (Arc::new(ReadOnly(gateways.clone())), List::Folder(embedded))
            }
        };
        Ok(Opened { storage, list, gateways })
    }
}

impl Place {
    /// Opens the folder alone, without a source for what it lacks.
    #[cfg(feature = "serve")]
    pub(crate) fn open_folder(&self) -> Result<Embedded> {
        Ok(Embedded::open(&self.folder()?, self.max_store << 30)?)
    }

    /// The gateways that are asked.
    #[cfg(feature = "mcp")]
    pub(crate) fn gateways(&self) -> &[String] {
        &self.gateway
    }

    /// The node of mode `local`.
    #[cfg(feature = "mcp")]
    pub(crate) fn node(&self) -> Result<Option<Node<Http>>> {
        if self.mode != Mode::Local {
            return Ok(None);
        }
        Ok(Some(Node::new(http()?, &self.api_url()?)))
    }

    fn api_url(&self) -> Result<String> {
        api_url(&self.ipfs_api).with_context(|| format!("{:?} is not the address of a node's RPC", self.ipfs_api))
    }

    fn folder(&self) -> Result<PathBuf> {
        self.store.clone().map_or_else(|| Home::find(None).map(|home| home.blocks()), Ok)
    }
}

impl Opened {
    /// The storage, to pin and to list pins.
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        self.storage.clone()
    }

    /// The source of single blocks.
    pub(crate) fn blocks(&self) -> Arc<dyn Blocks> {
        self.storage.clone()
    }

    /// The source of everything below `root`, which may fetch it in one request.
    pub(crate) fn whole(&self, root: &Cid) -> Arc<dyn Blocks> {
        self.storage.whole(root).unwrap_or_else(|| self.storage.clone())
    }

    /// The list of incomplete pins.
    pub(crate) fn wanted(&self) -> &Wanted {
        match &self.list {
            List::Folder(embedded) => embedded.wanted(),
            List::Node(wanted) => wanted,
        }
    }

    /// Gives up an incomplete pin. False if there was none.
    pub(crate) async fn give_up(&self, root: Cid) -> Result<bool, StorageError> {
        match &self.list {
            List::Folder(embedded) => embedded.give_up(root).await,
            List::Node(wanted) => wanted.end(&root),
        }
    }

    /// Says which gateways are no longer asked, and why.
    pub(crate) fn say_who_is_out(&self) {
        for one in self.gateways.standings() {
            if let Some(why) = one.out {
                show::message(format_args!("{} is not asked any more: {why}", one.url));
            }
        }
    }
}

/// The time of this process.
pub(crate) struct Wall(Instant);

impl Clock for Wall {
    fn now_ms(&self) -> u64 {
        self.0.elapsed().as_millis() as u64
    }

    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}
