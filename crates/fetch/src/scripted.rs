//! A scripted adapter for tests.

use std::cell::RefCell;
use std::future::{Future, ready};

use futures::future::FutureExt;

use crate::{Fetch, FetchError, Incoming, MaybeSend, Request, Response};

/// An adapter for tests: a closure answers every request, and the requests are recorded. Caps apply as they do over a network,
/// and a `content-length` above the body's length simulates a body that ends early.
pub struct Scripted<'a> {
    #[allow(clippy::type_complexity)]
    answer: RefCell<Box<dyn FnMut(&Request) -> Result<Response, FetchError> + 'a>>,
    seen: RefCell<Vec<Request>>,
}

impl<'a> Scripted<'a> {
    /// Answers every request with `answer`.
    pub fn new(answer: impl FnMut(&Request) -> Result<Response, FetchError> + 'a) -> Self {
        Scripted { answer: RefCell::new(Box::new(answer)), seen: RefCell::default() }
    }

    /// The whole response, without an executor.
    pub fn answer(&self, request: Request) -> Result<Response, FetchError> {
        // Nothing in it waits.
        let answered = self.fetch(request).now_or_never();
        answered.unwrap_or_else(|| Err(FetchError::Interrupted("the script did not answer".into())))
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.borrow().clone()
    }

    fn begin(&self, request: Request) -> Result<Incoming, FetchError> {
        let answer = (self.answer.borrow_mut())(&request);
        let max_bytes = request.max_bytes;
        self.seen.borrow_mut().push(request);
        Incoming::ready(answer?, max_bytes)
    }
}

impl Fetch for Scripted<'_> {
    fn open(&self, request: Request) -> impl Future<Output = Result<Incoming, FetchError>> + MaybeSend {
        ready(self.begin(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_recorded_and_caps_hold() {
        let fetch = Scripted::new(|_| Ok(Response::new(200, "four")));
        let request = Request::get("http://host/").max_bytes(3);
        assert_eq!(fetch.answer(request.clone()), Err(FetchError::TooLarge(3)));
        assert!(fetch.answer(request.clone().max_bytes(4)).is_ok());
        assert_eq!(fetch.seen()[0], request);
    }

    #[test]
    fn a_body_arrives_in_chunks_and_may_end_early() {
        let fetch = Scripted::new(|_| Ok(Response::new(200, vec![7; 1500]).with_header("content-length", "1501")));
        let mut incoming = fetch.open(Request::get("http://host/")).now_or_never().unwrap().unwrap();
        let mut next = || incoming.chunk().now_or_never().unwrap();
        assert_eq!(next().unwrap().unwrap().len(), 1024);
        assert_eq!(next().unwrap().unwrap().len(), 476);
        assert_eq!(next(), Err(FetchError::Interrupted("the body ended 1 bytes early".into())));
    }
}
