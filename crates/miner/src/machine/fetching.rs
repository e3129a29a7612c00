//! Fetches a unit's input blocks.
//!
//! Blocks that the coordinator holds come from any gateway, or from itself. Data at a source of its own is looked for there alone,
//! at most twice: a block is absent if the source says so both times, some seconds apart. After any other failure it is unknown,
//! and as one unknown block decides a unit, no other is asked for.

use std::sync::Arc;

use adit_core::content_id::MAX_BLOCK_BYTES;
use adit_core::{Found, Unit};
use adit_fetch::{BLOCK_REDIRECTS, Reach, Request, Response};
use adit_protocol::paths;

use super::blocks::{Gathered, Place, Search, Step, Want};
use super::lane::{Assigned, Work};
use super::{Answered, Call, Machine, Timer};
use crate::lane::BlockBytes;
use crate::notice::Notice;

/// How long fetching a block may take.
const BLOCK_MS: u32 = 60_000;
/// A unit is given up after this many rounds in which nobody had one of its blocks.
const BLOCK_ROUNDS: u32 = 4;
/// How often a unit's own source is asked for a block.
const SOURCE_ROUNDS: u32 = 2;
/// The time between the first and the second look at a source.
const SECOND_LOOK_MS: u64 = 3_000;
/// The longest wait that a busy source may ask for; if it asks for more, it is not asked again.
const LONGEST_WAIT_MS: u64 = 10_000;

/// People are told about a fetch of at least this many bytes.
const ANNOUNCED_BYTES: u64 = 4 << 20;

/// The media type of raw blocks.
const BLOCK_TYPE: &str = "application/vnd.ipld.raw";

/// Describes an answer that is not the block, to complete a sentence that begins with the block's name. Anything but a plain
/// no is the source's fault and says nothing about the block.
fn what_came(response: &Response) -> String {
    let header = |name| response.header(name).unwrap_or_default().trim().to_ascii_lowercase();
    let encoding = header("content-encoding");
    match response.status {
        200 if !["", "identity"].contains(&encoding.as_str()) => {
            " came compressed, which nobody asked for: the source is not a plain gateway".to_owned()
        }
        200 if header("content-type").starts_with("text/html") => {
            ": the source sent a web page in its place".to_owned()
        }
        200 => " is not what its name says".to_owned(),
        status => format!(": status {status}"),
    }
}

/// Why a block did not come.
struct Failed {
    reason: String,
    /// Whether the place says that it does not have the block.
    absent: bool,
    /// When the place wants to be asked again.
    asked_ms: Option<u64>,
}

impl Machine {
    pub(super) fn fetch(&mut self, index: u32, assigned: Assigned, mut gathered: Gathered) {
        let missing: Vec<_> = gathered.missing().collect();
        let source = assigned.grant.unit.source();
        // Two looks that take too long end before the lease does.
        let patience_ms = (assigned.grant.lease.ttl_ms / 3).min(BLOCK_MS.into()) as u32;
        for cid in missing {
            // A cached block does not show that the source still has it.
            if source.is_some() {
                self.wanted.add(Want { cid, lane: Some(index) }, Search::new(source, patience_ms));
                continue;
            }
            match self.cache.get(&cid) {
                Some(block) if gathered.take(cid, &block).is_err() => {
                    return self.give_up(index, "an input block's size differs from the unit's".into());
                }
                Some(_) => {}
                None => self.wanted.add(Want { cid, lane: None }, Search::new(None, BLOCK_MS)),
            }
        }
        let (job, bytes) = (assigned.grant.job, gathered.missing_bytes());
        self.lanes[index as usize].work = Work::Fetching(assigned, gathered);
        if bytes >= ANNOUNCED_BYTES {
            self.notice(Notice::Fetching { lane: index, job, bytes });
        }
        self.start_if_complete(index);
        self.ask_blocks();
    }

    /// Requests wanted blocks, a few at a time.
    fn ask_blocks(&mut self) {
        while let Some((want, place, timeout_ms)) = self.wanted.ask_next() {
            let base = match &place {
                Place::Source(source) => source,
                Place::Gateway(gateway) => self.config.gateways.get(*gateway).unwrap_or(&self.config.server),
            };
            let path = paths::with(paths::BLOCK, &want.cid.to_string());
            let request = Request::get(format!("{base}{path}?format=raw")).max_bytes(MAX_BLOCK_BYTES);
            let request = request.header("accept", BLOCK_TYPE).header("accept-encoding", "identity");
            let request = request.timeout_ms(timeout_ms).reach(self.reach(&place)).redirects(BLOCK_REDIRECTS);
            self.call(Call::Block(want), request);
        }
    }

    /// Where a request for a block may go: the coordinator may send this machine to public addresses only, and to those that
    /// its owner named.
    fn reach(&self, place: &Place) -> Reach {
        match place {
            Place::Source(source) if *source != self.config.server && !self.config.gateways.contains(source) => {
                Reach::Public
            }
            _ => Reach::Anywhere,
        }
    }

    pub(super) fn block_answered(&mut self, want: Want, answer: Answered) {
        let cid = want.cid;
        let failed = match answer {
            Ok(response) => {
                let (asked_ms, what) = (response.retry_after_ms(), what_came(&response));
                match Found::in_answer(&cid, response.status, response.body) {
                    Found::Present(block) => {
                        self.block_arrived(want, Arc::new(block));
                        return self.ask_blocks();
                    }
                    found => Failed { reason: format!("block {cid}{what}"), absent: found == Found::Absent, asked_ms },
                }
            }
            Err(error) => Failed { reason: format!("block {cid}: {error}"), absent: false, asked_ms: None },
        };
        match want.lane {
            Some(lane) => self.look_failed(lane, want, failed),
            None => self.block_failed(want, failed),
        }
        self.ask_blocks();
    }

