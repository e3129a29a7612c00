//! The view of a small terminal, such as 40 columns and 12 lines: one line for each answer.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::{account, bar, costs, earned, headline, job, progress, rate, requester, title, units};
use crate::mine::screen::view::View;

pub(super) fn draw(frame: &mut Frame<'_>, view: &View) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
    frame.render_widget(title(view, head.width), head);
    let mut lines = Vec::new();
    let (colour, _, next) = headline(view);
    if !next.is_empty() {
        lines.push(Line::styled(next, Style::new().fg(colour)));
    } else if let Some((lane, task)) = view.tasks.first_key_value() {
        let done = progress(view, *lane);
        lines.push(job(task).bold().into());
        lines.push(Line::from(vec![bar(done, 30).green(), format!(" {:>3.0} %", done * 100.0).into()]));
        lines.push(label("For", format!("{}, at {}", requester(task), view.server)));
    }
    lines.push(label("Earns", earned(view, "")));
    lines.extend(account(view).into_iter().take(1).map(|expected| label("", expected)));
    lines.push(label("Done", format!("{}, {}", units(view), rate(view))));
    let costs = costs(view);
    let (work, rest) = costs.split_at(costs.len().min(2));
    lines.push(label("Costs", work.join(", ")));
    lines.extend((!rest.is_empty()).then(|| label("", rest.join(", "))));
    if let Some(message) = view.messages.front() {
        let text = message.text.clone();
        lines.push(if message.bad { text.red() } else { text.dim() }.into());
    }
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), body);
    let keys =
        if view.on_break { " p go on  f finish  q stop  ? help " } else { " p h t pause  f finish  q stop  ? help " };
    frame.render_widget(Line::from(keys).reversed(), foot);
}

/// A line after its label.
fn label(name: &str, text: String) -> Line<'static> {
    Line::from(vec![format!("{name:<6}").dim(), text.into()])
}
