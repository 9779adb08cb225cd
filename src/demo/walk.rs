//! One request's walk through the scenario: who calls whom, how long each takes, what fails.

use std::borrow::Cow;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};

use super::attributes;
use super::draft::{Draft, LinkTo, Parent};
use super::fleet::{Fleet, InstanceIndex};
use super::random::Random;
use super::scenario::{
    Delivery, Entry, Fault, Fetch, Latency, Operation, Publish, Query, Runtime, Scenario, Spell,
    Step, ms,
};
use super::visitor::{Product, Visitor};

/// What a peer in a bad spell answers, if it answers.
static OVERLOADED: Fault = Fault {
    chance: 0.0,
    exception: "TimeoutError",
    message: "no answer within the deadline; the peer is overloaded",
    http_status: 504,
    rpc_status: "DEADLINE_EXCEEDED",
    slower: 6.0,
};

/// The spells that are on.
#[derive(Debug)]
pub(super) struct Weather(Vec<&'static Spell>);

impl Weather {
    pub(super) fn at(scenario: &'static Scenario, elapsed_s: u64) -> Self {
        let on = |spell: &&Spell| spell.is_on(elapsed_s);
        Self(scenario.spells.iter().filter(on).collect())
    }

    fn over(&self, peer: &str) -> Option<&'static Spell> {
        self.0.iter().copied().find(|spell| spell.peer == peer)
    }
}

/// The place of a draft in its walk.
#[derive(Clone, Copy)]
struct DraftIndex(usize);

/// How a step went.
struct Outcome {
    end: Duration,
    fault: Option<&'static Fault>,
}

