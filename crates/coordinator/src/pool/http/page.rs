//! The page at `/`: the original's six figures, members and the reasons for their scores, epochs, rewards, payouts, fees.
//!
//! It has no script, escapes all text from outside, and reloads every 30 s.

use axum::extract::State;
use axum::response::Html;

use super::super::flow::reads::{self, ACTIVE_MS, Stats};
use super::super::state::{Closed, Fee, Member, Payout, Share, SubWallet};
use super::Shared;
use super::edge::ApiError;
use super::shapes::rtc;

/// The number of members shown, as in the original.
const MEMBERS: i64 = 20;
/// The number of epochs, rewards, payouts and fees shown.
const ROWS: i64 = 10;

const STYLE: &str = include_str!("page.css");

pub(super) async fn page(State(pool): Shared) -> Result<Html<String>, ApiError> {
    let stats = reads::stats(&pool).await?;
    let members = reads::members(&pool, MEMBERS, 0).await?;
    let (epochs, shares) = (reads::closed(&pool, ROWS).await?, reads::shares(&pool, ROWS).await?);
    let fees = reads::fees(&pool, ROWS).await?;
    let (payouts, wallets) = (reads::payouts(&pool, ROWS).await?, reads::sub_wallets(&pool).await?);
    let mut page = Page(String::with_capacity(16 << 10));
    page.head(&stats, pool.node.as_ref().map(|node| node.url.as_str()));
    page.figures(&stats);
    page.members(&members, stats.now_ms);
    page.epochs(&epochs, stats.epoch);
    page.rewards(&shares);
    if pool.terms.wallets.is_some() {
        page.payouts(&payouts);
        page.wallets(&stats, &wallets);
    }
    page.fees(&fees);
    page.foot(&pool.terms.key.public_key().to_string());
    Ok(Html(page.0))
}

/// Escapes text for HTML, and replaces control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Control characters, and marks that change the direction of text.
            char if char.is_control()
                || matches!(char, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                escaped.push('\u{fffd}');
            }
            char => escaped.push(char),
        }
    }
    escaped
}

