//! Draws the screen: who mines for whom, lanes, rate, money, receipts, messages, keys.

use adit_core::statement::Verdict;
use adit_miner::notice::LaneStatus;
use adit_miner::trial::quantity;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Clear, Paragraph, Row, Sparkline, Table, Wrap};

use super::view::{Message, Receipt, Session, View};

const KEYS: &str = " p pause   +/- throttle   q stop   ? help ";
const HELP: [&str; 10] = [
    "q, Ctrl-C   end the session; again: quit at once",
    "p           pause for 15 minutes; go on",
    "h, t        pause for an hour, until tomorrow",
    "+, -        work more, less of the time",
    "?           this help",
    "",
    "Rate: multiply-adds per second, of verified units only.",
    "Pending: the most that the open epoch will pay.",
    "Posted: paid to your key.",
    "Start with --plain to get lines instead of this view.",
];

pub(super) fn draw(frame: &mut Frame<'_>, view: &View) {
    let lanes = view.status.lanes.len() as u16;
    let wanted = [
        Constraint::Length(5),
        Constraint::Length(6),
        // Lanes with heading and frame, up to half of the screen.
        Constraint::Length((lanes + 3).clamp(4, (frame.area().height / 2).max(4))),
        Constraint::Min(3),
        Constraint::Length(1),
    ];
    let [head, figures, table, bottom, foot] = Layout::vertical(wanted).areas(frame.area());
    draw_head(frame, head, view);
    draw_figures(frame, figures, view);
    draw_lanes(frame, table, view);
    let [left, right] = Layout::horizontal([Constraint::Percentage(50); 2]).areas(bottom);
    draw_receipts(frame, left, view);
    draw_messages(frame, right, view);
    frame.render_widget(Line::from(KEYS).reversed(), foot);
    if view.help {
        draw_help(frame);
    }
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let key =
        view.coordinator.as_deref().map_or_else(|| "key not known yet".into(), |key| format!("key {}", ends(key)));
    let (colour, state) = state(view);
    let throttle = match view.throttle {
        100 => "all of the time".to_owned(),
        hundredths => format!("{hundredths} % of the time"),
    };
    let up = duration(view.now_ms);
    let lines = vec![
        Line::from(vec!["Coordinator ".dim(), view.server.clone().into(), "  ".into(), key.dim()]),
        Line::from(vec![
            "Session     ".dim(),
            Span::styled(state, Style::new().fg(colour).add_modifier(Modifier::BOLD)),
        ]),
        Line::from(vec!["Miner       ".dim(), format!("{}  works {throttle}, up {up}", view.contributor).into()]),
    ];
    frame.render_widget(
        Paragraph::new(lines).block(Block::bordered().title(" Adit: useful, verified work ".bold())),
        area,
    );
}

fn state(view: &View) -> (Color, String) {
    match (&view.session, &view.paused) {
        (Session::Ending, _) => (Color::Yellow, "ending (q again: quit at once)".into()),
        (Session::Ended, _) => (Color::Yellow, "ended".into()),
        (Session::Opening, _) => (Color::Yellow, "opening".into()),
        (_, Some(paused)) => (Color::Yellow, paused.clone()),
        (Session::Away { again_at_ms }, _) => {
            let seconds = again_at_ms.saturating_sub(view.now_ms).div_ceil(1_000);
            (Color::Red, format!("the coordinator does not answer; again in {seconds} s"))
        }
        (Session::Waiting, _) => (Color::Yellow, "waiting: there is no work now".into()),
        (Session::Open, _) => (Color::Green, "mining".into()),
    }
}

fn draw_figures(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let [left, right] = Layout::horizontal([Constraint::Length(34), Constraint::Min(10)]).areas(area);
    let status = &view.status;
    let refused = match status.units_invalid {
        0 => "".into(),
        units => format!(", {units} refused").red(),
    };
    let mut lines = vec![Line::from(vec!["Verified  ".dim(), format!("{} units", status.units_valid).bold(), refused])];
    lines.extend(view.money().map(|(name, amount)| Line::from(vec![format!("{name:<10}").dim(), amount.into()])));
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Earned ")), left);

    let title = format!(" {} operations/s verified ", quantity(status.work_per_s as f64));
    let block = Block::bordered().title(title.bold());
    let shown = usize::from(block.inner(right).width);
    let rates: Vec<u64> = view.rates.iter().skip(view.rates.len().saturating_sub(shown)).copied().collect();
    let most = rates.iter().copied().max().unwrap_or(0).max(1);
    frame.render_widget(Sparkline::default().data(&rates).max(most).block(block).green(), right);
}

