//! The text formats: Prometheus' own, version 0.0.4, and OpenMetrics 1.0.0.

use std::fmt::{Display, Write as _};

use super::bucket_counts::{BOUNDS, BucketCounts, bounds_seconds};
use super::exemplars::{BucketExemplars, Exemplar};
use super::families::{Family, FamilyKind, Series, Value};

/// Text of version 0.0.4, which knows no exemplars.
pub(super) fn plain(families: &[Family]) -> String {
    let mut text = Text::default();
    for family in families {
        text.family(family, family.name, Exemplars::Unknown);
    }
    text.0
}

/// OpenMetrics: a counter's family is named without `_total`, buckets have exemplars.
pub(super) fn open_metrics(families: &[Family]) -> String {
    let mut text = Text::default();
    for family in families {
        let name = match family.kind {
            FamilyKind::Counter => family.name.strip_suffix("_total"),
            FamilyKind::Gauge | FamilyKind::Histogram => None,
        };
        text.family(family, name.unwrap_or(family.name), Exemplars::Known);
    }
    text.0.push_str("# EOF\n");
    text.0
}

/// Whether a format has exemplars.
#[derive(Clone, Copy)]
enum Exemplars {
    Known,
    Unknown,
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, family: &Family, family_name: &str, exemplars: Exemplars) {
        let kind = match family.kind {
            FamilyKind::Counter => "counter",
            FamilyKind::Gauge => "gauge",
            FamilyKind::Histogram => "histogram",
        };
        self.line(format_args!("# HELP {family_name} {}", family.help));
        self.line(format_args!("# TYPE {family_name} {kind}"));
        for Series { labels, value } in &family.series {
            let pairs: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
                .collect();
            let labels = pairs.join(",");
            match value {
                Value::Number(number) => {
                    self.line(format_args!("{}{{{labels}}} {number}", family.name));
                }
                Value::Histogram {
                    counts,
                    exemplars: found,
                } => {
                    let found = match exemplars {
                        Exemplars::Known => found.as_deref(),
                        Exemplars::Unknown => None,
                    };
                    self.histogram(family.name, &labels, counts, found);
                }
            }
        }
    }

    fn histogram(
        &mut self,
        name: &str,
        labels: &str,
        counts: &BucketCounts,
        exemplars: Option<&BucketExemplars>,
    ) {
        let exemplar = |bucket: usize| {
            let found = exemplars.and_then(|exemplars| exemplars.get(bucket)?.as_ref());
            found.map(exemplar_text).unwrap_or_default()
        };
        let bounds = bounds_seconds().into_iter().zip(counts.cumulative());
        for (bucket, (bound, count)) in bounds.enumerate() {
            let exemplar = exemplar(bucket);
            self.line(format_args!(
                "{name}_bucket{{{labels},le=\"{bound}\"}} {count}{exemplar}"
            ));
        }
        let (count, exemplar) = (counts.count(), exemplar(BOUNDS));
        self.line(format_args!(
            "{name}_bucket{{{labels},le=\"+Inf\"}} {count}{exemplar}"
        ));
        let sum = counts.sum_seconds;
        self.line(format_args!("{name}_sum{{{labels}}} {sum}"));
        self.line(format_args!("{name}_count{{{labels}}} {count}"));
    }

    fn line(&mut self, line: impl Display) {
        writeln!(self.0, "{line}").expect("a String takes any text");
    }
}

fn exemplar_text(exemplar: &Exemplar) -> String {
    let labels = exemplar.labels();
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    let millis = exemplar.end.0.div_euclid(1_000_000);
    format!(
        " # {{{}}} {} {}.{:03}",
        labels.join(","),
        exemplar.seconds(),
        millis.div_euclid(1_000),
        millis.rem_euclid(1_000)
    )
}

fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            other => escaped.push(other),
        }
    }
    escaped
}
