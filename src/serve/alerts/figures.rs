//! The figures of alerts, asked of the query engine.

use std::collections::BTreeMap;
use std::time::Duration;

use ::alerts::{
    CallFilter, Dimension, FigureError, FigureQuestion, Figures, Labels, Point, Series, SpanFilter,
    Subject,
};
use async_trait::async_trait;
use query::{
    EdgePoint, Engine, GroupBy, HalfFigures, QueryError, RedAnswer, RedFigures, RedQuery,
    RedSeries, TimeSpan, Topology, TopologyEdge, TopologyQuery,
};
use schemas::{SpanKind, StatusCode, UnixNanos};

/// The query engine as a source of figures.
#[derive(Debug)]
pub(super) struct EngineFigures {
    engine: Engine,
}

impl EngineFigures {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl EngineFigures {
    /// The series of edges. A topology has steps that begin at multiples of them; others are asked
    /// for one by one.
    async fn calls(
        &self,
        question: &FigureQuestion,
        filter: &CallFilter,
    ) -> Result<Vec<Series>, FigureError> {
        let step_nano = i64::try_from(question.step.as_nanos())
            .unwrap_or(i64::MAX)
            .max(1);
        if question.from.0 % step_nano == 0 {
            return self.calls_of(question, filter).await;
        }
        let mut all: BTreeMap<Labels, Vec<Point>> = BTreeMap::new();
        let mut from = question.from;
        while from < question.to {
            let to = UnixNanos(from.0.saturating_add(step_nano));
            let step = FigureQuestion {
                from,
                to,
                ..question.clone()
            };
            for Series { labels, points } in self.calls_of(&step, filter).await? {
                all.entry(labels).or_default().extend(points);
            }
            from = to;
        }
        let series = all.into_iter();
        Ok(series
            .map(|(labels, points)| Series { labels, points })
            .collect())
    }

    async fn calls_of(
        &self,
        question: &FigureQuestion,
        filter: &CallFilter,
    ) -> Result<Vec<Series>, FigureError> {
        let topology = self.engine.topology(topology_query(question, filter)).await;
        let topology = topology.map_err(|error| figure_error(&error))?;
        Ok(of_calls(question, filter, &topology))
    }
}

#[async_trait]
impl Figures for EngineFigures {
    async fn series(&self, question: &FigureQuestion) -> Result<Vec<Series>, FigureError> {
        let answer = match &question.subject {
            Subject::Spans(filter) => {
                let answer = self.engine.red(red_query(question, filter)).await;
                answer.map(|answer| of_spans(question, filter, &answer))
            }
            Subject::Calls(filter) => {
                return self.calls(question, filter).await;
            }
        };
        answer.map_err(|error| figure_error(&error))
    }
}

/// What is wrong with the machine is for the log alone.
fn figure_error(error: &QueryError) -> FigureError {
    match error {
        QueryError::Busy => FigureError::Unavailable("too many queries are being answered".into()),
        QueryError::Timeout(_) => FigureError::TooLarge("the query took too long".into()),
        QueryError::TooLarge(_) => {
            FigureError::TooLarge("the figures need more memory than queries may use".into())
        }
        error => {
            tracing::error!(%error, "the figures of an alert rule failed");
            FigureError::Unavailable("the figures cannot be read; the server's log says why".into())
        }
    }
}

fn red_query(question: &FigureQuestion, filter: &SpanFilter) -> RedQuery {
    let range = TimeSpan {
        from: question.from,
        to: question.to,
    };
    let mut group_by: Vec<GroupBy> = filter.by.iter().map(|by| group_by(*by)).collect();
    let thresholds = question.thresholds_nano.iter();
    let thresholds = thresholds.map(|nanos| Duration::from_nanos(nanos.unsigned_abs()));
    if !question.thresholds_nano.is_empty() {
        group_by.push(GroupBy::Status);
    }
    RedQuery {
        service: filter.service.clone(),
        operation: filter.operation.clone(),
        instance: filter.instance.clone(),
        version: filter.version.clone(),
        zone: filter.zone.clone(),
        kinds: kinds(filter.kind.as_deref()),
        group_by,
        thresholds: thresholds.collect(),
        percentiles: question.percentiles.clone(),
        ..RedQuery::new(range, question.step)
    }
}

/// The kind of a name; the requests that a service answers where none is given.
fn kinds(name: Option<&str>) -> Vec<SpanKind> {
    match name {
        Some("internal") => vec![SpanKind::Internal],
        Some("server") => vec![SpanKind::Server],
        Some("client") => vec![SpanKind::Client],
        Some("producer") => vec![SpanKind::Producer],
        Some("consumer") => vec![SpanKind::Consumer],
        _ => vec![SpanKind::Server, SpanKind::Consumer],
    }
}

const fn group_by(dimension: Dimension) -> GroupBy {
    match dimension {
        Dimension::Service => GroupBy::Service,
        Dimension::Operation => GroupBy::Operation,
        Dimension::Kind => GroupBy::Kind,
        Dimension::Instance => GroupBy::Instance,
        Dimension::Version => GroupBy::Version,
        Dimension::Zone => GroupBy::Zone,
    }
}

/// The series of spans. Where thresholds are asked for, those that failed are series of their own
/// in the answer: however fast they were, they are within none.
fn of_spans(question: &FigureQuestion, filter: &SpanFilter, answer: &RedAnswer) -> Vec<Series> {
    let mut all: BTreeMap<Labels, BTreeMap<UnixNanos, Point>> = BTreeMap::new();
    for series in &answer.series {
        let named = filter.by.iter().filter_map(|by| {
            let value = series.value(group_by(*by))?;
            Some((by.name().to_owned(), value.to_owned()))
        });
        let has_failed = series.value(GroupBy::Status) == Some(StatusCode::Error.name());
        let points = all.entry(named.collect()).or_default();
        for (start, figures) in points_of(question, series) {
            let mut point = of_figures(start, figures);
            if has_failed {
                point.at_most.fill(0);
            }
            points
                .entry(start)
                .and_modify(|sum| add(sum, &point))
                .or_insert(point);
        }
    }
    let series = all.into_iter().map(|(labels, points)| Series {
        labels,
        points: points.into_values().collect(),
    });
    series.collect()
}

fn points_of<'a>(
    question: &FigureQuestion,
    series: &'a RedSeries,
) -> Vec<(UnixNanos, &'a RedFigures)> {
    match is_one_step(question) {
        true => vec![(question.from, &series.total)],
        false => {
            let points = series.points.iter();
            points.map(|(start, figures)| (*start, figures)).collect()
        }
    }
}

