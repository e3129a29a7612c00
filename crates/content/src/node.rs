//! An IPFS node through Kubo's RPC. Reference: <https://docs.ipfs.tech/reference/kubo/rpc/>.
//!
//! Content goes to the node block by block and is then pinned, so that its CID stays ours: `add` would use the node's own
//! profile. Success is read from the answer's content, not from its status: errors come with status 500, or after a 200 as a
//! line of JSON or in a trailer.

mod address;
mod answers;
mod calls;
mod storage;
#[cfg(test)]
mod tests;

use adit_fetch::{Fetch, FetchError, Method, Request, Response};

use crate::name::Shown;
use crate::storage::StorageError;

pub use address::api_url;
pub use answers::{Identity, Repository, Traffic};

/// The default address of a node's RPC.
pub const DEFAULT_URL: &str = "http://127.0.0.1:5001";

/// The time limit that the node gets for content that it has, in seconds.
const SHORT_S: u32 = 30;
/// The time limit that the node gets to fetch what a pin lacks, in seconds.
const LONG_S: u32 = 600;
/// How much longer than the node's own limit to wait for its answer, in ms.
const GRACE_MS: u32 = 5_000;
/// The largest answer other than a block, in bytes.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// An IPFS node.
pub struct Node<F> {
    fetch: F,
    url: String,
}

/// A call.
struct Call<'a> {
    /// Its name with its arguments.
    method: &'a str,
    seconds: u32,
    max_bytes: usize,
    /// A file to send, and a boundary line that does not occur in it.
    file: Option<(&'a [u8], &'a str)>,
    /// Whether the answer may be any bytes, so that an error cannot be recognised in it.
    is_opaque: bool,
}

impl<'a> Call<'a> {
    fn new(method: &'a str) -> Self {
        Call { method, seconds: SHORT_S, max_bytes: MAX_ANSWER_BYTES, file: None, is_opaque: false }
    }
}

impl<F: Fetch> Node<F> {
    /// The node whose RPC is at `url`, such as [`DEFAULT_URL`].
    pub fn new(fetch: F, url: &str) -> Self {
        Node { fetch, url: url.trim_end_matches('/').to_owned() }
    }

    /// The answer to a call.
    async fn call(&self, call: Call<'_>) -> Result<Vec<u8>, StorageError> {
        let Call { method, seconds, max_bytes, file, is_opaque } = call;
        let sign = if method.contains('?') { '&' } else { '?' };
        let url = format!("{}/api/v0/{method}{sign}timeout={seconds}s", self.url);
        let patience_ms = seconds * 1_000 + GRACE_MS;
        let mut request = Request::new(Method::Post, url).max_bytes(max_bytes).timeout_ms(patience_ms);
        request = request.answer_ms(patience_ms);
        if let Some((bytes, line)) = file {
            let kind = format!("multipart/form-data; boundary={line}");
            request = request.header("content-type", kind).body(multipart(bytes, line));
        }
        let response = self.fetch.fetch(request).await.map_err(|error| self.unreachable(&error))?;
        if response.status == 200 && is_opaque { Ok(response.body) } else { self.check(response) }
    }

    fn check(&self, response: Response) -> Result<Vec<u8>, StorageError> {
        let said = answers::error(&response.body);
        match (response.status, said) {
            (200, None) => Ok(response.body),
            (200 | 500, Some(said)) => Err(StorageError::Node(format!("it answers {}", Shown(&said)))),
            (404 | 405, _) => {
                Err(StorageError::Node(format!("nothing at {} speaks Kubo's RPC; IPFS_API_URL names it", self.url)))
            }
            (403, _) => Err(StorageError::Node(format!("{} refuses calls from here", self.url))),
            (status, _) => {
                let text = String::from_utf8_lossy(&response.body);
                Err(StorageError::Node(format!("it answers {status}: {}", Shown(text.trim()))))
            }
        }
    }

    fn unreachable(&self, error: &FetchError) -> StorageError {
        match error {
            FetchError::Connect(_) => {
                let hint = "is it running? IPFS_API_URL names it";
                StorageError::Node(format!("{} cannot be reached: {error}; {hint}", self.url))
            }
            _ => StorageError::Node(error.to_string()),
        }
    }
}

fn multipart(bytes: &[u8], line: &str) -> Vec<u8> {
    let before = format!(
        "--{line}\r\ncontent-disposition: form-data; name=\"data\"; filename=\"data\"\r\n\
         content-type: application/octet-stream\r\n\r\n"
    );
    [before.as_bytes(), bytes, format!("\r\n--{line}--\r\n").as_bytes()].concat()
}
