use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;

use super::parse_duration;
use super::scenario::journeys::SHOP;
use super::scenario::{Fault, Operation, Step};
use super::traffic::{DemoSpan, Traffic};

const TRACES: usize = 3_000;

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// The first traces of a seed, `spacing` apart.
fn traces(seed: u64, spacing: Duration) -> Vec<Vec<DemoSpan>> {
    let mut traffic = Traffic::new(&SHOP, seed, start());
    let mut now = start();
    (0..TRACES)
        .map(|_| {
            now += spacing;
            traffic.next_trace(now)
        })
        .collect()
}

/// Traces that all fall into the quiet time before the first spell.
fn quiet_traces() -> Vec<Vec<DemoSpan>> {
    traces(7, Duration::from_millis(5))
}

fn by_id(trace: &[DemoSpan]) -> HashMap<SpanId, &SpanData> {
    trace
        .iter()
        .map(|each| (each.span.span_context.span_id(), &each.span))
        .collect()
}

fn text(span: &SpanData, key: &str) -> Option<String> {
    let found = span
        .attributes
        .iter()
        .find(|each| each.key.as_str() == key)?;
    Some(found.value.as_str().into_owned())
}

#[test]
fn a_seed_gives_the_same_traces_again() {
    let spacing = Duration::from_millis(40);
    assert_eq!(traces(11, spacing), traces(11, spacing));
    assert_ne!(traces(11, spacing)[0], traces(12, spacing)[0]);
}

#[test]
fn every_trace_is_one_whole_tree() {
    let mut seen = HashSet::new();
    for trace in quiet_traces() {
        let spans = by_id(&trace);
        assert_eq!(spans.len(), trace.len(), "a span id occurs twice");
        let trace_id = trace[0].span.span_context.trace_id();
        assert!(seen.insert(trace_id), "a trace id occurs twice");
        for (position, DemoSpan { span, .. }) in trace.iter().enumerate() {
            assert_eq!(span.span_context.trace_id(), trace_id);
            let is_root = span.parent_span_id == SpanId::INVALID;
            assert_eq!(is_root, position == 0);
            assert!(is_root || spans.contains_key(&span.parent_span_id));
        }
    }
}

#[test]
fn a_span_lies_within_its_parent_unless_a_queue_is_between_them() {
    for trace in quiet_traces() {
        let spans = by_id(&trace);
        for DemoSpan { span, .. } in &trace {
            assert!(span.start_time < span.end_time);
            for event in &span.events.events {
                assert!((span.start_time..=span.end_time).contains(&event.timestamp));
            }
            let Some(parent) = spans.get(&span.parent_span_id) else {
                continue;
            };
            if span.span_kind == SpanKind::Consumer {
                assert!(parent.end_time < span.start_time);
            } else {
                assert!(
                    parent.start_time <= span.start_time,
                    "{} starts early",
                    span.name
                );
                assert!(span.end_time <= parent.end_time, "{} ends late", span.name);
            }
        }
    }
}

#[test]
fn a_trace_ends_at_the_moment_it_is_asked_for() {
    let mut traffic = Traffic::new(&SHOP, 3, start());
    for second in 1..200 {
        let now = start() + Duration::from_secs(second);
        let trace = traffic.next_trace(now);
        assert_eq!(trace.iter().map(|each| each.span.end_time).max(), Some(now));
    }
}

#[test]
fn remote_parents_are_exactly_those_in_another_instance() {
    for trace in quiet_traces() {
        let instances: HashMap<_, _> = trace
            .iter()
            .map(|each| (each.span.span_context.span_id(), each.instance))
            .collect();
        for DemoSpan { span, instance } in &trace {
            let Some(parents) = instances.get(&span.parent_span_id) else {
                continue;
            };
            assert_eq!(
                span.parent_span_is_remote,
                parents != instance,
                "{}",
                span.name
            );
        }
    }
}

#[test]
fn consumers_link_to_the_senders_of_their_messages() {
    let all = quiet_traces();
    let senders: HashSet<_> = all
        .iter()
        .flatten()
        .filter(|each| each.span.span_kind == SpanKind::Producer)
        .map(|each| {
            (
                each.span.span_context.trace_id(),
                each.span.span_context.span_id(),
            )
        })
        .collect();
    let (mut single, mut batches) = (0, 0);
    for DemoSpan { span, .. } in all.iter().flatten() {
        for link in &span.links.links {
            let sender = (link.span_context.trace_id(), link.span_context.span_id());
            assert!(senders.contains(&sender));
        }
        match (span.span_kind.clone(), span.links.links.len()) {
            (SpanKind::Consumer, 1) => single += 1,
            (SpanKind::Consumer, links) => {
                assert_eq!(links, SHOP.batch_consumer.messages);
                assert_eq!(span.parent_span_id, SpanId::INVALID);
                batches += 1;
            }
            (_, links) => assert_eq!(links, 0),
        }
    }
    assert!(
        single > 50 && batches > 10,
        "{single} single, {batches} batches"
    );
}

