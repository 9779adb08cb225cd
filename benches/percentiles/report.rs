//! The errors as Markdown.

use std::fmt::Write;

use super::{Measured, PERCENTILES, methods};

/// Which of [`PERCENTILES`] the overview shows.
const P999: usize = 3;

/// An overview of the errors of P99.9, then all errors by distribution.
pub(crate) fn markdown(measured: &[Measured]) -> String {
    let mut text = String::new();
    overview(&mut text, measured);
    for one in measured {
        details(&mut text, one);
    }
    text
}

fn overview(text: &mut String, measured: &[Measured]) {
    let names = measured.iter().map(|one| one.distribution.name.to_owned());
    line(text, "error of P99.9", names);
    rule(text, measured.len());
    for (at, method) in methods::ALL.iter().enumerate() {
        let errors = measured.iter().map(|one| per_cent(one.errors[at][P999]));
        line(text, method.name, errors);
    }
}

fn details(text: &mut String, one: &Measured) {
    let distribution = one.distribution;
    write!(
        text,
        "\n**{}**: {}.\n\n",
        distribution.name, distribution.what
    )
    .expect("memory");
    let heads = PERCENTILES.map(|percentile| format!("P{percentile}"));
    line(text, "", heads.into_iter());
    rule(text, PERCENTILES.len());
    line(text, "exact", one.exact.into_iter().map(milliseconds));
    for (method, errors) in methods::ALL.iter().zip(&one.errors) {
        line(
            text,
            method.name,
            errors.iter().map(|error| per_cent(*error)),
        );
    }
}

fn line(text: &mut String, head: &str, cells: impl Iterator<Item = String>) {
    let cells: Vec<_> = cells.collect();
    writeln!(text, "| {head} | {} |", cells.join(" | ")).expect("memory");
}

fn rule(text: &mut String, columns: usize) {
    writeln!(text, "|---|{}", "---:|".repeat(columns)).expect("memory");
}

fn milliseconds(nanos: f64) -> String {
    format!("{:.3} ms", nanos / 1e6)
}

/// Two digits that count, or more where there are more before the point.
fn per_cent(error: f64) -> String {
    let error = 100.0 * error;
    match error.abs() {
        0.0..0.1 => format!("{error:+.3} %"),
        0.1..1.0 => format!("{error:+.2} %"),
        1.0..10.0 => format!("{error:+.1} %"),
        _ => format!("{error:+.0} %"),
    }
}
