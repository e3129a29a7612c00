//! Storage: what operators put with miners, and what those who hold it are asked.

use adit_core::kind::store::{Holdings, StoreUnit};
use adit_core::statement::Delivery;
use adit_core::{Cid, PublicKey, Signature, encoding};
use adit_fetch::{Body, Fetch, Incoming, Method, NO_LIMIT_MS};
use adit_protocol::paths;
use adit_protocol::storage::{
    Answered, Assignment, HolderList, HolderView, LossAnswer, LossReport, PinList, PinView, ShareOffer, StorageWish,
};

use crate::call::{encoded, parse, path, unexpected};
use crate::jobs::Download;
use crate::retry::{Repeat, Sleep};
use crate::{Client, ClientError};

/// The largest list of replicas.
const MAX_HOLDINGS_BYTES: usize = 8 << 20;
/// How long content may take to be cut and stored.
const INTAKE_MS: u32 = 600_000;

/// What is put with miners.
#[derive(Clone, Debug, Default)]
pub struct PinOrder {
    /// A name for people.
    pub name: String,
    /// The root of the content.
    pub root: String,
    /// Replicas of each piece.
    pub replicas: u32,
    /// For how many hours.
    pub hours: u64,
    /// Whether the epoch's budget pays, rather than an escrow.
    pub sponsored: bool,
}

impl<F: Fetch, S: Sleep> Client<F, S> {
    /// Stores content with miners. Needs the token.
    pub async fn put_pin(&self, order: &PinOrder, content: impl Into<Body>) -> Result<PinView, ClientError> {
        let PinOrder { name, root, replicas, hours, sponsored } = order;
        let (name, root) = (encoded(name), encoded(root));
        let query = format!("?name={name}&root={root}&replicas={replicas}&hours={hours}&sponsored={sponsored}");
        let request = self.request(Method::Post, &format!("{}{query}", paths::STORAGE_PINS));
        self.json(request.body(content).timeout_ms(NO_LIMIT_MS).answer_ms(INTAKE_MS), Repeat::Never).await
    }

    /// What is stored, newest first.
    pub async fn pins(&self) -> Result<PinList, ClientError> {
        self.get(paths::STORAGE_PINS).await
    }

    /// One thing that is stored.
    pub async fn pin(&self, pin: u64) -> Result<PinView, ClientError> {
        self.get(&path(paths::STORAGE_PIN, pin)).await
    }

    /// Stores it no longer. Needs the token.
    pub async fn end_pin(&self, pin: u64) -> Result<PinView, ClientError> {
        self.json(self.request(Method::Delete, &path(paths::STORAGE_PIN, pin)), Repeat::Harmless).await
    }

    /// Its content. Needs the token. While the coordinator asks the holders, this is an error that says when to try again.
    pub async fn pin_content(&self, pin: u64) -> Result<Download, ClientError> {
        self.download(&path(paths::STORAGE_CONTENT, pin)).await
    }

    /// What a key holds and has proven.
    pub async fn holder(&self, key: &PublicKey) -> Result<HolderView, ClientError> {
        self.get(&path(paths::STORAGE_HOLDER, key)).await
    }

    /// The holders with the highest scores.
    pub async fn holders(&self) -> Result<HolderList, ClientError> {
        self.get(paths::STORAGE_HOLDERS).await
    }

    /// Asks for a replica to hold; `None` if there is none now.
    pub async fn assignment(&self, session: &str, share_bytes: u64) -> Result<Option<Assignment>, ClientError> {
        let request = self.request(Method::Post, paths::STORAGE_REPLICAS).header(paths::SESSION_HEADER, session);
        let url = request.url.clone();
        let offer = serde_json::to_vec(&ShareOffer { share_bytes }).map_err(|error| unexpected(&url, &error))?;
        let response = self.whole(request.json(offer), Repeat::Harmless).await?;
        if response.status == 204 { Ok(None) } else { parse(&url, &response).map(Some) }
    }

