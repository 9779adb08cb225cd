import com.sun.net.httpserver.HttpExchange;
import io.jaegertracing.internal.JaegerSpan;
import io.jaegertracing.internal.JaegerTracer;
import io.jaegertracing.internal.LogData;
import io.jaegertracing.internal.reporters.CompositeReporter;
import io.jaegertracing.internal.reporters.RemoteReporter;
import io.jaegertracing.internal.samplers.ConstSampler;
import io.jaegertracing.spi.Reporter;
import io.jaegertracing.spi.Sender;
import io.jaegertracing.thrift.internal.senders.HttpSender;
import io.jaegertracing.thrift.internal.senders.UdpSender;
import io.opentracing.Span;
import io.opentracing.SpanContext;
import io.opentracing.propagation.Format;
import io.opentracing.propagation.TextMapAdapter;
import io.opentracing.tag.Tags;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;

/** jaeger-client, with each of its senders. */
final class JaegerClient {
    private static final String ERROR_MESSAGE = "otel.status_description";

    private JaegerClient() {}

    static Trace http(String url) throws Exception {
        Callable<Sender> sender = () -> new HttpSender.Builder(url + "/api/traces").build();
        return checkOut(sender, JaegerTracer.Builder::withTraceId128Bit);
    }

    /** Speaks to the agent's compact port, with ids of 64 bits. */
    static Trace udp(String address) throws Exception {
        String[] hostAndPort = address.split(":");
        int port = Integer.parseInt(hostAndPort[1]);
        return checkOut(() -> new UdpSender(hostAndPort[0], port, 0), builder -> builder);
    }

    private static Trace checkOut(Callable<Sender> sender, UnaryOperator<JaegerTracer.Builder> configured)
            throws Exception {
        Trace sent = new Trace();
        // Each service has a sender of its own, as its process is sent once for all of a batch.
        JaegerTracer.Builder front = tracer("front", sender.call(), sent);
        JaegerTracer.Builder back = tracer("back", sender.call(), sent);
        try (JaegerTracer ofFront = configured.apply(front).build();
                JaegerTracer ofBack = configured.apply(back).build()) {
            checkOut(ofFront, ofBack);
        }
        return sent;
    }

    private static JaegerTracer.Builder tracer(String service, Sender sender, Trace sent) {
        Reporter remote = new RemoteReporter.Builder().withSender(sender).build();
        return new JaegerTracer.Builder(service)
                .withSampler(new ConstSampler(true))
                .withReporter(new CompositeReporter(new Recorder(sent), remote));
    }

    private static void checkOut(JaegerTracer front, JaegerTracer back) throws Exception {
        Span root = front.buildSpan("checkout").withTag("user.id", "u-1").start();
        Span client = front.buildSpan("get /charge")
                .asChildOf(root)
                .withTag(Tags.SPAN_KIND, Tags.SPAN_KIND_CLIENT)
                .start();
        Map<String, String> headers = new HashMap<>();
        front.inject(client.context(), Format.Builtin.HTTP_HEADERS, new TextMapAdapter(headers));
        Call.make(request -> headers.forEach(request::setHeader), exchange -> serve(back, exchange));
        client.finish();
        root.finish();
    }

    private static void serve(JaegerTracer back, HttpExchange exchange) {
        Map<String, String> headers = new HashMap<>();
        exchange.getRequestHeaders().forEach((key, values) -> headers.put(key, values.get(0)));
        SpanContext context = back.extract(Format.Builtin.HTTP_HEADERS, new TextMapAdapter(headers));
        Span server = back.buildSpan("get /charge")
                .asChildOf(context)
                .withTag(Tags.SPAN_KIND, Tags.SPAN_KIND_SERVER)
                .start();
        Span charge = back.buildSpan("charge").asChildOf(server).start();
        charge.log("retry");
        charge.setTag(Tags.ERROR, true);
        charge.setTag(ERROR_MESSAGE, "card refused");
        charge.finish();
        server.finish();
    }

    /** Keeps what is reported. */
    private record Recorder(Trace sent) implements Reporter {
        @Override
        public void report(JaegerSpan span) {
            Trace.Span each = new Trace.Span();
            each.id = span.context().toSpanId();
            long parent = span.context().getParentId();
            each.parent = parent == 0 ? "" : String.format("%016x", parent);
            each.name = span.getOperationName();
            each.service = span.getServiceName();
            each.start = span.getStart() * 1_000;
            each.duration = span.getDuration() * 1_000;
            span.getTags().forEach((key, value) -> {
                switch (key) {
                    case "span.kind" -> each.kind = value.toString();
                    case ERROR_MESSAGE -> each.error = value.toString();
                    case "error" -> {}
                    default -> each.attributes.put(key, value);
                }
            });
            if (span.getLogs() != null) {
                span.getLogs().stream().map(LogData::getMessage).forEach(each.events::add);
            }
            sent.add(span.context().getTraceId(), each);
        }

        @Override
        public void close() {}
    }
}
