//! The mathematics of a receipt: whether its output is the right one for its unit.

use adit_client::{Confirmed, Gather};
use adit_core::Kind;
use adit_core::kind::{Primitive, store};
use adit_core::statement::Receipt;
use adit_core::verify::Counterexample;

use crate::report::Line;
use crate::server::Remote;

const ABOUT: &str = "mathematics";

/// Gathers unit, inputs and output, and checks the output with coins drawn here.
pub(super) async fn check(remote: &Remote, gateways: &[String], receipt: &Receipt) -> Line {
    if receipt.kind == Kind::Store {
        return storage(remote, receipt).await;
    }
    let wanted = Gather { gateways, ..Gather::default() };
    let evidence = match remote.gather(receipt, wanted).await {
        Ok(evidence) => evidence,
        Err(error) => {
            let advice = "outputs are stored for a while only; --offline checks the receipt alone";
            return Line::failed(ABOUT, format!("could not be checked: {error}")).advise(advice);
        }
    };
    let mut seed = [0; 32];
    if let Err(error) = getrandom::fill(&mut seed) {
        return Line::failed(ABOUT, format!("the operating system gives no random bytes: {error}"));
    }
    match evidence.recheck(receipt, &seed) {
        Ok(Confirmed::Undecided) => Line::skipped(ABOUT, "the receipt itself says that nothing was decided"),
        Ok(Confirmed::Wrong(Some(shown))) => Line::ok(ABOUT, what_is_wrong(receipt.kind, &shown)),
        Ok(confirmed) => Line::ok(ABOUT, sentence(&confirmed)),
        Err(error) => Line::failed(ABOUT, error.to_string()),
    }
}

/// What is left of a challenge: what was asked. Answers are not kept, because only their holder has the bytes.
async fn storage(remote: &Remote, receipt: &Receipt) -> Line {
    let asked = match remote.challenge(&receipt.unit).await {
        Ok(asked) => asked,
        Err(error) => return Line::failed(ABOUT, format!("the challenge could not be fetched: {error}")),
    };
    let (store, held) = (asked.0.challenge(), &asked.1);
    let most = store::work(held.bytes(), store.window_ms);
    if store.method(held) != receipt.method || receipt.work > most {
        return Line::failed(ABOUT, "the receipt states another challenge, or more work, than was asked for");
    }
    let (chunks, replicas, strength) = (held.chunks(), held.0.len(), receipt.strength());
    Line::skipped(
        ABOUT,
        format!(
            "{strength} were drawn over the {chunks} chunks of {replicas} replicas, and all of them checked by the coordinator; \
             the chunks are not kept, so nobody can check them again"
        ),
    )
}

/// Which value is wrong.
fn what_is_wrong(kind: Kind, Counterexample { tensor, i, j, got, want }: &Counterexample) -> String {
    if kind.facts().primitive == Primitive::Float {
        let [got, want] = [got, want].map(|bits| f32::from_bits(*bits as u32));
        return format!(
            "the output is wrong: row {i} is further off than rounding explains, with {got} in column {j} where {want} is right"
        );
    }
    format!("the output is wrong: product {tensor} has {got} at ({i}, {j}), {want} is right")
}

/// What was confirmed, and how surely.
fn sentence(confirmed: &Confirmed) -> String {
    match confirmed {
        Confirmed::Undecided => "nothing was decided".into(),
        Confirmed::Wrong(_) => "the output is wrong".into(),
        Confirmed::Tree { here, blocks, .. } if here < blocks => format!(
            "the root, and the leaves of the {here} of {blocks} blocks that are available, hashed again here; nobody can tell \
             now whether the others were missing then"
        ),
        Confirmed::Tree { leaves, .. } => {
            format!("all {leaves} leaves and the root over them are those of the data, hashed again here")
        }
        Confirmed::Floats { rows, rounds, tolerance } => format!(
            "{rows} rows are within {tolerance} times the usual rounding, under coins drawn just now: a row that is off by κ \
             times as much passes with a chance of at most (0.8/κ)^{rounds}"
        ),
        Confirmed::Products { products, rows } => format!(
            "{products} products over {rows} rows hold under coins drawn just now: a wrong output passes with a chance of at \
             most 2^-64"
        ),
    }
}
