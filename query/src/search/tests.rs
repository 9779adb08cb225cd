mod jaeger_suite;

use datafusion::catalog::MemorySchemaProvider;
use proptest::prelude::*;
use schemas::{
    AttributeRef, EventRow, ResourceRow, ScopeRow, SpanBatch, SpanBatchBuilder, SpanKind, SpanRow,
    StatusCode,
};

use super::*;
use crate::fixtures::{SilentTables, batch_of, catalog_of, engine, span_id};
use crate::{Engine, QuerySettings};

fn trace_id(number: u8) -> TraceId {
    TraceId([number; 16])
}

fn all(limit: usize) -> TraceQuery {
    TraceQuery::of_range(UnixNanos(i64::MIN), UnixNanos(i64::MAX), limit)
}

async fn found(engine: &Engine, query: TraceQuery) -> Vec<TraceId> {
    let traces = engine.search(query).await.expect("an answer");
    traces.iter().map(crate::Trace::id).collect()
}

fn row(trace: u8, id: u64, start: i64) -> SpanRow<'static> {
    SpanRow {
        start: UnixNanos(start),
        name: "work",
        ..SpanRow::new(trace_id(trace), span_id(id))
    }
}

#[tokio::test]
async fn newest_traces_come_first_and_come_whole() {
    let minute = 60_000_000_000;
    let spans = [
        row(1, 1, 0),
        row(2, 1, 5 * minute),
        row(3, 1, 2),
        row(1, 2, 90 * minute),
        row(4, 1, 5 * minute),
    ];
    let engine = engine(&[batch_of("a", &spans), batch_of("b", &[row(2, 9, 7)])]);
    let query = TraceQuery {
        service: Some("a".into()),
        ..all(10)
    };
    assert_eq!(
        found(&engine, query.clone()).await,
        [1, 2, 4, 3].map(trace_id)
    );
    assert_eq!(
        found(
            &engine,
            TraceQuery {
                limit: 2,
                ..query.clone()
            }
        )
        .await,
        [1, 2].map(trace_id)
    );
    let ended = TraceQuery {
        end: UnixNanos(5 * minute),
        ..query.clone()
    };
    assert_eq!(found(&engine, ended).await, [2, 4, 3, 1].map(trace_id));
    let begun = TraceQuery {
        start: UnixNanos(1),
        end: UnixNanos(2),
        ..query.clone()
    };
    assert_eq!(found(&engine, begun).await, [trace_id(3)]);
    let nothing = TraceQuery {
        start: UnixNanos(2),
        end: UnixNanos(1),
        ..query.clone()
    };
    assert_eq!(found(&engine, nothing).await, []);
    let whole = engine
        .search(TraceQuery { limit: 2, ..query })
        .await
        .expect("an answer");
    assert_eq!(whole[1].summary().span_count, 2);
    assert!(engine.counters().search_windows > 0 && engine.counters().traces_assembled > 0);
}

fn one_of_everything() -> Vec<SpanBatch> {
    let mut builder = SpanBatchBuilder::default();
    let zone = [
        ("service.name", AttributeRef::String("shop")),
        ("service.version", AttributeRef::String("1.0")),
        ("process.pid", AttributeRef::Int(42)),
        ("zone", AttributeRef::Int(3)),
    ];
    builder.set_resource(&ResourceRow {
        attributes: &zone,
        ..ResourceRow::default()
    });
    builder.set_scope(&ScopeRow {
        name: "lib",
        version: "2",
        ..ScopeRow::default()
    });
    let attributes = [
        ("http.response.status_code", AttributeRef::Int(500)),
        ("http.route", AttributeRef::String("/cart")),
        ("user.id", AttributeRef::Int(9)),
        ("free", AttributeRef::Bool(true)),
        ("ratio", AttributeRef::Double(0.5)),
    ];
    let event = [
        ("exception.type", AttributeRef::String("Timeout")),
        ("try", AttributeRef::Int(2)),
    ];
    let events = [EventRow {
        name: "exception",
        attributes: &event,
        ..EventRow::default()
    }];
    builder.push(&SpanRow {
        attributes: &attributes,
        events: &events,
        kind: SpanKind::Server,
        status_code: StatusCode::Error,
        status_message: "boom",
        trace_state: "a=b",
        duration_nano: 1_000,
        ..row(1, 1, 0)
    });
    builder.set_resource(&ResourceRow::default());
    builder.set_scope(&ScopeRow::default());
    let marked = [("error", AttributeRef::Bool(true))];
    builder.push(&SpanRow {
        status_code: StatusCode::Ok,
        attributes: &marked,
        ..row(2, 1, 0)
    });
    builder.push(&row(3, 1, 0));
    vec![builder.finish()]
}

