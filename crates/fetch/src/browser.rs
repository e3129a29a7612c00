//! HTTP for pages and workers.

use futures::stream::{self, StreamExt};
use gloo_net::http::{Headers, RequestBuilder};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader, RequestCache, RequestRedirect};

use crate::{Body, Fetch, FetchError, Incoming, Method, NO_LIMIT_MS, Request};

/// HTTP for pages and workers: the browser's own `fetch`. Uploads are sent whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Browser;

impl Fetch for Browser {
    const FOLLOWS: bool = true;

    async fn open(&self, request: Request) -> Result<Incoming, FetchError> {
        let failed = |error: gloo_net::Error| named(&error, request.timeout_ms);
        let response = build(&request).map_err(failed)?.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().entries().collect());
        let chunks = match response.body() {
            Some(stream) => chunks(stream.get_reader(), request.timeout_ms),
            None => stream::empty().boxed_local(),
        };
        // A compressed body is shorter than what arrives here, so its announced length says nothing; a body that ends early is
        // an error of the reader.
        Incoming::new(status, headers, None, chunks, request.max_bytes)
    }
}

fn build(request: &Request) -> Result<gloo_net::http::Request, gloo_net::Error> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.append(name, value);
    }
    let signal = (request.timeout_ms != NO_LIMIT_MS).then(|| AbortSignal::timeout_with_u32(request.timeout_ms));
    let builder = RequestBuilder::new(&request.url)
        .method(match request.method {
            Method::Get => gloo_net::http::Method::GET,
            Method::Post => gloo_net::http::Method::POST,
            Method::Put => gloo_net::http::Method::PUT,
            Method::Delete => gloo_net::http::Method::DELETE,
        })
        .headers(headers)
        .cache(RequestCache::NoStore)
        // A page cannot see where a redirect leads: the browser follows it by its own rules, or reports an error.
        .redirect(if request.redirects > 0 { RequestRedirect::Follow } else { RequestRedirect::Error })
        .abort_signal(signal.as_ref());
    match &request.body {
        Some(Body::Whole(bytes)) => builder.body(Uint8Array::from(&bytes[..])),
        None => builder.build(),
    }
}

fn chunks(reader: js_sys::Object, timeout_ms: u32) -> crate::response::Chunks {
    let reader = Reader { reader: reader.unchecked_into(), unread: true };
    let broken = move |error| {
        if is_timeout(&error) { FetchError::Timeout(timeout_ms) } else { FetchError::Interrupted(message(&error)) }
    };
    let next = move |mut reader: Reader| async move {
        let chunk = reader.next().await.map_err(broken)?;
        Ok(chunk.map(|chunk| (chunk, reader)))
    };
    stream::try_unfold(reader, next).boxed_local()
}

/// A body's reader, which cancels the download when it is dropped before the end.
struct Reader {
    reader: ReadableStreamDefaultReader,
    unread: bool,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        let read = JsFuture::from(self.reader.read()).await;
        let chunk = read.inspect_err(|_| self.unread = false)?;
        if Reflect::get(&chunk, &"done".into())?.is_truthy() {
            self.unread = false;
            return Ok(None);
        }
        let bytes: Uint8Array = Reflect::get(&chunk, &"value".into())?.unchecked_into();
        Ok(Some(bytes.to_vec()))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.unread {
            // Nobody reads the rest, so a failure to close the stream does not matter.
            let _ = self.reader.cancel();
        }
    }
}

fn is_timeout(error: &JsValue) -> bool {
    Reflect::get(error, &"name".into()).is_ok_and(|name| name == "TimeoutError")
}

fn message(error: &JsValue) -> String {
    let said = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    said.unwrap_or_else(|| "the browser gave no reason".into())
}

fn named(error: &gloo_net::Error, timeout_ms: u32) -> FetchError {
    match error {
        gloo_net::Error::JsError(error) if error.name == "TimeoutError" => FetchError::Timeout(timeout_ms),
        // Browsers report a refused connection, an unknown host, mixed content and CORS alike.
        gloo_net::Error::JsError(error) => FetchError::Connect(error.message.clone()),
        error => FetchError::Interrupted(error.to_string()),
    }
}
