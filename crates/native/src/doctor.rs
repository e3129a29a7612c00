//! `adit doctor`: what this machine can mine with, and what is missing.

mod log;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use adit_cpu::{Backend, Cpu};
use adit_fetch::{Fetch, Proxies, Proxy, Request, http_date};
use adit_protocol::paths;
use adit_protocol::records::Overview;
use anyhow::{Result, ensure};

use crate::engines::open_processor;
use crate::home::{Home, KeyFile, is_loopback};
use crate::report::{self, Line};
use crate::server::{DEFAULT_SERVER, http, proxies};

/// Check cores, backends, graphics, key, proxies, server and clock.
///
/// Exit status 1 if this machine cannot mine. Parts that are absent but not needed do not count.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The coordinator to check
    #[arg(long, value_name = "URL", env = "ADIT_SERVER", default_value = DEFAULT_SERVER)]
    server: String,
    /// The miner's key file
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let server = args.server.trim_end_matches('/');
    let mut lines = vec![program(), log::own(), cores()];
    lines.extend(processor());
    lines.push(graphics());
    lines.extend(key(&args));
    lines.push(proxy(server, proxies()));
    lines.extend(coordinator(server).await);
    lines.push(browser(server));
    let shown = report::print(&lines, args.json);
    ensure!(report::holds(&lines), "this machine cannot mine as it is");
    shown
}

fn program() -> Line {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let parts = features();
    let order = if cfg!(target_endian = "big") { "big-endian" } else { "little-endian" };
    Line::ok("program", format!("adit {} ({parts}) on {os}, {arch}, {order}", env!("CARGO_PKG_VERSION")))
}

/// The capabilities that this build has.
fn features() -> String {
    let all = [
        ("completions", cfg!(feature = "completions")),
        ("content", cfg!(feature = "content")),
        ("gpu", cfg!(feature = "gpu")),
        ("hours", cfg!(feature = "hours")),
        ("jobs", cfg!(feature = "jobs")),
        ("serve", cfg!(feature = "serve")),
        ("tls", cfg!(feature = "tls")),
        ("tui", cfg!(feature = "tui")),
    ];
    match all.iter().filter(|(_, built)| *built).count() {
        0 => "vintage".into(),
        count if count == all.len() => "full".into(),
        _ => all.iter().filter(|(_, built)| *built).map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
    }
}

fn cores() -> Line {
    match std::thread::available_parallelism() {
        Ok(cores) => Line::ok("cores", format!("{cores}, each with a lane")),
        Err(error) => Line::skipped("cores", format!("unknown ({error}): one lane")).advise("choose with --cpu"),
    }
}

/// A line for each backend, and one for the backend that a miner chooses.
fn processor() -> Vec<Line> {
    let line = |backend| match Cpu::with(backend) {
        Ok(_) => Line::ok("processor", format!("{backend} agrees with the start-up vectors")),
        Err(error) => Line::skipped("processor", format!("{error}: it is never used")),
    };
    let mut lines: Vec<Line> = Backend::available().into_iter().map(line).collect();
    lines.push(match open_processor() {
        Ok((engine, rates)) => Line::ok("choice", format!("{}, one core: {rates}", engine.0.backend())),
        Err(error) => Line::failed("choice", format!("{error:#}")).advise("the processor or the compiler is broken"),
    });
    lines
}

#[cfg(feature = "gpu")]
fn graphics() -> Line {
    use crate::engines::graphics;
    match graphics::open(adit_gpu::AdapterChoice::Any, None) {
        Ok(graphics::Opened { engine, rates, .. }) => {
            let facts = engine.facts();
            if facts.software {
                let found = format!("{}: {rates}", graphics::name(&facts));
                return Line::skipped("graphics", found).advise("install a driver if there is a graphics adapter");
            }
            Line::ok("graphics", format!("{} through {}: {rates}", facts.name, facts.backend))
        }
        Err(error) => {
            Line::skipped("graphics", format!("{error:#}")).advise("cores are used alone; a driver may be missing")
        }
    }
}