#[tokio::test]
async fn a_tag_is_found_wherever_it_stands() {
    let engine = engine(&one_of_everything());
    for (key, value) in [
        ("http.response.status_code", "500"),
        ("http.route", "/cart"),
        ("user.id", "9"),
        ("free", "true"),
        ("ratio", "0.5"),
        ("service.name", "shop"),
        ("service.version", "1.0"),
        ("process.pid", "42"),
        ("zone", "3"),
        ("exception.type", "Timeout"),
        ("try", "2"),
        ("event", "exception"),
        ("span.kind", "server"),
        ("otel.status_code", "ERROR"),
        ("otel.status_description", "boom"),
        ("otel.scope.name", "lib"),
        ("otel.scope.version", "2"),
        ("w3c.tracestate", "a=b"),
    ] {
        let query = TraceQuery {
            tags: vec![(key.into(), value.into())],
            ..all(10)
        };
        assert_eq!(found(&engine, query).await, [trace_id(1)], "{key}={value}");
    }
    for (key, value) in [
        ("http.response.status_code", "0500"),
        ("http.route", "/"),
        ("zone", "4"),
        ("event", "Timeout"),
        ("none", ""),
        ("otel.scope.name", ""),
        ("span.kind", ""),
        ("span.kind", "consumer"),
        ("error", "false"),
        ("na'me", "va\"l'use"),
    ] {
        let query = TraceQuery {
            tags: vec![(key.into(), value.into())],
            ..all(10)
        };
        assert_eq!(found(&engine, query).await, [], "{key}={value}");
    }
    let failed = TraceQuery {
        tags: vec![("error".into(), "true".into())],
        ..all(10)
    };
    assert_eq!(found(&engine, failed).await, [1, 2].map(trace_id));
}

#[tokio::test]
async fn conditions_are_met_by_one_span() {
    let a = [("a", AttributeRef::Int(1))];
    let b = [("b", AttributeRef::Int(2))];
    let spans = [
        SpanRow {
            attributes: &a,
            duration_nano: 10,
            ..row(1, 1, 0)
        },
        SpanRow {
            attributes: &b,
            duration_nano: 20,
            name: "rest",
            ..row(1, 2, 0)
        },
    ];
    let engine = engine(&[batch_of("s", &spans)]);
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let both = TraceQuery {
        tags: vec![tag("a", "1"), tag("b", "2")],
        ..all(10)
    };
    assert_eq!(found(&engine, both).await, []);
    let apart = TraceQuery {
        tags: vec![tag("a", "1")],
        min_duration_nano: Some(11),
        ..all(10)
    };
    assert_eq!(found(&engine, apart).await, []);
    let exact = TraceQuery {
        tags: vec![tag("b", "2")],
        operation: Some("rest".into()),
        min_duration_nano: Some(20),
        max_duration_nano: Some(20),
        ..all(10)
    };
    assert_eq!(found(&engine, exact).await, [trace_id(1)]);
}

#[tokio::test]
async fn spans_that_name_no_service_are_found_by_the_name_for_none() {
    let engine = engine(&one_of_everything());
    let query = TraceQuery {
        service: Some("unknown_service".into()),
        ..all(10)
    };
    assert_eq!(found(&engine, query).await, [2, 3].map(trace_id));
    assert_eq!(
        engine.services().await.expect("an answer"),
        ["shop", "unknown_service"]
    );
    assert_eq!(
        engine.operations("shop").await.expect("an answer")[0].kind,
        SpanKind::Server
    );
    assert_eq!(engine.operations("none").await.expect("an answer"), []);
}

