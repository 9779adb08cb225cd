//! Draws a trace as lines of a terminal.
//!
//! Spans come in tree pre-order with their depth, so that drawing is one pass down the list and
//! a tree of any depth needs no stack.

use std::collections::BTreeSet;

use super::document::{SpanDocument, TraceDocument};
use super::instant;
use super::text::{cut_end, cut_start, pad_end, pad_start, printable, width};
use crate::cli::terminal::Terminal;

const RED: &str = "31";
const YELLOW: &str = "33";
const DIM: &str = "2";
const BOLD: &str = "1";

/// Draws the trace: two lines of summary, the heads of the columns, then a line for each span.
pub(super) fn draw(trace: &TraceDocument, terminal: Terminal) -> String {
    let extent = Extent::of(&trace.spans);
    let columns = Columns::fit(&trace.spans, terminal.width);
    let paint = Paint {
        is_on: terminal.is_coloured,
    };
    let mut lines = summary(trace, extent, paint);
    lines.push(heads(columns, extent, paint));
    let spans = trace.spans.iter();
    lines.extend(spans.map(|span| span_line(span, columns, extent, paint)));
    let ended = lines
        .into_iter()
        .map(|line| format!("{}\n", line.trim_end()));
    ended.collect()
}

fn summary(trace: &TraceDocument, extent: Extent, paint: Paint) -> Vec<String> {
    let errors = trace.spans.iter().filter(|span| span.is_error()).count();
    let names = trace.spans.iter().map(|span| &span.service_name);
    let services: BTreeSet<&String> = names.collect();
    let depth = trace.spans.iter().map(|span| span.depth).max();
    let facts = [
        instant::duration(extent.duration),
        count(trace.spans.len(), "span"),
        count(services.len(), "service"),
        format!("{} deep", depth.map_or(0, |depth| depth + 1)),
        paint.style_if(errors > 0, RED, &count(errors, "error")),
    ];
    vec![
        format!(
            "{}  {}",
            paint.style(BOLD, &format!("trace {}", printable(&trace.trace_id))),
            instant::utc(extent.start)
        ),
        facts.join(" · "),
        String::new(),
    ]
}

fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

fn heads(columns: Columns, extent: Extent, paint: Paint) -> String {
    let mut heads = vec![pad_end("call path", columns.path)];
    if columns.service > 0 {
        heads.push(pad_end("service", columns.service));
    }
    heads.push(pad_end("operation", columns.operation));
    heads.push(pad_start("duration", columns.duration));
    if columns.bar > 0 {
        let end = pad_start(&instant::duration(extent.duration), columns.bar - 1);
        heads.push(format!("0{end}"));
    }
    paint.style(DIM, heads.join("  ").trim_end())
}

fn span_line(span: &SpanDocument, columns: Columns, extent: Extent, paint: Paint) -> String {
    let path = cut_start(&call_path(span), columns.path);
    let mut cells = vec![paint.style(DIM, &pad_end(&path, columns.path))];
    if columns.service > 0 {
        let name = printable(&span.service_name);
        cells.push(pad_end(&cut_end(&name, columns.service), columns.service));
    }
    cells.push(operation_cell(span, columns.operation, paint));
    let duration = instant::duration(span.duration_nano);
    cells.push(pad_start(&duration, columns.duration));
    if columns.bar > 0 {
        let bar = extent.bar(span, columns.bar);
        cells.push(paint.style_if(span.is_error(), RED, &bar));
    }
    cells.join("  ")
}

