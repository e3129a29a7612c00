//! Parses what the original's miners report about themselves, in either of the two shapes that they send.

use adit_protocol::storage::Reported;
use serde_json::Value;

/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 128;
/// The bytes of a megabyte, as the original counts them.
const MB: f64 = 1_048_576.0;

/// A report, and the miner that sent it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) miner: String,
    pub(crate) reported: Reported,
}

/// Reads a report; `None` if it has neither shape. There is no signature to check: the original's program sends none, and its
/// page signs with a key that everyone knows.
pub(crate) fn read(body: &Value) -> Option<Said> {
    let text = |name: &str| body.get(name)?.as_str().filter(|text| !text.is_empty() && text.len() <= MAX_NAME_BYTES);
    let number = |name: &str| body.get(name)?.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
    if let Some(miner) = text("miner_id") {
        return Some(Said {
            miner: miner.to_owned(),
            reported: Reported {
                uptime_hours: number("uptime_hours")?,
                peers_connected: number("peers_connected")?,
                data_pinned_mb: number("data_pinned_mb")?,
                bandwidth_served_mb: number("bandwidth_served_mb")?,
                mining_score: number("mining_score")?,
            },
        });
    }
    text("signature")?;
    Some(Said {
        miner: text("address")?.to_owned(),
        reported: Reported {
            uptime_hours: number("uptime")?,
            peers_connected: number("peers")?,
            data_pinned_mb: number("dataPinned")? / MB,
            bandwidth_served_mb: 0.0,
            mining_score: number("score")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_shapes_are_read_and_others_are_not() {
        let program = json!({
            "miner_id": "ipfs_QmX", "uptime_hours": 1.5, "peers_connected": 3, "data_pinned_mb": 2.0,
            "bandwidth_served_mb": 0.5, "mining_score": 9.0, "timestamp": "2026-01-01T00:00:00"
        });
        let said = read(&program).unwrap();
        assert_eq!((said.miner.as_str(), said.reported.peers_connected), ("ipfs_QmX", 3.0));
        let page = json!({
            "address": "0xab", "uptime": 2, "peers": 3, "dataPinned": 1_048_576, "score": 12, "signature": "00"
        });
        assert_eq!(read(&page).unwrap().reported.data_pinned_mb, 1.0);
        for (name, wrong) in
            [("miner_id", json!("")), ("uptime_hours", json!(-1)), ("mining_score", json!("9")), ("miner_id", json!(1))]
        {
            let mut report = program.clone();
            report[name] = wrong;
            assert_eq!(read(&report), None, "{name}");
        }
        assert_eq!(read(&json!({ "address": "0xab" })), None);
        assert_eq!(read(&json!([])), None);
    }
}
