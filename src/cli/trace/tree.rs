//! Draws a trace as lines of a terminal.
//!
//! Spans come in tree pre-order with their depth, so that drawing is one pass down the list and
//! a tree of any depth needs no stack.

use std::collections::BTreeSet;

use super::diagnosis::{ON_CRITICAL_PATH, RowFindings};
use super::document::{SpanDocument, TraceDocument};
use crate::cli::instant;
use crate::cli::paint::{BOLD, DIM, Paint, RED, YELLOW};
use crate::cli::terminal::Terminal;
use crate::cli::text::{cut_end, cut_start, pad_end, pad_start, printable, width};

/// Draws the trace: two lines of summary, the heads of the columns, then a line for each span.
///
/// `rows` are what was found about each span, those of an RPC's halves one after the other. They
/// are left out when they are not as many as the spans, because some came in between the answers.
pub(super) fn draw(trace: &TraceDocument, rows: &[RowFindings], terminal: Terminal) -> String {
    let found = found_by_entry(&trace.spans, rows);
    let canvas = Canvas {
        extent: Extent::of(&trace.spans),
        columns: Columns::fit(&trace.spans, !found.is_empty(), terminal.width),
        paint: Paint::of(terminal),
    };
    let mut lines = summary(trace, canvas.extent, canvas.paint);
    lines.push(heads(canvas));
    for (position, span) in trace.spans.iter().enumerate() {
        lines.push(span_line(span, found.get(position), canvas));
    }
    let ended = lines
        .into_iter()
        .map(|line| format!("{}\n", line.trim_end()));
    ended.collect()
}

/// What lines are drawn on.
#[derive(Debug, Clone, Copy)]
struct Canvas {
    extent: Extent,
    columns: Columns,
    paint: Paint,
}

/// What was found about each entry of the tree; nothing when the rows are not its spans'.
fn found_by_entry(spans: &[SpanDocument], rows: &[RowFindings]) -> Vec<RowFindings> {
    let mut rest = rows.iter().copied();
    let take = |span: &SpanDocument| {
        let found = rest.next()?;
        match &span.server_half {
            None => Some(found),
            Some(_) => Some(found.together_with(rest.next()?)),
        }
    };
    let found: Option<Vec<RowFindings>> = spans.iter().map(take).collect();
    found.filter(|_| rest.next().is_none()).unwrap_or_default()
}

