//! The exact path against the direct one.

use schemas::{AttributeRef, ResourceRow, SpanBatchBuilder};

use super::*;
use crate::fixtures::catalog;
use crate::{Engine, QuerySettings};

fn mixed(seed: u64) -> u64 {
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31)
}

/// Spans of some services with instances, versions and zones, one of five sent twice.
fn fleet(count: u64) -> Vec<SpanBatch> {
    let mut batches = Vec::new();
    for resource in 0..8 {
        let mut builder = SpanBatchBuilder::default();
        let (service, instance) = (format!("s{}", resource % 3), format!("i{resource}"));
        let mut attributes = vec![("service.name", AttributeRef::String(&service))];
        attributes.push(("service.instance.id", AttributeRef::String(&instance)));
        if resource % 2 == 0 {
            attributes.push(("service.version", AttributeRef::String("1.2")));
            attributes.push(("cloud.availability_zone", AttributeRef::String("a")));
        }
        let attributes = if resource == 7 { &[][..] } else { &attributes };
        builder.set_resource(&ResourceRow {
            attributes,
            ..ResourceRow::default()
        });
        for number in (0..count).filter(|number| number % 8 == resource) {
            let random = mixed(number);
            let name = ["GET /", "POST /", "poll"][random as usize % 3];
            let row = SpanRow {
                name,
                kind: SpanKind::ALL[random as usize % SpanKind::ALL.len()],
                start: UnixNanos((random % (6 * STEP_NANO as u64)).cast_signed()),
                duration_nano: (random >> (20 + random % 30)).cast_signed(),
                status_code: StatusCode::from_number((random % 3) as i32),
                ..SpanRow::new(TraceId([(number % 5) as u8; 16]), span_id(number))
            };
            builder.push(&row);
            if random.is_multiple_of(5) {
                builder.push(&row);
            }
        }
        batches.push(builder.finish());
    }
    batches
}

fn questions() -> Vec<RedQuery> {
    let range = TimeSpan::of_steps(UnixNanos(STEP_NANO), UnixNanos(5 * STEP_NANO), STEP);
    let all = RedQuery {
        percentiles: vec![0.0, 50.0, 99.0, 99.9, 100.0],
        ..RedQuery::new(range, STEP)
    };
    let by = |group_by: &[GroupBy]| RedQuery {
        group_by: group_by.to_vec(),
        ..all.clone()
    };
    vec![
        all.clone(),
        by(&[GroupBy::Service]),
        by(&[GroupBy::Operation, GroupBy::Kind, GroupBy::Status]),
        by(&[GroupBy::Instance, GroupBy::Version, GroupBy::Zone]),
        by(&GroupBy::ALL),
        RedQuery {
            apdex: Some(Duration::from_micros(3)),
            kinds: vec![SpanKind::Server, SpanKind::Client],
            service: Some("s1".into()),
            ..by(&[GroupBy::Operation])
        },
        RedQuery {
            service: Some("unknown_service".into()),
            ..by(&[GroupBy::Service, GroupBy::Instance])
        },
        RedQuery {
            zone: Some("a".into()),
            operation: Some("poll".into()),
            step: 4 * STEP,
            ..all.clone()
        },
    ]
}

#[tokio::test]
async fn exact_and_direct_figures_are_the_same() {
    let engine = engine(&fleet(4_000));
    for query in questions() {
        let direct = engine.red(query.clone()).await.expect("an answer");
        assert!(direct.total.count > 100, "{query:?}");
        let exact = RedQuery {
            exact: true,
            ..query
        };
        let found = engine.red(exact.clone()).await.expect("an answer");
        assert_eq!(found, direct, "{exact:?}");
    }
}

#[tokio::test]
async fn where_memory_is_short_exact_figures_are_computed_by_parts() {
    let spans = fleet(40_000);
    let roomy = engine(&spans);
    let tight = Engine::new(
        catalog(&spans),
        QuerySettings {
            memory_limit_bytes: 4 * 1024 * 1024,
            ..QuerySettings::default()
        },
    );
    let tight = tight.expect("threads start");
    let query = RedQuery {
        exact: true,
        ..questions().remove(1)
    };
    let expected = roomy.red(query.clone()).await.expect("an answer");
    assert_eq!(tight.red(query).await.expect("an answer"), expected);
    assert_eq!(tight.counters().memory_bytes, 0);
}

#[tokio::test]
async fn no_spans_have_no_exact_figures() {
    let range = TimeSpan::of_steps(UnixNanos(0), UnixNanos(1), STEP);
    let exact = RedQuery {
        exact: true,
        ..everything(range)
    };
    assert_eq!(ask(&[], exact).await, ask(&[], everything(range)).await);
}
