use std::time::Duration;

use prost::Message;
use schemas::{SpanBatch, SpanKind, SpanRow, StatusCode, TraceId, UnixNanos};

use super::protobuf::DecodedFamily;
use super::remote_write::{DecodedTimeSeries, DecodedWriteRequest};
use super::*;
use crate::fixtures::{batch_of, catalog, engine, span_id, spans_table};
use crate::{Engine, QuerySettings, RollUps};

/// Half past an hour.
const NOW: UnixNanos = UnixNanos(1_800_001_800_000_000_000);
const MILLIS: i64 = 1_000_000;

fn ago(seconds: i64) -> UnixNanos {
    UnixNanos(NOW.0 - seconds * 1_000 * MILLIS)
}

/// A request of the shop to its cart, both of whose halves are there.
fn call(
    trace: u8,
    start: UnixNanos,
    server_millis: i64,
    status_code: StatusCode,
) -> [SpanBatch; 2] {
    let client = SpanRow {
        kind: SpanKind::Client,
        name: "GET /cart",
        start,
        duration_nano: (server_millis + 2) * MILLIS,
        ..SpanRow::new(TraceId([trace; 16]), span_id(1))
    };
    let server = SpanRow {
        parent_span_id: Some(span_id(1)),
        kind: SpanKind::Server,
        name: "get \"cart\\\n",
        start: UnixNanos(start.0 + MILLIS),
        duration_nano: server_millis * MILLIS,
        status_code,
        ..SpanRow::new(TraceId([trace; 16]), span_id(2))
    };
    [batch_of("shop", &[client]), batch_of("cart", &[server])]
}

/// One call some days ago, one an hour ago, and two a minute ago, of which one failed.
fn calls() -> Vec<SpanBatch> {
    [
        call(1, ago(300_000), 100, StatusCode::Unset),
        call(2, ago(3_600), 8, StatusCode::Unset),
        call(3, ago(60), 100, StatusCode::Unset),
        call(4, ago(60), 200_000, StatusCode::Error),
    ]
    .concat()
}

async fn metrics(engine: &Engine) -> RedMetrics {
    let metrics = engine.red_metrics(NOW, Exemplars::Slowest).await;
    metrics.expect("an answer")
}

async fn text(engine: &Engine, format: Format) -> String {
    let bytes = metrics(engine).await.encode(format, HistogramForms::Both);
    String::from_utf8(bytes).expect("text")
}

/// The lines that have all of these parts.
fn lines<'a>(text: &'a str, parts: &[&str]) -> Vec<&'a str> {
    let has_all = |line: &&str| parts.iter().all(|part| line.contains(part));
    text.lines().filter(has_all).collect()
}

