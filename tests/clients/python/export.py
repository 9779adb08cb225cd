"""Sends one trace through a stock OpenTelemetry exporter and prints what it sent as JSON.

Usage: export.py grpc|http URL

The spans are printed from the SDK's own objects, not from what the exporter made of them, in the
form that tests/it/exporters/sent.rs describes.
"""

import base64
import json
import math
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc
from opentelemetry.exporter.otlp.proto.http import Compression, trace_exporter as http
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.span import TraceFlags, TraceState

ATTRIBUTES = {
    "http.request.method": "POST",
    "http.response.status_code": 503,
    "http.route": "/orders/{id}",
    "user.id": "u-1",
    "server.port": "not a number",
    "text": "ünïcødé 漢字 \"quoted\" \\ \u0001",
    "empty text": "",
    "yes": True,
    "no": False,
    "zero": 0,
    "large": 2**63 - 1,
    "small": -(2**63),
    "pi": 3.141592653589793,
    "whole double": 2.0,
    "tiny": 5e-324,
    "not a number": math.nan,
    "infinite": -math.inf,
    "bytes": b"\x00\xff\x10spanhouse",
    "no value": None,
    "texts": ["a", "", "ü"],
    "truths": [True, False],
    "integers": [1, -2, 2**53 + 1],
    "doubles": [0.1, 2.0, -0.5],
    "mixed": ["a", 1, 2.5, True, None, [b"x"]],
    "nothing": [],
    "map": {"text": "t", "number": 7, "deeper": {"list": [1.5]}},
    "bytesValue": {"bytesValue": "a map that looks like bytes"},
}


class Recorder(SpanProcessor):
    """Keeps the spans that ended."""

    def __init__(self):
        self.spans = []

    def on_end(self, span):
        self.spans.append(span)


def record(tracer, other_tracer):
    remote = SpanContext(
        trace_id=RandomIdGenerator().generate_trace_id(),
        span_id=0x00F067AA0BA902B7,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=TraceState([("vendor", "a=b"), ("congo", "t61rcWkgMzE")]),
    )
    parent = trace.set_span_in_context(NonRecordingSpan(remote))
    start = 1_795_446_245_123_456_789
    root = tracer.start_span(
        "POST /orders",
        context=parent,
        kind=SpanKind.SERVER,
        attributes=ATTRIBUTES,
        links=[Link(remote, {"why": "test", "weights": [1, 2]}), Link(remote)],
        start_time=start,
    )
    root.add_event("exception", {"exception.type": "Timeout", "retries": 3, "raw": b"\x01"}, timestamp=start + 7)
    root.add_event("plain", timestamp=start + 8)
    root.set_status(Status(StatusCode.ERROR, "payment timed out: 漢字"))
    inside = trace.set_span_in_context(root)
    for number, kind in enumerate(SpanKind):
        child = other_tracer.start_span(f"child {number}", context=inside, kind=kind, start_time=start + number)
        child.set_attribute("number", number)
        if number == 0:
            child.set_status(Status(StatusCode.OK))
        child.end(end_time=start + number + 999)
    crowded = tracer.start_span(
        "crowded",
        context=inside,
        start_time=start,
        attributes={f"key {number}": number for number in range(40)},
        links=[Link(remote, {"number": number}) for number in range(6)],
    )
    for number in range(9):
        crowded.add_event(f"event {number}", {f"key {key}": key for key in range(6)}, timestamp=start + number)
    crowded.end(end_time=start + 100)
    root.end(end_time=start + 1_000_000_000)



def any_value(value):
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        if math.isnan(value):
            return {"doubleValue": "NaN"}
        if math.isinf(value):
            return {"doubleValue": "Infinity" if value > 0 else "-Infinity"}
        return {"doubleValue": value}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [any_value(each) for each in value]}}
    entries = [{"key": key, "value": any_value(each)} for key, each in value.items()]
    return {"kvlistValue": {"values": entries}}


def attributes(mapping):
    return {key: any_value(value) for key, value in (mapping or {}).items()}


def flags(parent):
    """OTLP's flags: whether the parent's remoteness is known, and whether it was remote."""
    return 0x100 | (0x200 if parent is not None and parent.is_remote else 0)


def sent(span):
    context = span.get_span_context()
    scope = span.instrumentation_scope
    return {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "parentSpanId": f"{span.parent.span_id:016x}" if span.parent else "",
        "traceState": context.trace_state.to_header(),
        "flags": flags(span.parent),
        "name": span.name,
        "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": attributes(span.attributes),
        "droppedAttributesCount": span.dropped_attributes,
        "events": [
            {
                "timeUnixNano": str(event.timestamp),
                "name": event.name,
                "attributes": attributes(event.attributes),
                "droppedAttributesCount": event.dropped_attributes,
            }
            for event in span.events
        ],
        "droppedEventsCount": span.dropped_events,
        "links": [
            {
                "traceId": f"{link.context.trace_id:032x}",
                "spanId": f"{link.context.span_id:016x}",
                # This exporter does not send the trace state of a link.
                "traceState": "",
                "attributes": attributes(link.attributes),
                "droppedAttributesCount": link.dropped_attributes,
                "flags": flags(link.context),
            }
            for link in span.links
        ],
        "droppedLinksCount": span.dropped_links,
        "status": {"code": span.status.status_code.value, "message": span.status.description or ""},
        "resource": {
            "attributes": attributes(span.resource.attributes),
            "schemaUrl": span.resource.schema_url,
        },
        "scope": {
            "name": scope.name,
            "version": scope.version or "",
            # This exporter does send the attributes of a scope.
            "attributes": attributes(scope.attributes),
            "schemaUrl": scope.schema_url or "",
        },
    }


def main():
    protocol, url = sys.argv[1:]
    exporter = {
        "grpc": lambda: grpc.OTLPSpanExporter(endpoint=url, insecure=True),
        "http": lambda: http.OTLPSpanExporter(endpoint=f"{url}/v1/traces", compression=Compression.Gzip),
    }[protocol]()
    resource = Resource.create(
        {
            "service.name": f"python-{protocol}",
            "service.namespace": "tests",
            "service.instance.id": "instance 1",
            "service.version": "1.2.3",
            "process.pid": 4711,
            "ratio": 0.25,
            "tags": ["x", "y"],
        },
        schema_url="https://opentelemetry.io/schemas/1.37.0",
    )
    limits = SpanLimits(max_span_attributes=32, max_events=4, max_links=3, max_event_attributes=4)
    provider = TracerProvider(resource=resource, span_limits=limits)
    recorder = Recorder()
    provider.add_span_processor(recorder)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer(
        "tests.first", "4.5.6", schema_url="https://opentelemetry.io/schemas/1.36.0", attributes={"scoped": [1, 2]}
    )
    record(tracer, provider.get_tracer("tests.second"))
    provider.shutdown()
    json.dump([sent(span) for span in recorder.spans], sys.stdout)


if __name__ == "__main__":
    main()
