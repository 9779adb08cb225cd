// Sends a trace of two segments through SkyWalking's stock agent.
//
// Usage: agent.mjs HOST:PORT
//
// Prints what was sent in the form that tests/it/foreign/printed.rs describes.

import { createHash } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { default: agent, ContextManager, config } = require("skywalking-backend-js");
const { Component } = require("skywalking-backend-js/lib/trace/Component");
const { ContextCarrier } = require("skywalking-backend-js/lib/trace/context/ContextCarrier");
const { SpanLayer } = require("skywalking-backend-js/lib/proto/language-agent/Tracing_pb");
const { default: Tag } = require("skywalking-backend-js/lib/Tag");

const KINDS = ["server", "client", "internal"];
const LAYERS = ["", "Database", "RPCFramework", "Http", "MQ", "Cache", "FAAS"];
const READY_TIMEOUT = 60_000;

// A storefront reserves an article at itself, which fails; gives all spans.
function record() {
  const entry = ContextManager.current.newEntrySpan("POST /orders");
  Object.assign(entry, { layer: SpanLayer.HTTP, component: Component.EXPRESS, peer: "10.0.0.9:51234" });
  entry.start();
  entry.tag(Tag.httpMethod("POST"));
  const local = ContextManager.current.newLocalSpan("reserve");
  local.start();
  const exit = ContextManager.current.newExitSpan("/stock", Component.AXIOS);
  Object.assign(exit, { layer: SpanLayer.HTTP, component: Component.AXIOS, peer: "127.0.0.1:8080" });
  exit.start();
  const headers = Object.fromEntries(exit.inject().items.map(({ key, value }) => [key, value]));
  // The called side has a context of its own, as another process has.
  const waiting = [exit, local, entry];
  for (const span of waiting) span.async();
  const called = recordCalled(ContextCarrier.from(headers));
  for (const span of waiting.toReversed()) span.resync();
  for (const span of waiting) span.stop();
  return [entry, local, exit, ...called];
}

function recordCalled(carrier) {
  const entry = ContextManager.current.newEntrySpan("/stock", carrier);
  Object.assign(entry, { layer: SpanLayer.HTTP, component: Component.EXPRESS });
  entry.start();
  entry.tag(Tag.httpStatusCode(503));
  const query = ContextManager.current.newExitSpan("SELECT", Component.POSTGRESQL);
  Object.assign(query, { layer: SpanLayer.DATABASE, component: Component.POSTGRESQL, peer: "db.example:5432" });
  query.start();
  query.tag(Tag.dbStatement("SELECT '漢字'"));
  query.error(new Error("nothing left"));
  query.stop();
  entry.stop();
  return [entry, query];
}

// The 16 bytes that spanhouse makes of a trace's id: 32 digits as they are, others by their hash.
const idOfTrace = (text) =>
  /^[\da-f]{32}$/i.test(text) ? text.toLowerCase() : createHash("sha256").update(text).digest("hex").slice(0, 32);

// The 8 bytes that spanhouse makes of a segment's id and a span's number.
function spanId(segmentId, number) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(number);
  return createHash("sha256").update(segmentId.toString()).update(bytes).digest("hex").slice(0, 16);
}

function parent({ parentId, refs: [reference], context }) {
  if (parentId >= 0) return spanId(context.segment.segmentId, parentId);
  return reference ? spanId(reference.segmentId, reference.spanId) : "";
}

function peer(text) {
  if (!text) return {};
  const [host, port] = text.split(":");
  const prefix = /^\d/.test(host) ? "network.peer" : "server";
  return { [`${prefix}.address`]: host, [`${prefix}.port`]: Number(port) };
}

function sent(span) {
  const { segment } = span.context;
  return {
    id: spanId(segment.segmentId, span.id),
    parent: parent(span),
    name: span.operation,
    service: config.serviceName,
    kind: KINDS[span.type],
    attributes: {
      ...Object.fromEntries(span.tags.map(({ key, val }) => [key, String(val)])),
      ...peer(span.peer),
      ...(span.layer ? { "skywalking.layer": LAYERS[span.layer] } : {}),
      ...(span.component.id ? { "skywalking.component_id": span.component.id } : {}),
      ...(span.refs[0] ? { "skywalking.ref.network_address_used_at_peer": span.refs[0].clientAddress } : {}),
      "skywalking.trace_id": segment.relatedTraces[0].toString(),
      "skywalking.segment_id": segment.segmentId.toString(),
      "skywalking.span_id": span.id,
    },
    events: span.logs.map(({ items }) => items[0].key),
    error: span.errored ? "" : null,
    start: String(BigInt(span.startTime) * 1_000_000n),
    duration: String(BigInt(span.endTime - span.startTime) * 1_000_000n),
    resource: { "service.instance.id": config.serviceInstance },
    links: [],
  };
}

const [address] = process.argv.slice(2);
agent.start({
  collectorAddress: address.replace(/^http:\/\//, ""),
  serviceName: "storefront",
  serviceInstance: "instance 1",
});
// The agent sends nothing, and does not say so, before it is connected.
const { reporterClient } = agent.protocol.traceReportClient;
await new Promise((resolve, reject) => {
  reporterClient.waitForReady(Date.now() + READY_TIMEOUT, (error) => (error ? reject(error) : resolve()));
});
const spans = record();
await agent.flush();
agent.destroy();
const traceId = idOfTrace(spans[0].context.segment.relatedTraces[0].toString());
process.stdout.write(JSON.stringify({ traceId, spans: spans.map(sent) }), () => process.exit());