#[tokio::test]
async fn the_text_has_all_history() {
    let text = text(&engine(&calls()), Format::Text).await;
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn open_metrics_have_exemplars_and_an_end() {
    let text = text(&engine(&calls()), Format::OpenMetrics).await;
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(
        lines(&text, &["# TYPE traces_spanmetrics_calls"]),
        ["# TYPE traces_spanmetrics_calls counter"]
    );
    let server = [r#"latency_bucket{service="cart""#, "UNSET", r#"le="0.128""#];
    assert_eq!(
        lines(&text, &server),
        [
            "traces_spanmetrics_latency_bucket{service=\"cart\",span_kind=\"SPAN_KIND_SERVER\",span_name=\"get \\\"cart\\\\\\n\",status_code=\"STATUS_CODE_UNSET\",le=\"0.128\"} 3 \
             # {span_id=\"0000000000000002\",trace_id=\"03030303030303030303030303030303\"} 0.1 1800001740.101"
        ]
    );
    // Calls are mostly two spans, so only their trace is named.
    let halves = [
        ("server", "0.128", " 0.1 1800001740.100"),
        ("client", "0.128", " 0.102 1800001740.102"),
    ];
    for (half, bound, end) in halves {
        let name = format!("request_{half}_seconds_bucket");
        let trace = r#" # {trace_id="03030303030303030303030303030303"}"#;
        let edge = r#"client="shop",connection_type="",server="cart""#;
        let of_half = lines(&text, &[&name, edge, &format!("le=\"{bound}\""), trace]);
        let [line] = of_half.as_slice() else {
            panic!("{half}: {of_half:?}");
        };
        assert!(line.ends_with(end), "{line}");
    }
    // The slowest call is beyond every bound; the old ones are no exemplars.
    let beyond = lines(&text, &[r#"le="+Inf""#, " # {"]);
    assert!(
        beyond.iter().all(|line| line.contains("04040404")),
        "{beyond:?}"
    );
    assert_eq!(beyond.len(), 4, "spans and halves of calls: {beyond:?}");
    assert_eq!(
        lines(&text, &["01010101"]).len() + lines(&text, &["02020202"]).len(),
        0
    );
}

#[tokio::test]
async fn calls_that_are_not_told_yet_are_no_exemplars() {
    let text = text(
        &engine(&call(6, ago(1), 10, StatusCode::Unset)),
        Format::OpenMetrics,
    )
    .await;
    let exemplars = lines(&text, &[" # {"]);
    assert!(
        exemplars
            .iter()
            .all(|line| line.starts_with("traces_spanmetrics_latency_bucket")),
        "{exemplars:?}"
    );
    assert_eq!(exemplars.len(), 2);
}

#[tokio::test]
async fn where_memory_is_short_there_are_no_exemplars() {
    let starts = (0..200).map(|trace| call(trace, ago(60), 10, StatusCode::Unset));
    let spans: Vec<SpanBatch> = starts.flatten().collect();
    for (memory_limit_bytes, expect) in [(16 << 10, 0), (16 << 20, 2)] {
        let settings = QuerySettings {
            memory_limit_bytes,
            ..QuerySettings::default()
        };
        let engine = Engine::new(catalog(&spans), settings).expect("threads start");
        let found = engine.recent_exemplars(Exemplars::Slowest, NOW, NOW).await;
        assert_eq!(found.expect("an answer").spans.len(), expect);
    }
}

#[tokio::test]
async fn operations_beyond_the_limit_have_exemplars_of_their_sum() {
    let calls = call(7, ago(60), 10, StatusCode::Unset);
    let engine = engine(&calls).with_rollups(RollUps::new(0));
    let text = text(&engine, Format::OpenMetrics).await;
    let other = r#"span_name="(other)""#;
    assert_eq!(lines(&text, &["latency_bucket", other, " # {"]).len(), 2);
}

#[tokio::test]
async fn protobuf_has_native_histograms_and_reads_back() {
    let engine = engine(&calls());
    let metrics = metrics(&engine).await;
    let read = |metrics: &RedMetrics, forms| {
        let bytes = metrics.encode(Format::Protobuf, forms);
        let mut rest = bytes.as_slice();
        let mut families = Vec::new();
        while !rest.is_empty() {
            families.push(DecodedFamily::decode_length_delimited(&mut rest).expect("a family"));
        }
        families
    };
    let families = read(&metrics, HistogramForms::Both);
    let names: Vec<_> = families
        .iter()
        .filter_map(|family| family.name.as_deref())
        .collect();
    assert_eq!(
        names,
        [
            "traces_spanmetrics_calls_total",
            "traces_spanmetrics_latency",
            "traces_service_graph_request_total",
            "traces_service_graph_request_failed_total",
            "traces_service_graph_request_server_seconds",
            "traces_service_graph_request_client_seconds",
            "spanhouse_red_series_dropped",
        ]
    );
    let server = &families[4].metric[0];
    let histogram = server.histogram.as_ref().expect("a histogram");
    assert_eq!(
        (histogram.sample_count, histogram.sample_sum),
        (Some(4), Some(200.208))
    );
    let last = histogram.bucket.last().expect("buckets");
    assert_eq!(
        (last.cumulative_count, last.upper_bound),
        (Some(4), Some(f64::INFINITY))
    );
    assert_eq!((histogram.schema, histogram.zero_count), (Some(4), Some(0)));
    let counts = histogram.positive_delta.iter().scan(0, |count, delta| {
        *count += delta;
        Some(*count)
    });
    assert_eq!(counts.collect::<Vec<i64>>(), [1, 2, 1]);
    assert_eq!(histogram.positive_span.len(), 3);
    let number = |family: usize| {
        families[family].metric[0]
            .counter
            .and_then(|number| number.value)
    };
    assert_eq!((number(2), number(3)), (Some(4.0), Some(1.0)));

    let classic = read(&metrics, HistogramForms::Classic);
    let classic = classic[4].metric[0].histogram.clone().expect("a histogram");
    assert_eq!(
        (
            classic.schema,
            classic.positive_span.len(),
            classic.bucket.len()
        ),
        (None, 0, 21)
    );
    // Exemplars stand at classic buckets.
    let without = engine.red_metrics(NOW, Exemplars::None).await;
    for (metrics, buckets) in [(&metrics, 21), (&without.expect("an answer"), 0)] {
        let native = read(metrics, HistogramForms::Native);
        let native = native[4].metric[0].histogram.clone().expect("a histogram");
        assert_eq!((native.schema, native.bucket.len()), (Some(4), buckets));
    }
}

#[tokio::test]
async fn remote_write_tells_the_same() {
    let labels = [("job", "spanhouse"), ("server", "mine")];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let metrics = metrics(&engine(&calls())).await;
    let requests = metrics.into_write_requests(NOW, &labels, HistogramForms::Both);
    let mut series = Vec::new();
    for request in requests {
        let decoded = DecodedWriteRequest::decode(request.bytes.as_slice()).expect("a request");
        assert_eq!(decoded.timeseries.len(), request.samples);
        series.extend(decoded.timeseries);
    }
    assert!(series.iter().all(|series| series.labels.is_sorted()));
    let mut labels_sent = series.iter().flat_map(|series| &series.labels);
    assert!(labels_sent.all(|label| !label.value.is_empty()));
    let label = |series: &DecodedTimeSeries, name: &str| {
        let mut labels = series.labels.iter();
        labels
            .find(|label| label.name == name)
            .map(|label| label.value.clone())
    };
    let total: f64 = series
        .iter()
        .filter(|series| {
            label(series, "__name__").as_deref() == Some("traces_spanmetrics_calls_total")
        })
        .map(|series| series.samples[0].value)
        .sum();
    assert_eq!(total, 8.0);
    // A label of the series wins over the one that is added.
    let edges = series.iter().filter_map(|series| label(series, "server"));
    assert!(edges.clone().any(|server| server == "cart"));
    assert!(
        series
            .iter()
            .all(|series| label(series, "job").as_deref() == Some("spanhouse"))
    );
    let native: Vec<_> = series
        .iter()
        .flat_map(|series| &series.histograms)
        .collect();
    assert!(
        !native.is_empty()
            && native
                .iter()
                .all(|histogram| histogram.timestamp == NOW.0 / MILLIS)
    );
    let exemplars = series.iter().flat_map(|series| &series.exemplars);
    // Of two traces: the client's span and the server's, and both halves of the call.
    assert_eq!(exemplars.count(), 8);
}

#[tokio::test]
async fn spans_that_come_late_are_counted_and_nothing_falls() {
    let catalog = catalog(&[]);
    let tables = catalog.schema("now").expect("a schema");
    let engine = Engine::new(catalog, QuerySettings::default()).expect("threads start");
    let store = |batches: &[SpanBatch]| {
        for name in ["spans", "unrolled_spans"] {
            tables.deregister_table(name).expect("a table");
            let stored = tables.register_table(name.to_owned(), spans_table(batches));
            stored.expect("no other table");
        }
    };
    let [client, server] = call(5, ago(60), 10, StatusCode::Unset);
    let edges = async || {
        let text = text(&engine, Format::Text).await;
        let edges = lines(&text, &["traces_service_graph_request_total{"]);
        edges
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    let by_user = r#"traces_service_graph_request_total{client="user",connection_type="virtual_node",server="cart"} 1"#;
    let by_shop =
        r#"traces_service_graph_request_total{client="shop",connection_type="",server="cart"} 1"#;
    assert!(edges().await.is_empty());
    let root = SpanRow {
        kind: SpanKind::Server,
        name: "root",
        start: ago(60),
        ..SpanRow::new(TraceId([9; 16]), span_id(1))
    };
    let root = batch_of("cart", &[root]);
    store(&[root]);
    assert_eq!(edges().await, [by_user]);
    // What was told of the user stays; the restated call is added.
    store(&[client, server]);
    assert_eq!(edges().await, [by_shop, by_user]);
}

#[tokio::test]
async fn series_beyond_the_limit_are_dropped_and_counted() {
    let batches = calls();
    let settings = QuerySettings {
        red_series_limit: 2,
        timeout: Duration::from_secs(60),
        ..QuerySettings::default()
    };
    let engine = Engine::new(catalog(&batches), settings).expect("threads start");
    let text = text(&engine, Format::Text).await;
    assert_eq!(lines(&text, &["traces_spanmetrics_calls_total{"]).len(), 2);
    assert_eq!(
        lines(&text, &["dropped{of=\"spans\"}"]),
        ["spanhouse_red_series_dropped{of=\"spans\"} 1"]
    );
    assert_eq!(
        lines(&text, &["dropped{of=\"calls\"}"]),
        ["spanhouse_red_series_dropped{of=\"calls\"} 0"]
    );
}
