// Sends a trace of two services through Zipkin's own tracer, whose client and server spans share
// one id.
//
// Usage: b3_zipkin.mjs v1-json|v2-json|v1-thrift URL
//
// Prints what was sent in the form that tests/it/foreign/printed.rs describes.

import zipkin from "zipkin";
import thriftEncoder from "zipkin-encoder-thrift";
import transport from "zipkin-transport-http";

const { Annotation, BatchRecorder, ExplicitContext, InetAddress, jsonEncoder, Tracer } = zipkin;

const LOOPBACK = new InetAddress("127.0.0.1");

// Ends each attempt to send at once: the transport itself gathers spans and looks once a second.
function jsonLogger(url, encoder) {
  const logger = new transport.HttpLogger({ endpoint: url, jsonEncoder: encoder, httpInterval: 60_000 });
  logger.flushed = () =>
    new Promise((resolve, reject) => {
      logger.on("success", resolve);
      logger.on("error", reject);
      logger.processQueue(logger.fetchImplementation);
    });
  return logger;
}

// The stock encoder gives single spans; over HTTP goes a list: the type of its elements, a struct,
// their number, and the elements.
function thriftLogger(url) {
  const spans = [];
  const head = () => {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt8(12);
    bytes.writeUInt32BE(spans.length, 1);
    return bytes;
  };
  return {
    logSpan: (span) => spans.push(Buffer.from(thriftEncoder.encode(span))),
    flushed: async () => {
      const headers = { "Content-Type": "application/x-thrift" };
      const answer = await fetch(url, { method: "POST", headers, body: Buffer.concat([head(), ...spans]) });
      if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
    },
  };
}

function logger(encoding, url) {
  if (encoding === "v1-thrift") return thriftLogger(`${url}/api/v1/spans`);
  if (encoding === "v1-json") return jsonLogger(`${url}/api/v1/spans`, jsonEncoder.JSON_V1);
  return jsonLogger(`${url}/api/v2/spans`, jsonEncoder.JSON_V2);
}

function service(name, logged) {
  const recorder = new BatchRecorder({ logger: logged });
  return new Tracer({ ctxImpl: new ExplicitContext(), recorder, localServiceName: name, traceId128Bit: true });
}

const printed = (id, name, service, kind, attributes, events = [], error = null) => ({
  id: id.spanId,
  parent: id.parentSpanId.getOrElse(""),
  name,
  service,
  kind,
  attributes,
  events,
  error,
});

// Records what a span does between its first and its last annotation.
function within(tracer, id, [First, Last], port, work) {
  return tracer.letId(id, () => {
    tracer.recordServiceName(tracer.localEndpoint.serviceName);
    tracer.recordAnnotation(new Annotation.LocalAddr({ host: LOOPBACK, port }));
    tracer.recordAnnotation(new First());
    work();
    tracer.recordAnnotation(new Last());
  });
}

// A storefront calls the orders, which run out.
function record(storefront, orders) {
  const server = [Annotation.ServerRecv, Annotation.ServerSend];
  const client = [Annotation.ClientSend, Annotation.ClientRecv];
  const user = { "user.id": "u-1" };
  const root = storefront.createRootId();
  const call = storefront.createChildId(root);
  // A server makes a TraceId of the headers that it gets, then joins it.
  const served = orders.join(new zipkin.TraceId({ ...idFields(call) }));
  const inside = orders.createChildId(served);
  within(storefront, root, server, 8080, () => {
    storefront.recordRpc("get /cart");
    storefront.setTags(user);
    within(storefront, call, client, 8080, () => {
      storefront.recordRpc("post /orders");
      const address = { serviceName: "orders", host: LOOPBACK, port: 8081 };
      storefront.recordAnnotation(new Annotation.ServerAddr(address));
      within(orders, served, server, 8081, () => {
        orders.recordRpc("post /orders");
        orders.letId(inside, () => {
          orders.recordServiceName("orders");
          orders.recordAnnotation(new Annotation.LocalOperationStart("reserve"));
          orders.setTags(user);
          orders.recordAnnotation(new Annotation.LocalOperationStop());
        });
        orders.recordMessage("out of stock: 漢字-7");
        orders.recordBinary("error", "nothing left");
      });
    });
  });
  const spans = [
    printed(root, "get /cart", "storefront", "server", user),
    printed(call, "post /orders", "storefront", "client", { "peer.service": "orders" }),
    printed(served, "post /orders", "orders", "server", {}, ["out of stock: 漢字-7"], "nothing left"),
    printed(inside, "reserve", "orders", "internal", user),
  ];
  return { traceId: root.traceId, spans };
}

const idFields = (id) => ({
  traceId: id.traceId,
  parentId: id.parentSpanId,
  spanId: id.spanId,
  sampled: id.sampled,
});

const [encoding, url] = process.argv.slice(2);
const loggers = [logger(encoding, url), logger(encoding, url)];
const sent = record(service("storefront", loggers[0]), service("orders", loggers[1]));
await Promise.all(loggers.map((each) => each.flushed()));
process.stdout.write(JSON.stringify(sent));
