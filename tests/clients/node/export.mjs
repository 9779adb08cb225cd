// Sends one trace through a stock OpenTelemetry exporter and prints what it sent as JSON.
//
// Usage: export.mjs grpc|http URL
//
// The spans are printed from the SDK's own objects, not from what the exporter made of them, in
// the form that tests/it/exporters/sent.rs describes.

import { createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { RandomIdGenerator, BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const ATTRIBUTES = {
  "http.request.method": "POST",
  "http.response.status_code": 503,
  "http.route": "/orders/{id}",
  "user.id": "u-1",
  "server.port": "not a number",
  text: 'ünïcødé 漢字 😀 "quoted" \\ \u0001',
  "empty text": "",
  yes: true,
  no: false,
  zero: 0,
  large: Number.MAX_SAFE_INTEGER,
  small: -12345678901,
  pi: 3.141592653589793,
  tiny: 5e-324,
  bytes: new Uint8Array([0, 255, 16, 115]),
  "no value": null,
  texts: ["a", "", "ü"],
  truths: [true, false],
  integers: [1, -2],
  doubles: [0.1, -0.5],
  mixed: ["a", 1, 2.5, true, null, [new Uint8Array([1])]],
  nothing: [],
  map: { text: "t", number: 7, deeper: { list: [1.5] } },
};

function record(tracer, otherTracer) {
  const remote = {
    traceId: new RandomIdGenerator().generateTraceId(),
    spanId: "00f067aa0ba902b7",
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
    traceState: createTraceState("vendor=a=b,congo=t61rcWkgMzE"),
  };
  const start = [1795446245, 123456789];
  const later = (nanos) => [start[0], start[1] + nanos];
  const parent = trace.setSpanContext(ROOT_CONTEXT, remote);
  const links = [{ context: remote, attributes: { why: "test", weights: [1, 2] } }, { context: remote }];
  const root = tracer.startSpan(
    "POST /orders",
    { kind: SpanKind.SERVER, attributes: ATTRIBUTES, links, startTime: start },
    parent,
  );
  root.addEvent("exception", { "exception.type": "Timeout", retries: 3 }, later(7));
  root.addEvent("plain", later(8));
  root.setStatus({ code: SpanStatusCode.ERROR, message: "payment timed out: 漢字" });
  const inside = trace.setSpan(parent, root);
  for (const kind of [0, 1, 2, 3, 4]) {
    const child = otherTracer.startSpan(`child ${kind}`, { kind, startTime: later(kind) }, inside);
    child.setAttribute("number", kind);
    if (kind === 0) child.setStatus({ code: SpanStatusCode.OK });
    child.end(later(kind + 999));
  }
  const crowded = tracer.startSpan("crowded", { startTime: start, links: Array(6).fill({ context: remote }) }, inside);
  for (let number = 0; number < 40; number++) crowded.setAttribute(`key ${number}`, number);
  for (let number = 0; number < 9; number++) crowded.addEvent(`event ${number}`, { number }, later(number));
  crowded.end(later(100));
  root.end([start[0] + 1, start[1]]);
}

function anyValue(value) {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (Number.isInteger(value)) return { intValue: String(value) };
  if (typeof value === "number") return { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: Object.entries(value).map(([key, each]) => ({ key, value: anyValue(each) })) } };
}

const attributes = (object) =>
  Object.fromEntries(Object.entries(object ?? {}).map(([key, value]) => [key, anyValue(value)]));

const nanos = ([seconds, rest]) => String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));

// OTLP's flags: W3C's, whether the parent's remoteness is known, and whether it was remote.
const flags = (traceFlags, parent) => traceFlags | 0x100 | (parent?.isRemote ? 0x200 : 0);

function sent(span) {
  const context = span.spanContext();
  const scope = span.instrumentationScope;
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? "",
    traceState: context.traceState?.serialize() ?? "",
    flags: flags(context.traceFlags, span.parentSpanContext),
    name: span.name,
    kind: span.kind + 1,
    startTimeUnixNano: nanos(span.startTime),
    endTimeUnixNano: nanos(span.endTime),
    attributes: attributes(span.attributes),
    droppedAttributesCount: span.droppedAttributesCount,
    events: span.events.map((event) => ({
      timeUnixNano: nanos(event.time),
      name: event.name,
      attributes: attributes(event.attributes),
      droppedAttributesCount: event.droppedAttributesCount ?? 0,
    })),
    droppedEventsCount: span.droppedEventsCount,
    links: span.links.map((link) => ({
      traceId: link.context.traceId,
      spanId: link.context.spanId,
      traceState: link.context.traceState?.serialize() ?? "",
      attributes: attributes(link.attributes),
      droppedAttributesCount: link.droppedAttributesCount ?? 0,
      flags: flags(link.context.traceFlags, link.context),
    })),
    droppedLinksCount: span.droppedLinksCount,
    status: { code: span.status.code, message: span.status.message ?? "" },
    resource: { attributes: attributes(span.resource.attributes), schemaUrl: span.resource.schemaUrl ?? "" },
    scope: {
      name: scope.name,
      version: scope.version ?? "",
      attributes: attributes(scope.attributes),
      schemaUrl: scope.schemaUrl ?? "",
    },
  };
}

const [protocol, url] = process.argv.slice(2);
const exporter =
  protocol === "grpc"
    ? new GrpcExporter({ url, compression: "gzip" })
    : new HttpExporter({ url: `${url}/v1/traces` });
const ended = [];
const recorder = {
  onStart() {},
  onEnd: (span) => ended.push(span),
  forceFlush: async () => {},
  shutdown: async () => {},
};
const resource = resourceFromAttributes(
  {
    "service.name": `node-${protocol}`,
    "service.namespace": "tests",
    "service.instance.id": "instance 1",
    "service.version": "1.2.3",
    "process.pid": 4711,
    ratio: 0.25,
    tags: ["x", "y"],
  },
  { schemaUrl: "https://opentelemetry.io/schemas/1.37.0" },
);
const provider = new TracerProvider({
  resource,
  spanLimits: { attributeCountLimit: 32, eventCountLimit: 4, linkCountLimit: 3 },
  spanProcessors: [recorder, new BatchSpanProcessor({ exporter })],
});
const schemaUrl = "https://opentelemetry.io/schemas/1.36.0";
record(provider.getTracer("tests.first", "4.5.6", { schemaUrl }), provider.getTracer("tests.second"));
await provider.shutdown();
process.stdout.write(JSON.stringify(ended.map(sent)));
