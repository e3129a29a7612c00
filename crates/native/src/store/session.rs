//! A holder's session with its coordinator: opened with the key, and again whenever it has ended.

use std::path::PathBuf;

use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use adit_core::statement::SessionStart;
use adit_miner::machine::default_contributor;
use adit_protocol::mining::{RegisterGrant, RegisterKey, SignedStart};
use adit_protocol::neonet::{RegisterRequest, StartSessionRequest};
use anyhow::{Context, Result, ensure};

use crate::home::Known;
use crate::server::Remote;

/// A coordinator, and the session with it.
pub(super) struct Door {
    pub(super) remote: Remote,
    pub(super) key: SecretKey,
    contributor: String,
    known: Known,
    pinned: Option<PublicKey>,
    session: Option<String>,
}

impl Door {
    pub(super) fn new(
        remote: Remote,
        key: SecretKey,
        id: Option<String>,
        known: PathBuf,
        coordinator: Option<PublicKey>,
    ) -> Result<Self> {
        let known = Known::load(known)?;
        let contributor = id.unwrap_or_else(|| default_contributor(&key.public_key()));
        let pinned = coordinator.or_else(|| known.get(remote.server()));
        Ok(Door { remote, key, contributor, known, pinned, session: None })
    }

    /// The session's id. Opens a session if there is none.
    pub(super) async fn session(&mut self) -> Result<String> {
        if let Some(session) = &self.session {
            return Ok(session.clone());
        }
        let key = RegisterKey { public_key: self.key.public_key(), payout: None };
        let request = RegisterRequest {
            contributor_id: self.contributor.clone(),
            cpu_cores: 0,
            gpu_memory_mb: 0,
            gpu_model: None,
            adit: Some(key),
        };
        let grant =
            self.remote.register(&request).await?.adit.context("the server is not a coordinator: it has no key")?;
        self.pin(grant.coordinator_key)?;
        let statement = self.statement(&grant);
        let signature = self.key.sign(&statement);
        let adit = Some(SignedStart { statement, signature });
        let request = StartSessionRequest { contributor_id: self.contributor.clone(), adit };
        let session = self.remote.start_session(&request).await?.session_id;
        self.session = Some(session.clone());
        Ok(session)
    }

    /// The coordinator's key: given by a flag, remembered, or learnt with the first session.
    pub(super) fn coordinator(&self) -> Option<PublicKey> {
        self.pinned
    }

    /// Forgets a session that has ended, so that the next call opens another.
    pub(super) fn forget(&mut self) {
        self.session = None;
    }

    fn pin(&mut self, key: PublicKey) -> Result<()> {
        let pinned = *self.pinned.get_or_insert(key);
        ensure!(
            pinned == key,
            "the coordinator at {} has another key than before ({key}): if its owner says that it changed, give the new one \
             with --coordinator-key",
            self.remote.server()
        );
        let server = self.remote.server().to_owned();
        self.known.pin(&server, key)
    }

    fn statement(&self, grant: &RegisterGrant) -> SessionStart {
        SessionStart {
            coordinator: grant.coordinator_key,
            challenge: grant.challenge,
            expires_at_ms: grant.expires_at_ms,
            contributor: self.contributor.to_lowercase(),
            public_key: self.key.public_key(),
            payout: None,
            origin: "native".into(),
            share: None,
        }
    }
}
