//! The right edge of the Merkle log, kept in memory between batches, and the signed head that seals each batch.

use std::collections::HashMap;

use adit_core::log::{Frontier, Hash, Node, inclusion_path};
use adit_core::sign::{Digest, SecretKey};
use adit_core::statement::{LogHead, ProvenReceipt, Receipt, STATEMENT_VERSION};
use adit_core::{Cid, PublicKey, Signature, encoding};

/// The signed head of a batch, with the subtrees that prove its receipts.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) head: LogHead,
    pub(crate) signature: Signature,
    nodes: HashMap<Node, Hash>,
}

impl Sealed {
    /// Proves a receipt. Returns `None` if this batch did not append it.
    pub(crate) fn prove(&self, receipt: Receipt) -> Option<ProvenReceipt> {
        let find = |node| self.nodes.get(&node).copied().ok_or(());
        let path = inclusion_path(receipt.log_index, self.head.size, find).ok()?;
        let path = path.into_iter().map(Digest).collect();
        Some(ProvenReceipt { receipt, path, head: self.head.clone(), head_signature: self.signature })
    }
}

/// The right edge of the log.
#[derive(Clone)]
pub(crate) struct LogEdge {
    frontier: Frontier,
    /// Subtrees new in this batch, and the peaks before it.
    fresh: HashMap<Node, Hash>,
    previous: Option<Cid>,
    key: SecretKey,
    public_key: PublicKey,
    /// The newest signed head, as stored.
    stored: Option<(LogHead, Signature)>,
    /// The log's size when the batch began.
    size_before: u64,
}

impl LogEdge {
    /// The edge of a log whose newest head is `stored`.
    pub(crate) fn new(frontier: Frontier, stored: Option<(LogHead, Signature)>, key: SecretKey) -> Self {
        LogEdge {
            size_before: frontier.size(),
            frontier,
            fresh: HashMap::new(),
            previous: stored.as_ref().map(|(head, _)| encoding::cid_of(head)),
            public_key: key.public_key(),
            key,
            stored,
        }
    }

    /// Seals a batch without receipts after a start. Repeats the newest signed head, so that no size ever gets a second
    /// one. Proves nothing.
    pub(crate) fn seal_at_start(&self) -> Sealed {
        let (head, signature) = self.stored.clone().unwrap_or_else(|| {
            let head = self.head(0);
            let signature = self.key.sign(&head);
            (head, signature)
        });
        Sealed { head, signature, nodes: HashMap::new() }
    }

    pub(crate) fn begin(&mut self) {
        self.size_before = self.frontier.size();
        self.fresh = self.frontier.peaks().collect();
    }

    /// The log index of the next receipt.
    pub(crate) fn next_index(&self) -> u64 {
        self.frontier.size()
    }

    /// The coordinator's key, which receipts name.
    pub(crate) fn coordinator(&self) -> PublicKey {
        self.public_key
    }

    /// Appends a receipt, which must name [`LogEdge::next_index`], and returns the subtrees to store.
    pub(crate) fn append(&mut self, receipt: &Receipt) -> Vec<(Node, Hash)> {
        let nodes: Vec<_> = self.frontier.append(receipt.leaf()).into_iter().collect();
        self.fresh.extend(nodes.iter().copied());
        nodes
    }

    /// Signs a head for the batch, if it appended receipts.
    pub(crate) fn seal(&mut self, now_ms: i64) -> Option<Sealed> {
        if self.frontier.size() == self.size_before {
            return None;
        }
        let head = self.head(now_ms);
        self.previous = Some(encoding::cid_of(&head));
        let signature = self.key.sign(&head);
        Some(Sealed { head, signature, nodes: std::mem::take(&mut self.fresh) })
    }

    fn head(&self, at_ms: i64) -> LogHead {
        LogHead {
            version: STATEMENT_VERSION,
            coordinator: self.public_key,
            size: self.frontier.size(),
            root: Digest(self.frontier.root()),
            previous: self.previous,
            at_ms,
        }
    }
}
