//! Where the coordinator fetches blocks it does not hold: the gateways that jobs name as the source of their data.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use adit_core::{Cid, Found};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt};
use tokio::time::{Instant, timeout_at};

/// Concurrent block requests to one source.
const AT_ONCE: usize = 8;

/// Asks a gateway for blocks.
pub trait BlockSource: Send + Sync {
    /// Requests `cid` from `source`, an address without a trailing slash, and returns the answer. Returns `None` if no whole
    /// answer came. A redirect that was not followed is an answer.
    fn ask<'a>(&'a self, source: &'a str, cid: &'a Cid) -> BoxFuture<'a, Option<BlockAnswer>>;
}

/// What a gateway answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockAnswer {
    /// The status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
    /// When the gateway wants to be asked again.
    pub retry_after_ms: Option<u64>,
}

impl BlockAnswer {
    /// Whether the same question may get another answer later.
    fn is_busy(&self) -> bool {
        matches!(self.status, 408 | 425 | 429 | 500..=599)
    }
}

impl From<(u16, Vec<u8>)> for BlockAnswer {
    fn from((status, body): (u16, Vec<u8>)) -> Self {
        BlockAnswer { status, body, retry_after_ms: None }
    }
}

/// How patiently sources are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The wait between the two looks that make a block absent, in ms.
    pub second_look_ms: u64,
    /// How often a source that is busy (408, 425, 429, 5xx) is asked again in one look.
    pub busy_looks: u32,
    /// The longest wait that a busy source may ask for, in ms. If it asks for more, the block is unknown.
    pub longest_busy_ms: u64,
    /// The time for all looks that one output needs, in ms.
    pub looks_ms: u64,
    /// How long a job waits after its source answered neither the miner nor the coordinator, in ms; also how long a
    /// miner waits with a job whose source answers only the coordinator. Doubles with each such failure in a row, up
    /// to `longest_pause_ms`.
    pub pause_ms: i64,
    /// The longest such wait, in ms.
    pub longest_pause_ms: i64,
}

impl Default for Patience {
    fn default() -> Self {
        let (second_look_ms, busy_looks, longest_busy_ms, looks_ms) = (3_000, 2, 10_000, 40_000);
        let (pause_ms, longest_pause_ms) = (15_000, 1_800_000);
        Patience { second_look_ms, busy_looks, longest_busy_ms, looks_ms, pause_ms, longest_pause_ms }
    }
}

impl Patience {
    /// How long a job waits after `failures` earlier failures in a row.
    pub(crate) fn pause_after(&self, failures: i64) -> i64 {
        self.pause_ms.saturating_mul(1 << failures.clamp(0, 32)).clamp(0, self.longest_pause_ms)
    }
}

/// The gateways that jobs may name, and how to query them. The default is none: a coordinator fetches only from gateways
/// that its operator has listed, address for address. The list may hold private addresses, because only the operator writes
/// it; redirects are restricted further.
#[derive(Clone, Default)]
pub struct Sources {
    allowed: Vec<String>,
    through: Option<Arc<dyn BlockSource>>,
    patience: Patience,
}

/// What looks at a source found, by block. A block that is left out is unknown.
pub(crate) type Looks = HashMap<Cid, Found<Vec<u8>>>;

impl Sources {
    /// Allows the addresses `allowed`, queried with `through`.
    pub fn new(allowed: Vec<String>, through: impl BlockSource + 'static) -> Self {
        Sources { allowed, through: Some(Arc::new(through)), patience: Patience::default() }
    }

    /// Changes how patiently they are asked.
    pub fn with_patience(self, patience: Patience) -> Self {
        Sources { patience, ..self }
    }

