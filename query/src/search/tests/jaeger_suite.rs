//! The searches of Jaeger's storage integration suite over its recorded traces.

use schemas::{TraceId, UnixNanos};
use serde_json::Value;

use crate::TraceQuery;
use crate::fixtures::{batch_of_otlp_json, engine, recorded};

const SUITE: &str = "jaeger/storage-integration";

/// The nanoseconds of an instant of 2017-01-26, the only day that the recorded queries name.
fn nanos_of(instant: &Value) -> UnixNanos {
    let text = instant
        .as_str()
        .and_then(|text| text.strip_prefix("2017-01-26T"))
        .expect("that day");
    let text = text.strip_suffix('Z').expect("UTC");
    let mut seconds = 1_485_388_800.0;
    for (part, factor) in text.split(':').zip([3600.0, 60.0, 1.0]) {
        seconds += part.parse::<f64>().expect("a number") * factor;
    }
    UnixNanos((seconds * 1e6).round() as i64 * 1_000)
}

fn query_of(query: &Value) -> TraceQuery {
    let text = |name: &str| {
        query[name]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let nanos = |name: &str| query[name].as_i64().filter(|nanos| *nanos != 0);
    let tags = query["Tags"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (key.clone(), value)
        });
    TraceQuery {
        service: text("ServiceName"),
        operation: text("OperationName"),
        tags: tags.collect(),
        min_duration_nano: nanos("DurationMin"),
        max_duration_nano: nanos("DurationMax"),
        start: nanos_of(&query["StartTimeMin"]),
        end: nanos_of(&query["StartTimeMax"]),
        limit: 1_000,
    }
}

#[tokio::test]
async fn jaegers_storage_suite_is_answered_exactly() {
    let Some(queries) = recorded(&format!("{SUITE}/queries.json")) else {
        return;
    };
    let queries: Vec<Value> = serde_json::from_str(&queries).expect("JSON");
    let fixture = |name: &str| {
        let text =
            recorded(&format!("{SUITE}/traces/{name}.json")).expect("the recordings are at hand");
        batch_of_otlp_json(&text)
    };
    let names = [
        "default",
        "dur_trace",
        "example_trace",
        "log_tags_trace",
        "max_dur_trace",
        "multiple1_trace",
        "multiple2_trace",
        "multiple3_trace",
        "opname_dur_trace",
        "opname_maxdur_trace",
        "opname_trace",
        "process_tags_trace",
        "scope_name_version_trace",
        "span_tags_trace",
        "tags_dur_trace",
        "tags_escaped_operator_trace_1",
        "tags_maxdur_trace",
        "tags_opname_dur_trace",
        "tags_opname_trace",
        "tags_wildcard_regex_1",
    ];
    let engine = engine(&names.map(fixture));
    for case in &queries {
        let traces = engine
            .search(query_of(&case["Query"]))
            .await
            .expect("an answer");
        let mut answer: Vec<_> = traces
            .iter()
            .map(|trace| (trace.id(), trace.summary().span_count))
            .collect();
        answer.sort_unstable();
        let expected = case["ExpectedFixtures"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|name| {
                let batch = fixture(name.as_str().expect("a name"));
                let id = batch
                    .trace_ids()
                    .expect("spans")
                    .value(0)
                    .try_into()
                    .expect("16 bytes");
                (TraceId(id), batch.rows())
            });
        let mut expected: Vec<_> = expected.collect();
        expected.sort_unstable();
        assert_eq!(answer, expected, "{}", case["Caption"]);
    }
    let operations = engine
        .operations("example-service-1")
        .await
        .expect("an answer");
    let operations: Vec<_> = operations
        .iter()
        .map(|o| (o.name.as_str(), o.kind.name()))
        .collect();
    let expected = [
        ("example-operation-1", ""),
        ("example-operation-3", "server"),
        ("example-operation-4", "client"),
    ];
    assert_eq!(operations, expected);
}
