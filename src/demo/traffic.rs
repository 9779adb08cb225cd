//! The generator: a seed and a moment in, the spans of one whole trace out. No clock, no network.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};
use opentelemetry_sdk::trace::SpanData;

use super::draft::Draft;
use super::fleet::{Fleet, InstanceIndex};
use super::random::Random;
use super::scenario::{Operation, Scenario};
use super::visitor::Visitor;
use super::walk::{Walk, Weather};

/// A finished span and the instance that recorded it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DemoSpan {
    pub instance: InstanceIndex,
    pub span: SpanData,
}

/// An endless, reproducible stream of traces.
#[derive(Debug)]
pub(super) struct Traffic {
    scenario: &'static Scenario,
    fleet: Fleet,
    random: Random,
    started_at: SystemTime,
    /// The senders of the messages that the batch consumer has not taken yet. Never more than it
    /// takes at once and one trace adds.
    undelivered: Vec<SpanContext>,
}

impl Traffic {
    /// The traffic of a seed. The scenario's spells are counted from `started_at`.
    pub(super) fn new(scenario: &'static Scenario, seed: u64, started_at: SystemTime) -> Self {
        let mut random = Random::new(seed);
        Self {
            scenario,
            fleet: Fleet::new(scenario, &mut random),
            random,
            started_at,
            undelivered: Vec::new(),
        }
    }

    pub(super) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The spans of the next trace, parents before their children. The last of them ends at `now`.
    pub(super) fn next_trace(&mut self, now: SystemTime) -> Vec<DemoSpan> {
        let elapsed = now.duration_since(self.started_at).unwrap_or_default();
        let batch = self.scenario.batch_consumer;
        let (operation, links) = if self.undelivered.len() >= batch.messages {
            let links = self.undelivered.drain(..batch.messages).collect();
            (batch.operation, links)
        } else {
            (self.pick_journey(), Vec::new())
        };

        let trace_id = self.random.trace_id();
        let visitor = Visitor::new(&mut self.random);
        let weather = Weather::at(self.scenario, elapsed.as_secs());
        let mut walk = Walk::new(&mut self.random, &self.fleet, weather, &visitor);
        walk.run(operation, links);
        let (drafts, sent) = walk.finish();

        let context = |span_id, is_remote| {
            SpanContext::new(
                trace_id,
                span_id,
                TraceFlags::SAMPLED,
                is_remote,
                TraceState::NONE,
            )
        };
        self.undelivered
            .extend(sent.into_iter().map(|span_id| context(span_id, true)));
        let length = drafts.iter().map(|draft| draft.end).max();
        let start = now - length.unwrap_or(Duration::ZERO);
        drafts
            .into_iter()
            .map(|draft: Draft| DemoSpan {
                instance: draft.instance,
                span: draft.into_span(start, &context),
            })
            .collect()
    }

    fn pick_journey(&mut self) -> &'static Operation {
        let journeys = self.scenario.journeys;
        let total: f64 = journeys.iter().map(|journey| journey.weight).sum();
        let mut rest = self.random.fraction() * total;
        for journey in journeys {
            rest -= journey.weight;
            if rest < 0.0 {
                return journey.operation;
            }
        }
        // Rounding may leave a hair of the last journey's weight.
        journeys[journeys.len() - 1].operation
    }
}
