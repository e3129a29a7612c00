//! The log's right edge, kept in memory between batches, and the signed head that seals a batch.

use std::collections::HashMap;

use adit_core::log::{Frontier, Hash, Node, inclusion_path};
use adit_core::sign::{Digest, SecretKey};
use adit_core::statement::{LogHead, ProvenReceipt, Receipt, STATEMENT_VERSION};
use adit_core::{Cid, PublicKey, Signature, encoding};

/// The signed head that seals a batch, with the subtrees that prove its receipts.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) head: LogHead,
    pub(crate) signature: Signature,
    nodes: HashMap<Node, Hash>,
}

impl Sealed {
    /// The receipt with its proof, if this batch appended it.
    pub(crate) fn prove(&self, receipt: Receipt) -> Option<ProvenReceipt> {
        let find = |node| self.nodes.get(&node).copied().ok_or(());
        let path = inclusion_path(receipt.log_index, self.head.size, find).ok()?;
        let path = path.into_iter().map(Digest).collect();
        Some(ProvenReceipt { receipt, path, head: self.head.clone(), head_signature: self.signature })
    }
}

/// The log's right edge.
#[derive(Clone)]
pub(crate) struct LogEdge {
    frontier: Frontier,
    /// Subtrees of this batch, and the peaks before it.
    fresh: HashMap<Node, Hash>,
    previous: Option<Cid>,
    key: SecretKey,
    public_key: PublicKey,
    /// The newest head as it was signed.
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

    /// Seals a batch without receipts right after a start: the newest head as it was signed, never a second one of its
    /// size. It proves nothing.
    pub(crate) fn seal_at_start(&self) -> Sealed {
        let (head, signature) = self.stored.clone().unwrap_or_else(|| {
            let head = self.head(0);
            let signature = self.key.sign(&head);
            (head, signature)
        });
        Sealed { head, signature, nodes: HashMap::new() }
    }

    /// A batch begins.
    pub(crate) fn begin(&mut self) {
        self.size_before = self.frontier.size();
        self.fresh = self.frontier.peaks().collect();
    }

    /// The place that the next receipt will have in the log.
    pub(crate) fn next_index(&self) -> u64 {
        self.frontier.size()
    }

    /// The coordinator's key, which a receipt names.
    pub(crate) fn coordinator(&self) -> PublicKey {
        self.public_key
    }

    /// Appends a receipt that names [`LogEdge::next_index`]: the subtrees to be stored.
    pub(crate) fn append(&mut self, receipt: &Receipt) -> Vec<(Node, Hash)> {
        let nodes: Vec<_> = self.frontier.append(receipt.leaf()).into_iter().collect();
        self.fresh.extend(nodes.iter().copied());
        nodes
    }

    /// Signs the head of a batch that appended receipts.
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
