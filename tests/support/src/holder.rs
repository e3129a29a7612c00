//! A holder of replicas for tests: it does what it should, step by step, and lets a test do otherwise.

use std::collections::BTreeMap;

use adit_core::Cid;
use adit_core::kind::store::Holdings;
use adit_core::kind::store::tree::{Path, hash};
use adit_core::sign::Digest;
use adit_core::statement::Delivery;
use adit_protocol::paths::{self, with};
use adit_protocol::storage::{Answered, Challenge, HolderView};
use anyhow::{Context, Result};
use reqwest::Method;

use crate::client::{Client, Reply};

/// A key that holds replicas in memory.
pub struct Holder {
    /// Its calls.
    pub client: Client,
    /// The bytes of its replicas.
    pub replicas: BTreeMap<Cid, Vec<u8>>,
}

impl Holder {
    /// A holder with an open session.
    pub async fn open(server: &crate::Server, contributor: &str, key: u8) -> Result<Self> {
        let mut client = Client::new(server, contributor, key)?;
        client.open().await?;
        Ok(Holder { client, replicas: BTreeMap::new() })
    }

    /// Takes replicas until it has `share` bytes or there are no more; returns how many.
    pub async fn take(&mut self, share: u64) -> Result<usize> {
        let mut taken = 0;
        while let Some(cid) = self.take_one(share).await? {
            self.client.api().held(&self.client.session, &cid).await?;
            taken += 1;
        }
        Ok(taken)
    }

    /// Fetches one replica without saying that it arrived.
    pub async fn take_one(&mut self, share: u64) -> Result<Option<Cid>> {
        let (api, session) = (self.client.api(), &self.client.session);
        let Some(assigned) = api.assignment(session, share).await? else { return Ok(None) };
        let bytes = api.replica(session, &assigned.replica, 0).await?.whole().await?.body;
        self.replicas.insert(assigned.replica, bytes);
        Ok(Some(assigned.replica))
    }

    /// The challenge that is due, if one is.
    pub async fn challenge(&self) -> Result<Option<Challenge>> {
        let wish = self.client.api().storage_wish(&self.client.session).await?;
        Ok(wish.ok().and_then(|wish| wish.challenge))
    }

    /// The right answer, with zeros for what it does not have.
    pub async fn openings(&self, challenge: &Challenge) -> Result<Vec<u8>> {
        let store = challenge.unit.challenge();
        let holdings: Holdings = self.client.api().holdings(&store.holdings).await?;
        let mut answer = Vec::new();
        for position in store.positions(holdings.chunks()) {
            let (holding, chunk) = holdings.find(position).context("no such chunk")?;
            let length = Path::of(holding.length, chunk).answer_bytes() as usize;
            let opened = self.replicas.get(&holding.root).and_then(|bytes| {
                let groups = hash(bytes).1;
                let (first, count) = groups.group(chunk);
                groups.open(chunk, bytes.get(first as usize..(first + count) as usize)?)
            });
            answer.extend(opened.filter(|opening| opening.len() == length).unwrap_or_else(|| vec![0; length]));
        }
        Ok(answer)
    }

    /// Sends an answer as it is, signed.
    pub async fn send(&self, challenge: &Challenge, answer: Vec<u8>) -> Result<Reply> {
        let digest = Digest(hash(&answer).0);
        let delivery =
            Delivery { lease: challenge.lease.lease, unit: challenge.unit.cid(), digest, length: answer.len() as u64 };
        let path = with(paths::STORAGE_ANSWER, &challenge.lease.lease.to_string());
        let request = self.client.request(Method::PUT, &path).header(paths::DIGEST_HEADER, digest.to_string());
        let request = request.header(paths::SIGNATURE_HEADER, self.client.key.sign(&delivery).to_string());
        self.client.send(request.body(answer)).await
    }

    /// Answers rightly.
    pub async fn answer(&self, challenge: &Challenge) -> Result<Answered> {
        self.send(challenge, self.openings(challenge).await?).await?.json()
    }

    /// What the coordinator says of it.
    pub async fn view(&self) -> Result<HolderView> {
        Ok(self.client.api().holder(&self.client.key.public_key()).await?)
    }
}