#[test]
fn the_quiet_shop_looks_like_a_shop() {
    let all = quiet_traces();
    let spans: Vec<_> = all.iter().flatten().collect();
    let share = |count: usize, of: usize| count as f64 / of as f64;

    let mean_size = share(spans.len(), all.len());
    assert!(
        (8.0..30.0).contains(&mean_size),
        "{mean_size} spans a trace"
    );

    let is_error = |each: &DemoSpan| matches!(each.span.status, Status::Error { .. });
    let failed = all
        .iter()
        .filter(|trace| trace.iter().any(is_error))
        .count();
    let failed = share(failed, all.len());
    assert!(
        (0.005..0.05).contains(&failed),
        "{failed} of the traces have an error"
    );

    let traffic = Traffic::new(&SHOP, 7, start());
    let services: HashSet<_> = spans
        .iter()
        .map(|each| traffic.fleet().get(each.instance).service.name)
        .collect();
    assert_eq!(services.len(), SHOP.services.len());
    let instances: HashSet<_> = spans.iter().map(|each| each.instance.position()).collect();
    assert_eq!(instances.len(), traffic.fleet().iter().count());

    let systems: HashSet<_> = spans
        .iter()
        .filter_map(|each| {
            text(&each.span, "db.system.name").or_else(|| text(&each.span, "messaging.system"))
        })
        .collect();
    assert_eq!(systems.len(), 5, "{systems:?}");

    let users: HashSet<_> = spans
        .iter()
        .filter_map(|each| text(&each.span, "user.id"))
        .collect();
    assert!(users.len() > 500, "{} users", users.len());
    let chinese = |each: &&&DemoSpan| {
        let title = text(&each.span, "app.product.title").unwrap_or_default();
        title
            .chars()
            .any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
    };
    assert!(spans.iter().filter(chinese).count() > 500);
}

#[test]
fn errors_carry_their_exception_and_say_it_in_the_status() {
    let mut exceptions = 0;
    for trace in traces(5, Duration::from_millis(200)) {
        let has_error = |each: &DemoSpan| matches!(each.span.status, Status::Error { .. });
        let has_exception = |each: &DemoSpan| !each.span.events.events.is_empty();
        assert!(!trace.iter().any(has_error) || trace.iter().any(has_exception));
        exceptions += trace.iter().filter(|each| has_exception(each)).count();
        for DemoSpan { span, .. } in trace.iter().filter(|each| has_error(each)) {
            assert!(text(span, "error.type").is_some(), "{}", span.name);
        }
    }
    assert!(exceptions > 50, "{exceptions} exceptions");
}

#[test]
fn the_slow_dependency_comes_and_goes() {
    let spell = &SHOP.spells[0];
    let median_at = |second: u64| {
        let mut traffic = Traffic::new(&SHOP, 9, start());
        let now = start() + Duration::from_secs(second);
        let mut times: Vec<_> = (0..600)
            .flat_map(|_| traffic.next_trace(now))
            .filter(|each| text(&each.span, "server.address").as_deref() == Some(spell.peer))
            .filter_map(|each| each.span.end_time.duration_since(each.span.start_time).ok())
            .collect();
        times.sort();
        times[times.len() / 2]
    };
    let during = spell.from_s + spell.lasting_s / 2;
    let slow = median_at(during);
    assert!(slow > median_at(during - spell.lasting_s) * 8);
    assert!(slow > median_at(during + spell.lasting_s) * 8);
    assert!(median_at(during + spell.every_s) > median_at(0) * 8);
}

/// Every operation that the scenario can reach.
fn reachable() -> Vec<&'static Operation> {
    fn visit_step(step: &'static Step, found: &mut Vec<&'static Operation>) {
        use super::scenario::Delivery;
        match step {
            Step::Call(operation) => visit(operation, found),
            Step::Publish(publish) => {
                if let Delivery::Single { consumer, .. } = &publish.delivery {
                    visit(consumer, found);
                }
            }
            Step::Sometimes(_, step) | Step::PerItem(step) | Step::Tolerating(step) => {
                visit_step(step, found);
            }
            Step::Together(steps) => steps.iter().for_each(|step| visit_step(step, found)),
            Step::Query(_) | Step::Fetch(_) | Step::Compute { .. } => {}
        }
    }
    fn visit(operation: &'static Operation, found: &mut Vec<&'static Operation>) {
        found.push(operation);
        operation
            .steps
            .iter()
            .for_each(|step| visit_step(step, found));
    }
    let mut found = Vec::new();
    for journey in SHOP.journeys {
        visit(journey.operation, &mut found);
    }
    visit(SHOP.batch_consumer.operation, &mut found);
    found
}

#[test]
fn the_scenario_lists_every_service_it_calls() {
    let listed: HashSet<_> = SHOP.services.iter().map(|service| service.name).collect();
    let called: HashSet<_> = reachable().iter().map(|each| each.service.name).collect();
    assert_eq!(listed, called);
}

#[test]
fn http_and_grpc_agree_on_whose_fault_it_is() {
    // The codes that the RPC conventions call an error of the server.
    let servers = [
        "UNKNOWN",
        "DEADLINE_EXCEEDED",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
    ];
    let mut checked = 0;
    let mut check = |fault: &Fault| {
        assert_eq!(
            fault.http_status >= 500,
            servers.contains(&fault.rpc_status),
            "{fault:?}"
        );
        checked += 1;
    };
    for operation in reachable() {
        operation.faults.iter().for_each(&mut check);
        for step in operation.steps {
            match step {
                Step::Query(query) => query.faults.iter().for_each(&mut check),
                Step::Fetch(fetch) => fetch.faults.iter().for_each(&mut check),
                _ => {}
            }
        }
    }
    assert!(checked > 5);
}

#[test]
fn durations_are_read_with_their_unit() {
    let check = |input: &str, expected: Option<u64>| {
        assert_eq!(
            parse_duration(input).ok(),
            expected.map(Duration::from_millis),
            "{input}"
        );
    };
    check("500ms", Some(500));
    check("30s", Some(30_000));
    check("5m", Some(300_000));
    check("1h", Some(3_600_000));
    check("30", None);
    check("s", None);
    check("-1s", None);
    check("1.5s", None);
    check("99999999999999999999s", None);
    check("99999999999999999h", None);
    check("十s", None);
}
