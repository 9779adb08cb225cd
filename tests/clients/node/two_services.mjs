// Sends a trace of two services through the stock OpenTelemetry exporter for Zipkin.
//
// Usage: two_services.mjs URL
//
// Prints what was sent in the form that tests/it/foreign/printed.rs describes.

import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { ZipkinExporter } from "@opentelemetry/exporter-zipkin";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const ended = [];
const recorder = {
  onStart() {},
  onEnd: (span) => ended.push(span),
  forceFlush: async () => {},
  shutdown: async () => {},
};

const KINDS = ["internal", "server", "client", "producer", "consumer"];

function service(name, url) {
  const exporter = new ZipkinExporter({ url: `${url}/api/v2/spans` });
  return new TracerProvider({
    resource: resourceFromAttributes({ "service.name": name }),
    spanProcessors: [recorder, new BatchSpanProcessor({ exporter })],
  });
}

// A storefront calls the orders, which run out.
function record(storefront, orders) {
  const root = storefront.startSpan("GET /cart", { kind: SpanKind.SERVER }, context.active());
  root.setAttribute("user.id", "u-1");
  const inRoot = trace.setSpan(context.active(), root);
  const call = storefront.startSpan("POST /orders", { kind: SpanKind.CLIENT }, inRoot);
  call.setAttribute("http.response.status_code", 503);
  const server = orders.startSpan("POST /orders", { kind: SpanKind.SERVER }, trace.setSpan(inRoot, call));
  const inside = orders.startSpan("reserve", {}, trace.setSpan(inRoot, server));
  inside.setAttribute("user.id", "u-1");
  inside.end();
  server.addEvent("out of stock: 漢字-7");
  server.setStatus({ code: SpanStatusCode.ERROR, message: "nothing left" });
  server.end();
  call.end();
  root.end();
}

function sent(span) {
  return {
    id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId ?? "",
    // Zipkin keeps names in lower case.
    name: span.name.toLowerCase(),
    service: span.resource.attributes["service.name"],
    kind: KINDS[span.kind],
    attributes: Object.fromEntries(Object.entries(span.attributes).map(([key, value]) => [key, String(value)])),
    events: span.events.map((event) => event.name),
    error: span.status.message ?? null,
  };
}

const [url] = process.argv.slice(2);
const providers = [service("storefront", url), service("orders", url)];
record(...providers.map((provider) => provider.getTracer("tests", "1.2.3")));
await Promise.all(providers.map((provider) => provider.shutdown()));
process.stdout.write(JSON.stringify({ traceId: ended[0].spanContext().traceId, spans: ended.map(sent) }));
