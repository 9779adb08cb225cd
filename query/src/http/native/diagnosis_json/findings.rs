//! From what was found in a trace to its JSON.

use super::{
    BottleneckJson, CriticalPathJson, CriticalSpanJson, DiagnosisJson, FirstErrorJson,
    RepeatedCallsJson, SafeInteger, SegmentJson, SerialSiblingsJson, ServiceShareJson,
    SpanReferenceJson, TargetJson, ZoneCrossingJson,
};
use crate::diagnosis::{
    CallTree, Diagnosis, FirstError, Interval, RepeatedCalls, Repetition, SerialSiblings,
    ServiceShare, Target, ZoneCrossing,
};
use crate::{Half, Trace};

/// How many of the targets of serial siblings are listed, the longest first.
const MAX_TARGETS: usize = 10;

/// What an answer is made of: a trace, and what was found in it.
#[derive(Clone, Copy)]
pub(in crate::http::native) struct Findings<'a> {
    pub(in crate::http::native) trace: &'a Trace,
    pub(in crate::http::native) tree: &'a CallTree,
    pub(in crate::http::native) diagnosis: &'a Diagnosis,
}

impl<'a> DiagnosisJson<'a> {
    pub(in crate::http::native) fn of(
        findings: Findings<'a>,
        repetition: Repetition,
        limit: usize,
    ) -> Self {
        let Findings {
            trace, diagnosis, ..
        } = findings;
        let summary = trace.summary();
        let services = diagnosis.services.iter();
        let repeated = diagnosis.repeated_calls.iter().take(limit);
        let serial = diagnosis.serial_siblings.iter().take(limit);
        let crossings = diagnosis.zone_crossings.iter().take(limit);
        let self_times = diagnosis.self_times.iter();
        Self {
            trace_id: trace.id().to_string(),
            start_time_unix_nano: summary.start.0.to_string(),
            duration_nano: SafeInteger(summary.duration_nano),
            span_count: summary.span_count,
            error_count: summary.error_count,
            depth: summary.depth,
            services: services.map(|share| findings.service(share)).collect(),
            critical_path: findings.critical_path(),
            bottleneck: diagnosis.bottleneck.map(|call| findings.bottleneck(call)),
            error_origin_count: diagnosis.error_origin_count,
            first_error: diagnosis
                .first_error
                .map(|first| findings.first_error(first)),
            repeated_at_least: repetition.count(),
            repeated_call_count: diagnosis.repeated_calls.len(),
            repeated_calls: repeated.map(|calls| findings.repeated(calls)).collect(),
            serial_sibling_count: diagnosis.serial_siblings.len(),
            serial_siblings: serial.map(|calls| findings.serial(calls)).collect(),
            zone_crossing_count: diagnosis.zone_crossings.len(),
            zone_crossings: crossings
                .map(|crossing| findings.crossing(crossing))
                .collect(),
            self_times_nano: self_times.map(|nano| SafeInteger(*nano)).collect(),
        }
    }
}

