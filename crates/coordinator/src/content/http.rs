//! Storage over HTTP.

mod holders;
mod pins;

use crate::http::Routes;

/// The tag of these calls in the API description.
const TAG: &str = "storage";

pub(crate) fn routes() -> Routes {
    pins::routes().merge(holders::routes())
}
