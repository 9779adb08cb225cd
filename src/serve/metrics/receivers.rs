//! The receivers' figures.

use collector::{Counters, Protocol, ProtocolCounts, Refusal};

use super::exposition::{Exposition, Kind};

pub(super) fn write(exposition: &mut Exposition, counters: &Counters) {
    let counts = Protocol::ALL.map(|protocol| (protocol.name(), counters.protocol(protocol)));
    write_requests(exposition, &counts);
    write_sums(exposition, &counts);
    write_refused(exposition, &counts);
    exposition.gauge(
        "spanhouse_receiver_open_connections",
        "Connections open now, of all listeners.",
        counters.open_connections(),
    );
}

type Counts = [(&'static str, ProtocolCounts)];

fn write_requests(exposition: &mut Exposition, counts: &Counts) {
    let mut requests = exposition.family(
        "spanhouse_receiver_requests_total",
        Kind::Counter,
        "Exports, by protocol and how they ended.",
    );
    for (protocol, counts) in counts {
        let endings = [
            ("accepted", counts.accepted_requests),
            ("busy", counts.busy_requests),
            ("unavailable", counts.unavailable_requests),
            ("invalid", counts.invalid_requests),
            ("too_large", counts.too_large_requests),
            ("failed", counts.failed_requests),
        ];
        for (outcome, count) in endings {
            requests.sample(&[("protocol", protocol), ("outcome", outcome)], count);
        }
    }
}

fn write_sums(exposition: &mut Exposition, counts: &Counts) {
    let mut sum = |name, help, value: fn(&ProtocolCounts) -> u64| {
        let mut family = exposition.family(name, Kind::Counter, help);
        for (protocol, counts) in counts {
            family.sample(&[("protocol", protocol)], value(counts));
        }
    };
    sum(
        "spanhouse_receiver_received_bytes_total",
        "Bytes of bodies as sent.",
        |counts| counts.received_bytes,
    );
    sum(
        "spanhouse_receiver_decompressed_bytes_total",
        "Bytes of bodies after decompression.",
        |counts| counts.decompressed_bytes,
    );
    sum(
        "spanhouse_receiver_accepted_spans_total",
        "Spans made durable and acknowledged.",
        |counts| counts.accepted_spans,
    );
}

fn write_refused(exposition: &mut Exposition, counts: &Counts) {
    let mut refused = exposition.family(
        "spanhouse_receiver_refused_spans_total",
        Kind::Counter,
        "Invalid spans, by protocol and what is wrong with them.",
    );
    for (protocol, counts) in counts {
        for (refusal, count) in Refusal::ALL.iter().zip(counts.refused_spans) {
            refused.sample(&[("protocol", protocol), ("reason", refusal.name())], count);
        }
    }
}
