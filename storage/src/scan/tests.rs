//! Scans of small snapshots against the answer without pruning.

mod random;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::catalog::{CatalogProvider, SchemaProvider};
use datafusion::functions_aggregate::count::count_all;
use datafusion::logical_expr::{Expr, col, ident, lit};
use datafusion::physical_plan::{collect, displayable};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use schemas::{SpanBatch, SpanReader};

use crate::catalog::{Catalog, Objects};
use crate::snapshot::StoreSnapshot;

pub(crate) use world::{
    Place, Sample, World, attribute_matches, event_attribute_matches, physical, span_ids, trace_id,
};

const FILE: Place = Place::File {
    row_group_rows: 4,
    page_rows: 2,
};

fn session() -> SessionContext {
    SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2))
}

async fn spans(world: &World) -> DataFrame {
    let table = world
        .tables()
        .table("spans")
        .await
        .expect("no failure")
        .expect("exists");
    session().read_table(table).expect("reads")
}

async fn filtered(world: &World, filters: &[Expr]) -> Vec<RecordBatch> {
    let mut frame = spans(world).await;
    for filter in filters {
        frame = frame.filter(filter.clone()).expect("plans");
    }
    frame.collect().await.expect("runs")
}

/// The line of the plan that tells of the scan.
async fn explained(frame: DataFrame) -> String {
    let plan = frame.create_physical_plan().await.expect("plans");
    let text = displayable(plan.as_ref()).indent(false).to_string();
    let line = text
        .lines()
        .find(|line| line.contains("SpanScan"))
        .unwrap_or_else(|| panic!("no scan in {text}"));
    line.trim().to_owned()
}

fn traces_literal(trace: u8) -> Expr {
    lit(ScalarValue::FixedSizeBinary(
        16,
        Some(trace_id(trace).0.to_vec()),
    ))
}

/// Two files and some memory: carts from 1 to 8, checkouts from 11 to 18, and a cart at 20.
async fn shop() -> World {
    let cart = |start| Sample {
        start,
        trace: 1,
        status: Some(200),
        ..Sample::default()
    };
    let checkout = |start| Sample {
        start,
        trace: 2,
        service: Some("checkout"),
        user: Some(if start == 12 { "u1" } else { "u2" }),
        tier: Some("gold"),
        event: (start == 18).then_some("retry"),
        ..Sample::default()
    };
    World::new(&[
        (FILE, (1..=8).map(cart).collect()),
        (FILE, (11..=18).map(checkout).collect()),
        (
            Place::Memory,
            vec![Sample {
                trace: 3,
                ..cart(20)
            }],
        ),
    ])
    .await
}

#[tokio::test]
async fn every_column_comes_back_as_it_was() {
    let world = shop().await;
    let batches = filtered(&world, &[]).await;
    let by_id = |batch: &SpanBatch| -> BTreeMap<_, _> {
        SpanReader::new(batch)
            .spans()
            .expect("parses")
            .into_iter()
            .map(|span| (span.span_id, span))
            .collect()
    };
    let mut found = BTreeMap::new();
    for batch in &batches {
        found.extend(by_id(
            &SpanBatch::try_from_record_batch(batch).expect("spans"),
        ));
    }
    assert_eq!(found, by_id(&world.all));
    assert_eq!(found.len(), 17);
}

#[tokio::test]
async fn plans_read_only_what_may_hold_wanted_spans() {
    let world = shop().await;
    let check = async |filter: Expr,
                       memory: &str,
                       files: &str,
                       row_groups: &str,
                       rows: &str,
                       count: usize| {
        let line = explained(spans(&world).await.filter(filter.clone()).expect("plans")).await;
        let expect = format!(
            "SpanScan: memory_chunks={memory}, files={files}, row_groups={row_groups}, rows={rows}, "
        );
        assert!(line.starts_with(&expect), "{filter}\n{line}\n{expect}");
        let found = span_ids(&filtered(&world, std::slice::from_ref(&filter)).await);
        assert_eq!(found, world.expected(&[filter]));
        assert_eq!(found.len(), count);
    };
    let start = || col("start_time_unix_nano");
    check(start().gt(lit(16i64)), "1/1", "1/2", "1/2", "2/4", 3).await;
    check(start().lt(lit(0i64)), "0/1", "0/2", "0/0", "0/0", 0).await;
    check(
        col("service_name").eq(lit("cart")),
        "1/1",
        "1/2",
        "2/4",
        "8/8",
        9,
    )
    .await;
    check(
        ident("span.user.id").eq(lit("u1")),
        "0/1",
        "1/2",
        "1/4",
        "2/4",
        1,
    )
    .await;
    check(
        ident("span.user.id").is_null(),
        "1/1",
        "1/2",
        "2/4",
        "8/8",
        9,
    )
    .await;
    let tier = |value| attribute_matches(col("span_attributes"), "shop.tier", value);
    check(tier("gold"), "0/1", "1/2", "2/4", "8/8", 8).await;
    let user = attribute_matches(col("span_attributes"), "user.id", "u1");
    check(
        ident("span.user.id").eq(lit("u1")).or(user),
        "0/1",
        "1/2",
        "1/4",
        "2/4",
        1,
    )
    .await;
    let event = |key| event_attribute_matches(col("events"), key, "retry");
    check(event("reason"), "0/1", "1/2", "2/4", "8/8", 1).await;
    check(event("cause"), "0/1", "0/2", "0/4", "0/0", 0).await;
}

#[tokio::test]
async fn filters_that_hold_for_all_rows_of_a_row_group_are_not_tested_there() {
    let world = shop().await;
    let filter = col("start_time_unix_nano")
        .gt_eq(lit(3i64))
        .and(col("service_name").eq(lit("cart")));
    let line = explained(spans(&world).await.filter(filter).expect("plans")).await;
    assert!(line.contains("simpler_row_groups=2,"), "{line}");
}

