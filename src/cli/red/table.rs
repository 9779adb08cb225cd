//! Draws figures as a table: a line for each group, busiest first.

use std::cmp::Reverse;

use super::document::{Figures, RedDocument, Series};
use super::sparkline::{self, Together};
use crate::cli::instant;
use crate::cli::paint::{BOLD, DIM, Paint, RED, YELLOW};
use crate::cli::terminal::Terminal;
use crate::cli::text::{cut_end, pad_end, pad_start, printable, width};

const GAP: usize = 2;
/// The room of a figure with the gap before it: as much as the longest duration takes.
const FIGURE: usize = GAP + 8;
const NARROWEST_NAME: usize = 12;
const WIDEST_NAME: usize = 60;
/// Names are not cut to less than this for the charts.
const NAME_BESIDE_CHARTS: usize = 20;
const NARROWEST_CHART: usize = 8;
const WIDEST_CHART: usize = 30;

/// A column of the table.
#[derive(Debug, Clone, Copy)]
struct Column {
    head: &'static str,
    cell: fn(&Figures) -> String,
}

/// The columns that are shown, the most important first: what a narrow terminal has no room for is
/// left out from the end.
const COLUMNS: [Column; 8] = [
    column("QPS", |figures| rate(figures.qps)),
    column("avg", |figures| {
        nanos(figures.avg_time_nano.map(|nanos| nanos.round() as i64))
    }),
    column("P99", |figures| percentile(figures, "99")),
    column("success", |figures| success(figures.success_rate)),
    column("P50", |figures| percentile(figures, "50")),
    column("P99.9", |figures| percentile(figures, "99.9")),
    column("max", |figures| nanos(figures.max_time_nano)),
    column("P90", |figures| percentile(figures, "90")),
];
/// The order in which they stand.
const ORDER: [&str; 8] = ["QPS", "success", "avg", "P50", "P90", "P99", "P99.9", "max"];

const fn column(head: &'static str, cell: fn(&Figures) -> String) -> Column {
    Column { head, cell }
}

/// Draws a title, the heads, a line for each series and one for all of them together.
pub(super) fn draw(document: &RedDocument, title: &str, terminal: Terminal) -> String {
    let paint = Paint::of(terminal);
    let mut series: Vec<&Series> = document.series.iter().collect();
    // The order of the answer stays among those that are equally busy.
    series.sort_by_key(|series| Reverse(series.total.count));
    let end = instant::utc(document.to_unix_nano);
    let start = instant::utc(document.from_unix_nano);
    let mut lines = vec![
        paint.style(BOLD, &printable(title)),
        paint.style(DIM, &format!("{start} – {end}")),
        String::new(),
    ];
    if series.is_empty() {
        lines.push("no requests in this time; --last 24h looks further back".to_owned());
        return ended(&lines);
    }
    let layout = Layout::fit(&series, terminal.width);
    lines.push(paint.style(DIM, &layout.heads(&dimensions(&series))));
    for one in &series {
        let line = layout.line(document, one);
        lines.push(paint_by_success(paint, &one.total, &line));
    }
    if series.len() > 1 {
        let total = layout.figures("all", &document.total);
        lines.push(paint.style(DIM, &total));
    }
    ended(&lines)
}

fn ended(lines: &[String]) -> String {
    let ended = lines.iter().map(|line| format!("{}\n", line.trim_end()));
    ended.collect()
}

/// A line is yellow with some errors, red when more than one in a hundred failed.
fn paint_by_success(paint: Paint, figures: &Figures, line: &str) -> String {
    match figures.success_rate {
        Some(rate) if rate < 0.99 => paint.style(RED, line.trim_end()),
        Some(rate) if rate < 1.0 => paint.style(YELLOW, line.trim_end()),
        _ => line.to_owned(),
    }
}

/// The names of what makes a group.
fn dimensions(series: &[&Series]) -> String {
    let is_asked = |index: usize| series.iter().any(|one| one.values()[index].1.is_some());
    let Some(one) = series.first() else {
        return String::new();
    };
    let names = one.values().into_iter().enumerate();
    let names: Vec<_> = names
        .filter(|(index, _)| is_asked(*index))
        .map(|(_, (name, _))| name)
        .collect();
    names.join(" · ")
}