/// Adds the calls of a point to those of another one; neither has percentiles.
fn add(sum: &mut Point, point: &Point) {
    sum.count += point.count;
    sum.errors += point.errors;
    sum.sum_nano += point.sum_nano;
    sum.max_nano = sum.max_nano.max(point.max_nano);
    for (sum, count) in sum.at_most.iter_mut().zip(&point.at_most) {
        *sum += count;
    }
}

fn is_one_step(question: &FigureQuestion) -> bool {
    let length = question.to.0.saturating_sub(question.from.0);
    u128::from(length.unsigned_abs()) == question.step.as_nanos()
}

fn of_figures(start: UnixNanos, figures: &RedFigures) -> Point {
    Point {
        start,
        count: figures.count,
        errors: figures.errors,
        sum_nano: figures.avg_time_nano.unwrap_or(0.0) * figures.count as f64,
        max_nano: figures.max_time_nano.unwrap_or(0),
        percentiles_nano: figures.percentiles_nano.clone(),
        at_most: figures.at_most.clone(),
    }
}

fn topology_query(question: &FigureQuestion, filter: &CallFilter) -> TopologyQuery {
    let range = TimeSpan {
        from: question.from,
        to: question.to,
    };
    // Its neighbours are enough of a node; filters take the rest away.
    let focus = filter.callee.clone().or_else(|| filter.caller.clone());
    TopologyQuery {
        focus,
        up: 1,
        down: 1,
        step: (!is_one_step(question)).then_some(question.step),
        percentiles: question.percentiles.clone(),
        ..TopologyQuery::new(range)
    }
}

fn of_calls(question: &FigureQuestion, filter: &CallFilter, topology: &Topology) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for edge in &topology.edges {
        let (Some(caller), Some(callee)) = (
            topology.nodes.get(edge.caller),
            topology.nodes.get(edge.callee),
        ) else {
            continue;
        };
        let values = [
            ("caller", caller.name.as_str(), &filter.caller),
            ("callee", callee.name.as_str(), &filter.callee),
            ("connection", edge.connection.name(), &filter.connection),
        ];
        let is_wanted = |(_, value, wanted): &(&str, &str, &Option<String>)| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        if !values.iter().all(is_wanted) {
            continue;
        }
        let labels: Labels = values
            .into_iter()
            .map(|(name, value, _)| (name.to_owned(), value.to_owned()))
            .collect();
        let points = points_of_edge(question, edge);
        // Nodes of two kinds may share a name: the one with more calls is meant.
        match series.iter_mut().find(|series| series.labels == labels) {
            Some(other) if calls(&other.points) < calls(&points) => other.points = points,
            Some(_) => {}
            None => series.push(Series { labels, points }),
        }
    }
    series
}

fn calls(points: &[Point]) -> u64 {
    points.iter().map(|point| point.count).sum()
}

fn points_of_edge(question: &FigureQuestion, edge: &TopologyEdge) -> Vec<Point> {
    if is_one_step(question) {
        let halves = [edge.client.as_ref(), edge.server.as_ref()];
        return vec![of_edge(
            question,
            question.from,
            (edge.calls, edge.errors),
            halves,
        )];
    }
    let points = edge
        .points
        .iter()
        .map(|(start, point): &(UnixNanos, EdgePoint)| {
            let halves = [point.client.as_ref(), point.server.as_ref()];
            of_edge(question, *start, (point.calls, point.errors), halves)
        });
    points.collect()
}

/// The figures of an edge: durations as the caller saw them, or as the callee did where the caller
/// did not tell.
fn of_edge(
    question: &FigureQuestion,
    start: UnixNanos,
    (count, errors): (u64, u64),
    halves: [Option<&HalfFigures>; 2],
) -> Point {
    let seen = halves.into_iter().flatten().next();
    Point {
        start,
        count,
        errors,
        sum_nano: seen.map_or(0.0, |half| half.avg_time_nano) * count as f64,
        max_nano: seen.map_or(0, |half| half.max_time_nano),
        percentiles_nano: seen.map_or(Vec::new(), |half| half.percentiles_nano.clone()),
        at_most: question
            .thresholds_nano
            .iter()
            .map(|nanos| seen.map_or(count, |half| at_most(half, *nanos, count)))
            .collect(),
    }
}

/// How many calls did not take longer, to the precision of percentiles. Those of which it is not
/// known count as fast; those that failed are not told apart.
fn at_most(half: &HalfFigures, nanos: i64, calls: u64) -> u64 {
    let fast = half.durations.clone().count_at_most(nanos);
    fast + calls.saturating_sub(half.count)
}