fn draw_lanes(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let lanes = &view.status.lanes;
    let rows_that_fit = usize::from(area.height.saturating_sub(3));
    let left_out = lanes.len().saturating_sub(rows_that_fit);
    let title = if left_out > 0 { format!(" Lanes ({left_out} more) ") } else { " Lanes ".into() };
    let widths = [
        Constraint::Length(4),
        Constraint::Length(18),
        Constraint::Length(22),
        Constraint::Length(10),
        Constraint::Length(8),
        Constraint::Min(10),
    ];
    let heading = Row::new(["Lane", "Backend", "State", "Rate", "Verified", "Computes; why this backend"]).dim();
    let rows = lanes.iter().map(|lane| lane_row(lane, view));
    frame.render_widget(Table::new(rows, widths).header(heading).block(Block::bordered().title(title)), area);
}

fn lane_row(lane: &LaneStatus, view: &View) -> Row<'static> {
    let colour = match lane.state.as_str() {
        "computing" => Color::Green,
        "off" => Color::DarkGray,
        _ => Color::Yellow,
    };
    let backend = lane.backend.as_ref().map_or_else(|| lane.device.clone(), |name| format!("{} {name}", lane.device));
    let state = match lane.state.as_str() {
        "computing" => format!("{} {:>3.0} %", bar(lane.progress), lane.progress.clamp(0.0, 1.0) * 100.0),
        other => other.to_owned(),
    };
    let why = match view.tasks.get(&lane.lane) {
        Some(task) => format!("{task}; {}", lane.why),
        None => lane.why.clone(),
    };
    Row::new(vec![
        Cell::from(lane.lane.to_string()),
        Cell::from(backend),
        Cell::from(state).style(Style::new().fg(colour)),
        Cell::from(format!("{}/s", quantity(lane.work_per_s as f64))),
        Cell::from(lane.units_valid.to_string()),
        Cell::from(why).style(Style::new().dim()),
    ])
}

fn bar(part: f64) -> String {
    const CELLS: usize = 12;
    let full = (part.clamp(0.0, 1.0) * CELLS as f64).round() as usize;
    "█".repeat(full) + &"░".repeat(CELLS - full)
}

fn draw_receipts(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let line = |receipt: &Receipt| {
        let (colour, verdict) = match receipt.verdict {
            Verdict::Valid => (Color::Green, "valid"),
            Verdict::Invalid => (Color::Red, "invalid"),
            Verdict::Inconclusive => (Color::Yellow, "inconclusive"),
            Verdict::TooLate => (Color::Yellow, "too late"),
        };
        let Receipt { at_ms, lane, kind, work, reward, strength, .. } = receipt;
        Line::from(vec![
            format!("{:>7} ", clock(*at_ms)).dim(),
            Span::styled(verdict, Style::new().fg(colour)),
            format!(" +{reward}  lane {lane}  {}  {kind}, {strength}", quantity(*work as f64)).into(),
        ])
    };
    let lines: Vec<Line<'_>> = view.receipts.iter().take(area.height.into()).map(line).collect();
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Receipts ")), area);
}

fn draw_messages(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let line = |Message { at_ms, bad, text }: &Message| {
        let text = if *bad { text.clone().red() } else { text.clone().into() };
        Line::from(vec![format!("{:>7} ", clock(*at_ms)).dim(), text])
    };
    let lines: Vec<Line<'_>> = view.messages.iter().take(area.height.into()).map(line).collect();
    let messages = Paragraph::new(lines).wrap(Wrap { trim: false });
    frame.render_widget(messages.block(Block::bordered().title(" Messages ")), area);
}

fn draw_help(frame: &mut Frame<'_>) {
    let all = frame.area();
    let (width, height) = (62.min(all.width), (HELP.len() as u16 + 2).min(all.height));
    let area = Rect { x: (all.width - width) / 2, y: (all.height - height) / 2, width, height };
    frame.render_widget(Clear, area);
    let lines: Vec<Line<'_>> = HELP.iter().map(|line| Line::from(*line)).collect();
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Help ")), area);
}

/// A key's first and last digits.
fn ends(key: &str) -> String {
    match (key.get(..8), key.get(key.len().saturating_sub(6)..)) {
        (Some(head), Some(tail)) if key.len() > 16 => format!("{head}…{tail}"),
        _ => key.to_owned(),
    }
}

/// Minutes and seconds since the start.
fn clock(at_ms: u64) -> String {
    format!("{}:{:02}", at_ms / 60_000, at_ms / 1_000 % 60)
}

fn duration(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    if hours > 0 { format!("{hours} h {minutes} min") } else { format!("{minutes} min {seconds} s") }
}
