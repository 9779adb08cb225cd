// Sends a trace of two services through Jaeger's own tracer.
//
// Usage: jaeger.mjs http URL
//        jaeger.mjs udp HOST:PORT
//
// Prints what was sent in the form that tests/it/foreign/printed.rs describes.

import jaeger from "jaeger-client";

const { opentracing } = jaeger;
const { Tags } = opentracing;

function service(serviceName, protocol, address) {
  const [agentHost, agentPort] = address.split(":");
  const to =
    protocol === "http"
      ? { collectorEndpoint: `${address}/api/traces` }
      : { agentHost, agentPort: Number(agentPort) };
  const sampler = { type: "const", param: 1 };
  const config = { serviceName, sampler, reporter: to };
  const logger = { info() {}, error: (message) => failures.push(message) };
  // Over UDP as by default: 64 bits.
  const traceId128bit = protocol === "http";
  return jaeger.initTracer(config, { tags: { zone: "a" }, logger, traceId128bit });
}

const printed = (span, service, kind, attributes, events = [], error = null) => {
  const context = span.context();
  return {
    id: context.spanIdStr,
    parent: context.parentIdStr ?? "",
    name: span.operationName,
    service,
    kind,
    attributes,
    events,
    error,
  };
};

// A storefront calls the orders, which run out.
function record(storefront, orders) {
  const tags = (kind, more) => ({ tags: { [Tags.SPAN_KIND]: kind, ...more } });
  const root = storefront.startSpan("GET /cart", tags("server", { "user.id": "u-1", retry: false }));
  const call = storefront.startSpan("POST /orders", { childOf: root, ...tags("client", { ratio: 0.5 }) });
  const headers = {};
  storefront.inject(call, opentracing.FORMAT_HTTP_HEADERS, headers);
  const context = orders.extract(opentracing.FORMAT_HTTP_HEADERS, headers);
  const server = orders.startSpan("POST /orders", { childOf: context, ...tags("server") });
  const inside = orders.startSpan("reserve", { childOf: server, tags: { "user.id": "u-1" } });
  inside.finish();
  server.log({ event: "out of stock", sku: "漢字-7" });
  server.setTag(Tags.ERROR, true);
  const after = orders.startSpan("refill", { references: [opentracing.followsFrom(server.context())] });
  server.finish();
  call.finish();
  root.finish();
  after.finish();
  const spans = [
    printed(root, "storefront", "server", { "user.id": "u-1", retry: false }),
    printed(call, "storefront", "client", { ratio: 0.5 }),
    printed(server, "orders", "server", {}, ["out of stock"], ""),
    printed(inside, "orders", "unspecified", { "user.id": "u-1" }),
    printed(after, "orders", "unspecified", {}),
  ];
  return { traceId: root.context().traceIdStr, spans };
}

const failures = [];
const [protocol, address] = process.argv.slice(2);
const tracers = ["storefront", "orders"].map((name) => service(name, protocol, address));
const sent = record(...tracers);
await Promise.all(tracers.map((tracer) => new Promise((resolve) => tracer.close(resolve))));
if (failures.length > 0) throw new Error(failures.join("\n"));
process.stdout.write(JSON.stringify(sent));
