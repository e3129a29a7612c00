//! The table of calls, from which both the router and its description are built, so that the two always agree.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use utoipa::openapi::HttpMethod;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

use super::call::{self, Call};
use crate::app::App;

/// A domain's calls: their routes and their descriptions.
#[derive(Default)]
pub(crate) struct Routes {
    router: Router<Arc<App>>,
    calls: Vec<Call>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Routes::default()
    }

    /// Routes a call to a handler.
    pub(crate) fn call<H, T>(self, call: Call, handler: H) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        let filter = match call.method() {
            HttpMethod::Post => MethodFilter::POST,
            HttpMethod::Put => MethodFilter::PUT,
            HttpMethod::Delete => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        self.route(call, on(filter, handler))
    }

    fn route(mut self, call: Call, handler: MethodRouter<Arc<App>>) -> Self {
        for path in call.paths() {
            self.router = self.router.route(path, handler.clone());
        }
        self.calls.push(call);
        self
    }

    pub(crate) fn merge(mut self, other: Routes) -> Self {
        self.router = self.router.merge(other.router);
        self.calls.extend(other.calls);
        self
    }

    /// Describes a call that the caller routes itself.
    pub(super) fn describe_itself(mut self, call: Call) -> Self {
        self.calls.push(call);
        self
    }

    /// The paths of all reads.
    #[cfg(test)]
    pub(crate) fn reads(&self) -> Vec<&'static str> {
        let gets = self.calls.iter().filter(|call| *call.method() == HttpMethod::Get);
        gets.flat_map(|call| call.paths()).collect()
    }

    /// The router, and the description of every call in it.
    pub(super) fn finish(self) -> (Router<Arc<App>>, OpenApi) {
        (self.router, describe(self.calls))
    }
}

fn describe(calls: Vec<Call>) -> OpenApi {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").build();
    let info = InfoBuilder::new().title("Adit coordinator").version(env!("CARGO_PKG_VERSION")).license(Some(license));
    let info = info.description(Some(
        "Jobs are cut into units, leased to miners, verified on delivery and paid for. Amounts are decimal strings of \
         NNET except in the calls of NeoNet, whose clients expect numbers. Every error has a stable code.",
    ));
    let (paths, components) = call::put_together(calls);
    OpenApiBuilder::new().info(info.build()).paths(paths).components(Some(components)).build()
}
