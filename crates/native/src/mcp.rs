//! `adit mcp`: tools for agents, over standard input and output or over HTTP on loopback.

mod approve;
mod measure;
mod miner;
mod questions;
mod receipts;
#[cfg(feature = "content")]
mod store;
mod token;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_core::Amount;
#[cfg(not(feature = "content"))]
use adit_mcp::backend::NoStore;
use adit_mcp::backend::{Coordinator, Parts, Store};
use adit_mcp::{Desk, Server, Tool, Tools, http, stdio};
use anyhow::{Context, Result, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::home::Home;
use crate::mine::{Background, Setup};
use crate::server::{TOKEN, connect_to, operators_token};
use crate::{show, stop};
use questions::Folder;

/// How long calls under way may still be answered after the input has ended.
const ANSWERED_WITHIN: Duration = Duration::from_millis(300);
/// How long the miner's session may take to end. The program ends within two seconds of its input, whatever happens.
const CLOSED_WITHIN: Duration = Duration::from_secs(1);

/// Let agents mine, store content and submit jobs, over the Model Context Protocol.
///
/// Without --http it serves the client that started it, on standard input and output, and ends with its input; what it mines
/// ends with it. The flags of `adit mine` say with what and when.
///
/// A person decides about calls that publish, lose, open or spend something. The client asks them, if it can. Otherwise the
/// agent is told a number, and the person runs `adit mcp approve NUMBER`, which asks for the passphrase of the miner's key.
/// Do not let an agent know that passphrase.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Say yes to what an agent asked
    ///
    /// Shows what would be done and asks for the passphrase of the miner's key. The yes counts once, for exactly that, within
    /// five minutes of the question.
    Approve {
        /// The number that the agent was told
        id: String,
        /// The miner's key file, beside which the question waits
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
struct Serve {
    /// Serve over HTTP on this loopback address, for all who have the token in the file mcp.token beside the key
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    /// Let agents call this tool without asking anybody, as long as this server runs; may be repeated
    #[arg(long, value_name = "TOOL", value_parser = asking_tool())]
    allow: Vec<Tool>,
    /// What agents' jobs may cost in all without asking anybody, at least 0
    #[arg(long, value_name = "NNET", default_value = "0", value_parser = budget)]
    budget: Amount,
    /// The coordinator's directory, which holds the operators' token: submit_job needs it (or set ADIT_TOKEN)
    #[arg(long, value_name = "DIR", env = "ADIT_DATA")]
    data: Option<PathBuf>,
    #[command(flatten)]
    setup: Setup,
    #[cfg(feature = "content")]
    #[command(flatten)]
    content: Content,
}

/// Where content is kept, and what of this machine's own is pinned.
#[cfg(feature = "content")]
#[derive(clap::Args)]
struct Content {
    #[command(flatten)]
    place: crate::content::Place,
    /// What pin_ecosystem_data pins: a file, a folder, or a pattern with `*`, in quotes; may be repeated. Links are left out
    #[arg(long, value_name = "PATTERN")]
    ecosystem: Vec<String>,
    /// The same, sealed before it is pinned; may be repeated
    #[arg(long, value_name = "PATTERN")]
    ecosystem_sealed: Vec<String>,
}

#[cfg(feature = "content")]
impl Serve {
    fn gateways(&self) -> &[String] {
        self.content.place.gateways()
    }

    fn store(&self, home: &Home) -> Result<Box<dyn Store>> {
        let Content { place, ecosystem, ecosystem_sealed } = &self.content;
        let files = store::Files { plain: ecosystem.clone(), sealed: ecosystem_sealed.clone() };
        Ok(Box::new(store::Kept::open(place.clone(), files, home)?))
    }
}

#[cfg(not(feature = "content"))]
impl Serve {
    fn gateways(&self) -> &[String] {
        &[]
    }

    fn store(&self, _: &Home) -> Result<Box<dyn Store>> {
        Ok(Box::new(NoStore))
    }
}

/// The tools that need a person's decision.
fn asking_tool() -> impl TypedValueParser<Value = Tool> {
    let asking = Tool::ALL.into_iter().filter(|tool| tool.asks()).map(Tool::name);
    PossibleValuesParser::new(asking).try_map(|name| Tool::named(&name).ok_or("there is no such tool"))
}

fn budget(text: &str) -> Result<Amount, String> {
    let amount: Result<Amount, _> = text.parse();
    amount.ok().filter(|amount| amount.nano() >= 0).ok_or_else(|| "it must be from 0 to 9223372036".into())
}

pub(crate) async fn run(args: Args) -> Result<()> {
    match args.action {
        Some(Action::Approve { id, key }) => approve::run(&id, &Home::find(key.as_deref())?).await,
        None => serve(args.serve).await,
    }
}

async fn serve(args: Serve) -> Result<()> {
    let home = Home::find(args.setup.key.as_deref())?;
    let started = Instant::now();
    let clock = move || started.elapsed().as_millis() as u64;
    let desk = Desk::new(args.allow.iter().copied(), Folder::open(&home), clock);
    let ends_with_client = args.http.is_none();
    let tools = Arc::new(Tools::new(parts(&args, &home)?, desk, args.budget, ends_with_client));
    let served = match args.http {
        Some(address) => over_http(&tools, address, &home).await,
        None => over_stdio(&tools).await,
    };
    // A session that does not end in time is ended by the coordinator.
    drop(tokio::time::timeout(CLOSED_WITHIN, tools.close()).await);
    served
}

/// What the tools act on.
fn parts(args: &Serve, home: &Home) -> Result<Parts> {
    let setup = &args.setup;
    let token = match &args.data {
        Some(data) => Some(operators_token(data)?),
        None => std::env::var(TOKEN).ok(),
    };
    let connect = || connect_to(&setup.server, &setup.sources);
    let jobs = match token {
        Some(token) => Coordinator::new(connect()?.with_token(token.trim()), true),
        None => Coordinator::new(connect()?, false),
    };
    let miner = Background::new(setup.clone(), args.gateways().to_vec(), home.clone());
    Ok(Parts {
        miner: Box::new(miner::Mining::new(miner, setup.server.clone())),
        jobs: Box::new(jobs),
        receipts: Box::new(receipts::Checks::new(connect()?, setup, args.gateways())),
        bench: Box::new(measure::Measure),
        store: args.store(home)?,
    })
}

async fn over_stdio(tools: &Arc<Tools>) -> Result<()> {
    let ended = Arc::new(Notify::new());
    let serving = stdio::serve_standard(Server::new(tools.clone(), "stdio"), ended.clone());
    let late = async {
        ended.notified().await;
        tokio::time::sleep(ANSWERED_WITHIN).await;
    };
    tokio::select! {
        served = serving => served.context("the client does not speak the Model Context Protocol"),
        () = late => Ok(()),
        () = stop::signal() => Ok(()),
    }
}

async fn over_http(tools: &Arc<Tools>, address: SocketAddr, home: &Home) -> Result<()> {
    ensure!(
        address.ip().is_loopback(),
        "--http serves this machine alone: give a loopback address, such as 127.0.0.1:8001. For others, put a gateway that \
         checks who they are before it"
    );
    let path = home.mcp_token();
    let token = token::open_or_make(&path)?;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    show::message(format_args!("MCP server on http://{address}{}; its token is in {}", http::PATH, path.display()));
    tokio::select! {
        served = http::serve(listener, Server::new(tools.clone(), "http"), &token) => Ok(served?),
        () = stop::signal() => Ok(()),
    }
}
