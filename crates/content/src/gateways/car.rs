//! A CAR that arrives from a gateway.

use adit_fetch::{BLOCK_REDIRECTS, Fetch, Incoming, NO_LIMIT_MS, Request, open_following};

use super::{Failure, check_type, lost, refusal};
use crate::car::{CarError, CarReader};
use crate::cid::{Block, BlockError, Cid};

const CAR_TYPE: &str = "application/vnd.ipld.car";

/// A CAR that is read as it arrives.
pub(super) struct Car {
    incoming: Incoming,
    reader: CarReader,
    ended: bool,
}

impl Car {
    /// Asks the gateway at `url` for everything below `root`.
    pub(super) async fn open<F: Fetch>(fetch: &F, url: &str, root: &Cid) -> Result<Self, Failure> {
        let request = Request::get(format!("{url}/ipfs/{root}?format=car&dag-scope=all&car-order=dfs&car-dups=n"));
        let request = request.header("accept", format!("{CAR_TYPE}; version=1; order=dfs; dups=n"));
        let request = request.max_bytes(usize::MAX).timeout_ms(NO_LIMIT_MS).redirects(BLOCK_REDIRECTS);
        let incoming = open_following(fetch, request).await.map_err(|error| lost(&error))?;
        if incoming.status != 200 {
            return Err(refusal(&incoming.into_head()));
        }
        // A gateway of another kind may still give raw blocks.
        check_type(incoming.header("content-type"), CAR_TYPE).map_err(Failure::Missing)?;
        Ok(Car { incoming, reader: CarReader::new(), ended: false })
    }

    /// The next block; `None` at the end. Dropping the future loses no data.
    pub(super) async fn block(&mut self) -> Result<Option<Block>, Failure> {
        loop {
            match self.reader.block() {
                Ok(Some(block)) => return Ok(Some(block)),
                Ok(None) if self.ended => return Ok(None),
                Ok(None) => {}
                // The DAG links to an identifier that cannot be checked, for which the gateway is not to blame.
                Err(CarError::Block(BlockError::Hash(_))) => return Ok(None),
                Err(error) => return Err(Failure::Wrong(error.to_string())),
            }
            match self.incoming.chunk().await.map_err(|error| lost(&error))? {
                Some(chunk) => self.reader.feed(&chunk),
                None => {
                    self.ended = true;
                    let reader = std::mem::take(&mut self.reader);
                    reader.finish().map_err(|error| Failure::Lost(error.to_string()))?;
                }
            }
        }
    }
}
