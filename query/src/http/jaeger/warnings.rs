//! What Jaeger warns of, in its words.

use std::fmt::Write;

use schemas::SpanId;

/// A parent that is not stored.
pub(super) fn missing_parent(parent: SpanId) -> String {
    format!("parent span ID={parent} is not in the trace; skipping clock skew adjustment")
}

/// A reference to a parent that was left out, because Jaeger's clients do not show spans in
/// circles.
pub(super) fn circle(parent: SpanId) -> String {
    format!("parent span ID={parent} is a descendant of this span; skipping the reference")
}

/// A span that was moved.
pub(super) fn clock_skew(nanos: i64) -> String {
    format!(
        "This span's timestamps were adjusted by {}",
        duration(nanos)
    )
}

/// A length of time as Go shows it, such as `-1m0.5s` or `1.5µs`.
fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (unit, name) = match nanos {
        0 => return "0s".to_owned(),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let mut text = sign.to_owned();
    let mut whole = nanos / unit;
    if name == "s" {
        let (hours, minutes) = (whole / 3600, whole / 60 % 60);
        let mut put = |number: u64, unit: char| {
            write!(text, "{number}{unit}").expect("writing to a String never fails");
        };
        if hours > 0 {
            put(hours, 'h');
        }
        if hours > 0 || minutes > 0 {
            put(minutes, 'm');
        }
        whole %= 60;
    }
    text.push_str(&whole.to_string());
    if !nanos.is_multiple_of(unit) {
        let digits = unit.ilog10() as usize;
        let fraction = format!("{:0digits$}", nanos % unit);
        text.push('.');
        text.push_str(fraction.trim_end_matches('0'));
    }
    text + name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (nanos, expect) in [
            (0, "0s"),
            (1, "1ns"),
            (-1_500, "-1.5µs"),
            (35_000_000, "35ms"),
            (1_000_001, "1.000001ms"),
            (2_000_000_000, "2s"),
            (60_500_000_000, "1m0.5s"),
            (-3_600_000_000_000, "-1h0m0s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(duration(nanos), expect);
        }
    }
}
