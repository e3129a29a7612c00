use gloo_net::http::{Headers, RequestBuilder};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader, RequestCache, RequestRedirect};

use crate::{Fetch, FetchError, Method, Request, Response};

/// HTTP for pages and workers: the browser's own `fetch`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Browser;

impl Fetch for Browser {
    async fn fetch(&self, request: Request) -> Result<Response, FetchError> {
        let failed = |error: gloo_net::Error| named(&error, request.timeout_ms);
        let response = build(&request).map_err(failed)?.send().await.map_err(failed)?;
        let status = response.status();
        let headers = response.headers().entries().collect();
        let body = match response.body() {
            Some(stream) => read(stream.get_reader(), &request).await?,
            None => Vec::new(),
        };
        Ok(Response { status, headers, body })
    }
}

fn build(request: &Request) -> Result<gloo_net::http::Request, gloo_net::Error> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.append(name, value);
    }
    let builder = RequestBuilder::new(&request.url)
        .method(match request.method {
            Method::Get => gloo_net::http::Method::GET,
            Method::Post => gloo_net::http::Method::POST,
            Method::Put => gloo_net::http::Method::PUT,
            Method::Delete => gloo_net::http::Method::DELETE,
        })
        .headers(headers)
        .cache(RequestCache::NoStore)
        .redirect(RequestRedirect::Error)
        .abort_signal(Some(&AbortSignal::timeout_with_u32(request.timeout_ms)));
    match &request.body {
        Some(body) => builder.body(Uint8Array::from(&body[..])),
        None => builder.build(),
    }
}

async fn read(reader: js_sys::Object, request: &Request) -> Result<Vec<u8>, FetchError> {
    let broken = |error: JsValue| {
        if is_timeout(&error) {
            FetchError::Timeout(request.timeout_ms)
        } else {
            FetchError::Interrupted(message(&error))
        }
    };
    let reader: ReadableStreamDefaultReader = reader.unchecked_into();
    let mut body = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(broken)?;
        if Reflect::get(&chunk, &"done".into()).map_err(broken)?.is_truthy() {
            return Ok(body);
        }
        let bytes: Uint8Array = Reflect::get(&chunk, &"value".into()).map_err(broken)?.unchecked_into();
        let start = body.len();
        if start + bytes.length() as usize > request.max_bytes {
            // Nobody reads the rest; whether the stream closes in good order does not matter.
            let _ = reader.cancel();
            return Err(FetchError::TooLarge(request.max_bytes));
        }
        body.resize(start + bytes.length() as usize, 0);
        bytes.copy_to(&mut body[start..]);
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
        // A browser tells nobody why: refused, no such host, mixed content and CORS look alike.
        gloo_net::Error::JsError(error) => FetchError::Connect(error.message.clone()),
        error => FetchError::Interrupted(error.to_string()),
    }
}
