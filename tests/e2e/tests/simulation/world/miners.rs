//! What the simulated miners do: sessions, leases, deliveries, and attempts to cheat.

use adit_core::sign::Digest;
use adit_core::statement::Delivery;
use adit_protocol::ErrorCode;
use adit_protocol::mining::{RegisterKey, SignedStart, TaskGrant};
use adit_protocol::neonet::{RegisterResponse, StartSessionResponse, Task};
use adit_protocol::paths::{self, with};
use adit_protocol::records::Account;
use adit_support::Reply;
use anyhow::{Context, Result, ensure};
use axum::http::Method;
use serde_json::json;

use super::network::{Call, headers, post, what_is_said};
use super::{Pending, World};
use crate::actor::{Character, Lie, Plan};
use crate::wire::Upload;

impl World {
    pub(super) async fn act(&mut self, actor: usize) -> Result<()> {
        let random = &mut self.random;
        let plan = self.actors[actor].plan(|end| (random.draw() >> 8) % end);
        self.note(format!("{} {plan:?}", self.actors[actor].name));
        match plan {
            Plan::Open => self.open(actor).await?,
            Plan::Stop => self.stop(actor).await?,
            Plan::Ask { lane } => self.ask(actor, actor, lane).await?,
            Plan::Deliver { lane, lie } => {
                if let Some(lease) = self.actors[actor].lanes.get(&lane).copied() {
                    self.deliver(actor, lease, lie).await?;
                }
            }
            Plan::Upload { lane, lie } => {
                if let Some(lease) = self.actors[actor].lanes.get(&lane).copied() {
                    self.upload(actor, lease, lie).await;
                }
            }
            Plan::Forget { lane } => drop(self.actors[actor].lanes.remove(&lane)),
            Plan::Steal => self.steal(actor).await?,
            Plan::Repeat { lie } => {
                let own: Vec<usize> =
                    (0..self.truth.leases.len()).filter(|lease| self.truth.leases[*lease].actor == actor).collect();
                if !own.is_empty() {
                    let lease = own[self.below(own.len() as u64) as usize];
                    self.deliver(actor, lease, lie).await?;
                }
            }
            Plan::Intrude => {
                let other = self.below(self.actors.len() as u64) as usize;
                self.ask(actor, other, 0).await?;
            }
            Plan::Beat => self.beat(actor).await?,
            Plan::Nothing => {}
        }
        self.is_paid_rightly(actor).await
    }

    pub(super) async fn open(&mut self, actor: usize) -> Result<()> {
        let public_key = self.actors[actor].key.public_key();
        let name = self.actors[actor].name.clone();
        let body = json!({ "contributor_id": name, "adit": RegisterKey { public_key, payout: None } });
        let (replies, arrives) = self.send(post(paths::REGISTER, &body)).await?;
        let (Some(reply), true) = (replies.last(), arrives) else { return Ok(()) };
        let registered: RegisterResponse = reply.json()?;
        let grant = registered.adit.context("no challenge")?;
        let statement = adit_support::start_statement(&grant, &name, public_key);
        let signature = self.actors[actor].key.sign(&statement);
        let body = json!({ "contributor_id": name, "adit": SignedStart { statement, signature } });
        let (replies, arrives) = self.send(post(paths::START_SESSION, &body)).await?;
        for (index, reply) in replies.iter().enumerate() {
            // A challenge opens one session, however often it arrives.
            ensure!(reply.status == 200 || index > 0 && reply.code()? == ErrorCode::ChallengeUsed, "{}", reply.status);
            if let (200, true) = (reply.status.as_u16(), arrives) {
                let started: StartSessionResponse = reply.json()?;
                if self.actors[actor].session.as_ref() != Some(&started.session_id) {
                    self.actors[actor].session = Some(started.session_id);
                    self.actors[actor].lanes.clear();
                }
            }
        }
        Ok(())
    }

    pub(super) async fn stop(&mut self, actor: usize) -> Result<()> {
        let Some(session) = self.actors[actor].session.clone() else { return Ok(()) };
        let body = json!({ "contributor_id": self.actors[actor].name, "session_id": session });
        let (replies, arrives) = self.send(post(paths::STOP_SESSION, &body)).await?;
        for reply in &replies {
            // The coordinator may forget a session that ended long ago without a lease.
            ensure!(reply.status == 200 || reply.code()? == ErrorCode::NoSession, "{:?}", reply.code());
            self.truth.session_stopped(&session);
        }
        if arrives {
            self.actors[actor].session = None;
            self.actors[actor].lanes.clear();
        }
        Ok(())
    }

