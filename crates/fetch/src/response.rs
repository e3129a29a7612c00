//! A response, whole or still arriving.

use futures::stream::{self, StreamExt};

use crate::FetchError;

/// A response with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Lower-case names with their values; values that are not text are left out.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Response { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header. `name` is lower case.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Retry-After in milliseconds. A date is compared with the response's own Date, not with our clock; in pages only
    /// seconds are read.
    ///
    /// ```
    /// let response = adit_fetch::Response::new(503, "").with_header("retry-after", "7");
    /// assert_eq!(response.retry_after_ms(), Some(7_000));
    /// let response = adit_fetch::Response::new(503, "").with_header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
    /// let response = response.with_header("date", "Sun, 06 Nov 1994 08:49:07 GMT");
    /// assert_eq!(response.retry_after_ms(), Some(30_000));
    /// ```
    pub fn retry_after_ms(&self) -> Option<u64> {
        let asked = self.header("retry-after")?.trim();
        if let Ok(seconds) = asked.parse::<u64>() {
            return seconds.checked_mul(1_000);
        }
        self.until_ms(asked)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn until_ms(&self, date: &str) -> Option<u64> {
        let ahead_s = http_date(date)?.saturating_sub(http_date(self.header("date")?)?);
        u64::try_from(ahead_s).unwrap_or(0).checked_mul(1_000)
    }

    /// A page cannot read the Date header of another origin, so it has no use for the parser.
    #[cfg(target_arch = "wasm32")]
    fn until_ms(&self, _: &str) -> Option<u64> {
        None
    }
}

/// Seconds since 1970 of a date in a header (RFC 9110, 5.6.7).
///
/// ```
/// assert_eq!(adit_fetch::http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
/// ```
#[cfg(not(target_arch = "wasm32"))]
pub fn http_date(text: &str) -> Option<i64> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    i64::try_from(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// The chunk size of bodies that are in memory.
const READY_CHUNK_BYTES: usize = 1 << 10;

/// The chunks of a body as an adapter reads them.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Chunks = futures::stream::BoxStream<'static, Result<Vec<u8>, FetchError>>;
/// The chunks of a body as an adapter reads them.
#[cfg(target_arch = "wasm32")]
pub(crate) type Chunks = futures::stream::LocalBoxStream<'static, Result<Vec<u8>, FetchError>>;

/// A response whose body is still arriving.
pub struct Incoming {
    /// The status.
    pub status: u16,
    /// Lower-case names with their values; values that are not text are left out.
    pub headers: Vec<(String, String)>,
    chunks: Chunks,
    max_bytes: usize,
    received: usize,
    /// The body's length, as the server announced it.
    announced: Option<u64>,
}

impl Incoming {
    /// Enforces the caps for every adapter. A body whose announced length exceeds `max_bytes` is refused unread.
    pub(crate) fn new(
        status: u16,
        headers: Vec<(String, String)>,
        announced: Option<u64>,
        chunks: Chunks,
        max_bytes: usize,
    ) -> Result<Self, FetchError> {
        if announced.is_some_and(|announced| announced > max_bytes as u64) {
            return Err(FetchError::TooLarge(max_bytes));
        }
        Ok(Incoming { status, headers, chunks, max_bytes, received: 0, announced })
    }

    /// A response that is already in memory, for adapters without a network. A `content-length` above the body's length
    /// simulates a body that ends early.
    pub fn ready(response: Response, max_bytes: usize) -> Result<Self, FetchError> {
        let announced = response.header("content-length").and_then(|length| length.parse().ok());
        let Response { status, headers, body } = response;
        let chunks: Vec<_> = body.chunks(READY_CHUNK_BYTES).map(|chunk| Ok(chunk.to_vec())).collect();
        Incoming::new(status, headers, announced, stream::iter(chunks).boxed(), max_bytes)
    }

    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The response without its body, which is not read any further.
    pub fn into_head(self) -> Response {
        Response { status: self.status, headers: self.headers, body: Vec::new() }
    }

    /// The next chunk of the body; `None` at its end. A body above the cap and one that ends before its announced length
    /// are errors.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        let Some(chunk) = self.chunks.next().await.transpose()? else {
            let missing = self.announced.unwrap_or(0).saturating_sub(self.received as u64);
            let short = || FetchError::Interrupted(format!("the body ended {missing} bytes early"));
            return if missing == 0 { Ok(None) } else { Err(short()) };
        };
        if chunk.len() > self.max_bytes - self.received {
            return Err(FetchError::TooLarge(self.max_bytes));
        }
        self.received += chunk.len();
        Ok(Some(chunk))
    }

    /// Reads the rest of the body.
    pub async fn whole(mut self) -> Result<Response, FetchError> {
        let mut body = Vec::with_capacity(self.announced.unwrap_or(0) as usize);
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status: self.status, headers: self.headers, body })
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming")
            .field("status", &self.status)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let of = |asked: &str, date: &str| {
            Response::new(503, "").with_header("retry-after", asked).with_header("date", date).retry_after_ms()
        };
        let date = "Sun, 06 Nov 1994 08:49:07 GMT";
        assert_eq!(of(" 120 ", ""), Some(120_000));
        for form in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(of(form, date), Some(30_000), "{form}");
        }
        assert_eq!(of("Sun, 06 Nov 1994 08:49:00 GMT", date), Some(0));
        for wrong in ["", "soon", "-1", "1.5", "99999999999999999999", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(of(wrong, date), None, "{wrong}");
        }
        assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT", ""), None);
    }
}
