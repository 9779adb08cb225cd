"""Sends a trace of two segments through SkyWalking's stock agent.

Usage: agent.py HOST:PORT

Prints what was sent in the form that tests/it/foreign/printed.rs describes. The agent keeps its
defaults, so that it also sends heartbeats, metrics and logs, and asks for tasks.
"""

import contextvars
import hashlib
import json
import logging
import string
import sys
import threading

from skywalking import Component, Layer, config
from skywalking.agent import agent
from skywalking.trace.context import get_context
from skywalking.trace.tags import TagDbStatement, TagHttpMethod, TagHttpStatusCode

SEGMENTS = 2


class Complaints(logging.Handler):
    """Keeps what the agent says of a server that does not answer as it expects."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())


def watch(reporter):
    """Gives an event that is set once all segments were answered: an agent that stops may still send."""
    report, answered, sent = reporter.report, threading.Event(), 0

    def counted(segments):
        nonlocal sent
        for segment in segments:
            sent += 1
            yield segment

    def report_and_tell(segments):
        report(counted(segments))
        if sent == SEGMENTS:
            answered.set()

    reporter.report = report_and_tell
    return answered


def record():
    """A storefront reserves an article at itself, which fails; gives all spans."""
    context = get_context()
    with context.new_entry_span(op="POST /orders") as entry:
        entry.layer, entry.component, entry.peer = Layer.Http, Component.Flask, "10.0.0.9:51234"
        entry.tag(TagHttpMethod("POST"))
        with context.new_local_span(op="reserve") as local:
            exit_span = context.new_exit_span(op="/stock", peer="127.0.0.1:8080", component=Component.Requests)
            with exit_span:
                exit_span.layer = Layer.Http
                carrier = exit_span.inject()
                # The called side has a context of its own, as another process has.
                called = contextvars.Context().run(record_called, carrier)
    return [entry, local, exit_span, *called]


def record_called(carrier):
    context = get_context()
    with context.new_entry_span(op="/stock", carrier=carrier) as entry:
        entry.layer, entry.component = Layer.Http, Component.Flask
        entry.tag(TagHttpStatusCode(503))
        try:
            with context.new_exit_span(op="SELECT", peer="db.example:5432", component=Component.Psycopg) as query:
                query.layer = Layer.Database
                query.tag(TagDbStatement("SELECT '漢字'"))
                raise ValueError("nothing left")
        except ValueError:
            logging.getLogger("orders").warning("nothing left")
    return [entry, query]


def trace_id(text):
    """The 16 bytes that spanhouse makes of a trace's id: 32 digits as they are, others by their hash."""
    is_hexadecimal = len(text) == 32 and all(letter in string.hexdigits for letter in text)
    return text.lower() if is_hexadecimal else hashlib.sha256(text.encode()).hexdigest()[:32]


def span_id(segment_id, number):
    """The 8 bytes that spanhouse makes of a segment's id and a span's number."""
    layout = str(segment_id).encode() + number.to_bytes(4, "big")
    return hashlib.sha256(layout).hexdigest()[:16]


def sent(span):
    segment = span.context.segment
    parent = ""
    if span.pid >= 0:
        parent = span_id(segment.segment_id, span.pid)
    elif span.refs:
        parent = span_id(span.refs[0].segment_id, span.refs[0].span_id)
    attributes = {tag.key: tag.val for tag in span.iter_tags()}
    attributes["skywalking.trace_id"] = str(segment.related_traces[0])
    attributes["skywalking.segment_id"] = str(segment.segment_id)
    attributes["skywalking.span_id"] = span.sid
    if span.layer.value:
        attributes["skywalking.layer"] = span.layer.name
    if span.component.value:
        attributes["skywalking.component_id"] = span.component.value
    if span.peer:
        host, port = span.peer.split(":")
        prefix = "network.peer" if host[0].isdigit() else "server"
        attributes |= {f"{prefix}.address": host, f"{prefix}.port": int(port)}
    for reference in span.refs:
        attributes["skywalking.ref.parent_endpoint"] = reference.endpoint
        attributes["skywalking.ref.network_address_used_at_peer"] = reference.client_address
    return {
        "id": span_id(segment.segment_id, span.sid),
        "parent": parent,
        "name": span.op,
        "service": config.agent_name,
        "kind": {"Entry": "server", "Exit": "client", "Local": "internal"}[span.kind.name],
        "attributes": attributes,
        "events": [log.items[0].key for log in span.logs],
        "error": "" if span.error_occurred else None,
        "start": str(span.start_time * 1_000_000),
        "duration": str((span.end_time - span.start_time) * 1_000_000),
        "resource": {"service.instance.id": config.agent_instance_name},
        "links": [],
    }


def main():
    (address,) = sys.argv[1:]
    config.init(
        agent_collector_backend_services=address.removeprefix("http://"),
        agent_name="storefront",
        agent_instance_name="instance 1",
        agent_disable_plugins=[".*"],
        agent_logging_level="WARNING",
    )
    complaints = Complaints()
    logging.getLogger("skywalking").addHandler(complaints)
    agent.start()
    answered = watch(agent._SkyWalkingAgent__protocol.traces_reporter)
    spans = record()
    if not answered.wait(timeout=60):
        sys.exit("the segments were not answered within a minute")
    agent.stop()
    if complaints.texts:
        sys.exit("\n".join(complaints.texts))
    sent_trace_id = str(spans[0].context.segment.related_traces[0])
    json.dump({"traceId": trace_id(sent_trace_id), "spans": [sent(span) for span in spans]}, sys.stdout)


if __name__ == "__main__":
    main()
