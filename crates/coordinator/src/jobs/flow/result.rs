//! Streams a finished job's result file, unit by unit.

use std::sync::Arc;

use adit_core::Unit;
use adit_core::assemble::GradientSum;
use adit_core::kind::ResultForm;
use adit_protocol::ErrorCode;
use adit_protocol::jobs::JobState;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};

use super::operands::{last_bias, load_rows, load_weights};
use super::outputs;
use crate::app::App;
use crate::blocking::blocking;
use crate::error::{Failure, Refusal};
use crate::jobs::intake;
use crate::jobs::no_such_job;
use crate::jobs::result::{Part, head, length, tree};
use crate::jobs::store::{self as jobs, UnitRow, blocks};
use crate::jobs::{unit_cut_as, unit_of};
use crate::mining::store as leases;
use crate::store::corrupt;

/// A result file as a stream of chunks.
pub(crate) struct ResultStream {
    pub(crate) media_type: &'static str,
    /// The file's length, if known in advance.
    pub(crate) bytes: Option<u64>,
    pub(crate) parts: BoxStream<'static, Result<Vec<u8>, Failure>>,
}

/// Opens the result of a finished job.
pub(crate) async fn result(app: Arc<App>, job: i64) -> Result<ResultStream, Failure> {
    let mut db = app.store.read().await?;
    let row = jobs::job(&mut db, job).await?.ok_or_else(no_such_job)?;
    if row.state != JobState::Done {
        let state = row.state.name();
        let detail = format!("the job is {state}; its result is there once every unit is verified");
        return Err(Refusal::new(ErrorCode::NotFinished, detail).into());
    }
    let template = row.template()?;
    let units = jobs::settled_units(&mut db, job).await?;
    if let Some(first) = units.first()
        && !blocks::has_output(&mut db, first.id).await?
    {
        let detail = "the result is no longer stored: results are kept for seven days";
        return Err(Refusal::new(ErrorCode::ResultGone, detail).into());
    }
    let bytes = length(&template);
    let media_type = template.kind().facts().result.media_type();
    let bias = last_bias(&mut db, &template).await?;
    drop(db);
    let file = Arc::new(File { job, template, bias });
    Ok(ResultStream { media_type, bytes, parts: parts(app, file, units) })
}

/// What every part of the file needs.
struct File {
    job: i64,
    template: Unit,
    /// The last layer's bias.
    bias: Vec<i32>,
}

fn parts(app: Arc<App>, file: Arc<File>, units: Vec<UnitRow>) -> BoxStream<'static, Result<Vec<u8>, Failure>> {
    let head = head(&file.template);
    let last = (app.clone(), file.clone(), units.clone());
    let parts = stream::iter(units).flat_map(move |unit| {
        let mut part = Part::new(&file.template);
        let file = file.clone();
        let pieces = outputs::pieces(app.clone(), unit.id);
        pieces.map_ok(move |bytes| part.next(&file.template, &file.bias, bytes))
    });
    let tail = stream::once(async move {
        let (app, file, units) = last;
        tail(&app, file.job, &file.template, &units).await
    });
    stream::once(async move { Ok(head) }).chain(parts).chain(tail).boxed()
}

async fn output(app: &App, unit: i64) -> Result<Vec<u8>, Failure> {
    app.store.read_apart(move |db| Box::pin(async move { blocks::output(db, unit).await })).await
}

/// The end of the file: what is computed over all units together.
async fn tail(app: &App, job: i64, template: &Unit, units: &[UnitRow]) -> Result<Vec<u8>, Failure> {
    match template.kind().facts().result {
        ResultForm::Integers | ResultForm::Floats | ResultForm::Classes => Ok(Vec::new()),
        ResultForm::Gradient => gradient(app, template, units).await,
        ResultForm::Report => report(app, job, template, units).await,
    }
}

/// Reports for each unit whether its data is intact.
async fn report(app: &App, job: i64, template: &Unit, units: &[UnitRow]) -> Result<Vec<u8>, Failure> {
    let facts = jobs::facts(&mut *app.store.read().await?, job).await?;
    let table = facts.map(|facts| serde_json::from_str(&facts)).transpose();
    let table = table.map_err(|_| corrupt("a job's facts are not JSON"))?;
    let mut report = tree::Report::new(template.input(), template.source(), table);
    for unit in units {
        let output = output(app, unit.id).await?;
        let lease = leases::settled(&mut *app.store.read().await?, unit.id).await?;
        let by = lease.map(|lease| Ok::<_, Failure>((lease.id()?, lease.miner()?))).transpose()?;
        report.add(unit.run(), &unit_cut_as(template, unit.run(), &unit.cid), &output, by);
    }
    Ok(report.finish())
}

/// Sums the gradients of all units.
async fn gradient(app: &App, template: &Unit, units: &[UnitRow]) -> Result<Vec<u8>, Failure> {
    let whole = template.clone();
    let weights = app.store.read_apart(move |db| Box::pin(async move { load_weights(db, &whole).await })).await?;
    let layers: Arc<Vec<_>> = Arc::new(weights.layers.iter().map(|layer| layer.without_weights()).collect());
    let mut sum = GradientSum::new(template.layout());
    for row in units {
        let unit = unit_of(template, row.run());
        let rows = app.store.read_apart(move |db| Box::pin(async move { load_rows(db, &unit).await })).await?;
        let output = output(app, row.id).await?;
        let layers = layers.clone();
        sum = blocking(move || {
            sum.add(&layers, &rows, &output);
            sum
        })
        .await?;
    }
    Ok(intake::gradient_file(&sum).map_err(|_| corrupt("a gradient does not fit its file"))?)
}
