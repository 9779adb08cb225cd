//! Any spans at all, in any order and any number of copies, give one and the same tree.

use std::collections::BTreeMap;

use proptest::prelude::*;
use schemas::{ResourceRow, SpanBatch, SpanBatchBuilder, SpanKind};

use super::super::native::TraceJson;
use super::*;
use crate::trace::{CallPaths, Limits, SpanRows, assemble};
use crate::{Half, Mark, Trace};

/// One span of a forest in which anything may be wrong: parents absent, circles, ids and paths
/// that several have, clocks that differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct AnySpan {
    id: u64,
    parent: Option<u64>,
    start: i64,
    duration: i64,
    kind: i32,
    path: Option<&'static str>,
    host: usize,
    is_named: bool,
}

const PATHS: [&str; 9] = [
    "0", "0.1", "0.1.1", "0.2", "0.10", "0.1.2.3", "0.1.2.4", "0.3.1", "1",
];
const HOSTS: [&str; 3] = ["", "a", "b"];

fn any_span() -> impl Strategy<Value = AnySpan> {
    let links = (
        1..10_u64,
        prop::option::of(1..12_u64),
        prop::option::weighted(0.3, prop::sample::select(&PATHS[..])),
    );
    let times = (
        prop::sample::select(vec![0, 1, 2, 3, 4, 1_000, 2_000, 2_001]),
        prop::sample::select(vec![0, 5, 3_000]),
    );
    let rest = (0..6_i32, 0..HOSTS.len(), any::<bool>());
    (links, times, rest).prop_map(
        |((id, parent, path), (start, duration), (kind, host, is_named))| AnySpan {
            id,
            parent,
            start,
            duration,
            kind,
            path,
            host,
            is_named,
        },
    )
}

fn batch(spans: &[AnySpan]) -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    for any in spans {
        builder.set_resource(&ResourceRow {
            attributes: match HOSTS[any.host] {
                "" => &[],
                "a" => &[
                    ("service.name", AttributeRef::String("a")),
                    ("host.name", AttributeRef::String("a")),
                ],
                _ => &[("host.name", AttributeRef::String("b"))],
            },
            ..ResourceRow::default()
        });
        builder.push(&SpanRow {
            call_path: any.path,
            kind: SpanKind::from_number(any.kind),
            duration_nano: any.duration,
            name: if any.is_named { "named" } else { "work" },
            ..span(any.id, any.parent, any.start)
        });
    }
    builder.finish()
}

fn trace_of(batches: Vec<SpanBatch>) -> Trace {
    let mut traces = assemble(SpanRows::new(batches)).expect("own rows");
    assert_eq!(traces.len(), 1);
    traces.remove(0)
}

fn native_json(trace: &Trace) -> Value {
    let everything = trace.select(None, Limits::NONE);
    serde_json::to_value(TraceJson::of(trace, &everything).expect("own text parses"))
        .expect("own text parses")
}

/// Without what tells how often each span was sent.
fn without_copies(mut json: Value) -> Value {
    fn strip(span: &mut Value) {
        let span = span.as_object_mut().expect("an object");
        span.remove("copies");
        let marks = span["marks"].as_array_mut().expect("a list");
        marks.retain(|mark| mark != "duplicate");
        if let Some(half) = span.get_mut("serverHalf") {
            strip(half);
        }
    }
    json["duplicateCount"].take();
    let spans = json["spans"].as_array_mut().expect("a list");
    spans.iter_mut().for_each(strip);
    json
}

fn check_tree(trace: &Trace) -> Result<(), TestCaseError> {
    let spans = trace.spans();
    let mut paths = BTreeMap::<String, Vec<usize>>::new();
    let mut made = CallPaths::of(trace);
    for (position, span) in spans.iter().enumerate() {
        prop_assert!(span.end > position && span.end <= spans.len());
        let is_server = span.half == Some(Half::Server);
        match span.parent {
            None => prop_assert_eq!(span.depth, 0),
            Some(parent) => {
                prop_assert!(parent < position && span.end <= spans[parent].end);
                let below = usize::from(!is_server);
                prop_assert_eq!(span.depth, spans[parent].depth + below);
            }
        }
        if span.is_placeholder() {
            prop_assert!(span.marks.contains(Mark::Missing) && span.end > position + 1);
        }
        let path = trace.call_path(span).expect("not deep");
        if is_server {
            let client = &spans[position - 1];
            prop_assert_eq!(client.half, Some(Half::Client { server: position }));
            prop_assert_eq!(trace.call_path(client), Some(path));
        } else {
            prop_assert_eq!(made.next(position), Some(path.as_str()));
            paths.entry(path).or_default().push(position);
        }
    }
    // Only spans that were sent with one path have one path.
    for (path, positions) in paths {
        let is_sent = |position: &usize| {
            let content = trace.content(&spans[*position]).expect("own text parses");
            content.is_some_and(|content| content.call_path.as_deref() == Some(path.as_str()))
        };
        prop_assert!(
            positions.len() == 1 || positions.iter().all(is_sent),
            "{}",
            path
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_order_and_any_duplicates_give_the_same_tree(
        (spans, shuffled) in prop::collection::vec(any_span(), 1..40).prop_flat_map(|spans| {
            let mut doubled = spans.clone();
            doubled.extend(spans.iter().step_by(2).cloned());
            (Just(spans), Just(doubled).prop_shuffle())
        }),
        cuts in prop::collection::vec(0..60_usize, 0..4),
    ) {
        let mut sent_once = spans.clone();
        sent_once.sort_unstable();
        sent_once.dedup();
        let plain = trace_of(vec![batch(&sent_once)]);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(shuffled.len())).collect();
        cuts.extend([0, shuffled.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &shuffled[cut[0]..cut[1]]);
        let pieces = pieces.filter(|piece| !piece.is_empty()).map(batch).collect();
        let doubled = trace_of(pieces);

        prop_assert_eq!(without_copies(native_json(&plain)), without_copies(native_json(&doubled)));
        let mut backward = shuffled.clone();
        backward.reverse();
        let backward = native_json(&trace_of(vec![batch(&backward)]));
        prop_assert_eq!(native_json(&doubled).to_string(), backward.to_string());

        let counted = |trace: &Trace| trace.summary().span_count + trace.summary().duplicate_count;
        prop_assert_eq!((counted(&plain), counted(&doubled)), (sent_once.len(), shuffled.len()));
        check_tree(&plain)?;
    }
}