impl<'a> Findings<'a> {
    fn span(self, row: usize) -> SpanReferenceJson<'a> {
        let call = &self.tree.calls[row];
        let span = &self.trace.spans()[row];
        SpanReferenceJson {
            row,
            call_path: self.trace.call_path(span),
            span_id: span.span_id.map(|id| id.to_string()),
            half: span.half.map(|half| match half {
                Half::Client { .. } => "client",
                Half::Server => "server",
            }),
            service_name: self.tree.services.name(call.service),
            name: self.tree.operations.name(call.operation),
            start_offset_nano: self.offset(call.time),
            duration_nano: SafeInteger(call.time.length()),
        }
    }

    fn offset(self, time: Interval) -> SafeInteger {
        SafeInteger(time.start.saturating_sub(self.trace.summary().start.0))
    }

    fn service(self, share: &ServiceShare) -> ServiceShareJson<'a> {
        ServiceShareJson {
            name: self.tree.services.name(share.service),
            span_count: share.span_count,
            error_count: share.error_count,
            self_time_nano: SafeInteger(share.self_nano),
            critical_path_nano: SafeInteger(share.critical_path_nano),
            critical_path_share: self.share(share.critical_path_nano),
        }
    }

    /// A part of the critical path, rounded to hundredths of a percent.
    fn share(self, nano: i64) -> f64 {
        let whole = self.diagnosis.critical_path.length_nano();
        match whole {
            0 => 0.0,
            whole => (nano as f64 / whole as f64 * 10_000.0).round() / 10_000.0,
        }
    }

    fn critical_path(self) -> Option<CriticalPathJson<'a>> {
        let path = &self.diagnosis.critical_path;
        path.root?;
        let mut spans = Vec::new();
        let mut positions = vec![0; path.is_on.len()];
        for row in (0..path.is_on.len()).filter(|row| path.is_on[*row]) {
            positions[row] = spans.len();
            spans.push(CriticalSpanJson {
                span: self.span(row),
                critical_path_nano: SafeInteger(path.own_nano[row]),
            });
        }
        let segments = path.segments.iter().map(|segment| SegmentJson {
            span: positions[segment.call],
            start_offset_nano: self.offset(segment.time),
            duration_nano: SafeInteger(segment.time.length()),
        });
        Some(CriticalPathJson {
            duration_nano: SafeInteger(path.length_nano()),
            spans,
            segments: segments.collect(),
        })
    }

    fn bottleneck(self, row: usize) -> BottleneckJson<'a> {
        let own_nano = self.diagnosis.critical_path.own_nano[row];
        BottleneckJson {
            span: self.span(row),
            critical_path_nano: SafeInteger(own_nano),
            critical_path_share: self.share(own_nano),
            self_time_nano: SafeInteger(self.diagnosis.self_times[row]),
        }
    }

    fn first_error(self, first: FirstError) -> FirstErrorJson<'a> {
        let origin = &self.trace.spans()[first.origin];
        FirstErrorJson {
            origin: self.span(first.origin),
            status_message: self.trace.status_message(origin),
            reached: self.span(first.reached),
            levels: origin.depth - self.trace.spans()[first.reached].depth,
        }
    }

    fn repeated(self, calls: &RepeatedCalls) -> RepeatedCallsJson<'a> {
        RepeatedCallsJson {
            parent: self.span(calls.parent),
            first: self.span(calls.first),
            count: calls.count,
            total_duration_nano: SafeInteger(calls.total_nano),
            elapsed_nano: SafeInteger(calls.elapsed_nano),
        }
    }

    fn serial(self, calls: &SerialSiblings) -> SerialSiblingsJson<'a> {
        let targets = calls.targets.iter().take(MAX_TARGETS);
        SerialSiblingsJson {
            parent: self.span(calls.parent),
            first: self.span(calls.first),
            last: self.span(calls.last),
            count: calls.count,
            target_count: calls.targets.len(),
            targets: targets.map(|target| self.target(target)).collect(),
            total_duration_nano: SafeInteger(calls.total_nano),
            saved_nano: SafeInteger(calls.saved_nano),
            is_on_critical_path: self.diagnosis.critical_path.is_on[calls.parent],
        }
    }

    fn target(self, target: &Target) -> TargetJson<'a> {
        let call = &self.tree.calls[target.first];
        TargetJson {
            service_name: self.tree.services.name(call.service),
            name: self.tree.operations.name(call.operation),
            count: target.count,
            total_duration_nano: SafeInteger(target.total_nano),
        }
    }

    fn crossing(self, crossing: &ZoneCrossing) -> ZoneCrossingJson<'a> {
        let (from, to) = crossing.zone_names(self.tree);
        ZoneCrossingJson {
            parent: self.span(crossing.parent),
            child: self.span(crossing.child),
            attribute: crossing.key.name(),
            from,
            to,
        }
    }
}
