//! A holder's session with its coordinator: opened with the key, and again whenever it has ended.

use adit_client::{Client, Sleep};
use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use adit_core::statement::SessionStart;
use adit_fetch::Fetch;
use adit_protocol::mining::{RegisterGrant, RegisterKey, SignedStart};
use adit_protocol::neonet::{RegisterRequest, StartSessionRequest};

use super::HoldError;

/// Who holds, and from where.
pub struct Name {
    /// The key that earns.
    pub key: SecretKey,
    /// The contributor's id.
    pub contributor: String,
    /// The page's origin, or `native`.
    pub origin: String,
}

/// A coordinator, and the session with it.
pub struct Door<F, S> {
    pub(super) remote: Client<F, S>,
    pub(super) name: Name,
    /// The coordinator's key, if it is known.
    pinned: Option<PublicKey>,
    session: Option<String>,
}

impl<F: Fetch, S: Sleep> Door<F, S> {
    /// A way to the coordinator of `remote`. `pinned` is its key, if it is known.
    pub fn new(remote: Client<F, S>, name: Name, pinned: Option<PublicKey>) -> Self {
        Door { remote, name, pinned, session: None }
    }

    /// The session's id. Opens a session if there is none.
    pub(super) async fn session(&mut self) -> Result<String, HoldError> {
        if let Some(session) = &self.session {
            return Ok(session.clone());
        }
        let contributor_id = self.name.contributor.clone();
        let key = RegisterKey { public_key: self.name.key.public_key(), payout: None };
        let request = RegisterRequest {
            contributor_id: contributor_id.clone(),
            cpu_cores: 0,
            gpu_memory_mb: 0,
            gpu_model: None,
            adit: Some(key),
        };
        let grant = self.remote.register(&request).await?.adit;
        let grant = grant.ok_or(HoldError::Wrong("the server is no coordinator: it has no key"))?;
        self.pin(grant.coordinator_key)?;
        let statement = self.statement(&grant);
        let signature = self.name.key.sign(&statement);
        let adit = Some(SignedStart { statement, signature });
        let session = self.remote.start_session(&StartSessionRequest { contributor_id, adit }).await?.session_id;
        self.session = Some(session.clone());
        Ok(session)
    }

    /// The coordinator's key: given by a flag, remembered, or learnt with the first session.
    pub(super) fn coordinator(&self) -> Result<PublicKey, HoldError> {
        self.pinned.ok_or(HoldError::Wrong("there is no session"))
    }

    /// Forgets a session that has ended, so that the next call opens another.
    pub(super) fn forget(&mut self) {
        self.session = None;
    }

    fn pin(&mut self, key: PublicKey) -> Result<(), HoldError> {
        if *self.pinned.get_or_insert(key) == key {
            return Ok(());
        }
        Err(HoldError::Strange { server: self.remote.server().to_owned(), key })
    }

    fn statement(&self, grant: &RegisterGrant) -> SessionStart {
        SessionStart {
            coordinator: grant.coordinator_key,
            challenge: grant.challenge,
            expires_at_ms: grant.expires_at_ms,
            contributor: self.name.contributor.to_lowercase(),
            public_key: self.name.key.public_key(),
            payout: None,
            origin: self.name.origin.clone(),
            share: None,
        }
    }
}