    pub(super) async fn beat(&mut self, actor: usize) -> Result<()> {
        let Some(session) = self.actors[actor].session.clone() else { return Ok(()) };
        let body = json!({ "contributor_id": self.actors[actor].name, "session_id": session });
        let (replies, arrives) = self.send(post(paths::HEARTBEAT, &body)).await?;
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            ensure!(reply.code()? == ErrorCode::NoSession);
            self.lose_session(actor, arrives);
        }
        Ok(())
    }

    pub(super) fn lose_session(&mut self, actor: usize, knows: bool) {
        if knows {
            self.actors[actor].session = None;
            self.actors[actor].lanes.clear();
        }
    }

    /// Asks for a lane's work with the session of `owner`.
    pub(super) async fn ask(&mut self, actor: usize, owner: usize, lane: u32) -> Result<()> {
        let Some(session) = self.actors[owner].session.clone() else { return Ok(()) };
        let kinds = "matmul_i8/1,hash_tree/1";
        let path = format!("{}?lane={lane}&kinds={kinds}", with(paths::TASK, &self.actors[actor].name));
        let call = Call {
            method: Method::GET,
            path,
            headers: headers(&[(paths::SESSION_HEADER, &session)]),
            body: Vec::new(),
        };
        let (replies, arrives) = self.send(call).await?;
        for reply in &replies {
            match reply.status.as_u16() {
                200 => {
                    ensure!(actor == owner, "a lease for a stranger");
                    let task: Task = reply.json()?;
                    self.take(actor, &session, lane, task.adit.context("no lease")?, arrives)?;
                }
                204 => {}
                _ => {
                    let code = reply.code()?;
                    self.truth.refused(owner, code)?;
                    ensure!(
                        self.actors[owner].character != Character::Honest || code != ErrorCode::Quarantined,
                        "honest"
                    );
                    if actor == owner && code == ErrorCode::NoSession {
                        self.lose_session(actor, arrives);
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn take(&mut self, actor: usize, session: &str, lane: u32, grant: TaskGrant, knows: bool) -> Result<()> {
        let lease = self.truth.leased(actor, session, lane, grant, self.house.clock.now_ms())?;
        if knows && self.actors[actor].session.as_deref() == Some(session) {
            self.actors[actor].lanes.insert(lane, lease);
        }
        Ok(())
    }

    /// The output that a miner delivers for a lease.
    pub(super) fn output(&mut self, lease: usize, lie: Option<Lie>) -> Vec<u8> {
        let pick = self.below(1 << 20) as usize;
        let right = &self.truth.leases[lease].right;
        lie.map_or_else(|| right.clone(), |lie| lie.tell(right, pick))
    }

    /// The delivery of an output, signed by `actor`.
    pub(super) fn delivery(&self, actor: usize, lease: usize, output: &[u8]) -> Call {
        let grant = &self.truth.leases[lease].grant;
        let (digest, length) = (Digest(*blake3::hash(output).as_bytes()), output.len() as u64);
        let delivery = Delivery { lease: grant.lease.lease, unit: grant.lease.unit, digest, length };
        let signature = self.actors[actor].key.sign(&delivery).to_string();
        let headers = headers(&[(paths::SIGNATURE_HEADER, &signature), (paths::DIGEST_HEADER, &digest.to_string())]);
        let path = with(paths::OUTPUT, &delivery.lease.to_string());
        Call { method: Method::PUT, path, headers, body: output.to_vec() }
    }

    pub(super) async fn deliver(&mut self, actor: usize, lease: usize, lie: Option<Lie>) -> Result<()> {
        let output = self.output(lease, lie);
        self.replace_uploads(lease);
        let mut call = self.delivery(actor, lease, &output);
        if self.chance(3) {
            call.body[0] ^= 1;
            self.note("  the body is damaged on the way".to_owned());
            let (replies, arrives) = self.send(call).await?;
            for reply in &replies {
                // If the verdict is known, the body does not matter.
                if self.truth.leases[lease].is_judged() || reply.code()? == ErrorCode::LeaseExpired {
                    self.answered(lease, &output, reply, arrives)?;
                } else {
                    ensure!(reply.code()? == ErrorCode::DigestMismatch, "{:?}", reply.code());
                }
            }
            return Ok(());
        }
        let (replies, arrives) = self.send(call).await?;
        for reply in &replies {
            self.answered(lease, &output, reply, arrives)?;
        }
        Ok(())
    }

    /// A delivery takes the place of the lease's uploads under way.
    fn replace_uploads(&mut self, lease: usize) {
        self.uploads.iter_mut().filter(|upload| upload.lease == lease).for_each(|upload| upload.replaced = true);
    }

    /// Handles the answer to a delivery: its verdict, and the lane's next lease.
    pub(super) fn answered(&mut self, lease: usize, output: &[u8], reply: &Reply, arrives: bool) -> Result<()> {
        let now_ms = self.now_ms();
        let delivered = self.truth.delivered(lease, output, reply, now_ms)?;
        let held = &self.truth.leases[lease];
        let (actor, lane, session) = (held.actor, held.lane, held.session.clone());
        if arrives && self.actors[actor].lanes.get(&lane) == Some(&lease) {
            self.actors[actor].lanes.remove(&lane);
        }
        match delivered.and_then(|delivered| delivered.next).and_then(|task| task.adit) {
            Some(grant) => self.take(actor, &session, lane, grant, arrives),
            None => Ok(()),
        }
    }

    pub(super) async fn upload(&mut self, actor: usize, lease: usize, lie: Option<Lie>) {
        let output = self.output(lease, lie);
        let Call { method, path, headers, body } = self.delivery(actor, lease, &output);
        self.replace_uploads(lease);
        let upload = Upload::begin(&self.house, method, &path, headers, body).await;
        self.uploads.push(Pending { lease, output, upload, replaced: false });
    }

    pub(super) async fn go_on_with_an_upload(&mut self) -> Result<()> {
        if self.uploads.is_empty() {
            return Ok(());
        }
        let any = self.below(self.uploads.len() as u64) as usize;
        let lease = self.uploads[any].lease;
        // A replaced delivery is answered after the lease's last one, so the last one goes on first.
        let last = self.uploads.iter().rposition(|upload| upload.lease == lease).context("an upload")?;
        let Pending { output, upload, replaced, .. } = self.uploads.remove(last);
        if self.chance(30) {
            self.note("an upload breaks".to_owned());
            upload.cut().await;
            return Ok(());
        }
        let ordered = self.house.faults.is_pending();
        let reply = upload.finish().await?;
        self.note(format!("an upload ends: {}", what_is_said(&reply)));
        self.failed_as_ordered(&reply, ordered)?;
        if reply.status.as_u16() >= 500 {
            return Ok(());
        }
        if replaced && !self.truth.leases[lease].is_judged() && reply.code().ok() == Some(ErrorCode::TooManyRequests) {
            return Ok(());
        }
        let arrives = !self.chance(self.lost[1]);
        self.answered(lease, &output, &reply, arrives)
    }

    /// Delivers for another miner's lease with its own signature.
    pub(super) async fn steal(&mut self, actor: usize) -> Result<()> {
        if self.truth.leases.is_empty() {
            return Ok(());
        }
        let lease = self.below(self.truth.leases.len() as u64) as usize;
        if self.truth.leases[lease].actor == actor {
            return Ok(());
        }
        let output = self.output(lease, None);
        let call = self.delivery(actor, lease, &output);
        for reply in self.send(call).await?.0 {
            ensure!(reply.code()? == ErrorCode::InvalidSignature, "a stolen lease: {:?}", reply.code());
        }
        Ok(())
    }

    /// Asserts that the miner's account follows from its verdicts, and that payments are final.
    pub(super) async fn is_paid_rightly(&mut self, actor: usize) -> Result<()> {
        let key = self.actors[actor].key.public_key();
        let reply = self.house.get(&with(paths::ACCOUNT, &key.to_string())).await;
        let truth = self.truth.accounts.get(&actor).cloned().unwrap_or_default();
        if reply.status == 404 {
            ensure!(truth.pending() == 0 && truth.posted() == 0, "{} has no account", self.actors[actor].name);
            return Ok(());
        }
        let account: Account = reply.json()?;
        let found = (account.pending.nano(), account.posted.nano());
        ensure!(found == (truth.pending(), truth.posted()), "{account:?}, not {:?}", (truth.pending(), truth.posted()));
        ensure!(account.posted.nano() >= self.actors[actor].posted, "what was paid is taken back");
        self.actors[actor].posted = account.posted.nano();
        Ok(())
    }
}
