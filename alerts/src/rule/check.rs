//! Checking what people wrote.

use std::time::Duration;

use super::condition::{BadCalls, BurnRate, BurnWindows, Comparison, Condition, Operator};
use super::metric::METRICS;
use super::{BurnSpec, InvalidSetting, Metric, Rule, RuleSpec, Scope};
use crate::figures::{BUCKET, CallFilter, Dimension, Labels, SpanFilter, Subject};
use crate::instant::nanos;
use crate::units;

const DEFAULT_WINDOW: Duration = Duration::from_secs(60);
const DEFAULT_SATISFIED: Duration = Duration::from_millis(500);
const DEFAULT_SERIES: usize = 100;
const MOST_SERIES: usize = 1_000;
/// The longest window, and the longest way back: figures are asked for anew at each evaluation.
const LONGEST: Duration = Duration::from_secs(31 * 86_400);
const LONGEST_TEXT: usize = 2_000;
const MOST_LABELS: usize = 32;

const KINDS: [&str; 5] = ["internal", "server", "client", "producer", "consumer"];
const CONNECTIONS: [&str; 4] = ["rpc", "database", "messaging_system", "virtual_node"];

type Checked<T> = Result<T, InvalidSetting>;

pub(super) fn check(spec: RuleSpec) -> Checked<Rule> {
    check_texts(&spec)?;
    let (subject, filters) = match spec.scope {
        Scope::Red => spans(&spec)?,
        Scope::Edge => calls(&spec)?,
    };
    let hold_for = match &spec.hold_for {
        Some(text) => duration("for", text)?,
        None => Duration::ZERO,
    };
    let max_series = spec.max_series.unwrap_or(DEFAULT_SERIES);
    if !(1..=MOST_SERIES).contains(&max_series) {
        let expected = format!("a number from 1 to {MOST_SERIES}");
        let problem = format!("{max_series} is out of range");
        return Err(InvalidSetting::new("maxSeries", problem, expected));
    }
    Ok(Rule {
        subject,
        condition: condition(&spec)?,
        hold_for,
        no_data: spec.no_data,
        min_calls: spec.min_calls.unwrap_or(0),
        max_series,
        filters,
        spec,
    })
}

fn check_texts(spec: &RuleSpec) -> Checked<()> {
    if spec.name.trim().is_empty() {
        let expected = "a name, such as `checkout is slow`";
        return Err(InvalidSetting::new("name", "it is empty", expected));
    }
    let texts = [
        ("name", Some(&spec.name)),
        ("description", spec.description.as_ref()),
        ("severity", spec.severity.as_ref()),
    ];
    for (field, text) in texts {
        if text.is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
            let expected = format!("at most {LONGEST_TEXT} characters");
            return Err(InvalidSetting::new(field, "it is too long", expected));
        }
    }
    if spec.labels.len() > MOST_LABELS {
        let expected = format!("at most {MOST_LABELS}");
        return Err(InvalidSetting::new(
            "labels",
            "there are too many",
            expected,
        ));
    }
    let is_name = |name: &str| {
        let is_first = |first: char| first.is_ascii_alphabetic() || first == '_';
        name.starts_with(is_first)
            && name
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    for name in spec.labels.keys() {
        if !is_name(name) || ["alertname", "severity"].contains(&name.as_str()) {
            let problem = format!("`{name}` cannot be a label");
            let expected = "letters, digits and `_`; `alertname` and `severity` are taken";
            return Err(InvalidSetting::new("labels", problem, expected));
        }
    }
    Ok(())
}

fn spans(spec: &RuleSpec) -> Checked<(Subject, Labels)> {
    let of_edges = [
        ("caller", &spec.caller),
        ("callee", &spec.callee),
        ("connection", &spec.connection),
    ];
    refuse(of_edges, "it goes with the scope `edge` only")?;
    if spec.breaker.is_some() {
        let problem = "only edges have circuit breakers";
        return Err(InvalidSetting::new(
            "breaker",
            problem,
            "`scope = \"edge\"` beside it",
        ));
    }
    one_of("kind", spec.kind.as_deref(), &KINDS)?;
    let by = match &spec.by {
        Some(names) => names
            .iter()
            .map(|name| dimension(name))
            .collect::<Checked<_>>()?,
        None if spec.service.is_some() => Vec::new(),
        None => vec![Dimension::Service],
    };
    let filter = SpanFilter {
        service: spec.service.clone(),
        operation: spec.operation.clone(),
        instance: spec.instance.clone(),
        kind: spec.kind.clone(),
        version: spec.version.clone(),
        zone: spec.zone.clone(),
        by,
    };
    let named = [
        ("service", &filter.service),
        ("operation", &filter.operation),
        ("instance", &filter.instance),
        ("kind", &filter.kind),
        ("version", &filter.version),
        ("zone", &filter.zone),
    ];
    let labels = labels(named);
    Ok((Subject::Spans(filter), labels))
}

