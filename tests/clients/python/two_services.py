"""Sends a trace of two services through a stock OpenTelemetry exporter for Zipkin or Jaeger.

Usage: two_services.py zipkin-json|zipkin-protobuf|jaeger-http|jaeger-grpc|jaeger-udp ADDRESS

Prints what was sent in the form that tests/it/foreign/printed.rs describes. Each exporter runs in
an environment of its own, as their dependencies exclude one another.
"""

import json
import sys

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode


class Recorder(SpanProcessor):
    """Keeps the spans that ended."""

    def __init__(self):
        self.spans = []

    def on_end(self, span):
        self.spans.append(span)


def exporter(protocol, address):
    match protocol:
        case "zipkin-json":
            from opentelemetry.exporter.zipkin.json import ZipkinExporter

            return ZipkinExporter(endpoint=f"{address}/api/v2/spans")
        case "zipkin-protobuf":
            from opentelemetry.exporter.zipkin.proto.http import ZipkinExporter

            return ZipkinExporter(endpoint=f"{address}/api/v2/spans")
        case "jaeger-http":
            from opentelemetry.exporter.jaeger.thrift import JaegerExporter

            return JaegerExporter(collector_endpoint=f"{address}/api/traces?format=jaeger.thrift")
        case "jaeger-grpc":
            from opentelemetry.exporter.jaeger.proto.grpc import JaegerExporter

            return JaegerExporter(collector_endpoint=address.removeprefix("http://"), insecure=True)
        case "jaeger-udp":
            from opentelemetry.exporter.jaeger.thrift import JaegerExporter

            host, port = address.split(":")
            return JaegerExporter(agent_host_name=host, agent_port=int(port))
    raise ValueError(protocol)


def record(storefront, orders):
    """A storefront calls the orders, which run out."""
    with storefront.start_as_current_span("GET /cart", kind=SpanKind.SERVER) as root:
        root.set_attribute("user.id", "u-1")
        with storefront.start_as_current_span("POST /orders", kind=SpanKind.CLIENT) as call:
            call.set_attribute("http.response.status_code", 503)
            served = trace.set_span_in_context(trace.NonRecordingSpan(call.get_span_context()))
            with orders.start_as_current_span("POST /orders", context=served, kind=SpanKind.SERVER) as server:
                server.add_event("out of stock", {"sku": "漢字-7"})
                server.set_status(Status(StatusCode.ERROR, "nothing left"))
                with orders.start_as_current_span("reserve") as inside:
                    inside.set_attribute("user.id", "u-1")


def event_name(protocol, event):
    """Zipkin's annotations are texts without attributes: its exporters put them into the text."""
    if protocol.startswith("zipkin"):
        return json.dumps({event.name: dict(event.attributes)}, sort_keys=True)
    return event.name


def sent(protocol, span):
    is_zipkin = protocol.startswith("zipkin")
    return {
        "id": f"{span.context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else "",
        # Zipkin keeps names in lower case.
        "name": span.name.lower() if is_zipkin else span.name,
        "service": span.resource.attributes["service.name"],
        "kind": span.kind.name.lower(),
        "attributes": {key: str(value) if is_zipkin else value for key, value in span.attributes.items()},
        "events": [event_name(protocol, event) for event in span.events],
        "error": span.status.description,
    }


def main():
    protocol, address = sys.argv[1:]
    recorder = Recorder()
    providers = []
    for service in ("storefront", "orders"):
        provider = TracerProvider(resource=Resource.create({"service.name": service}))
        provider.add_span_processor(recorder)
        provider.add_span_processor(BatchSpanProcessor(exporter(protocol, address)))
        providers.append(provider)
    # One scope has a version, the other has none.
    record(providers[0].get_tracer("tests.first", "1.2.3"), providers[1].get_tracer("tests.second"))
    for provider in providers:
        provider.shutdown()
    trace_id = f"{recorder.spans[0].context.trace_id:032x}"
    json.dump({"traceId": trace_id, "spans": [sent(protocol, span) for span in recorder.spans]}, sys.stdout)


if __name__ == "__main__":
    main()
