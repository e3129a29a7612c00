//! A receipt checked with what a scripted coordinator and a scripted gateway give.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;

use adit_client::{Client, ClientError, Confirmed, Gather};
use adit_core::content_id::block_cid;
use adit_core::kernel::Scalar;
use adit_core::kind::{HashTree, MatmulI8};
use adit_core::recheck::RecheckError;
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{Method, Receipt, Verdict};
use adit_core::unit::Operand;
use adit_core::{Amount, Cid, PublicKey, Signature, Unit};
use adit_fetch::{FetchError, Reach, Request, Response, Scripted};
use futures::executor::block_on;

const SERVER: &str = "http://coordinator";
const GATEWAY: &str = "http://gateway";

/// A product of 2 × 3 and 3 × 2, its right output and the receipt for it.
struct Case {
    receipt: Receipt,
    unit: Unit,
    blocks: BTreeMap<Cid, Vec<u8>>,
    output: Vec<u8>,
}

impl Case {
    fn new() -> Self {
        let mut blocks = BTreeMap::new();
        let mut operand = |values: [u8; 6], rows, cols| {
            let cid = block_cid(&values);
            blocks.insert(cid, values.to_vec());
            Operand { rows, cols, panel_rows: rows, panels: vec![cid] }
        };
        let (a, b) = (operand([1, 2, 3, 4, 5, 6], 2, 3), operand([9, 8, 7, 6, 5, 4], 3, 2));
        let (unit, lease) = (Unit::MatmulI8(MatmulI8 { a, b }), LeaseId([5; 16]));
        let output = unit.output(&Scalar, &lease, |cid| blocks.get(cid).map(Vec::as_slice)).unwrap();
        let receipt = Receipt {
            version: 1,
            coordinator: PublicKey([0; 33]),
            log_index: 0,
            lease,
            unit: unit.cid(),
            kind: unit.kind(),
            miner: PublicKey([0; 33]),
            output_digest: Digest(*blake3::hash(&output).as_bytes()),
            output_bytes: unit.output_bytes(),
            delivery_signature: Signature([0; 64]),
            verdict: Verdict::Valid,
            counterexample: None,
            work: unit.work(),
            price_version: 1,
            value: Amount::ZERO,
            confidence_bps: 0,
            epoch: 0,
            method: Method::Freivalds,
            bits: 64,
            at_ms: 0,
        };
        Case { receipt, unit, blocks, output }
    }

    /// The coordinator's answers; the gateway has no block.
    fn answer(&self, request: &Request) -> Result<Response, FetchError> {
        let Some(path) = request.url.strip_prefix(SERVER) else { return Ok(Response::new(504, "")) };
        let block = path.strip_prefix("/ipfs/").and_then(|rest| rest.strip_suffix("?format=raw"));
        let found = match block {
            Some(cid) => self.blocks.get(&cid.parse().unwrap()).cloned(),
            None if path == format!("/v1/units/{}", self.unit.cid()) => Some(self.unit.to_bytes()),
            None if path == format!("/v1/leases/{}/output", self.receipt.lease) => Some(self.output.clone()),
            None => None,
        };
        Ok(found.map_or_else(|| Response::new(404, ""), |bytes| Response::new(200, bytes)))
    }

    fn check(&self, wanted: Gather<'_>) -> Result<Result<Confirmed, RecheckError>, ClientError> {
        let client = Client::new(Scripted::new(|request| self.answer(request)), SERVER);
        Ok(block_on(client.gather(&self.receipt, wanted))?.recheck(&self.receipt, &[7; 32]))
    }
}

#[test]
fn a_true_receipt_is_confirmed() {
    let held = Ok(Ok(Confirmed::Products { products: 1, rows: 2 }));
    assert_eq!(Case::new().check(Gather::default()), held);
}

#[test]
fn a_gateway_is_asked_first_and_the_coordinator_where_it_has_nothing() {
    let case = Case::new();
    let fetch = Scripted::new(|request| case.answer(request));
    let gateways = [GATEWAY.to_owned() + "/"];
    let wanted = Gather { gateways: &gateways, ..Gather::default() };
    let evidence = block_on(Client::new(&fetch, SERVER).gather(&case.receipt, wanted)).unwrap();
    assert_eq!(evidence.blocks, case.blocks);
    let of_gateway = fetch.seen().iter().filter(|request| request.url.starts_with("http://gateway/ipfs/")).count();
    assert_eq!(of_gateway, 2);
}

#[test]
fn a_wrong_output_and_damaged_blocks_are_found() {
    let mut case = Case::new();
    case.output[0] ^= 1;
    assert_eq!(case.check(Gather::default()), Ok(Err(RecheckError::Output)));
    let held = Gather { output: Some(Case::new().output), ..Gather::default() };
    assert!(matches!(case.check(held), Ok(Ok(Confirmed::Products { .. }))));
    case.blocks.values_mut().for_each(|block| block[0] ^= 1);
    assert!(matches!(case.check(Gather::default()), Err(ClientError::Damaged { .. })));
}

#[test]
fn another_unit_and_too_much_are_refused() {
    let mut case = Case::new();
    let most = Gather { max_bytes: 27, ..Gather::default() };
    assert_eq!(case.check(most), Err(ClientError::TooMuch { bytes: 28, most: 27 }));
    case.receipt.unit = block_cid(b"another");
    assert!(matches!(case.check(Gather::default()), Err(ClientError::Stranger { status: 404, .. })));
}

#[test]
fn inconclusive_and_false_verdicts_confirm_nothing() {
    let mut case = Case::new();
    case.receipt.verdict = Verdict::Inconclusive;
    assert_eq!(case.check(Gather::default()), Ok(Ok(Confirmed::Undecided)));
    case.receipt.verdict = Verdict::Invalid;
    assert_eq!(case.check(Gather::default()), Ok(Err(RecheckError::Right)));
}

/// The coordinator names a unit's source, so it must not be able to name the checker's own network.
#[test]
fn a_source_that_only_the_coordinator_named_must_be_public() {
    let mut case = Case::new();
    let data = Operand { rows: 6, cols: 1, panel_rows: 6, panels: vec![block_cid(&[1, 2, 3, 4, 5, 6])] };
    case.unit = Unit::HashTree(HashTree { data, source: Some(GATEWAY.into()) });
    case.receipt.unit = case.unit.cid();
    let named = [GATEWAY.to_owned() + "/"];
    for (gateways, reach) in [(&[][..], Reach::Public), (&named, Reach::Anywhere)] {
        let fetch = Scripted::new(|request| case.answer(request));
        let wanted = Gather { gateways, output: Some(Vec::new()), ..Gather::default() };
        block_on(Client::new(&fetch, SERVER).gather(&case.receipt, wanted)).unwrap();
        let seen = fetch.seen();
        let of_source = seen.iter().find(|request| request.url.starts_with(GATEWAY)).unwrap();
        assert_eq!(of_source.reach, reach);
    }
    // A source that is refused is not one that lacks the block.
    let refused = FetchError::NotPublic { host: "gateway:80".into(), address: "10.0.0.1".parse().unwrap() };
    let fetch = Scripted::new(|request| match request.reach {
        Reach::Public => Err(refused.clone()),
        Reach::Anywhere => case.answer(request),
    });
    let wanted = Gather { output: Some(Vec::new()), ..Gather::default() };
    let error = block_on(Client::new(&fetch, SERVER).gather(&case.receipt, wanted)).unwrap_err();
    assert_eq!(error, ClientError::NotPublic(refused.clone()));
    assert!(!error.is_temporary());
}
