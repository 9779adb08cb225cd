use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, UInt32Type};
use arrow_ipc::reader::StreamReader;
use schemas::SpanId;

use super::*;

/// A shop: a root that makes five equal calls and then waits for two services one after the other,
/// the second of which fails in another zone.
const SHOP: &str = include_str!("../golden/shop.otlp.json");
const SHOP_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn shop() -> Router {
    routes(&[batch_of_otlp_json(SHOP)])
}

#[tokio::test]
async fn a_diagnosis_names_what_it_found() {
    let routes = shop();
    let path = format!("/api/v1/traces/{SHOP_ID}/diagnosis");
    let answer = get(&routes, &path).await;
    check_golden("diagnosis", &answer);
    let again = get(&routes, &format!("{path}?repeated=5&limit=100")).await;
    assert!(
        again.body == answer.body,
        "the same question of the same snapshot"
    );
    let cut = get(&routes, &format!("{path}?repeated=2&limit=1"))
        .await
        .json();
    assert_eq!(cut["repeatedAtLeast"], 2);
    assert_eq!(cut["repeatedCalls"].as_array().map(Vec::len), Some(1));
    let none = get(&routes, &format!("{path}?repeated=6")).await.json();
    assert_eq!(none["repeatedCallCount"], 0);
}

#[tokio::test]
async fn questions_that_have_no_diagnosis_are_told_why() {
    let routes = shop();
    let unknown = "11111111111111111111111111111111";
    for (path, status, code) in [
        ("0/diagnosis".to_owned(), 400, "malformed_trace_id"),
        ("0/skeleton".to_owned(), 400, "malformed_trace_id"),
        ("%ff/skeleton".to_owned(), 400, "malformed_parameter"),
        (format!("{unknown}/diagnosis"), 404, "trace_not_found"),
        (format!("{unknown}/skeleton"), 404, "trace_not_found"),
        (
            format!("{SHOP_ID}/diagnosis?repeated=1"),
            400,
            "malformed_parameter",
        ),
        (
            format!("{SHOP_ID}/diagnosis?repeated=many"),
            400,
            "malformed_parameter",
        ),
        (
            format!("{SHOP_ID}/diagnosis?limit=0"),
            400,
            "malformed_parameter",
        ),
        (
            format!("{SHOP_ID}/diagnosis?limit=10001"),
            400,
            "malformed_parameter",
        ),
    ] {
        let answer = get(&routes, &format!("/api/v1/traces/{path}")).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status.as_u16(), error["code"].as_str()),
            (status, Some(code)),
            "{path}"
        );
    }
}

fn batch_of_stream(answer: &Answer) -> RecordBatch {
    assert_eq!(
        (answer.status, answer.content_type.as_str()),
        (StatusCode::OK, "application/vnd.apache.arrow.stream")
    );
    let reader = StreamReader::try_new(answer.body.as_slice(), None).expect("a stream");
    let mut batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("a batch")).collect();
    assert_eq!(batches.len(), 1);
    batches.remove(0)
}

fn numbers(batch: &RecordBatch, column: &str) -> Vec<i64> {
    let column = batch.column_by_name(column).expect("there");
    let cast = datafusion::arrow::compute::cast(column, &arrow_schema::DataType::Int64);
    cast.expect("numbers")
        .as_primitive::<Int64Type>()
        .values()
        .to_vec()
}

fn names(batch: &RecordBatch, column: &str) -> Vec<String> {
    let column = batch.column_by_name(column).expect("there");
    let texts = column
        .as_dictionary::<Int32Type>()
        .downcast_dict::<arrow_array::StringArray>();
    let texts = texts.expect("texts").into_iter();
    texts
        .map(|text| text.expect("no nulls").to_owned())
        .collect()
}

#[tokio::test]
async fn a_skeleton_has_the_tree_in_columns() {
    let routes = everything();
    let answer = get(&routes, &format!("/api/v1/traces/{EVERYTHING_ID}/skeleton")).await;
    let batch = batch_of_stream(&answer);
    let tree = get(&routes, &format!("/api/v1/traces/{EVERYTHING_ID}"))
        .await
        .json();
    let spans = tree["spans"].as_array().expect("a list");
    assert_eq!(batch.num_rows(), spans.len());

    let texts = |key: &str| -> Vec<&str> {
        spans
            .iter()
            .map(|span| span[key].as_str().expect("a text"))
            .collect()
    };
    assert_eq!(names(&batch, "service"), texts("serviceName"));
    assert_eq!(names(&batch, "operation"), texts("name"));
    let depths: Vec<_> = spans
        .iter()
        .map(|span| span["depth"].as_i64().expect("a number"))
        .collect();
    assert_eq!(numbers(&batch, "depth"), depths);
    let durations: Vec<_> = spans
        .iter()
        .map(|span| span["durationNano"].as_i64().expect("a number"))
        .collect();
    assert_eq!(numbers(&batch, "durationNano"), durations);

    let metadata = batch.schema_ref().metadata();
    assert_eq!(metadata["version"], "1");
    assert_eq!(metadata["traceId"], EVERYTHING_ID);
    let begin: i64 = metadata["startTimeUnixNano"].parse().expect("a number");
    let mark_names: Vec<&str> = metadata["marks"].split(',').collect();
    let bits = batch
        .column_by_name("marks")
        .expect("there")
        .as_primitive::<UInt32Type>();
    let ids = batch
        .column_by_name("spanId")
        .expect("there")
        .as_fixed_size_binary();
    for (row, span) in spans.iter().enumerate() {
        let set: Vec<&str> = (0..mark_names.len())
            .filter(|bit| bits.value(row) & (1 << bit) != 0)
            .map(|bit| mark_names[bit])
            .collect();
        assert_eq!(json!(set), span["marks"]);
        let id = SpanId(ids.value(row).try_into().expect("8 bytes"));
        assert_eq!(json!(id.to_string()), span["spanId"]);
        let start = begin + numbers(&batch, "startOffsetNano")[row];
        assert_eq!(json!(start.to_string()), span["startTimeUnixNano"]);
    }
    let again = get(&routes, &format!("/api/v1/traces/{EVERYTHING_ID}/skeleton")).await;
    assert!(
        again.body == answer.body,
        "the same question of the same snapshot"
    );
}