/// The state of one walk.
pub(super) struct Walk<'a> {
    random: &'a mut Random,
    fleet: &'a Fleet,
    weather: Weather,
    visitor: &'a Visitor,
    /// The product at hand.
    item: &'static Product,
    drafts: Vec<Draft>,
    sent: Vec<SpanId>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        random: &'a mut Random,
        fleet: &'a Fleet,
        weather: Weather,
        visitor: &'a Visitor,
    ) -> Self {
        Self {
            random,
            fleet,
            weather,
            visitor,
            item: visitor.items[0],
            drafts: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// Walks the operation as the root of the trace, linked to the senders of its messages.
    pub(super) fn run(&mut self, operation: &'static Operation, senders: Vec<SpanContext>) {
        self.serve(operation, Parent::None, Duration::ZERO);
        if senders.is_empty() {
            return;
        }
        let count = i64::try_from(senders.len()).unwrap_or(i64::MAX);
        let root = &mut self.drafts[0];
        root.attributes
            .push(KeyValue::new("messaging.batch.message_count", count));
        root.links = senders.into_iter().map(LinkTo::OtherTrace).collect();
    }

    /// The spans, parents before children, and those of them whose message waits for a batch.
    pub(super) fn finish(self) -> (Vec<Draft>, Vec<SpanId>) {
        (self.drafts, self.sent)
    }

    fn serve(&mut self, operation: &'static Operation, parent: Parent, start: Duration) -> Outcome {
        let instance = self.fleet.pick(operation.service, self.random);
        let kind = match operation.entry {
            Entry::Http { .. } | Entry::Rpc { .. } => SpanKind::Server,
            Entry::Message { .. } => SpanKind::Consumer,
        };
        let span = self.open(instance, parent, kind, start);
        if let (Entry::Message { .. }, Parent::Remote(sender)) = (&operation.entry, parent) {
            self.drafts[span.0].links.push(LinkTo::ThisTrace(sender));
        }

        let spell = self.weather.over(operation.service.name);
        let own_fault = self.roll(operation.faults, spell);
        let work = self.work(operation.work, spell, own_fault);
        let mut so_far = Outcome {
            end: start + work.mul_f64(0.4),
            fault: own_fault,
        };
        if let Some(fault) = own_fault {
            self.record_exception(span, fault, so_far.end);
        }
        for step in operation.steps {
            if so_far.fault.is_some() {
                break;
            }
            so_far = self.step(step, span, so_far.end);
        }
        so_far.end += work.mul_f64(0.6);
        self.close_entry(span, operation, &so_far);
        so_far
    }

    fn step(&mut self, step: &'static Step, parent: DraftIndex, start: Duration) -> Outcome {
        let healthy = |end| Outcome { end, fault: None };
        match step {
            Step::Call(operation) => self.call(operation, parent, start),
            Step::Query(query) => self.query(query, parent, start),
            Step::Fetch(fetch) => self.fetch(fetch, parent, start),
            Step::Publish(publish) => healthy(self.publish(publish, parent, start)),
            Step::Compute { name, work } => healthy(self.compute(name, *work, parent, start)),
            Step::Sometimes(chance, step) => {
                if self.random.chance(*chance) {
                    self.step(step, parent, start)
                } else {
                    healthy(start)
                }
            }
            Step::Together(steps) => {
                let mut all = healthy(start);
                for step in *steps {
                    let one = self.step(step, parent, start);
                    all.end = all.end.max(one.end);
                    all.fault = all.fault.or(one.fault);
                }
                all
            }
            Step::PerItem(step) => {
                let mut so_far = healthy(start);
                for item in &self.visitor.items {
                    self.item = item;
                    so_far = self.step(step, parent, so_far.end);
                    if so_far.fault.is_some() {
                        break;
                    }
                }
                so_far
            }
            Step::Tolerating(step) => healthy(self.step(step, parent, start).end),
        }
    }

    fn call(&mut self, callee: &'static Operation, parent: DraftIndex, start: Duration) -> Outcome {
        let (span, span_id) = self.open_child(parent, SpanKind::Client, start);
        let network = self.random.duration(ms(0.25));
        let mut outcome = self.serve(callee, Parent::Remote(span_id), start + network);
        outcome.end += network;
        let (name, attributes) = attributes::of_call(callee, self.visitor, outcome.fault);
        let runtime = self.runtime(span);
        let scope = match callee.entry {
            Entry::Http { .. } => runtime.http_scope,
            Entry::Rpc { .. } => runtime.rpc_scope,
            Entry::Message { .. } => runtime.messaging_scope,
        };
        self.close(span, scope, outcome.end, (name, attributes));
        if let Some(fault) = outcome.fault {
            self.mark_failed(span, fault, Some(&callee.entry));
        }
        outcome
    }

    fn query(&mut self, query: &'static Query, parent: DraftIndex, start: Duration) -> Outcome {
        let spell = self.weather.over(query.database.host);
        let fault = self.roll(query.faults, spell);
        let end = start + self.work(query.latency, spell, fault);
        let (span, _) = self.open_child(parent, SpanKind::Client, start);
        let scope = self.runtime(span).database_scope;
        self.close(span, scope, end, attributes::of_query(query));
        if let Some(fault) = fault {
            self.mark_failed(span, fault, None);
            self.record_exception(span, fault, end);
        }
        Outcome { end, fault }
    }

    fn fetch(&mut self, fetch: &'static Fetch, parent: DraftIndex, start: Duration) -> Outcome {
        let spell = self.weather.over(fetch.host);
        let fault = self.roll(fetch.faults, spell);
        let end = start + self.work(fetch.latency, spell, fault);
        let (span, _) = self.open_child(parent, SpanKind::Client, start);
        let scope = self.runtime(span).http_scope;
        self.close(span, scope, end, attributes::of_fetch(fetch, fault));
        if let Some(fault) = fault {
            self.mark_failed(span, fault, None);
            self.record_exception(span, fault, end);
        }
        Outcome { end, fault }
    }

    fn publish(
        &mut self,
        publish: &'static Publish,
        parent: DraftIndex,
        start: Duration,
    ) -> Duration {
        let (span, span_id) = self.open_child(parent, SpanKind::Producer, start);
        let end = start + self.random.duration(publish.latency);
        let described = attributes::of_publish(publish, self.random.uuid(), self.random.below(6));
        let scope = self.runtime(span).messaging_scope;
        self.close(span, scope, end, described);
        match &publish.delivery {
            Delivery::Single { consumer, wait } => {
                let received = end + self.random.duration(*wait);
                self.serve(consumer, Parent::Remote(span_id), received);
            }
            Delivery::Batched => self.sent.push(span_id),
        }
        end
    }

    fn compute(
        &mut self,
        name: &'static str,
        work: Latency,
        parent: DraftIndex,
        start: Duration,
    ) -> Duration {
        let (span, _) = self.open_child(parent, SpanKind::Internal, start);
        let end = start + self.random.duration(work);
        let service = self.fleet.get(self.drafts[span.0].instance).service;
        let function = vec![KeyValue::new("code.function.name", name)];
        self.close(span, service.name, end, (name.into(), function));
        end
    }

    /// Whether this execution fails, and how.
    fn roll(
        &mut self,
        faults: &'static [Fault],
        spell: Option<&'static Spell>,
    ) -> Option<&'static Fault> {
        if spell.is_some_and(|spell| self.random.chance(spell.more_faults)) {
            return Some(&OVERLOADED);
        }
        faults.iter().find(|fault| self.random.chance(fault.chance))
    }

    fn work(&mut self, latency: Latency, spell: Option<&Spell>, fault: Option<&Fault>) -> Duration {
        let slower = spell.map_or(1.0, |spell| spell.slower);
        let waiting = fault.map_or(1.0, |fault| fault.slower);
        self.random.duration(latency).mul_f64(slower * waiting)
    }

    fn runtime(&self, span: DraftIndex) -> &'static Runtime {
        self.fleet.get(self.drafts[span.0].instance).service.runtime
    }

    fn open_child(
        &mut self,
        parent: DraftIndex,
        kind: SpanKind,
        start: Duration,
    ) -> (DraftIndex, SpanId) {
        let Draft {
            instance, span_id, ..
        } = self.drafts[parent.0];
        let child = self.open(instance, Parent::Local(span_id), kind, start);
        (child, self.drafts[child.0].span_id)
    }

    fn open(
        &mut self,
        instance: InstanceIndex,
        parent: Parent,
        kind: SpanKind,
        start: Duration,
    ) -> DraftIndex {
        self.drafts.push(Draft {
            instance,
            end: start,
            span_id: self.random.span_id(),
            parent,
            kind,
            start,
            name: Cow::Borrowed(""),
            scope: ("", ""),
            attributes: Vec::new(),
            exception: None,
            links: Vec::new(),
            status: Status::Unset,
        });
        DraftIndex(self.drafts.len() - 1)
    }

    fn close(
        &mut self,
        span: DraftIndex,
        scope: &'static str,
        end: Duration,
        (name, attributes): attributes::Described,
    ) {
        let version = self.runtime(span).scope_version;
        let draft = &mut self.drafts[span.0];
        draft.end = end;
        draft.name = name;
        draft.scope = (scope, version);
        draft.attributes = attributes;
    }

    fn close_entry(&mut self, span: DraftIndex, operation: &'static Operation, outcome: &Outcome) {
        let instance = self.fleet.get(self.drafts[span.0].instance);
        let (name, mut attributes) =
            attributes::of_entry(operation, instance, self.visitor, outcome.fault);
        for note in operation.notes {
            self.visitor.annotate(*note, self.item, &mut attributes);
        }
        let runtime = operation.service.runtime;
        let scope = match operation.entry {
            Entry::Http { .. } => runtime.http_scope,
            Entry::Rpc { .. } => runtime.rpc_scope,
            Entry::Message { .. } => runtime.messaging_scope,
        };
        self.close(span, scope, outcome.end, (name, attributes));
        // A request that was wrong is the caller's error, not the server's.
        if let Some(fault) = outcome.fault
            && fault.http_status >= 500
        {
            self.mark_failed(span, fault, Some(&operation.entry));
        }
    }

    fn mark_failed(&mut self, span: DraftIndex, fault: &'static Fault, entry: Option<&Entry>) {
        let draft = &mut self.drafts[span.0];
        draft.attributes.push(attributes::error_type(entry, fault));
        draft.status = Status::error(fault.message);
    }

    fn record_exception(&mut self, span: DraftIndex, fault: &Fault, at: Duration) {
        let draft = &mut self.drafts[span.0];
        let service = self.fleet.get(draft.instance).service;
        draft.exception = Some((at, attributes::of_exception(fault, service)));
    }
}
