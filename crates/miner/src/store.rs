//! Holds sealed replicas for a coordinator and proves them when it is asked: the kind `store/1`, which no lane computes.
//!
//! A [`Holder`] goes turn by turn: it reports what it lost, answers a challenge, gives back what is wanted, and takes another
//! replica. Its [`Shelf`] knows which replicas there should be, and keeps them in a [`Place`] that a host brings: a folder, or the
//! file system that a browser gives to an origin.

mod door;
mod holder;
mod place;
mod shelf;

use adit_client::ClientError;
use adit_core::{Cid, PublicKey};
use adit_fetch::FetchError;
use adit_protocol::storage::Answered;

pub use door::{Door, Name};
pub use holder::Holder;
pub use place::{Memory, Place, PlaceError};
pub use shelf::Shelf;

/// What happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Replicas on the shelf.
    pub replicas: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Windows with a verdict.
    pub windows: u64,
    /// Windows that were passed.
    pub passed: u64,
    /// Pending rewards of these windows in nano-NNET.
    pub earned: i64,
    /// Pending rewards of all windows that this shelf has seen, in nano-NNET.
    pub earned_ever: i64,
}

/// Why replicas are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Their files are gone, or have another length.
    Gone,
    /// A challenge could not be answered from them.
    Damaged,
    /// A look through them found damage.
    Seen,
}

/// What a holder tells its person.
#[derive(Debug)]
pub enum Event<'a> {
    /// The coordinator showed its key, which is to be remembered.
    Registered(PublicKey),
    /// A replica of so many bytes is whole.
    Held(&'a Cid, u64),
    /// So many replicas, of so many bytes, are lost. It was reported.
    Lost(u64, u64, Loss),
    /// So many replicas are wanted no longer.
    Released(u64),
    /// A replica was given back.
    GaveBack(&'a Cid),
    /// A window has a verdict; the answer took so many ms.
    Answered(&'a Answered, u64),
    /// There is no room for more than is held: nothing further is taken until the next start.
    Full(&'a str),
    /// A turn failed, and is tried again.
    Failed(&'a HoldError),
}

/// Why a holder cannot go on now.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// A call failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A replica stopped arriving.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Replicas cannot be read or written.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The replicas here are another coordinator's.
    #[error("{0} holds replicas of another coordinator, which would be lost")]
    Foreign(String),
    /// The coordinator has another key than before.
    #[error("the coordinator at {server} has another key than before ({key})")]
    Strange {
        /// Its address.
        server: String,
        /// The key that it shows now.
        key: PublicKey,
    },
    /// The coordinator's answer is not what it has to be.
    #[error("{0}")]
    Wrong(&'static str),
}
