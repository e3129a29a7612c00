//! Sends raw bytes to a socket, for requests that no HTTP library would send.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Reply;

/// The most time for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends `request` as it is. Returns the answer, or `None` if the connection closes without one.
pub async fn send(url: &str, request: &[u8]) -> Result<Option<Reply>> {
    let mut connection = Connection::open(url).await?;
    connection.write(request).await;
    connection.answer().await
}

/// Sends `request` as it is and closes the sending side, even if the request announced more bytes.
pub async fn send_and_hang_up(url: &str, request: &[u8]) -> Result<Option<Reply>> {
    let mut connection = Connection::open(url).await?;
    connection.write(request).await;
    let _ = connection.0.shutdown().await;
    connection.answer().await
}

/// A connection for one request, sent in pieces.
pub struct Connection(TcpStream);

impl Connection {
    /// Connects.
    pub async fn open(url: &str) -> Result<Self> {
        let address = url.strip_prefix("http://").context("not http")?;
        Ok(Connection(TcpStream::connect(address).await?))
    }

    /// Sends a piece.
    pub async fn write(&mut self, piece: &[u8]) {
        // A server may answer and close before it has read everything.
        let _ = self.0.write_all(piece).await;
    }

    /// Whether no answer arrives for a while.
    pub async fn is_silent(&self) -> bool {
        tokio::time::timeout(Duration::from_millis(200), self.0.peek(&mut [0])).await.is_err()
    }

    /// Reads the answer.
    pub async fn answer(mut self) -> Result<Option<Reply>> {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut answer)).await;
        // The connection may be reset after the answer's last byte.
        if read.context("no end of the answer")?.is_err() && answer.is_empty() {
            return Ok(None);
        }
        parse(&answer)
    }
}

/// A request with these headers and this body, after which the connection closes.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nconnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    [text.as_bytes(), b"\r\n", body].concat()
}

fn parse(answer: &[u8]) -> Result<Option<Reply>> {
    if answer.is_empty() {
        return Ok(None);
    }
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").context("no end of the headers")?;
    let head = std::str::from_utf8(&answer[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?.parse()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    Ok(Some(Reply { status, headers, body: answer[end + 4..].to_vec() }))
}
