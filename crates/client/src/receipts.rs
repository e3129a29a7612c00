//! Receipts, the log that holds them, and what they refer to.

use adit_core::content_id::{MAX_BLOCK_BYTES, block_matches};
use adit_core::log::verify_consistency;
use adit_core::sign::LeaseId;
use adit_core::statement::ProvenReceipt;
use adit_core::unit::MAX_OUTPUT_BYTES;
use adit_core::{Cid, PublicKey, Unit};
use adit_fetch::{BLOCK_REDIRECTS, Fetch, Method, Reach, Request};
use adit_protocol::paths;
use adit_protocol::records::{ConsistencyProof, ReceiptList, SignedHead};

use crate::call::{path, unexpected};
use crate::retry::{Repeat, Sleep};
use crate::{Client, ClientError, Once};

/// The largest encoding of a unit.
const MAX_UNIT_BYTES: usize = 8 << 20;
/// The time limit for a block.
const BLOCK_MS: u32 = 30_000;
/// The time limit for an output.
const OUTPUT_MS: u32 = 600_000;

impl<F: Fetch, S: Sleep> Client<F, S> {
    /// The receipt of a lease.
    pub async fn receipt(&self, lease: LeaseId) -> Result<ProvenReceipt, ClientError> {
        self.get(&path(paths::RECEIPT, lease)).await
    }

    /// The newest receipts of a miner, of a unit, or of all, at most `limit` of them.
    pub async fn receipts(
        &self,
        miner: Option<&PublicKey>,
        unit: Option<&Cid>,
        limit: u32,
    ) -> Result<ReceiptList, ClientError> {
        let miner = miner.map(|miner| format!("&miner={miner}")).unwrap_or_default();
        let unit = unit.map(|unit| format!("&unit={unit}")).unwrap_or_default();
        self.get(&format!("{}?limit={limit}{miner}{unit}", paths::RECEIPTS)).await
    }

    /// The log's signed head. Check the signature under a key from another source.
    pub async fn log_head(&self) -> Result<SignedHead, ClientError> {
        self.get(paths::LOG_HEAD).await
    }

    /// The proof that the log of `from` entries is a prefix of the log of `to` entries.
    pub async fn log_consistency(&self, from: u64, to: u64) -> Result<ConsistencyProof, ClientError> {
        self.get(&format!("{}?from={from}&to={to}", paths::LOG_CONSISTENCY)).await
    }

    /// The current size of the log, after checking under the `pinned` key that it extends the log of this receipt's head.
    pub async fn grown_log(&self, proven: &ProvenReceipt, pinned: &PublicKey) -> Result<u64, ClientError> {
        let wrong = |reason: &str| ClientError::Log(reason.to_owned());
        let SignedHead { head, signature } = self.log_head().await?;
        if pinned.verify(&head, &signature).is_err() {
            return Err(wrong("today's head is not signed by the coordinator"));
        }
        let (from, to) = (proven.head.size, head.size);
        if from > to {
            return Err(ClientError::Log(format!("today's log has {to} entries, fewer than the receipt's {from}")));
        }
        let path: Vec<_> = self.log_consistency(from, to).await?.path.iter().map(|digest| digest.0).collect();
        if !verify_consistency(from, &proven.head.root.0, to, &head.root.0, &path) {
            return Err(wrong("today's log does not extend the receipt's: entries were changed or removed"));
        }
        Ok(to)
    }

    /// A unit, checked against its name.
    pub async fn unit(&self, cid: &Cid) -> Result<Unit, ClientError> {
        let request = self.request(Method::Get, &path(paths::UNIT, cid)).max_bytes(MAX_UNIT_BYTES);
        let url = request.url.clone();
        let response = self.whole(request, Repeat::Harmless).await?;
        let unit = Unit::from_bytes(&response.body).map_err(|error| unexpected(&url, &error))?;
        if unit.cid() == *cid { Ok(unit) } else { Err(ClientError::Damaged { url, cid: *cid }) }
    }

    /// The output of a lease, as its coordinator stores it.
    pub async fn output(&self, lease: LeaseId) -> Result<Vec<u8>, ClientError> {
        let request = self.request(Method::Get, &path(paths::OUTPUT, lease));
        let request = request.max_bytes(MAX_OUTPUT_BYTES as usize).timeout_ms(OUTPUT_MS);
        Ok(self.whole(request, Repeat::Harmless).await?.body)
    }

    /// A block that the coordinator stores, checked against its name.
    pub async fn block(&self, cid: &Cid) -> Result<Vec<u8>, ClientError> {
        self.block_from(&self.server, Reach::Anywhere, cid, Repeat::Harmless).await
    }

    pub(crate) async fn block_from(
        &self,
        place: &str,
        reach: Reach,
        cid: &Cid,
        repeat: Repeat,
    ) -> Result<Vec<u8>, ClientError> {
        // The token must reach only the coordinator.
        let place = place.trim_end_matches('/');
        let request = Request::get(format!("{place}{}?format=raw", path(paths::BLOCK, cid))).reach(reach);
        let request = request.redirects(BLOCK_REDIRECTS);
        let url = request.url.clone();
        let response = self.whole(request.max_bytes(MAX_BLOCK_BYTES).timeout_ms(BLOCK_MS), repeat).await?;
        if block_matches(cid, &response.body) {
            return Ok(response.body);
        }
        Err(ClientError::Damaged { url, cid: *cid })
    }
}

/// A raw block from an IPFS gateway or a coordinator at `place`, checked against its name.
pub async fn fetch_block<F: Fetch>(fetch: F, place: &str, cid: &Cid) -> Result<Vec<u8>, ClientError> {
    Client::<F, Once>::new(fetch, place).block(cid).await
}
