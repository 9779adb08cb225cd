//! Prometheus' text format, version 0.0.4.
//!
//! The counters live in the crates that count; here they are only written, which takes less than
//! a metrics library that wants to own them.

use std::fmt::{Display, Write as _};

/// The media type of the text.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family's values mean.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Only grows while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A text under construction.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

impl Exposition {
    /// Begins a family of samples.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}")
            .expect("a String takes any text");
        Family {
            text: &mut self.text,
            name,
        }
    }

    /// Writes a counter that has no labels.
    pub(super) fn counter(&mut self, name: &'static str, help: &str, value: impl Display) {
        self.family(name, Kind::Counter, help).sample(&[], value);
    }

    /// Writes a gauge that has no labels.
    pub(super) fn gauge(&mut self, name: &'static str, help: &str, value: impl Display) {
        self.family(name, Kind::Gauge, help).sample(&[], value);
    }

    /// The finished text.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// One family, to which samples are added.
pub(super) struct Family<'text> {
    text: &'text mut String,
    name: &'static str,
}

impl Family<'_> {
    /// Adds a sample; label values may be any text.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        self.text.push_str(self.name);
        let pairs: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        if !pairs.is_empty() {
            write!(self.text, "{{{}}}", pairs.join(",")).expect("a String takes any text");
        }
        writeln!(self.text, " {value}").expect("a String takes any text");
        self
    }
}

fn escaped(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    escaped.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_follows_the_format() {
        let mut exposition = Exposition::default();
        exposition.gauge("up", "Whether it is up.", 1);
        exposition
            .family("spans_total", Kind::Counter, "Spans\nof both \\ kinds.")
            .sample(&[("kind", "a\"b\\c\nd"), ("other", "x")], 7)
            .sample(&[("kind", "plain")], 0.5);
        insta::assert_snapshot!(exposition.into_text(), @r#"
        # HELP up Whether it is up.
        # TYPE up gauge
        up 1
        # HELP spans_total Spans\nof both \\ kinds.
        # TYPE spans_total counter
        spans_total{kind="a\"b\\c\nd",other="x"} 7
        spans_total{kind="plain"} 0.5
        "#);
    }
}