fn summary(trace: &TraceDocument, extent: Extent, paint: Paint) -> Vec<String> {
    let is_stored = |span: &&SpanDocument| !span.is_placeholder();
    let spans = || {
        trace
            .spans
            .iter()
            .flat_map(SpanDocument::halves)
            .filter(is_stored)
    };
    let errors = spans().filter(|span| span.has_error_status()).count();
    let services: BTreeSet<&String> = spans().map(|span| &span.service_name).collect();
    let depth = trace.spans.iter().map(|span| span.depth).max();
    let facts = [
        instant::duration(extent.duration),
        count(spans().count(), "span"),
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

fn heads(canvas: Canvas) -> String {
    let Canvas {
        columns, extent, ..
    } = canvas;
    let mut heads = vec![pad_end("call path", columns.path)];
    if columns.service > 0 {
        heads.push(pad_end("service", columns.service));
    }
    heads.push(pad_end("operation", columns.operation));
    heads.push(pad_start("duration", columns.duration));
    if columns.self_time > 0 {
        heads.push(pad_start("self", columns.self_time));
    }
    if columns.bar > 0 {
        let end = pad_start(&instant::duration(extent.duration), columns.bar - 1);
        heads.push(format!("0{end}"));
    }
    let line = format!("{}{}", " ".repeat(columns.sign), heads.join("  "));
    canvas.paint.style(DIM, line.trim_end())
}

fn span_line(span: &SpanDocument, found: Option<&RowFindings>, canvas: Canvas) -> String {
    let Canvas {
        columns,
        extent,
        paint,
    } = canvas;
    let path = cut_start(&call_path(span), columns.path);
    let mut cells = vec![paint.style(DIM, &pad_end(&path, columns.path))];
    if columns.service > 0 {
        let name = services(span);
        cells.push(pad_end(&cut_end(&name, columns.service), columns.service));
    }
    cells.push(operation_cell(span, columns.operation, paint));
    let duration = instant::duration(span.duration_nano);
    cells.push(pad_start(&duration, columns.duration));
    if columns.self_time > 0 {
        let self_time = found.map(|found| instant::duration(found.self_nano));
        cells.push(pad_start(&self_time.unwrap_or_default(), columns.self_time));
    }
    if columns.bar > 0 {
        let bar = extent.bar(span, columns.bar);
        cells.push(paint.style_if(span.is_error(), RED, &bar));
    }
    let is_on_path = found.is_some_and(|found| found.is_on_critical_path);
    let sign = if is_on_path { ON_CRITICAL_PATH } else { "" };
    format!("{}{}", pad_end(sign, columns.sign), cells.join("  "))
}

/// The service, or the two of an RPC whose both sides are known.
fn services(span: &SpanDocument) -> String {
    let caller = printable(&span.service_name);
    match &span.server_half {
        Some(server) if server.service_name != span.service_name => {
            format!("{caller} → {}", printable(&server.service_name))
        }
        _ => caller,
    }
}

/// The operation, indented by its depth, then its marks and status message. Where it is narrow both are
/// cut, each to no less than half of the room.
fn operation_cell(span: &SpanDocument, columns: usize, paint: Paint) -> String {
    let mut marks = String::new();
    let mut odd: Vec<String> = Vec::new();
    for half in span.halves() {
        odd.extend(half.marks.iter().map(|mark| mark_words(mark, half)));
        if half.clock_skew_nano != 0 {
            odd.push(skew_words(half.clock_skew_nano));
        }
    }
    odd.dedup();
    if span.is_error() {
        marks.push_str(" ✗");
    }
    if !odd.is_empty() {
        marks.push_str(&format!(" [{}]", odd.join(", ")));
    }
    let messages = span.halves().filter(|half| half.has_error_status());
    let mut messages = messages.map(|half| &half.status_message);
    if let Some(message) = messages.find(|message| !message.is_empty()) {
        marks.push_str(&format!(" {}", printable(message)));
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

/// Clocks of hosts differ; a span is drawn by its caller's.
fn skew_words(skew_nano: i64) -> String {
    let direction = if skew_nano > 0 { "behind" } else { "ahead" };
    let skew = i64::try_from(skew_nano.unsigned_abs()).unwrap_or(i64::MAX);
    format!("clock {} {direction}", instant::duration(skew))
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
        let start = spans.iter().map(SpanDocument::adjusted_start).min();
        let end = spans.iter().map(SpanDocument::adjusted_end).max();
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
        let from = column(span.adjusted_start(), 0).min(columns - 1);
        let to = column(span.adjusted_end(), total - 1).max(from + 1);
        format!("{}{}", " ".repeat(from), "█".repeat(to - from))
    }
}

/// Widths of the columns; 0 leaves one out.
#[derive(Debug, Clone, Copy)]
struct Columns {
    /// The sign of the critical path and the space after it.
    sign: usize,
    path: usize,
    service: usize,
    operation: usize,
    duration: usize,
    self_time: usize,
    bar: usize,
}

impl Columns {
    /// Shares the terminal's width: the operation first gets what it needs, the bar the rest; on
    /// narrow terminals the bar and the self time go first, then the service.
    fn fit(spans: &[SpanDocument], is_diagnosed: bool, terminal_width: usize) -> Self {
        const GAP: usize = 2;
        const DURATION: usize = 9;
        const NARROWEST: usize = 12;
        let widest =
            |measure: &dyn Fn(&SpanDocument) -> usize| spans.iter().map(measure).max().unwrap_or(0);
        let sign = if is_diagnosed { GAP } else { 0 };
        let path = widest(&|span| width(&call_path(span))).clamp(9, 24);
        let service = widest(&|span| width(&services(span))).clamp(7, 24);
        let taken = sign + path + GAP + GAP + DURATION;
        let with_service = taken + service + GAP;
        let (service, taken) = match terminal_width {
            wide if wide >= (with_service + NARROWEST).max(60) => (service, with_service),
            _ => (0, taken),
        };
        let rest = terminal_width.saturating_sub(taken).max(NARROWEST);

        let needed = widest(&|span| 2 * span.depth + width(&span.name) + 20).clamp(20, 80);
        let columns = Self {
            sign,
            path,
            service,
            operation: rest,
            duration: DURATION,
            self_time: 0,
            bar: 0,
        };
        if rest < 45 {
            return columns;
        }
        let self_time = if is_diagnosed { DURATION } else { 0 };
        let rest = if is_diagnosed {
            rest - GAP - DURATION
        } else {
            rest
        };
        let operation = needed.min(rest * 3 / 5);
        Self {
            operation,
            self_time,
            bar: (rest - operation - GAP).min(60),
            ..columns
        }
    }
}

#[cfg(test)]
mod tests;
