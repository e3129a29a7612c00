use std::cell::RefCell;

use crate::{Fetch, FetchError, Request, Response};

/// A twin for tests: every request is answered by a closure, and remembered. Caps hold as they do on a wire.
pub struct Scripted<'a> {
    #[allow(clippy::type_complexity)]
    answer: RefCell<Box<dyn FnMut(&Request) -> Result<Response, FetchError> + 'a>>,
    seen: RefCell<Vec<Request>>,
}

impl<'a> Scripted<'a> {
    /// Answers with `answer`.
    pub fn new(answer: impl FnMut(&Request) -> Result<Response, FetchError> + 'a) -> Self {
        Scripted { answer: RefCell::new(Box::new(answer)), seen: RefCell::default() }
    }

    /// Answers at once.
    pub fn answer(&self, request: Request) -> Result<Response, FetchError> {
        let answer = (self.answer.borrow_mut())(&request);
        let max_bytes = request.max_bytes;
        self.seen.borrow_mut().push(request);
        match answer {
            Ok(response) if response.body.len() > max_bytes => Err(FetchError::TooLarge(max_bytes)),
            answer => answer,
        }
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.borrow().clone()
    }
}

impl Fetch for Scripted<'_> {
    async fn fetch(&self, request: Request) -> Result<Response, FetchError> {
        self.answer(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_remembered_and_caps_hold() {
        let fetch = Scripted::new(|_| Ok(Response::new(200, "four")));
        let request = Request::get("http://host/").max_bytes(3);
        assert_eq!(fetch.answer(request.clone()), Err(FetchError::TooLarge(3)));
        assert!(fetch.answer(request.clone().max_bytes(4)).is_ok());
        assert_eq!(fetch.seen()[0], request);
    }
}