#[tokio::test]
async fn limits_are_kept_and_named() {
    let batches = one_of_everything();
    let spans = QuerySettings {
        memory_limit_bytes: 100,
        ..QuerySettings::default()
    };
    let small = Engine::new(crate::fixtures::catalog(&batches), spans).expect("threads start");
    assert!(matches!(
        small.trace(trace_id(1)).await,
        Err(QueryError::TooLarge(_))
    ));
    assert!(matches!(small.trace(trace_id(9)).await, Ok(None)));
    let none = QuerySettings {
        running_limit: 0,
        waiting_limit: 0,
        ..QuerySettings::default()
    };
    let closed = Engine::new(crate::fixtures::catalog(&batches), none).expect("threads start");
    assert!(matches!(
        closed.trace(trace_id(1)).await,
        Err(QueryError::Busy)
    ));
    assert_eq!(
        (
            closed.counters().refused_busy,
            closed.counters().questions_open
        ),
        (1, 0)
    );
    let hurried = QuerySettings {
        timeout: Duration::from_millis(1),
        ..QuerySettings::default()
    };
    let silent = Engine::new(catalog_of(SilentTables), hurried).expect("threads start");
    let answer = silent.search(all(10)).await;
    assert!(matches!(answer, Err(QueryError::Timeout(_))));
    assert_eq!(
        (
            silent.counters().timed_out,
            silent.counters().questions_open
        ),
        (1, 0)
    );
    let empty = Engine::new(
        catalog_of(MemorySchemaProvider::new()),
        QuerySettings::default(),
    )
    .expect("threads start");
    assert!(matches!(
        empty.services().await,
        Err(QueryError::NoTable("operations"))
    ));
    // An answer gives its memory back.
    let engine = engine(&batches);
    let trace = engine.trace(trace_id(1)).await.expect("an answer");
    assert!(engine.counters().memory_bytes > 0);
    drop(trace);
    assert_eq!(engine.counters().memory_bytes, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn windows_change_nothing(
        spans in prop::collection::vec((1..20_u8, 0..2_000_i64), 1..60),
        first_window in 1..500_u64,
        limit in 1..12_usize,
    ) {
        let rows: Vec<_> = spans.iter().zip(1..).map(|((trace, start), id)| row(*trace, id, *start)).collect();
        let mut newest = std::collections::BTreeMap::new();
        for (trace, start) in &spans {
            let seen = newest.entry(*trace).or_insert(*start);
            *seen = (*seen).max(*start);
        }
        let mut expected: Vec<_> = newest.into_iter().map(|(trace, start)| (std::cmp::Reverse(start), trace)).collect();
        expected.sort_unstable();
        let expected: Vec<TraceId> = expected.into_iter().take(limit).map(|(_, trace)| trace_id(trace)).collect();
        let settings = QuerySettings {
            first_search_window: Duration::from_nanos(first_window),
            threads: std::num::NonZeroUsize::MIN,
            ..QuerySettings::default()
        };
        let engine = Engine::new(crate::fixtures::catalog(&[batch_of("s", &rows)]), settings).expect("threads start");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let query = TraceQuery::of_range(UnixNanos(0), UnixNanos(2_000), limit);
        prop_assert_eq!(runtime.block_on(found(&engine, query)), expected);
    }
}

#[tokio::test]
async fn attributes_are_found_across_services() {
    let attributes = [("rfc0013.cross.service", AttributeRef::String("yes"))];
    let spans = [1, 2].map(|trace| SpanRow {
        attributes: &attributes,
        ..row(trace, 1, 0)
    });
    let [a, b] = spans;
    let engine = engine(&[
        batch_of("cross-service-a", &[a]),
        batch_of("cross-service-b", &[b]),
    ]);
    let query = TraceQuery {
        tags: vec![("rfc0013.cross.service".into(), "yes".into())],
        ..all(10)
    };
    assert_eq!(found(&engine, query).await, [1, 2].map(trace_id));
}
