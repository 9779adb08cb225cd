//! What holds for all spans and all bodies.

use std::collections::HashSet;

use proptest::prelude::*;

use super::super::halves::Side;
use super::super::ids::span_id;
use super::*;

fn path() -> impl Strategy<Value = String> {
    let part = prop_oneof![0_u32..20, 0_u32..1_000_000_000];
    prop::collection::vec(part, 0..12).prop_map(|parts| {
        let parts = parts.iter().map(|part| format!(".{part}"));
        format!("0{}", parts.collect::<String>())
    })
}

fn trace_id() -> impl Strategy<Value = Value> {
    prop_oneof![
        (1_u64..).prop_map(Value::from),
        (1_u64..).prop_map(|number| Value::from(number.to_string())),
        "[0-9a-f]{32}".prop_map(Value::from),
        "[0-9a-f]{16}".prop_map(Value::from),
        "\\PC{1,128}".prop_map(Value::from),
    ]
}

/// Valid spans, and some that are not.
fn any_span() -> impl Strategy<Value = Value> {
    let annotation = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "\\PC{0,9}".prop_map(Value::from),
        (0_u64..9, "[a-z]{0,4}").prop_map(|(time, value)| json!([{"time": time, "value": value}])),
        Just(json!({})),
    ];
    let key = prop_oneof![Just("cs".to_owned()), Just("cr".to_owned()), "\\PC{0,6}"];
    let annotations = prop::collection::btree_map(key, annotation, 0..4);
    let kind = prop::sample::select(vec![
        "client", "server", "producer", "consumer", "internal", "x",
    ]);
    let service = prop::sample::select(vec!["shop", "stock"]);
    let fields = (trace_id(), path(), "\\PC{0,9}", any::<u64>(), 0_u64..99);
    (fields, kind, service, annotations).prop_map(
        |((trace_id, span_id, name, start, duration), kind, service, annotations)| {
            json!({
                "traceId": trace_id, "spanId": span_id, "name": name, "kind": kind,
                "start": (start / 2).to_string(), "duration": duration, "service": service,
                "annotations": annotations,
            })
        },
    )
}

proptest! {
    #[test]
    fn native_ids_are_read_back_as_sent(trace_id in trace_id(), path in path()) {
        let is_zero = trace_id.as_str().is_some_and(|text| text.bytes().all(|byte| byte == b'0'));
        prop_assume!(!is_zero);
        let span = decode_one(json!({"traceId": trace_id.clone(), "spanId": path.clone()}));
        prop_assert_eq!(span.call_path, Some(path));
        let sent = trace_id.as_str().map_or_else(|| trace_id.to_string(), str::to_owned);
        let shown = span.trace_id.to_string();
        match span.attributes.get_str("mtrace.trace_id") {
            Some(kept) => prop_assert_eq!(kept, sent),
            None => prop_assert_eq!(shown, format!("{:0>32}", sent.to_lowercase())),
        }
    }

    #[test]
    fn all_forms_of_a_body_give_the_same_spans(spans in prop::collection::vec(any_span(), 1..6)) {
        let array = json!(spans).to_string();
        let pretty = serde_json::to_string_pretty(&spans).expect("JSON");
        let lines: String = spans.iter().map(|span| format!("{span}\n")).collect();
        let of_array = decode(array.as_bytes()).expect("JSON");
        let rows = of_array.batch.to_record_batch(None);
        for other in [pretty, lines] {
            let decoded = decode(other.as_bytes()).expect("JSON");
            prop_assert_eq!(&decoded.batch.to_record_batch(None), &rows);
            prop_assert_eq!(decoded.rejected, of_array.rejected);
        }
        prop_assert_eq!(of_array.details.len() as u64, of_array.rejected);
        let one_by_one: Vec<Span> = spans
            .iter()
            .flat_map(|span| read(&decode(span.to_string().as_bytes()).expect("JSON")))
            .collect();
        prop_assert_eq!(read(&of_array), one_by_one);
    }

    /// A body is taken exactly when serde_json takes it, or each of its lines.
    #[test]
    fn any_text_is_taken_or_refused_as_json_is(
        span in any_span(),
        at in any::<prop::sample::Index>(),
        put in prop::sample::select(vec!["", "[", "]", "{", "}", ",", "\"", "1", "\\u12", " ", "null"]),
        is_array in any::<bool>(),
    ) {
        let body = if is_array { json!([span]).to_string() } else { span.to_string() };
        let at = at.index(body.len() + 1);
        prop_assume!(body.is_char_boundary(at));
        let (before, after) = body.split_at(at);
        let body = format!("{before}{put}{after}");
        let is_json = if body.starts_with('[') {
            serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok()
        } else {
            let mut values = serde_json::Deserializer::from_str(&body).into_iter::<serde::de::IgnoredAny>();
            values.all(|value| value.is_ok())
        };
        prop_assert_eq!(decode(body.as_bytes()).is_ok(), is_json, "{}", body);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(decoded) = decode(&bytes) {
            read(&decoded);
        }
    }
}

/// All paths of a trace that is wide and deep, both sides: no two get the same id.
#[test]
fn the_ids_of_a_trace_do_not_collide() {
    let mut paths = vec!["0".to_owned()];
    for one in 0..60 {
        paths.push(format!("0.{one}"));
        for two in 0..40 {
            paths.push(format!("0.{one}.{two}"));
            paths.extend((0..20).map(|three| format!("0.{one}.{two}.{three}")));
        }
    }
    paths.extend((1..200).map(|depth| format!("0{}", ".77".repeat(depth))));
    paths.extend((100..6_000).map(|wide| format!("0.{wide}")));
    let trace_id = schemas::TraceId([7; 16]);
    let ids: HashSet<_> = paths
        .iter()
        .map(|path| schemas::CallPath::parse(path).expect("valid"))
        .flat_map(|path| [Side::Calling, Side::Executing].map(|side| span_id(trace_id, path, side)))
        .collect();
    assert_eq!(ids.len(), 2 * paths.len());
    assert!(paths.len() > 50_000);
}
