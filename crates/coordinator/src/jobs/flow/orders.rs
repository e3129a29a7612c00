//! Makes orders from uploaded files, from remote data, or from the coordinator's own log.

use adit_protocol::ErrorCode;
use adit_protocol::jobs::{DataPlace, JobWork};

use super::uploads::uploaded;
use crate::app::App;
use crate::blocking::blocking;
use crate::error::{Failure, Refusal};
use crate::jobs::order::Order;
use crate::receipts::store as log;

/// The most log entries in one job.
const MAX_ENTRIES: u64 = 65_536;

/// The order for `work`, cut into panels.
pub(super) async fn order(app: &App, work: &JobWork) -> Result<Order, Failure> {
    let order = match work {
        JobWork::MatmulI8 { a, b } => {
            let (a, b) = (uploaded(app, a).await?, uploaded(app, b).await?);
            blocking(move || Order::matmul(a, b)).await??
        }
        JobWork::MlpI8 { model, input } => {
            let (model, input) = (uploaded(app, model).await?, uploaded(app, input).await?);
            blocking(move || Order::inference(model, input)).await??
        }
        JobWork::GradientI8 { model, input, targets } => {
            let (model, input) = (uploaded(app, model).await?, uploaded(app, input).await?);
            let targets = uploaded(app, targets).await?;
            blocking(move || Order::gradient(model, input, targets)).await??
        }
        JobWork::MatmulF32 { a, b } => {
            let (a, b) = (uploaded(app, a).await?, uploaded(app, b).await?);
            blocking(move || Order::floats(a, b)).await??
        }
        JobWork::HashTree { data: DataPlace::File { file } } => {
            let data = uploaded(app, file).await?;
            blocking(move || Order::data(data)).await??
        }
        JobWork::HashTree { data: DataPlace::Source { source, blocks } } | JobWork::HashTree2 { source, blocks } => {
            if !app.sources.allow(source) {
                let detail = "the operator does not allow this source; `adit serve --source URL` allows one";
                return Err(Refusal::new(ErrorCode::InvalidParameter, detail).into());
            }
            Order::elsewhere(source.clone(), uploaded(app, blocks).await?)?
        }
        JobWork::HashTree { data: DataPlace::Log { first, count } } => log_segment(app, *first, *count).await?,
    };
    outputs_fit(app, &order)?;
    Ok(order)
}

/// Checks that the store can hold all outputs.
pub(super) fn outputs_fit(app: &App, order: &Order) -> Result<(), Refusal> {
    let (bytes, room) = (order.template.output_bytes(), app.max_stored_bytes);
    if bytes > room {
        let detail = format!("the outputs take {bytes} bytes, but the store holds {room}: split the work");
        return Err(Refusal::new(ErrorCode::InvalidShape, detail));
    }
    Ok(())
}

async fn log_segment(app: &App, first: u64, count: u64) -> Result<Order, Failure> {
    let mut db = app.store.read().await?;
    let size = log::latest_head(&mut db).await?.map_or(0, |(head, _)| head.size);
    if count == 0 || count > MAX_ENTRIES || first.checked_add(count).is_none_or(|end| end > size) {
        let detail = format!("choose 1 to {MAX_ENTRIES} of the log's {size} entries");
        return Err(Refusal::new(ErrorCode::InvalidParameter, detail).into());
    }
    drop(db);
    let bytes = app.store.read_apart(move |db| Box::pin(async move { log::entries(db, first, count).await })).await?;
    blocking(move || Order::bytes(&bytes)).await
}
