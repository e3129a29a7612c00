//! Jobs: uploaded files, the orders made from them, prices, progress and results.

pub(crate) mod choice;
mod described;
pub(crate) mod flow;
pub(crate) mod http;
pub mod intake;
pub(crate) mod order;
pub(crate) mod result;
pub(crate) mod state;
pub(crate) mod store;

use adit_core::Unit;
use adit_core::assemble::Run;
use adit_core::kind::HashTree;
use adit_protocol::ErrorCode;

use crate::error::Refusal;

/// The unit for a run of a job's panels.
pub(crate) fn unit_of(template: &Unit, run: Run) -> Unit {
    template.run(run.first, run.count)
}

/// The unit that was cut from these panels under the name `cid`. A job over data elsewhere may have begun as `hash_tree/1`.
pub(crate) fn unit_cut_as(template: &Unit, run: Run, cid: &str) -> Unit {
    match unit_of(template, run) {
        Unit::HashTree2(tree) if Unit::HashTree2(tree.clone()).cid().to_string() != cid => {
            Unit::HashTree(HashTree { data: tree.data, source: Some(tree.source) })
        }
        unit => unit,
    }
}

pub(crate) fn no_such_job() -> Refusal {
    Refusal::new(ErrorCode::NoSuchJob, "no job has this number; `adit jobs list` shows those there are")
}
