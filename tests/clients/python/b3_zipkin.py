"""Sends a trace of two services through py-zipkin, whose client and server spans share one id.

Usage: b3_zipkin.py v1-json|v2-json|v2-protobuf ADDRESS

Prints what was sent in the form that tests/it/foreign/printed.rs describes.
"""

import json
import sys
from urllib.parse import urlsplit

from py_zipkin import Encoding, Kind
from py_zipkin.request_helpers import create_http_headers, extract_zipkin_attrs_from_headers
from py_zipkin.storage import Tracer
from py_zipkin.transport import SimpleHTTPTransport

ENCODINGS = {"v1-json": Encoding.V1_JSON, "v2-json": Encoding.V2_JSON, "v2-protobuf": Encoding.V2_PROTO3}


class OutOfStock(Exception):
    """What the orders fail with."""


class Service:
    """A service with a tracer of its own, as if it were another process."""

    def __init__(self, name, port, options):
        self.tracer = Tracer()
        self.endpoint = {"service_name": name, "host": "127.0.0.1", "port": port}
        self.options = options
        self.spans = []

    def root(self, **more):
        return self.tracer.zipkin_span(**self.endpoint, **self.options, **more)

    def span(self, **more):
        return self.tracer.zipkin_span(**self.endpoint, **more)


def printed(span, service, kind, attributes, events=(), error=None):
    ids = span.zipkin_attrs
    return {
        "id": ids.span_id,
        "parent": ids.parent_span_id or "",
        "name": span.span_name,
        "service": service,
        "kind": kind,
        "attributes": attributes,
        "events": list(events),
        "error": error,
    }


def record(storefront, orders):
    user = {"user.id": "u-1"}
    with storefront.root(span_name="get /cart", sample_rate=100.0, use_128bit_trace_id=True) as root:
        root.update_binary_annotations(user)
        with storefront.span(span_name="post /orders", kind=Kind.CLIENT) as call:
            call.add_sa_binary_annotation(port=8081, service_name="orders", host="127.0.0.1")
            headers = create_http_headers(tracer=storefront.tracer)
            context = extract_zipkin_attrs_from_headers(headers)
            try:
                with orders.root(span_name="post /orders", zipkin_attrs=context) as server:
                    with orders.span(span_name="reserve") as inside:
                        inside.update_binary_annotations(user)
                    server.add_annotation("out of stock")
                    raise OutOfStock("nothing left")
            except OutOfStock as error:
                failure = f"OutOfStock: {error}"
    return root.zipkin_attrs.trace_id, [
        printed(root, "storefront", "server", user),
        printed(call, "storefront", "client", {"peer.service": "orders"}),
        printed(server, "orders", "server", {}, ["out of stock"], failure),
        printed(inside, "orders", "internal", user),
    ]


def main():
    encoding, address = sys.argv[1:]
    collector = urlsplit(address)
    options = {
        "transport_handler": SimpleHTTPTransport(collector.hostname, collector.port),
        "encoding": ENCODINGS[encoding],
    }
    trace_id, spans = record(Service("storefront", 8080, options), Service("orders", 8081, options))
    json.dump({"traceId": trace_id, "spans": spans}, sys.stdout)


if __name__ == "__main__":
    main()