    /// Whether a job may name `source`.
    pub(crate) fn allow(&self, source: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == source)
    }

    /// The origins of the gateways, as a content security policy spells them. A host with other characters than names and
    /// addresses have is left out: it could end the list.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
        self.allowed.iter().filter_map(|source| {
            let host = source.find("://")? + 3;
            let origin = source[host..].find('/').map_or(source.as_str(), |end| &source[..host + end]);
            let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
            origin[host..].bytes().all(is_host).then_some(origin)
        })
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// Looks at `source` for blocks, each with its size. One that the source says it does not have is absent if the source
    /// says so again after a wait. Ends at the first unknown block, because that one decides.
    pub(crate) async fn look(&self, source: &str, wanted: Vec<(Cid, u32)>) -> Looks {
        let deadline = Instant::now() + Duration::from_millis(self.patience.looks_ms);
        let mut found = self.round(source, wanted.clone(), deadline).await;
        let unknown = wanted.iter().any(|(cid, _)| !found.contains_key(cid));
        let absent: Vec<(Cid, u32)> =
            wanted.into_iter().filter(|(cid, _)| found.get(cid) == Some(&Found::Absent)).collect();
        if absent.is_empty() || unknown {
            return found;
        }
        found.retain(|_, found| *found != Found::Absent);
        tokio::time::sleep(Duration::from_millis(self.patience.second_look_ms)).await;
        found.extend(self.round(source, absent, deadline).await);
        found
    }

    /// Looks at each block once. Leaves out the unknown ones.
    async fn round(&self, source: &str, wanted: Vec<(Cid, u32)>, deadline: Instant) -> Looks {
        let looks = wanted.into_iter().map(|(cid, bytes)| self.once(source, cid, bytes).boxed());
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        let mut found = Looks::new();
        while let Ok(Some((cid, look))) = timeout_at(deadline, looks.next()).await {
            if look == Found::Unknown {
                break;
            }
            found.insert(cid, look);
        }
        found
    }

    async fn once(&self, source: &str, cid: Cid, bytes: u32) -> (Cid, Found<Vec<u8>>) {
        let answer = self.patiently(source, &cid).await;
        let found = answer.map_or(Found::Unknown, |answer| Found::in_answer(&cid, answer.status, answer.body));
        let is_whole = !matches!(&found, Found::Present(block) if block.len() != bytes as usize);
        (cid, if is_whole { found } else { Found::Unknown })
    }

    /// The answer of a source, which is asked again while it is busy.
    async fn patiently(&self, source: &str, cid: &Cid) -> Option<BlockAnswer> {
        let through = self.through.as_ref().filter(|_| self.allow(source))?;
        let mut left = self.patience.busy_looks;
        loop {
            let answer = through.ask(source, cid).await?;
            let wait_ms = answer.retry_after_ms.unwrap_or(self.patience.second_look_ms);
            if !answer.is_busy() || left == 0 || wait_ms > self.patience.longest_busy_ms {
                return Some(answer);
            }
            left -= 1;
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sources").field(&self.allowed).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use adit_core::content_id::block_cid;

    use super::*;

    const SOURCE: &str = "http://gateway.example";
    const HASTY: Patience = Patience {
        second_look_ms: 1,
        busy_looks: 0,
        longest_busy_ms: 5,
        looks_ms: 60_000,
        pause_ms: 15_000,
        longest_pause_ms: 1_800_000,
    };

    /// Status and body, or no answer.
    type Answer = Option<(u16, &'static [u8])>;

    /// The answers to each look at one block, in order.
    struct Scripted(Mutex<Vec<Answer>>);

    impl BlockSource for Scripted {
        fn ask<'a>(&'a self, _: &'a str, _: &'a Cid) -> BoxFuture<'a, Option<BlockAnswer>> {
            let answer = self.0.lock().unwrap().remove(0);
            async move { answer.map(|(status, body)| (status, body.to_vec()).into()) }.boxed()
        }
    }

    async fn look(bytes: u32, answers: &[Answer]) -> Found<Vec<u8>> {
        let sources = Sources::new(vec![SOURCE.into()], Scripted(Mutex::new(answers.to_vec())));
        let sources = sources.with_patience(HASTY);
        let cid = block_cid(b"block");
        sources.look(SOURCE, vec![(cid, bytes)]).await.remove(&cid).unwrap_or(Found::Unknown)
    }

    #[tokio::test]
    async fn a_block_is_absent_if_the_source_says_so_twice() {
        let (block, gone, busy) = (Some((200, &b"block"[..])), Some((404, &b""[..])), Some((503, &b""[..])));
        assert_eq!(look(5, &[block]).await, Found::Present(b"block".to_vec()));
        assert_eq!(look(5, &[gone, Some((410, b""))]).await, Found::Absent);
        assert_eq!(look(5, &[gone, block]).await, Found::Present(b"block".to_vec()));
        for unknown in
            [&[gone, busy][..], &[gone, None], &[busy], &[None], &[Some((200, b"other"))], &[Some((302, b""))]]
        {
            assert_eq!(look(5, unknown).await, Found::Unknown, "{unknown:?}");
        }
        // The list gives the block another size.
        assert_eq!(look(6, &[block]).await, Found::Unknown);
    }

    #[tokio::test]
    async fn a_busy_source_is_asked_again() {
        /// Says this many times that it is busy, and for how long, and then gives the block.
        struct Busy(Mutex<u32>, u16, Option<u64>);
        impl BlockSource for Busy {
            fn ask<'a>(&'a self, _: &'a str, _: &'a Cid) -> BoxFuture<'a, Option<BlockAnswer>> {
                let mut left = self.0.lock().unwrap();
                let busy = BlockAnswer { status: self.1, body: b"<html>".to_vec(), retry_after_ms: self.2 };
                let answer = if *left == 0 { (200, b"block".to_vec()).into() } else { busy };
                *left = left.saturating_sub(1);
                async move { Some(answer) }.boxed()
            }
        }
        let look = async |times, status, after| {
            let sources = Sources::new(vec![SOURCE.into()], Busy(Mutex::new(times), status, after));
            let sources = sources.with_patience(Patience { busy_looks: 2, ..HASTY });
            let cid = block_cid(b"block");
            sources.look(SOURCE, vec![(cid, 5)]).await.remove(&cid).unwrap_or(Found::Unknown)
        };
        let block = Found::Present(b"block".to_vec());
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert_eq!(look(2, status, None).await, block, "{status}");
            assert_eq!(look(2, status, Some(2)).await, block, "{status}");
            assert_eq!(look(3, status, None).await, Found::Unknown, "{status}");
            assert_eq!(look(1, status, Some(6)).await, Found::Unknown, "{status}");
        }
        for status in [400, 401, 403, 451] {
            assert_eq!(look(1, status, None).await, Found::Unknown, "{status}");
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        struct Silent;
        impl BlockSource for Silent {
            fn ask<'a>(&'a self, _: &'a str, _: &'a Cid) -> BoxFuture<'a, Option<BlockAnswer>> {
                futures::future::pending().boxed()
            }
        }
        let sources = Sources::new(vec![SOURCE.into()], Silent).with_patience(Patience { looks_ms: 1, ..HASTY });
        assert!(sources.look(SOURCE, vec![(block_cid(b"block"), 5)]).await.is_empty());
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses = [0, 1, 2, 6, 7, 99, i64::MAX].map(|failures| Patience::default().pause_after(failures));
        assert_eq!(pauses, [15_000, 30_000, 60_000, 960_000, 1_800_000, 1_800_000, 1_800_000]);
    }
}