    /// A replica's bytes from `offset` on, while they are still handed out.
    pub async fn replica(&self, session: &str, replica: &Cid, offset: u64) -> Result<Incoming, ClientError> {
        let request = self.request(Method::Get, &path(paths::STORAGE_REPLICA, replica));
        let request = request.header(paths::SESSION_HEADER, session).header("range", format!("bytes={offset}-"));
        self.open(request.max_bytes(usize::MAX).timeout_ms(NO_LIMIT_MS), Repeat::Harmless).await
    }

    /// Says that a replica arrived whole.
    pub async fn held(&self, session: &str, replica: &Cid) -> Result<(), ClientError> {
        let request = self.request(Method::Post, &path(paths::STORAGE_HELD, replica));
        self.whole(request.header(paths::SESSION_HEADER, session), Repeat::Harmless).await.map(drop)
    }

    /// Says which replicas are lost.
    pub async fn losses(&self, session: &str, replicas: Vec<Cid>) -> Result<LossAnswer, ClientError> {
        let request = self.request(Method::Post, paths::STORAGE_LOSSES).header(paths::SESSION_HEADER, session);
        let url = request.url.clone();
        let report = serde_json::to_vec(&LossReport { replicas }).map_err(|error| unexpected(&url, &error))?;
        self.json(request.json(report), Repeat::Harmless).await
    }

    /// What is wanted of a holder now; `None` if nothing, with the time to wait in ms.
    pub async fn storage_wish(&self, session: &str) -> Result<Result<StorageWish, u64>, ClientError> {
        let request = self.request(Method::Get, paths::STORAGE_CHALLENGE).header(paths::SESSION_HEADER, session);
        let url = request.url.clone();
        let response = self.whole(request, Repeat::Harmless).await?;
        if response.status == 204 {
            return Ok(Err(response.retry_after_ms().unwrap_or(1_000)));
        }
        parse(&url, &response).map(Ok)
    }

    /// The replicas that a challenge is drawn over, checked against their CID.
    pub async fn holdings(&self, cid: &Cid) -> Result<Holdings, ClientError> {
        let request = self.request(Method::Get, &path(paths::STORAGE_HOLDINGS, cid)).max_bytes(MAX_HOLDINGS_BYTES);
        let url = request.url.clone();
        let response = self.whole(request, Repeat::Harmless).await?;
        let held: Holdings = encoding::decode(&response.body).map_err(|error| unexpected(&url, &error))?;
        if encoding::cid_of(&held) == *cid { Ok(held) } else { Err(unexpected(&url, &"not what the CID names")) }
    }

    /// The challenge with this CID, and the replicas that it is drawn over.
    pub async fn challenge(&self, unit: &Cid) -> Result<(StoreUnit, Holdings), ClientError> {
        let request = self.request(Method::Get, &path(paths::UNIT, unit));
        let url = request.url.clone();
        let response = self.whole(request, Repeat::Harmless).await?;
        let asked = StoreUnit::from_bytes(&response.body).map_err(|error| unexpected(&url, &error))?;
        if asked.cid() != *unit {
            return Err(unexpected(&url, &"not what the CID names"));
        }
        let held = self.holdings(&asked.challenge().holdings).await?;
        Ok((asked, held))
    }

    /// Answers a challenge with the miner's signature over `delivery`.
    pub async fn answer(
        &self,
        delivery: &Delivery,
        signature: &Signature,
        answer: impl Into<Body>,
    ) -> Result<Answered, ClientError> {
        let request = self
            .request(Method::Put, &path(paths::STORAGE_ANSWER, delivery.lease))
            .header("content-type", "application/octet-stream")
            .header(paths::SIGNATURE_HEADER, signature.to_string())
            .header(paths::DIGEST_HEADER, delivery.digest.to_string());
        self.json(request.body(answer), Repeat::Harmless).await
    }

    /// Gives a replica back that the coordinator asked for.
    pub async fn give_back(&self, session: &str, replica: &Cid, bytes: impl Into<Body>) -> Result<(), ClientError> {
        let request = self.request(Method::Put, &path(paths::STORAGE_REPLICA, replica));
        let request = request.header(paths::SESSION_HEADER, session).body(bytes).timeout_ms(NO_LIMIT_MS);
        self.whole(request.answer_ms(60_000), Repeat::Harmless).await.map(drop)
    }
}