    fn block_arrived(&mut self, want: Want, block: BlockBytes) {
        self.wanted.remove(&want);
        self.schedule.clear(Timer::Block(want));
        if let Some(lane) = want.lane {
            return self.found_at_source(lane, want, block);
        }
        self.cache.put(want.cid, block.clone());
        for index in 0..self.lanes.len() {
            let Work::Fetching(assigned, gathered) = &mut self.lanes[index].work else { continue };
            if assigned.grant.unit.source().is_some() {
                continue;
            }
            match gathered.take(want.cid, &block) {
                Ok(()) => self.start_if_complete(index as u32),
                Err(_) => self.give_up(index as u32, "an input block's size differs from the unit's".into()),
            }
        }
    }

    fn found_at_source(&mut self, lane: u32, want: Want, block: BlockBytes) {
        let Work::Fetching(_, gathered) = &mut self.lanes[lane as usize].work else { return };
        match gathered.take(want.cid, &block) {
            Ok(()) => self.start_if_complete(lane),
            Err(_) => self.block_unknown(lane, "an input block's size differs from the unit's".into()),
        }
    }

    /// Asks the next gateway at once, and all of them again after a wait. After some rounds the unit is given up.
    fn block_failed(&mut self, want: Want, Failed { reason, asked_ms, .. }: Failed) {
        let gateways = self.config.gateways.len() + 1;
        let Some(search) = self.wanted.get_mut(&want) else { return };
        search.gateway += 1;
        search.step = Step::Queued;
        if search.gateway < gateways {
            return;
        }
        search.gateway = 0;
        search.rounds += 1;
        if search.rounds < BLOCK_ROUNDS {
            search.step = Step::Waiting;
            return self.retry(Timer::Block(want), reason, asked_ms);
        }
        for index in 0..self.lanes.len() as u32 {
            if self.needs(index, &want) {
                self.give_up(index, reason.clone());
            }
        }
        self.wanted.remove(&want);
    }

    /// Looks once more after a wait, unless the source wants more time than that.
    fn look_failed(&mut self, lane: u32, want: Want, Failed { reason, absent, asked_ms }: Failed) {
        let Some(search) = self.wanted.get_mut(&want) else { return };
        search.rounds += 1;
        search.absent &= absent;
        let wait_ms = asked_ms.filter(|_| !absent).unwrap_or(0).max(SECOND_LOOK_MS);
        let longest_ms = LONGEST_WAIT_MS.min(u64::from(search.timeout_ms) / 2).max(SECOND_LOOK_MS);
        if search.rounds < SOURCE_ROUNDS && wait_ms <= longest_ms {
            search.step = Step::Waiting;
            return self.retry(Timer::Block(want), reason, Some(wait_ms));
        }
        let absent = search.absent;
        self.wanted.remove(&want);
        self.schedule.clear(Timer::Block(want));
        let Work::Fetching(_, gathered) = &mut self.lanes[lane as usize].work else { return };
        if !absent {
            return self.block_unknown(lane, reason);
        }
        gathered.go_without(want.cid);
        self.start_if_complete(lane);
    }

    /// Computes a unit whose output can say that a block is unknown, and gives up any other.
    fn block_unknown(&mut self, lane: u32, reason: String) {
        let Work::Fetching(assigned, gathered) = &mut self.lanes[lane as usize].work else { return };
        if !matches!(assigned.grant.unit, Unit::HashTree2(_)) {
            return self.give_up(lane, reason);
        }
        gathered.leave_unknown();
        self.start_if_complete(lane);
        self.forget_unneeded();
    }

    pub(super) fn block_wait_ended(&mut self, want: Want) {
        if let Some(search) = self.wanted.get_mut(&want) {
            search.step = Step::Queued;
        }
        self.ask_blocks();
    }

    /// Whether a lane still waits for this block from this place.
    fn needs(&self, index: u32, want: &Want) -> bool {
        let Work::Fetching(assigned, gathered) = &self.lanes[index as usize].work else { return false };
        let lane = assigned.grant.unit.source().map(|_| index);
        lane == want.lane && gathered.needs(&want.cid)
    }

    /// Stops asking for blocks that no lane waits for. A late answer must not be taken for one to a lane's next unit.
    pub(super) fn forget_unneeded(&mut self) {
        let mut wanted = std::mem::take(&mut self.wanted);
        for want in wanted.retain(|want| (0..self.lanes.len() as u32).any(|index| self.needs(index, want))) {
            self.schedule.clear(Timer::Block(want));
            self.calls.retain(|_, call| *call != Call::Block(want) || want.lane.is_none());
        }
        self.wanted = wanted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_in_place_of_a_block_is_named() {
        let of = |status, name: &str, value: &str| what_came(&Response::new(status, "x").with_header(name, value));
        assert!(of(200, "content-type", "text/html; charset=utf-8").contains("a web page"));
        assert!(of(200, "content-encoding", "gzip").contains("compressed"));
        assert!(of(200, "content-encoding", "identity").contains("not what its name says"));
        assert!(of(404, "content-type", "text/html").ends_with("status 404"));
    }
}
