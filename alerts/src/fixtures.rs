//! Figures of made-up calls, and rules about them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use schemas::UnixNanos;
use serde_json::Value;

use crate::figures::{
    Dimension, FigureError, FigureQuestion, Figures, Labels, Point, Series, Subject,
};
use crate::instant;
use crate::rule::Rule;

pub(crate) const SECOND: i64 = 1_000_000_000;

/// A multiple of every window that tests use.
pub(crate) const NOON: UnixNanos = UnixNanos(1_795_435_200 * SECOND);

/// An instant some seconds after noon.
pub(crate) fn after_noon(seconds: i64) -> UnixNanos {
    UnixNanos(NOON.0 + seconds * SECOND)
}

pub(crate) fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

pub(crate) fn rule(spec: Value) -> Rule {
    let spec = serde_json::from_value(spec).expect("the shape of a rule");
    Rule::check(spec).expect("a right rule")
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) labels: Labels,
    pub(crate) start: UnixNanos,
    pub(crate) nanos: i64,
    pub(crate) is_error: bool,
}

/// Computes figures of all calls anew for each question.
#[derive(Debug, Default)]
pub(crate) struct FakeFigures {
    pub(crate) calls: Mutex<Vec<Call>>,
    pub(crate) failure: Mutex<Option<FigureError>>,
    pub(crate) asked: Mutex<Vec<FigureQuestion>>,
}

impl FakeFigures {
    /// Adds calls of a service in the second after an instant.
    pub(crate) fn add(&self, service: &str, at: UnixNanos, count: usize, errors: usize) {
        let mut calls = self.calls.lock().expect("no test panics holding it");
        calls.extend((0..count).map(|number| Call {
            labels: labels([("service", service)]),
            start: UnixNanos(at.0 + number as i64),
            nanos: 100_000_000,
            is_error: number < errors,
        }));
    }

    /// Adds calls of an edge in the second after an instant.
    pub(crate) fn add_edge(&self, callee: &str, at: UnixNanos, count: usize, errors: usize) {
        let mut calls = self.calls.lock().expect("no test panics holding it");
        calls.extend((0..count).map(|number| Call {
            labels: labels([("caller", "web"), ("callee", callee), ("connection", "rpc")]),
            start: UnixNanos(at.0 + number as i64),
            nanos: 100_000_000,
            is_error: number < errors,
        }));
    }
}

#[async_trait]
impl Figures for FakeFigures {
    async fn series(&self, question: &FigureQuestion) -> Result<Vec<Series>, FigureError> {
        if let Some(failure) = self.failure.lock().expect("unpoisoned").clone() {
            return Err(failure);
        }
        self.asked
            .lock()
            .expect("unpoisoned")
            .push(question.clone());
        let length = question.to.0 - question.from.0;
        assert_eq!(length % instant::nanos(question.step), 0, "{question:?}");
        let calls = self.calls.lock().expect("unpoisoned").clone();
        let mut cells: BTreeMap<Labels, BTreeMap<i64, Vec<Call>>> = BTreeMap::new();
        for call in calls {
            let is_in_range = (question.from..question.to).contains(&call.start);
            if let Some(series) = series_of(&question.subject, &call.labels).filter(|_| is_in_range)
            {
                let step = (call.start.0 - question.from.0) / instant::nanos(question.step);
                let cell = cells.entry(series).or_default().entry(step).or_default();
                cell.push(call);
            }
        }
        let series = cells.into_iter().map(|(labels, steps)| Series {
            labels,
            points: steps
                .iter()
                .map(|(step, calls)| {
                    let start = question.from.0 + step * instant::nanos(question.step);
                    point(UnixNanos(start), calls, question)
                })
                .collect(),
        });
        Ok(series.collect())
    }
}

/// The labels of the series that a call is in; none when a filter keeps it out.
fn series_of(subject: &Subject, call: &Labels) -> Option<Labels> {
    let (filters, names) = match subject {
        Subject::Spans(filter) => (
            [
                ("service", &filter.service),
                ("operation", &filter.operation),
            ]
            .to_vec(),
            filter.by.iter().map(|by| Dimension::name(*by)).collect(),
        ),
        Subject::Calls(filter) => (
            [("caller", &filter.caller), ("callee", &filter.callee)].to_vec(),
            vec!["caller", "callee", "connection"],
        ),
    };
    let is_of_kind = call.contains_key("caller") == matches!(subject, Subject::Calls(_));
    let passes = filters
        .into_iter()
        .all(|(name, wanted)| wanted.is_none() || call.get(name) == wanted.as_ref());
    let named = names.into_iter().filter_map(|name: &str| {
        let value = call.get(name)?;
        Some((name.to_owned(), value.clone()))
    });
    (is_of_kind && passes).then(|| named.collect())
}

fn point(start: UnixNanos, calls: &[Call], question: &FigureQuestion) -> Point {
    let mut nanos: Vec<i64> = calls.iter().map(|call| call.nanos).collect();
    nanos.sort_unstable();
    let at = |percentile: &f64| {
        let rank = (percentile / 100.0 * nanos.len() as f64).ceil() as usize;
        nanos[rank.clamp(1, nanos.len()) - 1]
    };
    Point {
        start,
        count: calls.len() as u64,
        errors: calls.iter().filter(|call| call.is_error).count() as u64,
        sum_nano: nanos.iter().sum::<i64>() as f64,
        max_nano: *nanos.last().expect("a cell has calls"),
        percentiles_nano: question.percentiles.iter().map(at).collect(),
        at_most: question
            .thresholds_nano
            .iter()
            .map(|most| {
                let is_good = |call: &&Call| call.nanos <= *most && !call.is_error;
                calls.iter().filter(is_good).count() as u64
            })
            .collect(),
    }
}