#[cfg(not(feature = "gpu"))]
fn graphics() -> Line {
    Line::skipped("graphics", "this build computes on processors alone")
}

fn key(args: &Args) -> Vec<Line> {
    let home = match Home::find(args.key.as_deref()) {
        Ok(home) => home,
        Err(error) => return vec![Line::failed("key", format!("{error:#}"))],
    };
    let at = home.key().display();
    let mut lines = vec![match KeyFile::look(home.key()) {
        Ok(Some((public_key, sealing))) => Line::ok("key", format!("{public_key} in {at}, {sealing}")),
        Ok(None) => Line::ok("key", format!("none yet: `adit mine` makes one in {at}")),
        Err(error) => Line::failed("key", format!("{error:#}")),
    }];
    #[cfg(unix)]
    if let Ok(facts) = std::fs::metadata(home.key()) {
        use std::os::unix::fs::PermissionsExt;
        let others = facts.permissions().mode() & 0o077;
        if others != 0 {
            let advice = format!("chmod 600 {at}");
            lines.push(Line::failed("key", "others on this machine may read the key file").advise(advice));
        }
    }
    let waiting = std::fs::read_dir(home.journal()).map_or(0, Iterator::count);
    if waiting > 0 {
        let found = format!("{waiting} deliveries wait for the next `adit mine`");
        lines.push(Line::ok("journal", found));
    }
    lines
}

async fn coordinator(server: &str) -> Vec<Line> {
    let away = |found: String| {
        Line::skipped("coordinator", found).advise("start one with `adit serve`, or name it with --server")
    };
    let http = match http() {
        Ok(http) => http,
        Err(error) => return vec![Line::failed("coordinator", format!("{error:#}"))],
    };
    let response = match http.fetch(Request::get(format!("{server}{}", paths::OVERVIEW)).timeout_ms(5_000)).await {
        Ok(response) => response,
        Err(error) => return vec![away(format!("{server}: {error}"))],
    };
    let Ok(overview) = serde_json::from_slice::<Overview>(&response.body) else {
        return vec![away(format!("{server} answers {}, but not as a coordinator", response.status))];
    };
    let Overview { version, coordinator_key, jobs_active, sessions_open, .. } = overview;
    let found = format!(
        "{server}: version {version}, {jobs_active} active jobs, {sessions_open} sessions, key {coordinator_key}"
    );
    let mut lines = vec![Line::ok("coordinator", found)];
    lines.extend(response.header("date").and_then(|date| clock(date, now_s())));
    lines.extend(log::of_coordinator(&http, server).await);
    lines
}

/// Compares the clocks, ours being at `now_s`. Nothing that Adit signs depends on a miner's clock, but TLS needs it roughly
/// right.
fn clock(date: &str, now_s: i64) -> Option<Line> {
    /// The largest difference that matters neither to TLS nor to people.
    const FAIR_S: i64 = 300;
    let ahead_s = now_s.saturating_sub(http_date(date)?);
    let found = match ahead_s {
        0 => "the same as the coordinator's".to_owned(),
        1.. => format!("{ahead_s} s ahead of the coordinator's"),
        _ => format!("{} s behind the coordinator's", ahead_s.unsigned_abs()),
    };
    Some(match ahead_s.abs() {
        ..=FAIR_S => Line::ok("clock", found),
        _ => Line::skipped("clock", found).advise("mining does not depend on it, but https may refuse to connect"),
    })
}

fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// The proxies in force, and whether the coordinator is asked through one.
fn proxy(server: &str, proxies: Result<Proxies>) -> Line {
    let proxies = match proxies {
        Ok(proxies) => proxies,
        Err(error) => return Line::failed("proxy", format!("{error:#}")),
    };
    let named = |proxy: &Proxy| format!("{proxy} ({})", proxy.variable());
    let all = match proxies.both() {
        (None, None) => return Line::ok("proxy", "none: every request goes straight to its server"),
        (Some(http), Some(https)) if http == https => named(http),
        (http, https) => {
            let each = [("http", http), ("https", https)].into_iter();
            let each = each.filter_map(|(scheme, proxy)| Some(format!("{} for {scheme}", named(proxy?))));
            each.collect::<Vec<_>>().join(", ")
        }
    };
    match proxies.for_url(server) {
        None => Line::ok("proxy", format!("{all}; the coordinator is asked without it")),
        Some(_) if server.starts_with("https://") => {
            Line::ok("proxy", format!("{all}; the coordinator is asked through it"))
        }
        Some(_) => Line::ok("proxy", format!("{all}; the coordinator is asked through it, in clear"))
            .advise("operators' commands refuse that: use https, NO_PROXY, or ADIT_PROXY=none"),
    }
}

/// Whether browsers let the page at this address use WebGPU and WebCrypto.
fn browser(server: &str) -> Line {
    if server.starts_with("https://") || is_loopback(server) {
        return Line::ok(
            "browser",
            format!("open {server}/ in Chromium and press Start; other browsers are not tested yet"),
        );
    }
    let why = format!("{server} is not a secure address: browsers give its page neither WebGPU nor WebCrypto");
    Line::skipped("browser", why).advise("serve it over https, or open it on the machine itself")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::State;

    #[test]
    fn dates_are_read_as_http_writes_them() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("Tue, 29 Feb 2028 12:00:00 GMT"), Some(1_835_438_400));
        assert_eq!(http_date("yesterday"), None);
    }

    #[test]
    fn the_clocks_difference_is_told() {
        let of = |now_s| clock("Sun, 06 Nov 1994 08:49:37 GMT", now_s).unwrap();
        assert_eq!(of(784_111_777).found, "the same as the coordinator's");
        assert_eq!(of(784_111_778).found, "1 s ahead of the coordinator's");
        let behind = of(784_111_777 - 3_600);
        assert_eq!((behind.state, behind.found.as_str()), (State::Skipped, "3600 s behind the coordinator's"));
        assert!(behind.advice.is_some() && of(784_111_777 + 300).state == State::Ok);
        assert!(clock("yesterday", 0).is_none());
    }

    #[test]
    fn proxies_are_named_and_whether_they_matter() {
        let of = |server: &str, variables: &[(&str, &str)]| {
            let find = |name: &str| Some(variables.iter().find(|(known, _)| *known == name)?.1.to_owned());
            proxy(server, Proxies::of_environment(find).map_err(Into::into))
        };
        assert!(of("http://x.org", &[]).found.starts_with("none"));
        let set = [("ADIT_PROXY", "http://user:secret@p:3128")];
        let near = of("http://127.0.0.1:8000", &set);
        assert_eq!(near.found, "http://p:3128 (ADIT_PROXY); the coordinator is asked without it");
        assert!(of("https://x.org", &set).found.ends_with("the coordinator is asked through it"));
        let clear = of("http://x.org", &set);
        assert!(clear.found.ends_with("in clear") && clear.advice.unwrap().contains("NO_PROXY"));
        let two = of("https://x.org", &[("http_proxy", "a"), ("HTTPS_PROXY", "b:1"), ("NO_PROXY", "x.org")]);
        let said =
            "http://a (http_proxy) for http, http://b:1 (HTTPS_PROXY) for https; the coordinator is asked without it";
        assert_eq!(two.found, said);
        let wrong = of("https://x.org", &[("ALL_PROXY", "socks5://p:1080")]);
        assert!(wrong.state == State::Failed && wrong.found.contains("ALL_PROXY"), "{}", wrong.found);
    }

    #[test]
    fn an_insecure_page_is_explained() {
        assert_eq!(browser("http://127.0.0.1:8000").state, State::Ok);
        assert_eq!(browser("https://example.org").state, State::Ok);
        // README's table of what is tested names one browser.
        let found = browser("https://example.org").found;
        assert!(found.contains("Chromium") && !["Firefox", "Safari", "Edge"].iter().any(|name| found.contains(name)));
        assert!(browser("http://192.168.1.5:8000").found.contains("neither WebGPU nor WebCrypto"));
    }
}