fn calls(spec: &RuleSpec) -> Checked<(Subject, Labels)> {
    let of_spans = [
        ("service", &spec.service),
        ("operation", &spec.operation),
        ("instance", &spec.instance),
        ("kind", &spec.kind),
        ("version", &spec.version),
        ("zone", &spec.zone),
    ];
    refuse(of_spans, "it goes with the scope `red` only")?;
    if spec.by.is_some() {
        let problem = "each edge is a series of its own";
        return Err(InvalidSetting::new("by", problem, "nothing"));
    }
    one_of("connection", spec.connection.as_deref(), &CONNECTIONS)?;
    let filter = CallFilter {
        caller: spec.caller.clone(),
        callee: spec.callee.clone(),
        connection: spec.connection.clone(),
    };
    let labels = labels([
        ("caller", &filter.caller),
        ("callee", &filter.callee),
        ("connection", &filter.connection),
    ]);
    Ok((Subject::Calls(filter), labels))
}

fn refuse<const N: usize>(fields: [(&'static str, &Option<String>); N], why: &str) -> Checked<()> {
    match fields.into_iter().find(|(_, value)| value.is_some()) {
        Some((field, _)) => Err(InvalidSetting::new(field, why, "nothing")),
        None => Ok(()),
    }
}

fn labels<const N: usize>(named: [(&'static str, &Option<String>); N]) -> Labels {
    let given = named.into_iter();
    let given = given.filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
    given.collect()
}

fn one_of(field: &'static str, value: Option<&str>, all: &[&str]) -> Checked<()> {
    match value {
        Some(value) if !all.contains(&value) => {
            let problem = format!("`{value}` is none of its values");
            Err(InvalidSetting::new(field, problem, all.join(", ")))
        }
        _ => Ok(()),
    }
}

fn dimension(name: &str) -> Checked<Dimension> {
    let found = Dimension::ALL.into_iter().find(|by| by.name() == name);
    found.ok_or_else(|| {
        let problem = format!("`{name}` is none of its values");
        let all = Dimension::ALL.map(Dimension::name).join(", ");
        InvalidSetting::new("by", problem, all)
    })
}

fn condition(spec: &RuleSpec) -> Checked<Condition> {
    let given = [&spec.threshold, &spec.ratio, &spec.slo];
    if given.into_iter().flatten().count() != 1 {
        let problem = "a rule has one condition";
        let expected = "one of `threshold`, `ratio` with `comparedWith`, and `slo`";
        return Err(InvalidSetting::new("threshold", problem, expected));
    }
    if spec.slo.is_none() && (spec.slow.is_some() || !spec.burn.is_empty()) {
        let problem = "an error budget needs its objective";
        return Err(InvalidSetting::new(
            "slo",
            problem,
            "a share, such as 99.9%",
        ));
    }
    if spec.ratio.is_none() && spec.compared_with.is_some() {
        let problem = "it is not told how much more is too much";
        return Err(InvalidSetting::new(
            "ratio",
            problem,
            "a bound, such as `> 1.5`",
        ));
    }
    if let Some(objective) = &spec.slo {
        return burn_rate(spec, objective).map(Condition::BurnRate);
    }
    let metric = metric(spec)?;
    let window = match &spec.window {
        Some(text) => buckets("window", text)?,
        None => DEFAULT_WINDOW,
    };
    if let Some(text) = &spec.ratio {
        let expected = "a bound, such as `> 1.5`";
        let Some(earlier) = &spec.compared_with else {
            let problem = "it is not told with what is compared";
            return Err(InvalidSetting::new(
                "comparedWith",
                problem,
                "a time, such as 1d",
            ));
        };
        return Ok(Condition::Ratio {
            metric,
            window,
            earlier: buckets("comparedWith", earlier)?,
            bound: bound("ratio", text, expected, units::parse_number)?,
        });
    }
    let text = spec.threshold.as_deref().unwrap_or_default();
    let bound = bound("threshold", text, metric.example(), |text| {
        metric.parse_value(text)
    })?;
    Ok(Condition::Threshold {
        metric,
        window,
        bound,
    })
}

fn metric(spec: &RuleSpec) -> Checked<Metric> {
    let satisfied = match &spec.satisfied {
        Some(text) => duration("satisfied", text)?,
        None => DEFAULT_SATISFIED,
    };
    let Some(name) = &spec.metric else {
        return Err(InvalidSetting::new("metric", "it is missing", METRICS));
    };
    Metric::parse(name, nanos(satisfied)).ok_or_else(|| {
        let problem = format!("`{name}` is no metric");
        InvalidSetting::new("metric", problem, METRICS)
    })
}

fn bound(
    field: &'static str,
    text: &str,
    expected: &str,
    value: impl Fn(&str) -> Result<f64, String>,
) -> Checked<Comparison> {
    let wrong = |problem: String| InvalidSetting::new(field, problem, expected);
    let Some((operator, rest)) = Operator::split(text) else {
        return Err(wrong(format!(
            "`{text}` does not begin with >, >=, < or <="
        )));
    };
    let value = value(rest).map_err(wrong)?;
    Ok(Comparison { operator, value })
}

fn burn_rate(spec: &RuleSpec, objective: &str) -> Checked<BurnRate> {
    for (field, value) in [("metric", &spec.metric), ("window", &spec.window)] {
        if value.is_some() {
            let problem = "an error budget has its own";
            return Err(InvalidSetting::new(field, problem, "nothing beside `slo`"));
        }
    }
    let wrong = |problem| InvalidSetting::new("slo", problem, "a share below 100%, such as 99.9%");
    let share = units::parse_share(objective).map_err(wrong)?;
    if !(0.0..1.0).contains(&share) {
        return Err(wrong("it leaves no error budget".to_owned()));
    }
    let bad = match &spec.slow {
        Some(text) => BadCalls::SlowerThan {
            nanos: nanos(duration("slow", text)?),
        },
        None => BadCalls::Failed,
    };
    let windows = match spec.burn.as_slice() {
        [] => DEFAULT_BURN.to_vec(),
        burn => burn.iter().map(burn_windows).collect::<Checked<_>>()?,
    };
    if windows.len() > 8 {
        return Err(InvalidSetting::new(
            "burn",
            "there are too many",
            "at most 8",
        ));
    }
    Ok(BurnRate {
        budget: 1.0 - share,
        bad,
        windows,
    })
}

const DEFAULT_BURN: [BurnWindows; 2] = [
    BurnWindows {
        long: Duration::from_secs(3_600),
        short: Duration::from_secs(300),
        factor: 14.4,
    },
    BurnWindows {
        long: Duration::from_secs(6 * 3_600),
        short: Duration::from_secs(1_800),
        factor: 6.0,
    },
];

fn burn_windows(spec: &BurnSpec) -> Checked<BurnWindows> {
    let expected = "{ long = \"1h\", short = \"5m\", factor = 14.4 }";
    let windows = BurnWindows {
        long: buckets("burn", &spec.long)?,
        short: buckets("burn", &spec.short)?,
        factor: spec.factor,
    };
    if windows.short > windows.long {
        let problem = "the short window is longer than the long one";
        return Err(InvalidSetting::new("burn", problem, expected));
    }
    match windows.factor.is_finite() && windows.factor > 0.0 {
        true => Ok(windows),
        false => Err(InvalidSetting::new(
            "burn",
            "the factor is not above 0",
            expected,
        )),
    }
}

fn duration(field: &'static str, text: &str) -> Checked<Duration> {
    let expected = "a time with its unit, such as 300ms, 1m or 1h30m";
    let duration = units::parse_duration(text);
    let duration = duration.map_err(|problem| InvalidSetting::new(field, problem, expected))?;
    match duration <= LONGEST {
        true => Ok(duration),
        false => Err(InvalidSetting::new(
            field,
            format!("`{text}` is too long"),
            "at most 31d",
        )),
    }
}

/// A time that is a number of whole buckets.
fn buckets(field: &'static str, text: &str) -> Checked<Duration> {
    let duration = duration(field, text)?;
    let is_whole = duration.as_nanos().is_multiple_of(BUCKET.as_nanos());
    match is_whole && !duration.is_zero() {
        true => Ok(duration),
        false => {
            let problem = format!("`{text}` is no multiple of 10s");
            Err(InvalidSetting::new(
                field,
                problem,
                "a multiple of 10s, such as 1m",
            ))
        }
    }
}
