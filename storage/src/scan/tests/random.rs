//! Pruned scan = full scan, filtered: over random spans, layouts and filters.

use arrow_array::RecordBatch;
use datafusion::catalog::SchemaProvider;
use datafusion::logical_expr::{Expr, col, ident, lit, not};
use datafusion::physical_expr::utils::reassign_expr_columns;
use datafusion::physical_plan::collect;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterPushdownResult, ChildPushdownResult, FilterPushdownPhase, PushedDown,
};
use proptest::prelude::*;
use schemas::columns::span_columns;

use super::{
    Place, Sample, World, attribute_matches, event_attribute_matches, filtered, physical, session,
    span_ids, traces_literal,
};

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(texts)
}

fn sample() -> impl Strategy<Value = Sample> {
    let option = proptest::option::of::<BoxedStrategy<&'static str>>;
    (
        0u8..4,
        option(one_of(&["cart", "checkout", "pay"]).boxed()),
        one_of(&["GET", "PUT"]),
        0i64..12,
        proptest::option::of(proptest::sample::select(&[200i64, 404, 500][..])),
        option(one_of(&["u1", "u2", "u3"]).boxed()),
        option(one_of(&["gold", "iron"]).boxed()),
        option(one_of(&["retry", "fail"]).boxed()),
    )
        .prop_map(
            |(trace, service, name, start, status, user, tier, event)| Sample {
                trace,
                service,
                name,
                start,
                status,
                user,
                tier,
                event,
            },
        )
}

/// Samples that are alike in some columns, so that files and row groups differ.
fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let plain = proptest::collection::vec(sample(), 0..14);
    (plain, proptest::collection::vec(any::<bool>(), 5), 0i64..40).prop_map(
        |(mut samples, same, base)| {
            let first = samples.first().cloned().unwrap_or_default();
            for sample in &mut samples {
                sample.start += base;
                if same[0] {
                    sample.service = first.service;
                }
                if same[1] {
                    sample.status = first.status;
                }
                if same[2] {
                    sample.user = first.user;
                }
                if same[3] {
                    sample.tier = first.tier;
                }
                if same[4] {
                    sample.event = first.event;
                }
            }
            samples
        },
    )
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Memory),
        (1usize..6, 1usize..4).prop_map(|(row_group_rows, page_rows)| Place::File {
            row_group_rows,
            page_rows
        }),
    ]
}

fn leaf() -> impl Strategy<Value = Expr> {
    let start = || col("start_time_unix_nano");
    let status = || ident("span.http.response.status_code");
    let user = || ident("span.user.id");
    prop_oneof![
        one_of(&["cart", "pay", "none"]).prop_map(|value| col("service_name").eq(lit(value))),
        one_of(&["cart", "pay"]).prop_map(|value| col("service_name").not_eq(lit(value))),
        one_of(&["cart", "d", "pay"]).prop_map(|value| col("service_name").gt_eq(lit(value))),
        Just(col("service_name").is_null()),
        Just(col("name").in_list(vec![lit("GET"), lit("POST"), lit("A"), lit("B")], false)),
        (0i64..50).prop_map(move |value| start().lt(lit(value))),
        (0i64..50).prop_map(move |value| start().gt(lit(value))),
        (0i64..50, 0i64..9)
            .prop_map(move |(low, width)| start().between(lit(low), lit(low + width))),
        proptest::sample::select(&[200i64, 500, 7][..])
            .prop_map(move |value| status().eq(lit(value))),
        proptest::sample::select(&[200i64, 500][..]).prop_map(move |value| lit(value).lt(status())),
        Just(ident("span.http.response.status_code").is_not_null()),
        one_of(&["u1", "u3", "u9"]).prop_map(move |value| user().eq(lit(value))),
        Just(user().in_list(vec![lit("u1"), lit("u7"), lit("u8"), lit("u9")], false)),
        Just(ident("span.enduser.id").eq(lit("x"))),
        Just(ident("span.enduser.id").is_null()),
        Just(col("kind").eq(lit(2i8))),
        Just(col("kind").gt(lit(2i8))),
        (0u8..5).prop_map(|trace| col("trace_id").eq(traces_literal(trace))),
        (
            one_of(&["shop.tier", "user.id", "x"]),
            one_of(&["gold", "u1"])
        )
            .prop_map(|(key, value)| attribute_matches(col("span_attributes"), key, value)),
        Just(attribute_matches(
            col("resource_attributes"),
            "host.id",
            "h"
        )),
        (one_of(&["reason", "x", "event"]), one_of(&["retry", "u1"]))
            .prop_map(|(key, value)| event_attribute_matches(col("events"), key, value)),
        Just(col("events").is_not_null()),
        Just(lit(true)),
    ]
}

fn filter() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            3 => (inner.clone(), inner.clone()).prop_map(|(left, right)| left.and(right)),
            3 => (inner.clone(), inner.clone()).prop_map(|(left, right)| left.or(right)),
            1 => inner.prop_map(not),
        ]
    })
}

/// What a scan yields that is given the filters after it was planned, over columns in another order.
async fn filtered_late(world: &World, filters: &[Expr]) -> Vec<RecordBatch> {
    let state = session().state();
    let table = world
        .tables()
        .table("spans")
        .await
        .expect("no failure")
        .expect("exists");
    let projection: Vec<usize> = (0..span_columns().len()).rev().collect();
    let plan = table
        .scan(&state, Some(&projection), &[], None)
        .await
        .expect("plans");
    let over_projection = |filter| reassign_expr_columns(physical(filter), &plan.schema());
    let parent_filters = filters.iter().map(|filter| ChildFilterPushdownResult {
        filter: over_projection(filter).expect("columns are projected"),
        child_results: Vec::new(),
    });
    let pushed = ChildPushdownResult {
        parent_filters: parent_filters.collect(),
        self_filters: Vec::new(),
    };
    let options = state.config_options();
    let result = plan
        .handle_child_pushdown_result(FilterPushdownPhase::Post, pushed, options)
        .expect("takes filters");
    assert!(
        result
            .filters
            .iter()
            .all(|filter| matches!(filter, PushedDown::Yes))
    );
    collect(
        result.updated_node.expect("filters change a scan"),
        state.task_ctx(),
    )
    .await
    .expect("runs")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_pruned_scan_yields_what_a_full_scan_yields_when_filtered(
        layout in proptest::collection::vec((place(), samples()), 1..5),
        filters in proptest::collection::vec(filter(), 1..3),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::new(&layout).await;
            let expected = world.expected(&filters);
            prop_assert_eq!(&span_ids(&filtered(&world, &filters).await), &expected);

            prop_assert_eq!(&span_ids(&filtered_late(&world, &filters).await), &expected);
            Ok(())
        })?;
    }
}
