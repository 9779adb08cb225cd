//! A topology in the native JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use schemas::UnixNanos;
use serde::Serialize;
use utoipa::ToSchema;

use crate::topology::{EdgePoint, HalfFigures, Topology, TopologyEdge, TopologyQuery};

/// Who calls whom.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Topology, example = json!({
    "fromUnixNano": "1795446240000000000",
    "toUnixNano": "1795447140000000000",
    "nodes": [{"name": "checkout", "type": "service"}, {"name": "orders", "type": "database"}],
    "edges": [{
        "caller": 0, "callee": 1, "connectionType": "database", "calls": 900, "errors": 9, "qps": 1.0,
        "successRate": 0.99,
        "client": {"count": 900, "qps": 1.0, "avgTimeNano": 2100000.0, "maxTimeNano": 40000000, "percentilesNano": {"50": 1900544, "99.9": 39000000}},
        "server": {"count": 900, "qps": 1.0, "avgTimeNano": 2100000.0, "maxTimeNano": 40000000, "percentilesNano": {"50": 1900544, "99.9": 39000000}},
        "points": [{
            "startTimeUnixNano": "1795446240000000000", "calls": 60, "errors": 0, "qps": 1.0, "successRate": 1.0,
            "client": {"count": 60, "qps": 1.0, "avgTimeNano": 2000000.0, "maxTimeNano": 9000000, "percentilesNano": {"50": 1900544, "99.9": 9000000}},
            "server": {"count": 60, "qps": 1.0, "avgTimeNano": 2000000.0, "maxTimeNano": 9000000, "percentilesNano": {"50": 1900544, "99.9": 9000000}},
        }],
    }],
    "cycles": [],
}))]
pub(in crate::http) struct TopologyJson<'a> {
    /// The first instant of the range, nanoseconds since 1970 as decimal text.
    from_unix_nano: String,
    /// The first instant after the range.
    to_unix_nano: String,
    /// What calls and is called, by name; edges name them by position.
    nodes: Vec<NodeJson<'a>>,
    /// The calls between them.
    edges: Vec<EdgeJson<'a>>,
    /// The nodes that call each other in a circle, or call themselves, by position.
    cycles: &'a [Vec<usize>],
}

/// Something that calls or is called.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopologyNode)]
struct NodeJson<'a> {
    /// Its name; nodes of different types may share one.
    name: &'a str,
    /// `service`; or, of what sends no spans, `database`, `cache`, `queue`, `external` or `user`.
    r#type: &'static str,
    /// The `service.version`, where asked for; absent for what does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    /// The `cloud.availability_zone`, where asked for; absent for what does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<&'a str>,
}

/// The calls from one node to another by one means.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopologyEdge)]
struct EdgeJson<'a> {
    /// The position of the caller in `nodes`.
    caller: usize,
    /// The position of the callee in `nodes`.
    callee: usize,
    /// `rpc`, `database`, `messaging_system`, or `virtual_node` when one end sends no spans.
    connection_type: &'static str,
    /// The name of the callee's span, or of the caller's where that is all there is; where asked
    /// for.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(flatten)]
    total: EdgeFiguresJson,
    /// The steps in which there were calls, in order; absent where no step was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<Vec<EdgePointJson>>,
}

/// The calls of an edge in a step.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopologyPoint)]
struct EdgePointJson {
    /// The first instant of the step, nanoseconds since 1970 as decimal text.
    start_time_unix_nano: String,
    #[serde(flatten)]
    figures: EdgeFiguresJson,
}

/// Rate, errors and durations of calls.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopologyFigures)]
struct EdgeFiguresJson {
    /// How many calls.
    calls: u64,
    /// How many of them failed on either side.
    errors: u64,
    /// Calls a second.
    qps: f64,
    /// The part of calls that did not fail, from 0 to 1.
    success_rate: f64,
    /// Durations as the caller saw them; absent when no caller's half is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<HalfJson>,
    /// Durations as the callee saw them; absent when no callee's half is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<HalfJson>,
}

/// The calls that one side told of, and their durations as it saw them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopologyHalf)]
struct HalfJson {
    /// How many calls have this half.
    count: u64,
    /// These a second.
    qps: f64,
    /// The mean, nanoseconds.
    avg_time_nano: f64,
    /// The longest, nanoseconds, at most 0.05 % away from the exact value.
    max_time_nano: i64,
    /// Nanoseconds by percentile.
    percentiles_nano: BTreeMap<String, i64>,
}

impl<'a> TopologyJson<'a> {
    pub(in crate::http) fn of(query: &TopologyQuery, topology: &'a Topology) -> Self {
        let nodes = topology.nodes.iter().map(|node| NodeJson {
            name: &node.name,
            r#type: node.kind.name(),
            version: node.version.as_deref(),
            zone: node.zone.as_deref(),
        });
        let edges = topology.edges.iter().map(|edge| EdgeJson::of(query, edge));
        Self {
            from_unix_nano: query.range.from.0.to_string(),
            to_unix_nano: query.range.to.0.to_string(),
            nodes: nodes.collect(),
            edges: edges.collect(),
            cycles: &topology.cycles,
        }
    }
}

impl<'a> EdgeJson<'a> {
    fn of(query: &TopologyQuery, edge: &'a TopologyEdge) -> Self {
        let figures = |calls, errors, qps, [client, server]: [&Option<HalfFigures>; 2], over| {
            let half = |half: &Option<HalfFigures>| {
                let half = half.as_ref();
                half.map(|figures| HalfJson::of(query, figures, over))
            };
            EdgeFiguresJson {
                calls,
                errors,
                qps,
                success_rate: (calls - errors) as f64 / calls as f64,
                client: half(client),
                server: half(server),
            }
        };
        let halves = [&edge.client, &edge.server];
        let range = query.range.length();
        let step = query.step.unwrap_or(range);
        let point = |(start, point): &(UnixNanos, EdgePoint)| {
            let halves = [&point.client, &point.server];
            EdgePointJson {
                start_time_unix_nano: start.0.to_string(),
                figures: figures(point.calls, point.errors, point.qps, halves, step),
            }
        };
        Self {
            caller: edge.caller,
            callee: edge.callee,
            connection_type: edge.connection.name(),
            operation: edge.operation.as_deref(),
            total: figures(edge.calls, edge.errors, edge.qps, halves, range),
            points: query.step.map(|_| edge.points.iter().map(point).collect()),
        }
    }
}

impl HalfJson {
    fn of(query: &TopologyQuery, figures: &HalfFigures, over: Duration) -> Self {
        let percentiles = query.percentiles.iter().zip(&figures.percentiles_nano);
        Self {
            count: figures.count,
            qps: figures.count as f64 / over.as_secs_f64(),
            avg_time_nano: figures.avg_time_nano,
            max_time_nano: figures.max_time_nano,
            percentiles_nano: percentiles
                .map(|(percentile, nanos)| (percentile.to_string(), *nanos))
                .collect(),
        }
    }
}