/// A value in 1e-6, with up to six decimals.
fn decimal(micro: i64) -> String {
    let text = rtc(micro);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn percent(bps: i64) -> String {
    format!("{}.{:02} %", bps / 100, bps % 100)
}

/// A time in the past, as `5 min ago`.
fn ago(now_ms: i64, at_ms: i64) -> String {
    match (now_ms - at_ms).max(0) / 1_000 {
        seconds @ 0..=119 => format!("{seconds} s ago"),
        seconds @ 120..=7_199 => format!("{} min ago", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

/// The page's HTML so far. Its functions escape all text from outside.
struct Page(String);

impl Page {
    fn add(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn head(&mut self, stats: &Stats, node: Option<&str>) {
        self.add("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>RustChain Mining Pool</title>");
        self.add("<meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"30\"><style>");
        self.add(STYLE);
        self.add("</style></head><body><header><h1>RustChain Mining Pool</h1><p>");
        let mode = match node {
            Some(url) => format!(
                "Attestations go to the node <code>{}</code>. It pays members who attest with their own wallets. The pool \
                 shares what the node pays to the sub-wallets of pooled members.",
                escaped(url)
            ),
            None => "Local mode: the pool has no node. It gives challenges and verdicts of its own, and a device scores 1.0 \
                until the operator confirms what it is."
                .to_owned(),
        };
        self.add(&mode);
        self.add(&format!(" Epoch {}, slot {}.</p></header><main>", stats.epoch, stats.slot));
    }

    fn figures(&mut self, stats: &Stats) {
        self.add("<section class=\"figures\" aria-label=\"The pool at a glance\">");
        let claims = if stats.claims > 0 { format!("{} without a key", stats.claims) } else { String::new() };
        let figures = [
            ("Total Miners", (stats.members + stats.claims).to_string(), claims),
            ("Active Miners (1h)", stats.active.to_string(), String::new()),
            ("Total Attestations", stats.attestations.to_string(), String::new()),
            ("Rewards Distributed", format!("{} RTC", decimal(stats.shared)), String::new()),
            ("Pool Fee Collected", format!("{} RTC", decimal(stats.fees)), format!("fee {}", percent(stats.fee_bps))),
            ("Total Hash Power", decimal(stats.weight), "sum of active weights".to_owned()),
        ];
        for (name, figure, note) in figures {
            self.add(&format!("<div><h2>{name}</h2><p>{figure}</p><small>{note}</small></div>"));
        }
        self.add("</section>");
    }

    fn table(&mut self, title: &str, heads: &[&str], empty: &str, rows: &[Vec<String>]) {
        self.add(&format!("<section><h2>{title}</h2>"));
        if rows.is_empty() {
            return self.add(&format!("<p class=\"empty\">{empty}</p></section>"));
        }
        self.add("<table><thead><tr>");
        heads.iter().for_each(|head| self.add(&format!("<th scope=\"col\">{head}</th>")));
        self.add("</tr></thead><tbody>");
        for row in rows {
            self.add("<tr>");
            for (head, cell) in heads.iter().zip(row) {
                self.add(&format!("<td data-head=\"{head}\">{cell}</td>"));
            }
            self.add("</tr>");
        }
        self.add("</tbody></table></section>");
    }

    fn members(&mut self, members: &[Member], now_ms: i64) {
        let heads = ["Wallet", "Device", "Score", "Weight", "Attestations", "Uptime", "Checks", "Last"];
        let rows: Vec<_> = members.iter().map(|member| row_of(member, now_ms)).collect();
        let empty = "Nobody has attested yet. Join with <code>adit attest --pool URL</code>.";
        self.table("Connected Miners", &heads, empty, &rows);
    }

    fn epochs(&mut self, epochs: &[Closed], current: i64) {
        let heads = ["Epoch", "Members", "Gross", "Fee", "Total weight", "Public list"];
        let row = |closed: &Closed| {
            let (epoch, batch) = (closed.epoch, closed.batch);
            vec![
                if batch > 0 { format!("{epoch}<small>batch {batch}</small>") } else { epoch.to_string() },
                closed.members.to_string(),
                format!("{} RTC", decimal(closed.gross)),
                format!("{} RTC ({})", decimal(closed.fee), percent(closed.fee_bps)),
                decimal(closed.total_weight),
                format!(
                    "<a href=\"/api/epochs/{epoch}?batch={batch}\" download=\"epoch-{epoch}-{batch}.json\">epoch-{epoch}-{batch}.json</a>"
                ),
            ]
        };
        let rows: Vec<_> = epochs.iter().map(row).collect();
        let empty = format!("No epoch has closed yet. The current epoch is {current}.");
        self.table("Epochs", &heads, &empty, &rows);
        self.add("<p class=\"note\">Anyone can check a list: <code>adit pool check epoch-N.json</code>.</p>");
    }

    fn rewards(&mut self, shares: &[Share]) {
        let heads = ["Epoch", "Wallet", "Share", "Part of the fee"];
        let row = |share: &Share| {
            vec![
                share.epoch.to_string(),
                wallet(&share.address),
                format!("{} RTC", rtc(share.net)),
                format!("{} RTC", rtc(share.fee)),
            ]
        };
        let rows: Vec<_> = shares.iter().map(row).collect();
        self.table("Recent Rewards", &heads, "Nothing has been shared yet.", &rows);
    }

    fn payouts(&mut self, payouts: &[Payout]) {
        let row = |payout: &Payout| {
            let told =
                payout.told.as_deref().map_or_else(String::new, |told| format!("<small>{}</small>", escaped(told)));
            vec![
                wallet(&payout.recipient),
                format!("{} RTC", rtc(payout.micro)),
                wallet(&payout.address),
                format!("{}{told}", escaped(&payout.state)),
                format!("<code>{}</code>", escaped(&payout.hash)),
            ]
        };
        let rows: Vec<_> = payouts.iter().map(row).collect();
        let heads = ["To", "Amount", "From", "State", "Transfer"];
        self.table("Payouts", &heads, "Nothing has been paid yet. The node confirms a transfer after 24 hours.", &rows);
    }

    /// Every wallet in doubt, and what the pool owes beside what it has.
    fn wallets(&mut self, stats: &Stats, wallets: &[SubWallet]) {
        let of = |wallet: &SubWallet| wallet.doubt.clone().map(|doubt| (wallet.address.clone(), doubt));
        let row = |(address, doubt): (String, String)| vec![wallet(&address), escaped(&doubt)];
        let rows: Vec<_> = wallets.iter().filter_map(of).map(row).collect();
        self.table(
            "Wallets in doubt",
            &["Wallet", "Why the pool pays nothing from it"],
            "No wallet is in doubt.",
            &rows,
        );
        let sums = [
            ("owed to members", stats.owed),
            ("in the pool's wallets", stats.there),
            ("lost to a clawback", -stats.deficit),
        ];
        let sums: Vec<_> = sums.iter().map(|(what, micro)| format!("{} RTC {what}", decimal(*micro))).collect();
        self.add(&format!("<p class=\"note\">{}.</p>", sums.join(", ")));
    }

    fn fees(&mut self, fees: &[Fee]) {
        let row = |fee: &Fee| vec![fee.from_epoch.to_string(), percent(fee.bps)];
        let rows: Vec<_> = fees.iter().map(row).collect();
        self.table("Fee", &["From epoch", "Fee"], "No fee.", &rows);
    }

    fn foot(&mut self, key: &str) {
        self.add("</main><footer><p>RTC is not NNET: nothing here is paid in NNET, and a claim about hardware earns none.</p>");
        self.add(&format!(
            "<p>The pool signs its lists with <code>{}</code>.</p></footer></body></html>",
            escaped(key)
        ));
    }
}

/// A wallet, shortened as in the original. Its title has the whole name.
fn wallet(id: &str) -> String {
    let short: String = id.chars().take(16).collect();
    let dots = if short.len() < id.len() { "…" } else { "" };
    format!("<code title=\"{}\">{}{dots}</code>", escaped(id), escaped(&short))
}

fn row_of(member: &Member, now_ms: i64) -> Vec<String> {
    let device = [&member.family, &member.arch].map(|text| escaped(text)).join(" ");
    let state = if now_ms - member.seen_at_ms < ACTIVE_MS { "active" } else { "inactive" };
    let is_claim = member.public_key.is_none();
    let score = format!("{}<small>{}</small>", decimal(member.score), escaped(&member.reason));
    let minutes = member.slots * adit_rustchain::epoch::SLOT_S / 60;
    vec![
        format!("{}{}", wallet(&member.id), if is_claim { "<small>not verified</small>" } else { "" }),
        device,
        score,
        decimal(member.weight),
        member.attestations.to_string(),
        format!("{} h {:02} min", minutes / 60, minutes % 60),
        checks(&member.checks),
        format!("<span class=\"{state}\">{state}</span><small>{}</small>", ago(now_ms, member.seen_at_ms)),
    ]
}

/// The verdict on each check, the failed ones first.
fn checks(text: &str) -> String {
    let Ok(serde_json::Value::Object(checks)) = serde_json::from_str(text) else { return String::new() };
    let of = |wanted: &str| -> Vec<String> {
        let with = checks.iter().filter(|(_, verdict)| verdict.as_str() == Some(wanted));
        with.map(|(name, _)| escaped(&name.replace('_', " "))).collect()
    };
    let mut lines = String::new();
    for (verdict, words) in [("failed", "failed"), ("passed", "passed"), ("not_measurable", "not measurable")] {
        let names = of(verdict);
        if !names.is_empty() {
            lines += &format!("<small class=\"{verdict}\">{words}: {}</small>", names.join(", "));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_escaped() {
        assert_eq!(escaped("<script>'\"&\u{202e}\u{7}"), "&lt;script&gt;&#39;&quot;&amp;\u{fffd}\u{fffd}");
        let member = Member {
            id: "<b>".into(),
            family: "<img src=x onerror=alert(1)>".into(),
            reason: "</td><script>".into(),
            checks: r#"{"<i>":"failed"}"#.into(),
            ..Member::default()
        };
        let row = row_of(&member, 0).join("");
        for tag in ["<b>", "<img", "<script", "<i>", "</td>"] {
            assert!(!row.contains(tag), "{tag} in {row}");
        }
    }

    #[test]
    fn figures_are_exact() {
        assert_eq!(
            [decimal(0), decimal(5_010_415), decimal(2_000_000), decimal(-1)],
            ["0", "5.010415", "2", "-0.000001"]
        );
        assert_eq!([ago(1_000, 0), ago(7_200_000, 0), ago(0, 5)], ["1 s ago", "2 h ago", "0 s ago"]);
    }
}