/// The operation, indented by its depth, then its marks and status message. Where it is narrow both are
/// cut, each to no less than half of the room.
fn operation_cell(span: &SpanDocument, columns: usize, paint: Paint) -> String {
    let mut marks = String::new();
    let odd: Vec<String> = span
        .marks
        .iter()
        .map(|mark| mark_words(mark, span))
        .collect();
    if span.is_error() {
        marks.push_str(" ✗");
    }
    if !odd.is_empty() {
        marks.push_str(&format!(" [{}]", odd.join(", ")));
    }
    if span.is_error() && !span.status_message.is_empty() {
        marks.push_str(&format!(" {}", printable(&span.status_message)));
    }
    let marks = cut_end(&marks, columns / 2);

    let indent = (2 * span.depth).min(columns / 3);
    let for_name = columns.saturating_sub(indent + width(&marks));
    let name = cut_end(&printable(&span.name), for_name);
    let padding = " ".repeat(for_name - width(&name));
    let colour = if span.is_error() { RED } else { YELLOW };
    let painted_marks = match marks.is_empty() {
        true => marks,
        false => paint.style(colour, &marks),
    };
    format!("{}{name}{painted_marks}{padding}", " ".repeat(indent))
}

fn call_path(span: &SpanDocument) -> String {
    match &span.call_path {
        Some(path) => printable(path),
        None => format!("level {}", span.depth),
    }
}

/// `repeatedId` → `repeated id`; a duplicate tells its number.
fn mark_words(mark: &str, span: &SpanDocument) -> String {
    if mark == "duplicate" {
        return format!("sent {} times", span.copies);
    }
    let mut words = String::new();
    for character in printable(mark).chars() {
        if character.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

/// The part of time that the trace covers, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Extent {
    start: i64,
    duration: i64,
}

impl Extent {
    fn of(spans: &[SpanDocument]) -> Self {
        let start = spans.iter().map(|span| span.start_time_unix_nano).min();
        let end = spans.iter().map(SpanDocument::end_time_unix_nano).max();
        let start = start.unwrap_or(0);
        Self {
            start,
            duration: end.unwrap_or(start).saturating_sub(start),
        }
    }

    /// The span's place on the time line, never narrower than one column.
    fn bar(self, span: &SpanDocument, columns: usize) -> String {
        let total = u128::from(self.duration.max(1).unsigned_abs());
        let column = |unix_nano: i64, round_up: u128| {
            let offset = unix_nano.saturating_sub(self.start).max(0).unsigned_abs();
            let scaled = (u128::from(offset) * columns as u128 + round_up) / total;
            usize::try_from(scaled).unwrap_or(columns).min(columns)
        };
        let from = column(span.start_time_unix_nano, 0).min(columns - 1);
        let to = column(span.end_time_unix_nano(), total - 1).max(from + 1);
        format!("{}{}", " ".repeat(from), "█".repeat(to - from))
    }
}

/// Widths of the columns; 0 leaves one out.
#[derive(Debug, Clone, Copy)]
struct Columns {
    path: usize,
    service: usize,
    operation: usize,
    duration: usize,
    bar: usize,
}

impl Columns {
    /// Shares the terminal's width: the operation first gets what it needs, the bar the rest; on
    /// narrow terminals the bar goes first, then the service.
    fn fit(spans: &[SpanDocument], terminal_width: usize) -> Self {
        const GAP: usize = 2;
        const DURATION: usize = 9;
        let widest =
            |measure: &dyn Fn(&SpanDocument) -> usize| spans.iter().map(measure).max().unwrap_or(0);
        let path = widest(&|span| width(&call_path(span))).clamp(9, 24);
        let service = widest(&|span| width(&span.service_name)).clamp(7, 24);
        let service = if terminal_width < 60 { 0 } else { service };
        let service_gap = if service == 0 { 0 } else { GAP };
        let taken = path + GAP + service + service_gap + GAP + DURATION;
        let rest = terminal_width.saturating_sub(taken).max(12);

        let needed = widest(&|span| 2 * span.depth + width(&span.name) + 20).clamp(20, 80);
        if rest < 45 {
            return Self {
                path,
                service,
                operation: rest,
                duration: DURATION,
                bar: 0,
            };
        }
        let operation = needed.min(rest * 3 / 5);
        Self {
            path,
            service,
            operation,
            duration: DURATION,
            bar: (rest - operation - GAP).min(60),
        }
    }
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
struct Paint {
    is_on: bool,
}

impl Paint {
    fn style(self, code: &str, text: &str) -> String {
        match self.is_on {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    fn style_if(self, condition: bool, code: &str, text: &str) -> String {
        match condition {
            true => self.style(code, text),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