fn name(series: &Series) -> String {
    let values: Vec<String> = series
        .values()
        .into_iter()
        .filter_map(|(_, value)| value.map(printable))
        .collect();
    if values.is_empty() {
        return "(none)".to_owned();
    }
    values.join(" · ")
}

/// What there is room for.
#[derive(Debug)]
struct Layout {
    name: usize,
    columns: Vec<Column>,
    /// The width of each of the two charts; 0 leaves them out.
    chart: usize,
}

impl Layout {
    fn fit(series: &[&Series], terminal_width: usize) -> Self {
        let heads = width(&dimensions(series));
        let widest = series.iter().map(|one| width(&name(one))).max();
        let needed = widest.unwrap_or(0).max(heads);
        let needed = needed.clamp(NARROWEST_NAME, WIDEST_NAME);
        let room = terminal_width.saturating_sub(NARROWEST_NAME) / FIGURE;
        let shown = &COLUMNS[..room.min(COLUMNS.len())];
        let in_order = ORDER
            .iter()
            .filter_map(|head| shown.iter().find(|column| column.head == *head));
        let rest = terminal_width.saturating_sub(shown.len() * FIGURE);
        let beside_charts = rest.saturating_sub(2 * (GAP + NARROWEST_CHART));
        let has_charts = beside_charts >= needed.min(NAME_BESIDE_CHARTS);
        let name = needed.min(if has_charts { beside_charts } else { rest });
        let chart = match has_charts {
            true => ((rest - name) / 2 - GAP).min(WIDEST_CHART),
            false => 0,
        };
        Self {
            name,
            columns: in_order.copied().collect(),
            chart,
        }
    }

    fn heads(&self, dimensions: &str) -> String {
        let mut line = pad_end(&cut_end(dimensions, self.name), self.name);
        for column in &self.columns {
            line.push_str(&pad_start(column.head, FIGURE));
        }
        for head in ["QPS", "P99"] {
            line.push_str(&self.chart_cell(head));
        }
        line
    }

    fn line(&self, document: &RedDocument, series: &Series) -> String {
        let mut line = self.figures(&name(series), &series.total);
        let chart = |together, value: fn(&Figures) -> Option<f64>| {
            sparkline::draw(document, series, self.chart, together, value)
        };
        let qps = chart(Together::Mean, |figures| Some(figures.qps));
        let p99 = chart(Together::Largest, |figures| {
            figures
                .percentiles_nano
                .get("99")
                .map(|nanos| *nanos as f64)
        });
        for chart in [qps, p99] {
            line.push_str(&self.chart_cell(&chart));
        }
        line
    }

    fn figures(&self, name: &str, figures: &Figures) -> String {
        let mut line = pad_end(&cut_end(name, self.name), self.name);
        for column in &self.columns {
            line.push_str(&pad_start(&(column.cell)(figures), FIGURE));
        }
        line
    }

    fn chart_cell(&self, text: &str) -> String {
        if self.chart == 0 {
            return String::new();
        }
        format!("{}{}", " ".repeat(GAP), pad_end(text, self.chart))
    }
}

fn nanos(nanos: Option<i64>) -> String {
    nanos.map(instant::duration).unwrap_or_default()
}

fn percentile(figures: &Figures, name: &str) -> String {
    nanos(figures.percentiles_nano.get(name).copied())
}

/// `0.0033`, `12.5`, `1840`.
fn rate(qps: f64) -> String {
    match qps {
        ..0.1 => format!("{qps:.4}"),
        0.1..10.0 => format!("{qps:.2}"),
        10.0..1_000.0 => format!("{qps:.1}"),
        _ => format!("{qps:.0}"),
    }
}

/// Never rounded up to 100 %.
fn success(rate: Option<f64>) -> String {
    let Some(rate) = rate else {
        return String::new();
    };
    if rate >= 1.0 {
        return "100 %".to_owned();
    }
    format!("{:.3} %", (rate * 100_000.0).floor() / 1_000.0)
}

#[cfg(test)]
mod tests;
