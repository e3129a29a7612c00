//! `adit content holders`: lists who holds what is stored with miners, those who proved most first.

use adit_protocol::storage::{HolderView, PROVES};
use anyhow::Result;
use serde_json::json;

use crate::server::Server;
use crate::show;

/// The flags of `adit content holders`.
#[derive(clap::Args)]
pub(super) struct HoldersArgs {
    #[command(flatten)]
    server: Server,
}

pub(super) async fn list(args: HoldersArgs, json: bool) -> Result<()> {
    let holders = args.server.connect()?.holders().await?.holders;
    if json {
        return show::json(&json!({ "holders": holders, "proves": PROVES }));
    }
    let lines: Vec<String> = holders.iter().map(line).collect();
    if lines.is_empty() { Ok(()) } else { Ok(show::result(format!("{}\n{PROVES}", lines.join("\n")))?) }
}

/// First what was proven; then what the miner reports, marked as unproven.
fn line(holder: &HolderView) -> String {
    let HolderView { contributor, held_bytes, replicas, passed, failed, missed, score_micro, .. } = holder;
    let score = format!("{}.{:06}", score_micro / 1_000_000, score_micro % 1_000_000);
    let ppm = holder.missing_at_most_ppm;
    let said = holder.reported.as_ref().map_or_else(String::new, |said| {
        let (hours, peers, pinned) = (said.uptime_hours, said.peers_connected, said.data_pinned_mb);
        format!("; says of itself, unproven: {hours} h, {peers} peers, {pinned} MB")
    });
    format!(
        "{score}  {contributor}  {held_bytes} bytes in {replicas} replicas, at most {ppm} ppm missing; windows: {passed} \
         passed, {failed} failed, {missed} missed{said}"
    )
}

#[cfg(test)]
mod tests {
    use adit_core::PublicKey;
    use adit_protocol::storage::Reported;

    use super::*;

    #[test]
    fn what_a_miner_reports_is_marked_as_unproven() {
        let reported = Reported {
            uptime_hours: 9_000.0,
            peers_connected: 50.0,
            data_pinned_mb: 1e6,
            bandwidth_served_mb: 0.0,
            mining_score: 1e9,
        };
        let mut holder = HolderView {
            key: PublicKey([2; 33]),
            contributor: "miner".into(),
            replicas: 1,
            held_bytes: 5_000,
            allowed_bytes: 64 << 20,
            passed: 2,
            failed: 0,
            missed: 1,
            window_ms: 3_600_000,
            draws: 128,
            missing_at_most_ppm: 108_305,
            score_micro: 2_000_009,
            proves: PROVES.into(),
            reported: None,
        };
        let proven = "2.000009  miner  5000 bytes in 1 replicas, at most 108305 ppm missing; windows: 2 passed, 0 failed, 1 missed";
        assert_eq!(line(&holder), proven);
        holder.reported = Some(reported);
        let said = "; says of itself, unproven: 9000 h, 50 peers, 1000000 MB";
        assert_eq!(line(&holder), format!("{proven}{said}"));
    }
}
