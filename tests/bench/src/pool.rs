//! A pool under load: members with keys and devices of their own, whose attestations are signed before the clock runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_rustchain::attestation::{Check, Device, Draft, Measured, Signals};
use adit_rustchain::{Json, MinerId, Number, Object, SecretKey};
use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Where attestations go.
const SUBMIT: &str = "/attest/submit";
/// The longest head of an answer, in bytes.
const MAX_HEAD: usize = 4 << 10;

/// A connection, which stays open if the server lets it. It costs the driver, which shares its processors with the server, as
/// little as possible.
pub struct Connection {
    address: String,
    stream: TcpStream,
    is_over: bool,
    read: Vec<u8>,
}

impl Connection {
    /// Connects to `HOST:PORT`.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = connect(address).await?;
        Ok(Connection { address: address.to_owned(), stream, is_over: false, read: Vec::with_capacity(8 << 10) })
    }

    /// Sends a whole request; the status and the body of its answer.
    pub async fn send(&mut self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        if self.is_over {
            self.stream = connect(&self.address).await?;
        }
        self.stream.write_all(request).await?;
        self.read.clear();
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(self.read.len() < MAX_HEAD, "the answer has no end of headers");
            ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the server closed the connection");
        };
        let head = std::str::from_utf8(&self.read[..end])?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        self.is_over = head.contains("connection: close");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).context("no length")?;
        let whole = end + length.trim().parse::<usize>()?;
        while self.read.len() < whole {
            ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the server closed the connection");
        }
        Ok((status, self.read[end..whole].to_vec()))
    }
}

async fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A request with this body, which may be empty.
pub fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: pool\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A member with one device.
#[derive(Clone)]
pub struct Member {
    key: SecretKey,
    /// Its wallet.
    pub miner: MinerId,
    number: usize,
}

impl Member {
    /// The member of this number, always the same.
    pub fn new(number: usize) -> Self {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
        let key = SecretKey::from_seed(seed);
        Member { miner: key.address().into(), key, number }
    }

    fn asks(&self) -> Vec<u8> {
        request("POST", "/attest/challenge", &format!(r#"{{"miner":"{}"}}"#, self.miner))
    }

    /// A signed attestation with the size and the checks of a real one.
    fn attests(&self, nonce: &str, round: usize) -> Vec<u8> {
        let micro = |value: usize| Json::from(Number::micro(value as i64));
        let data = |name: &str, value: usize| -> Object { [(name.to_owned(), micro(value))].into() };
        let check = |name: &str, data: Object| (name.to_owned(), Check { passed: true, data });
        let measured = Measured {
            checks: [
                check("clock_drift", data("cv", 10_000 + round * 100_000 + self.number)),
                check("cache_timing", data("hierarchy_ratio", 2_000_000 + self.number)),
                check("simd_identity", [("has_sse".to_owned(), Json::from(true))].into()),
                check("thermal_drift", data("variance", 1_000 + self.number)),
                check("instruction_jitter", data("cv", 50_000 + self.number)),
                check("anti_emulation", [("vm_indicators".to_owned(), Json::List(Vec::new()))].into()),
            ]
            .into(),
            samples_ns: (0..48).map(|sample| 800_000 + sample * 1_000 + self.number as u64).collect(),
            workload_ns: 57_360,
        };
        let device = Device {
            family: "x86_64".into(),
            arch: "modern".into(),
            model: "a model".into(),
            cores: Some(2),
            serial: format!("serial {}", self.number),
            ..Device::default()
        };
        let signals = Signals { hostname: format!("host-{}", self.number), ..Signals::default() };
        let draft =
            Draft { miner: &self.miner, label: "rig", nonce, device: &device, signals: &signals, measured: &measured };
        request("POST", SUBMIT, &draft.sign(&self.key).1)
    }
}

/// Asks for a challenge for each member, and signs what answers it.
pub async fn prepare(address: &str, members: &[Member], round: usize, connections: usize) -> Result<Vec<Vec<u8>>> {
    let parts = members.chunks(members.len().div_ceil(connections).max(1)).map(<[Member]>::to_vec);
    let prepare = |part: Vec<Member>| {
        let address = address.to_owned();
        tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut requests = Vec::with_capacity(part.len());
            for member in part {
                let (status, body) = connection.send(&member.asks()).await?;
                let answer = Json::parse(&body).ok().filter(|_| status == 200);
                let nonce = answer.as_ref().and_then(|answer| answer.member("nonce")?.as_text());
                let nonce = nonce.with_context(|| format!("{status} {}", String::from_utf8_lossy(&body)))?;
                requests.push(member.attests(nonce, round));
            }
            anyhow::Ok(requests)
        })
    };
    let parts: Vec<JoinHandle<_>> = parts.map(prepare).collect();
    let mut requests = Vec::with_capacity(members.len());
    for part in parts {
        requests.extend(part.await??);
    }
    Ok(requests)
}

/// How a server answered a load.
pub struct Served {
    /// Requests a second.
    pub per_s: f64,
    /// The waits for each answer, in ms, in ascending order.
    pub waits_ms: Vec<f64>,
}

impl Served {
    /// The wait within which this fraction of the answers came, in ms.
    pub fn within_ms(&self, fraction: f64) -> f64 {
        let last = self.waits_ms.len().saturating_sub(1);
        self.waits_ms.get((last as f64 * fraction).ceil() as usize).copied().unwrap_or(f64::NAN)
    }
}

/// Sends the requests over this many connections, each of which sends the next one as soon as it is answered. Every answer
/// must have status 200 and contain `expected`.
pub async fn drive(address: &str, requests: Arc<Vec<Vec<u8>>>, connections: usize, expected: &str) -> Result<Served> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let start = Instant::now();
    let drive = |(number, mut connection): (usize, Connection)| {
        let (requests, expected) = (requests.clone(), expected.to_owned());
        tokio::spawn(async move {
            let mut waits = Vec::new();
            for request in requests.iter().skip(number).step_by(connections) {
                let sent = Instant::now();
                let (status, body) = connection.send(request).await?;
                waits.push(sent.elapsed());
                let is_expected = status == 200 && contains(&body, expected.as_bytes());
                ensure!(is_expected, "{status} {}", String::from_utf8_lossy(&body));
            }
            anyhow::Ok(waits)
        })
    };
    let drivers: Vec<JoinHandle<Result<Vec<Duration>>>> = open.into_iter().enumerate().map(drive).collect();
    let mut waits_ms = Vec::with_capacity(requests.len());
    for driver in drivers {
        waits_ms.extend(driver.await??.iter().map(|wait| wait.as_secs_f64() * 1e3));
    }
    let per_s = waits_ms.len() as f64 / start.elapsed().as_secs_f64();
    waits_ms.sort_by(f64::total_cmp);
    Ok(Served { per_s, waits_ms })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
