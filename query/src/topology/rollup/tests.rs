mod answers;
mod model;
mod oracle;

use arrow_array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use proptest::collection::vec;
use proptest::prelude::*;
use schemas::rollups::{Merging, OTHER_OPERATIONS, edge_schema};
use schemas::{SpanBatch, SpanKind};

use super::*;
use crate::topology::{LinkedSpan, Names, put_in_order, read_spans};
use crate::{QueryError, RollUps, fixtures};
use model::{Sent, batch, commits, spans};
use oracle::{Row, first_rows_of_spans, rows_of, rows_of_spans};

fn edge_rows(fresh: &[SpanBatch], earlier: &[SpanBatch], rollups: &RollUps) -> RecordBatch {
    rollups.fold(fresh, earlier).expect("rows").edges
}

/// The spans in order, each once.
fn spans_of(batches: &[SpanBatch], names: &mut Names) -> Vec<LinkedSpan> {
    let mut spans = Vec::new();
    for batch in batches {
        read_spans(batch, names, &mut spans);
    }
    put_in_order(&mut spans, names);
    spans
}

/// Folds commits one after another, each with the earlier spans of its traces.
fn fold_all(rollups: &RollUps, commits: &[Vec<Sent>]) -> Vec<RecordBatch> {
    let fold = |at: usize| {
        let fresh = &commits[at];
        let is_of_trace = |span: &&Sent| fresh.iter().any(|new| new.trace == span.trace);
        let earlier: Vec<Sent> = commits[..at]
            .iter()
            .flatten()
            .filter(is_of_trace)
            .cloned()
            .collect();
        let (one, other) = fresh.split_at(fresh.len() / 2);
        let fresh = [batch(one), batch(other)];
        let rows = rollups.fold(&fresh, &[batch(&earlier)]).expect("rows");
        rows.edges
    };
    (0..commits.len()).map(fold).collect()
}

fn merge(rows: &[RecordBatch], merging: Merging) -> Vec<RecordBatch> {
    let mut merged = Vec::new();
    let see = |rows| {
        merged.push(rows);
        Ok::<(), QueryError>(())
    };
    merge_edges(rows, merging, see).expect("rows of edges");
    merged
}

/// The rows after all merges.
fn merged(rows: &[RecordBatch]) -> RecordBatch {
    let merged = fixtures::merged(rows, merge);
    concat_batches(edge_schema(), &merged).expect("rows of edges")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Calls, errors, sums and every bucket of the histograms, at every step and for totals; in
    /// whatever commits spans came, and however rows were merged.
    #[test]
    fn rows_add_up_to_the_calls_of_whole_traces(commits in commits(), group in vec(0..3_usize, 12)) {
        let folded = fold_all(&RollUps::default(), &commits);
        let mut groups = vec![Vec::new(); 3];
        for (batch, group) in folded.into_iter().zip(group) {
            groups[group].push(batch);
        }
        // Some are merged before, some are still fresh.
        let mut parts = groups.split_off(1).concat();
        parts.extend(groups.iter().map(|group| merged(group)));
        parts = fixtures::raised(parts, 3_600, merge);
        let all = merged(&parts);
        prop_assert_eq!(all.schema_ref(), edge_schema());
        prop_assert_eq!(rows_of(&all), rows_of_spans(&commits.concat()));
    }

    /// Rows are ordered from the start: readers prune by it.
    #[test]
    fn rows_of_one_commit_are_in_order(sent in spans()) {
        let rows = edge_rows(&[batch(&sent)], &[], &RollUps::default());
        let rows = rows_of(&rows);
        prop_assert!(rows.is_sorted_by(|one, next| one.key < next.key));
        prop_assert_eq!(rows, first_rows_of_spans(&sent));
    }
}

fn shop_and_cart() -> (Sent, Sent) {
    let call = Sent {
        peer: Some("cart:8080"),
        ..Sent::of(1, None, SpanKind::Client, "shop")
    };
    let answer = Sent {
        start: 5,
        duration: 4,
        name: "GET /cart",
        ..Sent::of(2, Some(1), SpanKind::Server, "cart")
    };
    (call, answer)
}

/// The edges of rows of a minute by operation, after merging, each with its weight.
fn edges(rows: &RecordBatch) -> Vec<String> {
    let is_finest = |row: &&Row| row.key.step == 60 && row.key.dimension == Some("operation");
    let rows = rows_of(&merged(std::slice::from_ref(rows)));
    let edge = |row: &Row| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (caller, callee) = (text(&row.key.caller.0), text(&row.key.callee.0));
        let operation = text(&row.key.operation);
        format!("{:+} {caller} → {callee} {operation}", row.key.weight)
    };
    rows.iter().filter(is_finest).map(edge).collect()
}

#[test]
fn a_late_span_takes_back_what_its_trace_was_taken_for() {
    let (call, answer) = shop_and_cart();
    let rollups = RollUps::default();
    let fold = |fresh: &Sent, earlier: &[Sent]| {
        let (fresh, earlier) = (batch(std::slice::from_ref(fresh)), batch(earlier));
        edge_rows(&[fresh], &[earlier], &rollups)
    };
    let first = fold(&call, &[]);
    assert_eq!(edges(&first), ["+1 shop → cart:8080 work"]);
    let then = fold(&answer, std::slice::from_ref(&call));
    let both = ["+1 shop → cart GET /cart", "-1 shop → cart:8080 work"];
    assert_eq!(edges(&then), both);
    let again = fold(&call, &[call.clone(), answer]);
    assert_eq!(again.num_rows(), 0);
    let whole = merged(&[then.clone(), first]);
    assert_eq!(edges(&whole), ["+1 shop → cart GET /cart"]);
    assert_eq!(edges(&merged(&[then])), both);
}

#[test]
fn operations_beyond_the_limit_are_others() {
    let spans: Vec<Sent> = ["a", "b", "c", "d", "a"]
        .into_iter()
        .zip(1..)
        .map(|(name, id)| Sent {
            name,
            ..Sent::of(id, None, SpanKind::Server, "cart")
        })
        .collect();
    let rows = edge_rows(&[batch(&spans)], &[], &RollUps::new(2));
    let operations = edges(&rows);
    let other = format!("+1  → cart {OTHER_OPERATIONS}");
    assert_eq!(operations, [other.as_str(), "+1  → cart a", "+1  → cart b"]);
}

#[test]
fn a_topic_stands_between_its_producer_and_its_consumer() {
    let topic = Some("orders");
    let sent = Sent {
        topic,
        ..Sent::of(1, None, SpanKind::Producer, "shop")
    };
    let received = Sent {
        topic,
        ..Sent::of(2, Some(1), SpanKind::Consumer, "mailer")
    };
    // In commits of their own, in both orders.
    for commits in [[&sent, &received], [&received, &sent]] {
        let commits = commits.map(|span| vec![span.clone()]);
        let rows = fold_all(&RollUps::default(), &commits);
        let merged = merged(&rows);
        let through = ["+1 orders → mailer work", "+1 shop → orders work"];
        assert_eq!(edges(&merged), through);
    }
}
