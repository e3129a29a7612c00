//! The coordinator that a command talks to, and the HTTP that this build has.

use std::time::Duration;

use adit_client::{Client, Sleep};
use adit_fetch::{AllowedHost, Options, Proxies};
#[cfg(feature = "tls")]
use anyhow::Context;
use anyhow::Result;

/// HTTP with TLS.
#[cfg(feature = "tls")]
pub(crate) type Http = adit_fetch::Reqwest;
/// HTTP without TLS.
#[cfg(not(feature = "tls"))]
pub(crate) type Http = adit_fetch::Ureq;

/// A coordinator's API.
pub(crate) type Remote = Client<Http, Timer>;

/// The coordinator of commands that do not name one.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:8000";

/// The coordinator's directory of commands that do not name one.
#[cfg(feature = "jobs")]
const DEFAULT_DATA: &str = ".adit";

/// The environment variable that holds the operators' token.
#[cfg(any(feature = "jobs", feature = "mcp"))]
pub(crate) const TOKEN: &str = "ADIT_TOKEN";

/// How often to send a call that may safely be repeated.
const TRIES: u32 = 3;

/// The hosts that a coordinator may name although they are not public.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Sources {
    /// A host on this machine or its network that the coordinator may name as a source of data; may be repeated. Without
    /// it, sources at loopback and private addresses are not asked
    #[arg(long, value_name = "HOST[:PORT]", env = "ADIT_ALLOW_SOURCE", value_delimiter = ',')]
    allow_source: Vec<AllowedHost>,
}

/// Opens this build's HTTP.
pub(crate) fn http() -> Result<Http> {
    http_to(&Sources::default())
}

/// Opens this build's HTTP for a coordinator that names sources.
pub(crate) fn http_to(sources: &Sources) -> Result<Http> {
    open(Options { allowed: sources.allow_source.clone(), proxies: proxies()?, ..Options::default() })
}

/// Opens this build's HTTP for a coordinator's own questions to gateways. They use a proxy only if its owner says so for
/// this program, in ADIT_PROXY.
#[cfg(feature = "serve")]
pub(crate) fn http_to_gateways() -> Result<Http> {
    let proxies = std::env::var(adit_fetch::OWN_VARIABLE).ok().filter(|own| !own.trim().is_empty());
    let proxies = proxies.map_or(Ok(Proxies::default()), |own| Proxies::own(&own))?;
    open(Options { proxies, ..Options::default() })
}

/// The proxies of this process's environment.
pub(crate) fn proxies() -> Result<Proxies> {
    Ok(Proxies::of_environment(|name| std::env::var(name).ok())?)
}

fn open(options: Options) -> Result<Http> {
    #[cfg(feature = "tls")]
    let http = Http::with(options).context("HTTP cannot be used on this machine")?;
    #[cfg(not(feature = "tls"))]
    let http = Http::with(options);
    Ok(http)
}

/// The API of the coordinator at `server`, for calls that anyone may make.
#[cfg(any(feature = "jobs", feature = "store"))]
pub(crate) fn connect(server: &str) -> Result<Remote> {
    connect_to(server, &Sources::default())
}

/// The same, for calls that follow the sources which the coordinator names.
pub(crate) fn connect_to(server: &str, sources: &Sources) -> Result<Remote> {
    Ok(Client::new(http_to(sources)?, server).with_retries(Timer, TRIES))
}

/// Waits on this process's runtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer;

impl Sleep for Timer {
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// The flags that name a coordinator and its operators' token.
#[cfg(feature = "jobs")]
#[derive(clap::Args, Clone)]
pub(crate) struct Server {
    /// The coordinator
    #[arg(long = "server", value_name = "URL", env = "ADIT_SERVER", default_value = DEFAULT_SERVER, global = true)]
    url: String,
    /// The coordinator's directory, which holds the operators' token (or set ADIT_TOKEN)
    #[arg(long, value_name = "DIR", env = "ADIT_DATA", default_value = DEFAULT_DATA, global = true)]
    data: std::path::PathBuf,
}

#[cfg(feature = "jobs")]
impl Server {
    /// The API for calls that anyone may make.
    pub(crate) fn connect(&self) -> Result<Remote> {
        connect(&self.url)
    }

    /// The flags that make another command talk to the same coordinator, for a shell; none where the environment does.
    pub(crate) fn flags(&self) -> String {
        let is = |variable: &str, fallback: &str, value: &std::ffi::OsStr| {
            std::env::var_os(variable).as_deref().unwrap_or(fallback.as_ref()) == value
        };
        let (mut flags, data) = (String::new(), self.data.to_string_lossy());
        let quoted = |text: &str| shlex::try_quote(text).map_or_else(|_| text.to_owned(), |text| text.into_owned());
        if !is("ADIT_SERVER", DEFAULT_SERVER, self.url.as_ref()) {
            flags += &format!(" --server {}", quoted(&self.url));
        }
        if !is("ADIT_DATA", DEFAULT_DATA, self.data.as_os_str()) {
            flags += &format!(" --data {}", quoted(&data));
        }
        flags
    }

    /// The API for calls that need the operator's token.
    pub(crate) fn connect_as_operator(&self) -> Result<Remote> {
        Ok(self.connect()?.with_token(operators_token(&self.data)?))
    }
}

/// The operators' token: of this process's environment, or of the coordinator's directory.
#[cfg(any(feature = "jobs", feature = "mcp"))]
pub(crate) fn operators_token(data: &std::path::Path) -> Result<String> {
    use anyhow::Context;
    let token = match std::env::var(TOKEN) {
        Ok(token) => token,
        Err(_) => {
            let path = data.join("admin.token");
            std::fs::read_to_string(&path).with_context(|| {
                format!("{}: name the coordinator's directory with --data, or set ADIT_TOKEN", path.display())
            })?
        }
    };
    Ok(token.trim().to_owned())
}
