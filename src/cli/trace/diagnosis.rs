//! Tells a trace's diagnosis in a few lines, below its tree.

mod document;

use crate::cli::instant;
use crate::cli::paint::{DIM, Paint, RED};
use crate::cli::terminal::Terminal;
use crate::cli::text::{cut_end, pad_end, printable};
use document::{
    Bottleneck, CriticalPath, FirstError, RepeatedCalls, SerialSiblings, SpanReference,
    ZoneCrossing,
};
pub(super) use document::{DiagnosisDocument, RowFindings};

/// The sign of spans on the critical path.
pub(super) const ON_CRITICAL_PATH: &str = "◆";

/// How many findings of a kind are told.
const TOLD: usize = 3;
/// The room for the finding's name before it.
const HEAD: usize = 19;

/// Tells what was found; a line for each finding, after an empty one.
pub(super) fn tell(diagnosis: &DiagnosisDocument, terminal: Terminal) -> String {
    let mut lines = vec![String::new()];
    let mut add = |name: &str, finding: Finding| {
        let paint = Paint::of(terminal);
        let room = terminal.width.saturating_sub(HEAD);
        let told = paint.style_if(finding.is_error, RED, &cut_end(&finding.told, room));
        lines.push(format!("{}{told}", paint.style(DIM, &pad_end(name, HEAD))));
    };
    if let Some(path) = &diagnosis.critical_path {
        let name = format!("{ON_CRITICAL_PATH} critical path");
        add(&name, critical_path(path, diagnosis));
    }
    if let Some(bottleneck) = &diagnosis.bottleneck {
        add("bottleneck", told(bottleneck_words(bottleneck)));
    }
    if let Some(first) = &diagnosis.first_error {
        add("first error", first_error(first));
    }
    let repeated = diagnosis.repeated_calls.iter().map(repeated_words);
    let serial = diagnosis.serial_siblings.iter().map(serial_words);
    let crossings = diagnosis.zone_crossings.iter().map(crossing_words);
    for (name, words) in [
        (
            "repeated calls",
            shortened(repeated, diagnosis.repeated_call_count),
        ),
        (
            "one after another",
            shortened(serial, diagnosis.serial_sibling_count),
        ),
        (
            "into other zones",
            shortened(crossings, diagnosis.zone_crossing_count),
        ),
    ] {
        for (index, words) in words.into_iter().enumerate() {
            add(if index == 0 { name } else { "" }, told(words));
        }
    }
    let ended = lines.iter().map(|line| format!("{}\n", line.trim_end()));
    ended.collect()
}

/// A finding in words.
struct Finding {
    told: String,
    is_error: bool,
}

fn told(told: String) -> Finding {
    Finding {
        told,
        is_error: false,
    }
}

/// The first few of them, and how many there are beyond.
fn shortened(words: impl Iterator<Item = String>, count: usize) -> Vec<String> {
    let mut told: Vec<String> = words.take(TOLD).collect();
    let rest = count.saturating_sub(told.len());
    if rest > 0 {
        told.push(format!("and {rest} more"));
    }
    told
}

fn critical_path(path: &CriticalPath, diagnosis: &DiagnosisDocument) -> Finding {
    let on_path = diagnosis.services.iter();
    let shares: Vec<String> = on_path
        .filter(|service| service.critical_path_nano > 0)
        .map(|service| {
            let name = match service.name.as_str() {
                "" => "spans that are missing".to_owned(),
                name => printable(name),
            };
            format!("{name} {}", percent(service.critical_path_share))
        })
        .collect();
    let duration = instant::duration(path.duration_nano);
    told(format!("{duration}: {}", shares.join(", ")))
}

fn bottleneck_words(bottleneck: &Bottleneck) -> String {
    format!(
        "{}: {} of the critical path ({})",
        name(&bottleneck.span),
        instant::duration(bottleneck.critical_path_nano),
        percent(bottleneck.critical_path_share)
    )
}

fn first_error(first: &FirstError) -> Finding {
    let mut words = name(&first.origin);
    if !first.status_message.is_empty() {
        words.push_str(&format!(": {}", printable(&first.status_message)));
    }
    if first.reached.row != first.origin.row {
        words.push_str(&format!("; it went up to {}", name(&first.reached)));
    }
    Finding {
        told: words,
        is_error: true,
    }
}

fn repeated_words(calls: &RepeatedCalls) -> String {
    format!(
        "{} × {} {} under {}: {}",
        calls.count,
        printable(&calls.first.service_name),
        printable(&calls.first.name),
        place(&calls.parent),
        instant::duration(calls.elapsed_nano)
    )
}

fn serial_words(calls: &SerialSiblings) -> String {
    let targets = calls.targets.iter().take(TOLD);
    let mut names: Vec<String> = targets
        .map(|target| {
            format!(
                "{} {}",
                printable(&target.service_name),
                printable(&target.name)
            )
        })
        .collect();
    if calls.target_count > names.len() {
        names.push("…".to_owned());
    }
    format!(
        "{} calls under {}, {} less if they could run side by side: {}",
        calls.count,
        place(&calls.parent),
        instant::duration(calls.saved_nano),
        names.join(", ")
    )
}

fn crossing_words(crossing: &ZoneCrossing) -> String {
    format!(
        "{}: {} → {}",
        name(&crossing.child),
        printable(&crossing.from),
        printable(&crossing.to)
    )
}

/// `0.2.1 checkout checkout.Place`.
fn name(span: &SpanReference) -> String {
    let words = [
        place(span),
        printable(&span.service_name),
        printable(&span.name),
    ];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The call path, or for spans far down, which have none, the span id.
fn place(span: &SpanReference) -> String {
    let path = span.call_path.as_ref().or(span.span_id.as_ref());
    path.map_or_else(String::new, |path| printable(path))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests;