#[tokio::test]
async fn traces_are_looked_up_and_filtered_further() {
    let world = shop().await;
    let trace = || col("trace_id");
    let check = async |filters: &[Expr], traces: usize| {
        let mut frame = spans(&world).await;
        for filter in filters {
            frame = frame.filter(filter.clone()).expect("plans");
        }
        let line = explained(frame).await;
        assert!(
            line.starts_with(&format!("SpanScan: traces={traces}, files=2,")),
            "{line}"
        );
        assert_eq!(
            span_ids(&filtered(&world, filters).await),
            world.expected(filters)
        );
    };
    check(&[trace().eq(traces_literal(1))], 1).await;
    check(
        &[trace().in_list((0..9).map(traces_literal).collect(), false)],
        9,
    )
    .await;
    check(
        &[trace()
            .eq(traces_literal(3))
            .or(trace().eq(traces_literal(2)))],
        2,
    )
    .await;
    check(
        &[
            trace().eq(traces_literal(2)),
            ident("span.user.id").eq(lit("u1")),
        ],
        1,
    )
    .await;
    check(&[trace().eq(traces_literal(9))], 1).await;
}

#[tokio::test]
async fn a_scan_called_directly_yields_whole_traces() {
    let world = shop().await;
    let table = world
        .tables()
        .table("spans")
        .await
        .expect("no failure")
        .expect("exists");
    let state = session().state();
    let plan = table
        .scan(&state, None, &[col("trace_id").eq(traces_literal(2))], None)
        .await
        .expect("plans");
    let batches = collect(plan, state.task_ctx()).await.expect("runs");
    assert_eq!(span_ids(&batches), (9..=16).collect::<Vec<_>>());
}

#[tokio::test]
async fn counts_need_no_column_and_without_filters_no_row() {
    let world = shop().await;
    let counted = async |frame: DataFrame| {
        let frame = frame
            .aggregate(Vec::new(), vec![count_all()])
            .expect("plans");
        let plan = frame.clone().create_physical_plan().await.expect("plans");
        let scans = displayable(plan.as_ref())
            .indent(false)
            .to_string()
            .contains("SpanScan");
        let batches = frame.collect().await.expect("runs");
        (
            ScalarValue::try_from_array(batches[0].column(0), 0).expect("a count"),
            scans,
        )
    };
    assert_eq!(
        counted(spans(&world).await).await,
        (ScalarValue::Int64(Some(17)), false)
    );
    let carts = spans(&world)
        .await
        .filter(col("service_name").eq(lit("cart")))
        .expect("plans");
    assert_eq!(counted(carts).await, (ScalarValue::Int64(Some(9)), true));
}

#[tokio::test]
async fn a_limit_stops_the_scan() {
    let world = shop().await;
    for limit in [0, 1, 5, 100] {
        let frame = spans(&world)
            .await
            .filter(col("service_name").eq(lit("cart")))
            .expect("plans");
        let frame = frame.limit(0, Some(limit)).expect("plans");
        if limit > 0 {
            let line = explained(frame.clone()).await;
            assert!(line.ends_with(&format!("limit={limit}")), "{line}");
        }
        let rows: usize = frame
            .collect()
            .await
            .expect("runs")
            .iter()
            .map(RecordBatch::num_rows)
            .sum();
        assert_eq!(rows, limit.min(9));
    }
}

#[tokio::test]
async fn the_newest_spans_are_found_with_a_filter_that_tightens_while_the_scan_runs() {
    let world = shop().await;
    let newest = spans(&world)
        .await
        .sort(vec![col("start_time_unix_nano").sort(false, false)])
        .expect("plans");
    let newest = newest.limit(0, Some(3)).expect("plans");
    let line = explained(newest.clone()).await;
    assert!(line.contains("late_filter=[DynamicFilter"), "{line}");
    assert_eq!(
        span_ids(&newest.collect().await.expect("runs")),
        [15, 16, 17]
    );
}

#[tokio::test]
async fn tables_stay_at_the_snapshot_of_their_schema() {
    let world = shop().await;
    let current = Arc::new(std::sync::Mutex::new(world.snapshot.clone()));
    let source = Arc::clone(&current);
    let now = move || {
        let all = source.lock().expect("not poisoned").clone();
        StoreSnapshot::without_rollups(all)
    };
    let catalog = Catalog::new(
        Arc::new(now),
        Objects::new(Arc::clone(&world.store), Vec::new()),
    );
    assert_eq!(catalog.schema_names(), ["now"]);
    assert!(catalog.schema("then").is_none());
    let tables = catalog.schema("now").expect("the only schema");
    current.lock().expect("not poisoned").memtables.clear();
    let counted = async |tables: &Arc<dyn SchemaProvider>, name: &str| {
        let table = tables.table(name).await.expect("no failure");
        let frame = session().read_table(table.expect("exists"));
        frame.expect("reads").count().await.expect("runs")
    };
    for (name, rows) in [("spans", 17), ("unrolled_spans", 17), ("rolled_spans", 0)] {
        assert_eq!(counted(&tables, name).await, rows, "{name}");
    }
    let later = catalog.schema("now").expect("the only schema");
    assert_eq!(counted(&later, "spans").await, 16);
    assert!(tables.table("nothing").await.expect("no failure").is_none());
    assert!(!tables.table_exist("nothing"));
    for name in tables.table_names() {
        let table = tables.table(&name).await.expect("no failure");
        assert!(table.is_some(), "{name}");
    }
}
