//! What the receivers have done, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Refusal;
use crate::refusal::RefusalCounts;

/// A way in which spans arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Protocol {
    /// OTLP over gRPC.
    OtlpGrpc,
    /// OTLP over HTTP in protobuf.
    OtlpHttpProtobuf,
    /// OTLP over HTTP in JSON.
    OtlpHttpJson,
    /// Zipkin v2 in JSON.
    ZipkinV2Json,
    /// Zipkin v2 in protobuf.
    ZipkinV2Protobuf,
    /// Zipkin v1 in JSON.
    ZipkinV1Json,
    /// Zipkin v1 in Thrift.
    ZipkinV1Thrift,
    /// Jaeger in Thrift over HTTP.
    JaegerHttpThrift,
    /// Jaeger over gRPC.
    JaegerGrpc,
    /// The Jaeger agent's datagrams in Thrift's compact protocol.
    JaegerUdpCompact,
    /// The Jaeger agent's datagrams in Thrift's binary protocol.
    JaegerUdpBinary,
    /// MTrace over HTTP in JSON.
    Mtrace,
    /// SkyWalking over gRPC.
    SkyWalkingGrpc,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::OtlpGrpc,
        Self::OtlpHttpProtobuf,
        Self::OtlpHttpJson,
        Self::ZipkinV2Json,
        Self::ZipkinV2Protobuf,
        Self::ZipkinV1Json,
        Self::ZipkinV1Thrift,
        Self::JaegerHttpThrift,
        Self::JaegerGrpc,
        Self::JaegerUdpCompact,
        Self::JaegerUdpBinary,
        Self::Mtrace,
        Self::SkyWalkingGrpc,
    ];

    /// A short name, for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttpProtobuf => "otlp_http_protobuf",
            Self::OtlpHttpJson => "otlp_http_json",
            Self::ZipkinV2Json => "zipkin_v2_json",
            Self::ZipkinV2Protobuf => "zipkin_v2_protobuf",
            Self::ZipkinV1Json => "zipkin_v1_json",
            Self::ZipkinV1Thrift => "zipkin_v1_thrift",
            Self::JaegerHttpThrift => "jaeger_http_thrift",
            Self::JaegerGrpc => "jaeger_grpc",
            Self::JaegerUdpCompact => "jaeger_udp_compact",
            Self::JaegerUdpBinary => "jaeger_udp_binary",
            Self::Mtrace => "mtrace",
            Self::SkyWalkingGrpc => "skywalking_grpc",
        }
    }
}

/// How an export ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Ending {
    Accepted,
    Busy,
    Unavailable,
    Invalid,
    TooLarge,
    Failed,
}

const ENDINGS: usize = Ending::Failed as usize + 1;

#[derive(Debug, Default)]
struct ProtocolCounters {
    endings: [AtomicU64; ENDINGS],
    received_bytes: AtomicU64,
    decompressed_bytes: AtomicU64,
    accepted_spans: AtomicU64,
    refused_spans: [AtomicU64; Refusal::ALL.len()],
}

/// Counts since the start; each only grows, but for connections.
#[derive(Debug, Default)]
pub struct Counters {
    protocols: [ProtocolCounters; Protocol::ALL.len()],
    open_connections: AtomicU64,
}

/// The counts of one protocol at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProtocolCounts {
    /// Exports answered with success, full or partial.
    pub accepted_requests: u64,
    /// Exports refused because too much was in flight.
    pub busy_requests: u64,
    /// Exports refused because the sink could not store.
    pub unavailable_requests: u64,
    /// Exports that no receiver could read: malformed, of an unknown encoding, or cut off.
    pub invalid_requests: u64,
    /// Exports over the size limit.
    pub too_large_requests: u64,
    /// Exports that failed by a fault of ours.
    pub failed_requests: u64,
    /// Bytes of bodies as sent.
    pub received_bytes: u64,
    /// Bytes of bodies after decompression.
    pub decompressed_bytes: u64,
    /// Spans that became durable.
    pub accepted_spans: u64,
    /// Spans refused, in the order of [`Refusal::ALL`].
    pub refused_spans: [u64; Refusal::ALL.len()],
}

impl Counters {
    /// The counts of a protocol.
    pub fn protocol(&self, protocol: Protocol) -> ProtocolCounts {
        let counters = &self.protocols[protocol as usize];
        let ending = |ending: Ending| load(&counters.endings[ending as usize]);
        ProtocolCounts {
            accepted_requests: ending(Ending::Accepted),
            busy_requests: ending(Ending::Busy),
            unavailable_requests: ending(Ending::Unavailable),
            invalid_requests: ending(Ending::Invalid),
            too_large_requests: ending(Ending::TooLarge),
            failed_requests: ending(Ending::Failed),
            received_bytes: load(&counters.received_bytes),
            decompressed_bytes: load(&counters.decompressed_bytes),
            accepted_spans: load(&counters.accepted_spans),
            refused_spans: counters.refused_spans.each_ref().map(load),
        }
    }

    /// Connections open now, of all listeners.
    pub fn open_connections(&self) -> u64 {
        load(&self.open_connections)
    }

    pub(crate) fn count_ending(&self, protocol: Protocol, ending: Ending) {
        add(
            &self.protocols[protocol as usize].endings[ending as usize],
            1,
        );
    }

    pub(crate) fn count_bytes(&self, protocol: Protocol, received: usize, decompressed: usize) {
        let counters = &self.protocols[protocol as usize];
        add(&counters.received_bytes, received as u64);
        add(&counters.decompressed_bytes, decompressed as u64);
    }

    pub(crate) fn count_spans(&self, protocol: Protocol, accepted: usize, refused: &RefusalCounts) {
        let counters = &self.protocols[protocol as usize];
        add(&counters.accepted_spans, accepted as u64);
        for (counter, count) in counters.refused_spans.iter().zip(refused) {
            if *count > 0 {
                add(counter, *count);
            }
        }
    }

    pub(crate) fn connection_opened(&self) {
        add(&self.open_connections, 1);
    }

    pub(crate) fn connection_closed(&self) {
        self.open_connections.fetch_sub(1, Ordering::Relaxed);
    }
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
