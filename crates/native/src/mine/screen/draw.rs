//! Draws the screen: what runs, for whom, what it earns, what it costs, and what may be pressed. A small terminal gets the same
//! answers in fewer lines.

mod full;
mod small;

use adit_core::Amount;
use adit_miner::trial::quantity;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::view::{Session, Task, View};
use crate::amount::{clock, nnet};

/// A terminal below this many columns or lines gets the small view.
const FULL: (u16, u16) = (64, 18);

const HELP: [&str; 12] = [
    "p       pause for 15 minutes; go on",
    "h, t    pause for an hour, until tomorrow",
    "f       finish the units under way, then stop",
    "q       stop now; again: quit at once",
    "+, -    work more, less of the time",
    "?       this help",
    "",
    "Rate: operations a second, of verified units.",
    "In 12:34: what the open epoch would pay if it",
    "closed now; it closes and pays in that time.",
    "",
    "Lines instead of this view: --plain.",
];

pub(super) fn draw(frame: &mut Frame<'_>, view: &View) {
    let all = frame.area();
    if all.width < FULL.0 || all.height < FULL.1 {
        small::draw(frame, view)
    } else {
        full::draw(frame, view)
    }
    if view.help {
        draw_help(frame);
    }
}

fn draw_help(frame: &mut Frame<'_>) {
    let all = frame.area();
    let (width, height) = (52.min(all.width), (HELP.len() as u16 + 2).min(all.height));
    let area = Rect { x: (all.width - width) / 2, y: (all.height - height) / 2, width, height };
    frame.render_widget(Clear, area);
    let lines: Vec<Line<'_>> = HELP.iter().map(|line| Line::from(*line)).collect();
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Help ")), area);
}

/// What the miner does, in a word or two, and what comes next.
fn headline(view: &View) -> (Color, &'static str, String) {
    match (&view.session, &view.paused) {
        (Session::Ending, _) => (Color::Yellow, "Stopping", "q again: quit at once".into()),
        (Session::Ended, _) => (Color::Yellow, "Stopped", String::new()),
        (Session::Opening, _) => (Color::Yellow, "Connecting", "to the coordinator".into()),
        (_, Some(paused)) => (Color::Yellow, "Paused", paused.clone()),
        (Session::Away { again_at_ms }, _) => {
            let seconds = again_at_ms.saturating_sub(view.now_ms).div_ceil(1_000);
            (Color::Red, "No answer", format!("the coordinator does not answer; again in {seconds} s"))
        }
        _ if view.finishing => (Color::Yellow, "Finishing", "stops after the units under way".into()),
        (Session::Waiting, _) => (Color::Yellow, "Waiting", "there is no work now; it asks again by itself".into()),
        (Session::Open, _) => (Color::Green, "Mining", String::new()),
    }
}

/// The headline as the first line, with who mines and for how long at the right, as far as there is room.
fn title(view: &View, width: u16) -> Line<'static> {
    let (colour, state, _) = headline(view);
    let left = format!(" ● {state}");
    let room = usize::from(width).saturating_sub(left.chars().count());
    let up = format!("up {} ", duration(view.now_ms));
    let whole = format!("{}, {up}", view.contributor);
    let right = if whole.chars().count() < room { whole } else { up };
    let space = " ".repeat(room.saturating_sub(right.chars().count()));
    Line::from(vec![Span::styled(left, Style::new().fg(colour)).bold(), space.into(), right.dim()])
}

/// A job's name with the part of it that is computed.
fn job(task: &Task) -> String {
    let name = task.name.clone().unwrap_or_else(|| format!("job {}, {}", task.job, task.kind));
    match task.parts {
        None => name,
        Some((first, last, all)) if first == last => format!("{name}, part {first} of {all}"),
        Some((first, last, all)) => format!("{name}, parts {first}–{last} of {all}"),
    }
}

/// Who wants it done.
fn requester(task: &Task) -> String {
    task.requester.clone().unwrap_or_else(|| "a requester who gives no name".into())
}

/// What this run earned, followed by `called`, and by the hour once that means something.
fn earned(view: &View, called: &str) -> String {
    /// A rate over less time than this is chance.
    const ENOUGH_MS: u64 = 60_000;
    let status = &view.status;
    let run = format!("{}{called}", nnet(status.earned));
    let hourly = i128::from(status.earned.nano()) * 3_600_000 / i128::from(status.uptime_ms.max(1));
    match i64::try_from(hourly) {
        Ok(hourly) if status.uptime_ms >= ENOUGH_MS => format!("{run}, {}/h", nnet(Amount::from_nano(hourly))),
        _ => run,
    }
}

/// What the open epoch will probably pay, and what was paid.
fn account(view: &View) -> Vec<String> {
    let Some(account) = &view.status.account else { return vec!["account not known yet".into()] };
    let left_ms = view.payment_at_ms.saturating_sub(view.now_ms);
    vec![format!("{} in {}", nnet(account.expected), clock(left_ms)), format!("{} paid", nnet(account.posted))]
}

/// What it takes from the machine: first what computes and for how long.
fn costs(view: &View) -> Vec<String> {
    let lanes = view.status.lanes.iter().filter(|lane| lane.state != "off");
    let (cores, graphics) = lanes.fold((0, 0), |(cores, graphics), lane| match lane.device.as_str() {
        "gpu" => (cores, graphics + 1),
        _ => (cores + 1, graphics),
    });
    let mut parts = vec![match cores {
        1 => "1 core".to_owned(),
        cores => format!("{cores} cores"),
    }];
    if graphics > 0 {
        parts[0].push_str(" and graphics");
    }
    parts.push(match view.throttle {
        100 => "all of the time".into(),
        hundredths => format!("{hundredths} % of the time"),
    });
    parts.extend(view.memory_bytes.map(|bytes| format!("{} memory", bytes_of(bytes))));
    parts.extend(view.data_bytes.map(|bytes| format!("{} data", bytes_of(bytes))));
    parts.extend(view.celsius.map(|celsius| format!("{celsius} °C")));
    parts
}

fn bytes_of(bytes: u64) -> String {
    match bytes {
        ..1_000_000 => "under 1 MB".into(),
        1_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

/// The rate of verified work.
fn rate(view: &View) -> String {
    format!("{} operations/s", quantity(view.status.work_per_s as f64))
}

/// Verified and refused units.
fn units(view: &View) -> String {
    let status = &view.status;
    let valid = match status.units_valid {
        1 => "1 unit".to_owned(),
        units => format!("{units} units"),
    };
    if status.units_invalid == 0 { valid } else { format!("{valid}, {} refused", status.units_invalid) }
}

/// A bar of `cells` cells.
fn bar(part: f64, cells: usize) -> String {
    let full = (part.clamp(0.0, 1.0) * cells as f64).round() as usize;
    "█".repeat(full) + &"░".repeat(cells - full)
}

/// How much of a lane's unit is computed.
fn progress(view: &View, lane: u32) -> f64 {
    view.status.lanes.iter().find(|known| known.lane == lane).map_or(0.0, |lane| lane.progress.clamp(0.0, 1.0))
}

fn duration(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    if hours > 0 { format!("{hours} h {minutes} min") } else { format!("{minutes} min {seconds} s") }
}
