import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;

/**
 * A program for the OpenTelemetry agent, which traces the HTTP call by itself; the spans around it
 * are the program's own. The agent's settings say where its spans go.
 */
final class Shop {
    private Shop() {}

    public static void main(String[] arguments) throws Exception {
        Tracer tracer = GlobalOpenTelemetry.getTracer("shop", "1.2.3");
        Span root = tracer.spanBuilder("checkout").setAttribute("user.id", "u-1").startSpan();
        try (Scope current = root.makeCurrent()) {
            Call.make(request -> {}, exchange -> {
                Span charge = tracer.spanBuilder("charge").startSpan();
                charge.addEvent("retry");
                charge.setStatus(StatusCode.ERROR, "card refused");
                charge.end();
            });
        } finally {
            root.end();
        }
        System.exit(0);
    }
}
