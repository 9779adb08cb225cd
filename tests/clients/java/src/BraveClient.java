import brave.Span;
import brave.Tracing;
import brave.handler.MutableSpan;
import brave.handler.SpanHandler;
import brave.propagation.TraceContext;
import brave.propagation.TraceContextOrSamplingFlags;
import com.sun.net.httpserver.HttpExchange;
import java.net.http.HttpRequest;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import zipkin2.reporter.AsyncReporter;
import zipkin2.reporter.BytesMessageSender;
import zipkin2.reporter.Encoding;
import zipkin2.reporter.SpanBytesEncoder;
import zipkin2.reporter.brave.AsyncZipkinSpanHandler;
import zipkin2.reporter.brave.ZipkinSpanHandler;
import zipkin2.reporter.urlconnection.URLConnectionSender;

/** Brave with zipkin-reporter. */
final class BraveClient {
    /** How long spans are gathered before they are sent, and how long closing waits for that. */
    private static final long TIMEOUT_MILLIS = 50;

    private BraveClient() {}

    /** The server's span shares the client's id, as it does by default. */
    static Trace json(String url) throws Exception {
        return reportedAs(Encoding.JSON, url, builder -> builder);
    }

    /** Both sides have an id of their own, and the trace has one of 128 bits. */
    static Trace proto(String url) throws Exception {
        return reportedAs(Encoding.PROTO3, url, builder -> builder.supportsJoin(false).traceId128Bit(true));
    }

    static Trace jsonV1(String url) throws Exception {
        return reportedAsV1(SpanBytesEncoder.JSON_V1, url);
    }

    static Trace thriftV1(String url) throws Exception {
        return reportedAsV1(SpanBytesEncoder.THRIFT, url);
    }

    private static Trace reportedAs(Encoding encoding, String url, UnaryOperator<Tracing.Builder> configured)
            throws Exception {
        try (BytesMessageSender sender = sender(encoding, url + "/api/v2/spans");
                AsyncZipkinSpanHandler handler = AsyncZipkinSpanHandler.newBuilder(sender)
                        .messageTimeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
                        .build()) {
            Trace sent = checkOut(handler, configured);
            handler.flush();
            return sent;
        }
    }

    private static Trace reportedAsV1(SpanBytesEncoder encoder, String url) throws Exception {
        try (BytesMessageSender sender = sender(encoder.encoding(), url + "/api/v1/spans");
                AsyncReporter<zipkin2.Span> reporter = AsyncReporter.builder(sender)
                        .messageTimeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
                        .build(encoder)) {
            Trace sent = checkOut(ZipkinSpanHandler.create(reporter), builder -> builder);
            reporter.flush();
            return sent;
        }
    }

    private static BytesMessageSender sender(Encoding encoding, String url) {
        return URLConnectionSender.newBuilder().endpoint(url).encoding(encoding).build();
    }

    private static Trace checkOut(SpanHandler reporting, UnaryOperator<Tracing.Builder> configured) throws Exception {
        Trace sent = new Trace();
        Tracing.Builder front = tracing("front", 8080, sent, reporting);
        Tracing.Builder back = tracing("back", 8081, sent, reporting);
        try (Tracing ofFront = configured.apply(front).build();
                Tracing ofBack = configured.apply(back).build()) {
            checkOut(ofFront, ofBack);
        }
        return sent;
    }

    private static Tracing.Builder tracing(String service, int port, Trace sent, SpanHandler reporting) {
        return Tracing.newBuilder()
                .localServiceName(service)
                .localIp("127.0.0.1")
                .localPort(port)
                .addSpanHandler(new Recorder(sent))
                .addSpanHandler(reporting);
    }

    private static void checkOut(Tracing front, Tracing back) throws Exception {
        Span root = front.tracer().newTrace().name("checkout").tag("user.id", "u-1").start();
        Span client = front.tracer().newChild(root.context()).name("get /charge").kind(Span.Kind.CLIENT);
        client.remoteServiceName("back");
        client.remoteIpAndPort("127.0.0.1", 8081);
        client.start();
        TraceContext.Injector<HttpRequest.Builder> injector =
                front.propagation().injector(HttpRequest.Builder::setHeader);
        TraceContext.Extractor<HttpExchange> extractor =
                back.propagation().extractor((exchange, key) -> exchange.getRequestHeaders().getFirst(key));
        Call.make(request -> injector.inject(client.context(), request), exchange -> {
            TraceContextOrSamplingFlags extracted = extractor.extract(exchange);
            Span server = back.tracer().joinSpan(extracted.context());
            server.name("get /charge").kind(Span.Kind.SERVER).start();
            Span charge = back.tracer().newChild(server.context()).name("charge").start();
            charge.annotate("retry");
            charge.error(new IllegalStateException("card refused"));
            charge.finish();
            server.finish();
        });
        client.finish();
        root.finish();
    }

    /** Keeps what ends. */
    private static final class Recorder extends SpanHandler {
        private final Trace sent;

        Recorder(Trace sent) {
            this.sent = sent;
        }

        @Override
        public boolean end(TraceContext context, MutableSpan span, Cause cause) {
            Trace.Span each = new Trace.Span();
            each.id = span.id();
            each.parent = span.parentId() == null ? "" : span.parentId();
            each.name = span.name();
            each.service = span.localServiceName();
            if (span.kind() != null) {
                each.kind = span.kind().name().toLowerCase(Locale.ROOT);
            }
            each.start = span.startTimestamp() * 1_000;
            each.duration = (span.finishTimestamp() - span.startTimestamp()) * 1_000;
            each.attributes.putAll(span.tags());
            span.annotations().forEach(annotation -> each.events.add(annotation.getValue()));
            each.error = span.error() == null ? null : span.error().getMessage();
            sent.add(span.traceId(), each);
            return true;
        }
    }
}
