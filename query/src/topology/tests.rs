use std::time::Duration;

use schemas::{AttributeRef, SpanBatch, SpanKind, SpanRow, UnixNanos};

use super::*;
use crate::fixtures::{batch_of, engine, span};
use crate::red::TimeSpan;

const STEP_NANO: i64 = 10_000_000_000;

fn query(from: i64, to: i64) -> TopologyQuery {
    let range = TimeSpan::of_steps(UnixNanos(from), UnixNanos(to), Duration::from_secs(10));
    TopologyQuery {
        percentiles: vec![100.0],
        ..TopologyQuery::new(range)
    }
}

fn of(kind: SpanKind, mut row: SpanRow<'static>) -> SpanRow<'static> {
    row.kind = kind;
    row
}

/// A user calls the shop, which calls the cart, which asks a database.
fn shop() -> Vec<SpanBatch> {
    let database = &[("db.system.name", AttributeRef::String("postgresql"))];
    let statement = SpanRow {
        attributes: database,
        ..of(SpanKind::Client, span(4, Some(3), 40))
    };
    let call = SpanRow {
        duration_nano: 2 * STEP_NANO,
        ..of(SpanKind::Client, span(2, Some(1), 20))
    };
    vec![
        batch_of("shop", &[of(SpanKind::Server, span(1, None, 10)), call]),
        batch_of(
            "cart",
            &[
                of(SpanKind::Server, span(3, Some(2), STEP_NANO + 1)),
                statement,
            ],
        ),
    ]
}

/// Edges as `caller → callee: calls`.
async fn edges(batches: &[SpanBatch], query: TopologyQuery) -> Vec<String> {
    let topology = engine(batches).topology(query).await.expect("an answer");
    let name = |position: usize| &topology.nodes[position].name;
    let edges = topology.edges.iter();
    edges
        .map(|edge| {
            format!(
                "{} → {}: {}",
                name(edge.caller),
                name(edge.callee),
                edge.calls
            )
        })
        .collect()
}

#[tokio::test]
async fn a_server_is_not_called_by_its_own_address_nor_by_that_of_a_visitor() {
    let addresses = &[
        ("server.address", AttributeRef::String("shop")),
        ("network.peer.address", AttributeRef::String("203.0.113.9")),
    ];
    let with_addresses = SpanRow {
        attributes: addresses,
        ..of(SpanKind::Server, span(1, None, 10))
    };
    let batches = [batch_of("shop", &[with_addresses])];
    let found = edges(&batches, query(0, STEP_NANO)).await;
    assert_eq!(found, ["user → shop: 1"]);
}

#[tokio::test]
async fn calls_are_found_in_any_order_and_once() {
    let expected = ["cart → postgresql: 1", "shop → cart: 1", "user → shop: 1"];
    let mut batches = shop();
    assert_eq!(edges(&batches, query(0, 2 * STEP_NANO)).await, expected);
    batches.reverse();
    batches.extend(shop());
    assert_eq!(edges(&batches, query(0, 2 * STEP_NANO)).await, expected);
}

#[tokio::test]
async fn a_call_counts_in_the_range_in_which_it_started() {
    // The cart's span starts in the second range, but its call started in the first.
    let first = ["cart → postgresql: 1", "shop → cart: 1", "user → shop: 1"];
    assert_eq!(edges(&shop(), query(0, STEP_NANO)).await, first);
    assert!(
        edges(&shop(), query(STEP_NANO, 2 * STEP_NANO))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_focus_and_a_rate_bound_what_is_shown() {
    let all = query(0, STEP_NANO);
    let near = async |focus: &str, up, down| {
        let focus = Some(focus.to_owned());
        edges(
            &shop(),
            TopologyQuery {
                focus,
                up,
                down,
                ..all.clone()
            },
        )
        .await
    };
    assert_eq!(near("shop", 0, 1).await, ["shop → cart: 1"]);
    assert_eq!(near("shop", 1, 9).await.len(), 3);
    assert_eq!(near("postgresql", 1, 1).await, ["cart → postgresql: 1"]);
    assert!(near("nobody", 9, 9).await.is_empty());
    let busy = TopologyQuery {
        min_qps: 0.2,
        ..all.clone()
    };
    assert!(edges(&shop(), busy).await.is_empty());
}

#[tokio::test]
async fn circles_and_self_calls_are_told() {
    let batches = [
        batch_of(
            "a",
            &[
                of(SpanKind::Server, span(1, None, 1)),
                of(SpanKind::Server, span(4, Some(3), 4)),
            ],
        ),
        batch_of("b", &[of(SpanKind::Server, span(2, Some(1), 2))]),
        batch_of(
            "c",
            &[
                of(SpanKind::Server, span(3, Some(2), 3)),
                of(SpanKind::Server, span(6, Some(3), 6)),
            ],
        ),
        batch_of("d", &[of(SpanKind::Server, span(5, Some(3), 5))]),
        batch_of("d", &[of(SpanKind::Server, span(7, Some(5), 7))]),
    ];
    let topology = engine(&batches)
        .topology(query(0, 1))
        .await
        .expect("an answer");
    let circles: Vec<Vec<&str>> = topology
        .cycles
        .iter()
        .map(|circle| {
            circle
                .iter()
                .map(|node| topology.nodes[*node].name.as_str())
                .collect()
        })
        .collect();
    assert_eq!(circles, [vec!["a", "b", "c"], vec!["d"]]);
}

#[tokio::test]
async fn both_sides_of_an_edge_have_their_durations() {
    let topology = engine(&shop())
        .topology(query(0, 1))
        .await
        .expect("an answer");
    let edge = topology
        .edges
        .iter()
        .find(|edge| edge.connection == ConnectionType::Rpc);
    let edge = edge.expect("shop → cart");
    let (client, server) = (
        edge.client.as_ref().expect("seen"),
        edge.server.as_ref().expect("seen"),
    );
    assert_eq!((client.count, server.max_time_nano), (1, 10));
    let error = (client.max_time_nano - 2 * STEP_NANO).abs();
    assert!(error <= STEP_NANO / 1_000, "{error}");
    assert_eq!(client.percentiles_nano, [client.max_time_nano]);
}
