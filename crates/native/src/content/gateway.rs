//! `adit content gateway`: serves what the folder keeps as raw blocks and CARs, which clients can check, and as files and
//! folders for browsers. It fetches nothing for others.
//!
//! It has a listener of its own, so strangers' content never shares an origin with the page or the operators' token.

mod answer;
mod ask;
mod files;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use adit_content::storage::Blocks;
use adit_coordinator::{Bodies, Connections, listen};
use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::modes::Place;
use crate::{show, stop};

/// The most blocks that are in memory while they are sent. Further ones wait.
const PIECES: usize = 64;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The address to listen on; one on loopback is reached from this machine alone
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let blocks = args.place.open_folder()?;
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", args.listen))?;
    show::message(format_args!("Gateway on http://{}", listener.local_addr()?));
    listen(listener, app(Arc::new(blocks)), Connections::default(), Bodies::default(), stop::signal()).await;
    Ok(())
}

/// The state that all calls share.
#[derive(Clone)]
struct Gate {
    blocks: Arc<dyn Blocks>,
    /// A permit for each block that is in memory.
    memory: Arc<Semaphore>,
}

fn app(blocks: Arc<dyn Blocks>) -> Router {
    let gate = Gate { blocks, memory: Arc::new(Semaphore::new(PIECES)) };
    let calls = get(give).options(|| async { answer::options() });
    Router::new().route("/ipfs/{*path}", calls).with_state(gate)
}

async fn give(State(gate): State<Gate>, Path(path): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let only_if_cached = ask::is_only_if_cached(&headers);
    let answered = match ask::Ask::read(&path, &uri, &headers) {
        Ok(ask) => answer::answer(&gate, ask, &headers).await,
        Err(refusal) => Err(refusal),
    };
    answered.unwrap_or_else(|refusal| answer::refuse(&refusal, only_if_cached))
}
