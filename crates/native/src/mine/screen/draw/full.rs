//! The view of a terminal with 80 columns and 24 lines, or more.

use adit_core::statement::Verdict;
use adit_miner::notice::LaneStatus;
use adit_miner::trial::quantity;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Sparkline, Table, Wrap};

use super::{account, bar, costs, earned, headline, job, progress, rate, requester, title, units};
use crate::amount::{clock, nnet};
use crate::mine::screen::view::{Message, Receipt, View};

const KEYS: &str = " p pause 15 min   h 1 h   t until tomorrow   f finish   q stop   ? help ";
const KEYS_ON_BREAK: &str = " p go on   f finish   q stop   ? help ";
/// The most jobs that are listed. Lanes mostly work for one.
const JOBS: usize = 3;

pub(super) fn draw(frame: &mut Frame<'_>, view: &View) {
    let work = work(view, frame.area().width);
    let lanes = view.status.lanes.len() as u16;
    let wanted = [
        Constraint::Length(1),
        Constraint::Length(work.len() as u16 + 1),
        Constraint::Length(4),
        // The lanes with their heading, up to a third of the screen.
        Constraint::Length((lanes + 3).clamp(4, (frame.area().height / 3).max(4))),
        Constraint::Min(3),
        Constraint::Length(1),
    ];
    let [head, top, figures, table, bottom, foot] = Layout::vertical(wanted).areas(frame.area());
    frame.render_widget(title(view, head.width), head);
    frame.render_widget(Paragraph::new(work), top);
    draw_figures(frame, figures, view);
    draw_lanes(frame, table, view);
    let [left, right] = Layout::horizontal([Constraint::Percentage(50); 2]).areas(bottom);
    draw_receipts(frame, left, view);
    draw_messages(frame, right, view);
    frame.render_widget(Line::from(if view.on_break { KEYS_ON_BREAK } else { KEYS }).reversed(), foot);
}

/// What runs and for whom, or what comes next.
fn work(view: &View, width: u16) -> Vec<Line<'static>> {
    let (colour, _, next) = headline(view);
    let mut lines = Vec::new();
    if !next.is_empty() {
        lines.push(label("Next", Line::styled(next, Style::new().fg(colour))));
    }
    let mut seen: Vec<String> = Vec::new();
    for (lane, task) in &view.tasks {
        let job = job(task);
        if seen.len() < JOBS && !seen.contains(&job) {
            lines.push(label(if seen.is_empty() { "Runs" } else { "" }, job_line(&job, progress(view, *lane), width)));
            seen.push(job);
        }
    }
    let to = view.tasks.values().next().map_or_else(String::new, |task| format!("{}, at ", requester(task)));
    let key = view.coordinator.as_deref().map_or_else(String::new, |key| format!(" ({})", ends(key)));
    lines.push(label("For", Line::from(vec![format!("{to}{}", view.server).into(), key.dim()])));
    lines
}

fn job_line(job: &str, done: f64, width: u16) -> Line<'static> {
    const CELLS: usize = 20;
    let room = usize::from(width).saturating_sub(10 + CELLS + 9);
    let name: String = job.chars().take(room).collect();
    let bar = bar(done, CELLS).green();
    Line::from(vec![format!("{name:<room$} ").bold(), bar, format!(" {:>3.0} %", done * 100.0).into()])
}

/// A line after its label.
fn label(name: &str, mut line: Line<'static>) -> Line<'static> {
    line.spans.insert(0, format!(" {name:<9}").dim());
    line
}

fn draw_figures(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let [money, rest] = Layout::vertical([Constraint::Length(2), Constraint::Length(2)]).areas(area);
    let [left, right] = Layout::horizontal([Constraint::Min(56), Constraint::Percentage(28)]).areas(money);
    let earns = vec![label("Earns", earned(view, " in this run").into()), label("", account(view).join(", ").into())];
    frame.render_widget(Paragraph::new(earns), left);
    let rates: Vec<u64> =
        view.rates.iter().skip(view.rates.len().saturating_sub(right.width.into())).copied().collect();
    let most = rates.iter().copied().max().unwrap_or(0).max(1);
    frame.render_widget(Sparkline::default().data(&rates).max(most).green(), right);
    let work = label("Done", format!("{}, {} verified", units(view), rate(view)).into());
    frame.render_widget(Paragraph::new(vec![work, label("Costs", costs(view).join(", ").into())]), rest);
}

fn draw_lanes(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let lanes = &view.status.lanes;
    let rows_that_fit = usize::from(area.height.saturating_sub(3));
    let left_out = lanes.len().saturating_sub(rows_that_fit);
    let title = if left_out > 0 { format!(" Lanes ({left_out} more) ") } else { " Lanes ".into() };
    let widths = [
        Constraint::Length(4),
        Constraint::Length(16),
        Constraint::Length(18),
        Constraint::Length(9),
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
        "computing" => format!("{} {:>3.0} %", bar(lane.progress, 12), lane.progress.clamp(0.0, 1.0) * 100.0),
        other => other.to_owned(),
    };
    let why = match view.tasks.get(&lane.lane) {
        Some(task) => {
            format!("job {}, {}, {} operations; {}", task.job, task.kind, quantity(task.work as f64), lane.why)
        }
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
            format!(" +{}  lane {lane}  {}  {kind}, {strength}", nnet(*reward), quantity(*work as f64)).into(),
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

/// A key's first and last digits.
fn ends(key: &str) -> String {
    match (key.get(..8), key.get(key.len().saturating_sub(6)..)) {
        (Some(head), Some(tail)) if key.len() > 16 => format!("{head}…{tail}"),
        _ => key.to_owned(),
    }
}