#[tokio::test]
async fn a_skeleton_tells_self_time_status_and_the_critical_path() {
    let failed = SpanRow {
        status_code: schemas::StatusCode::Error,
        kind: schemas::SpanKind::Client,
        duration_nano: 4,
        ..span(2, Some(1), 3)
    };
    let routes = routes(&[batch_of(
        "s",
        &[span(1, None, 0), failed, span(3, Some(1), 100)],
    )]);
    let answer = get(
        &routes,
        "/api/v1/traces/07070707070707070707070707070707/skeleton",
    )
    .await;
    let batch = batch_of_stream(&answer);
    assert_eq!(numbers(&batch, "parent"), [-1, 0, 0]);
    assert_eq!(numbers(&batch, "selfTimeNano"), [6, 4, 10]);
    assert_eq!(numbers(&batch, "status"), [0, 2, 0]);
    assert_eq!(numbers(&batch, "kind"), [0, 3, 0]);
    assert_eq!(numbers(&batch, "onCriticalPath"), [1, 1, 0]);
}

#[tokio::test]
async fn halves_of_a_call_are_rows_and_placeholders_too() {
    let routes = super::rpc_halves::shared();
    let trace = "/api/v1/traces/07070707070707070707070707070707";
    let batch = batch_of_stream(&get(&routes, &format!("{trace}/skeleton")).await);
    // A call's two sides and what the called side did; a placeholder and the span that names it.
    assert_eq!(numbers(&batch, "parent"), [-1, 0, 1, -1, 3]);
    assert_eq!(numbers(&batch, "depth"), [0, 0, 1, 0, 1]);
    assert_eq!(numbers(&batch, "ordinal"), [0, 0, 1, 1, 1]);
    assert_eq!(numbers(&batch, "half"), [1, 2, 0, 0, 0]);
    assert_eq!(
        names(&batch, "service"),
        ["front", "back", "back", "", "back"]
    );
    let micros = |column| -> Vec<i64> {
        let nanos = numbers(&batch, column).into_iter();
        nanos.map(|nanos| nanos / 1_000).collect()
    };
    assert_eq!(micros("clockSkewNano")[1..3], [-4_000, -4_000]);
    assert_eq!(micros("startOffsetNano")[..3], [0, 1_000, 1_200]);
    assert_eq!(micros("selfTimeNano")[..3], [2_000, 500, 500]);
    assert_eq!(numbers(&batch, "onCriticalPath"), [1, 1, 1, 0, 0]);

    let diagnosis = get(&routes, &format!("{trace}/diagnosis")).await.json();
    let on_path = diagnosis["criticalPath"]["spans"]
        .as_array()
        .expect("a list");
    let told: Vec<_> = on_path
        .iter()
        .map(|on_path| {
            let span = &on_path["span"];
            [
                &span["row"],
                &span["callPath"],
                &span["half"],
                &on_path["criticalPathNano"],
            ]
        })
        .collect();
    let expected = [
        [json!(0), json!("0"), json!("client"), json!(2_000_000)],
        [json!(1), json!("0"), json!("server"), json!(500_000)],
        [json!(2), json!("0.1"), json!(null), json!(500_000)],
    ];
    assert_eq!(json!(told), json!(expected));
    assert_eq!(diagnosis["services"][0]["name"], "front");
}

#[tokio::test]
async fn a_hundred_thousand_spans_are_diagnosed() {
    let start = |id: u64| i64::try_from(id).expect("small");
    let chain: Vec<_> = (1..=100_000)
        .map(|id| SpanRow {
            duration_nano: 300_000 - 2 * start(id),
            ..span(id, (id > 1).then(|| id - 1), start(id))
        })
        .collect();
    let routes = routes(&[batch_of("s", &chain)]);
    let begin = std::time::Instant::now();
    let trace = "/api/v1/traces/07070707070707070707070707070707";
    let diagnosis = get(&routes, &format!("{trace}/diagnosis")).await.json();
    assert_eq!(
        diagnosis["criticalPath"]["spans"].as_array().map(Vec::len),
        Some(100_000)
    );
    let skeleton = batch_of_stream(&get(&routes, &format!("{trace}/skeleton")).await);
    assert_eq!(skeleton.num_rows(), 100_000);
    let took = begin.elapsed();
    // Unoptimised on a busy machine; anything quadratic would take minutes.
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
}
