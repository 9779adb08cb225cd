import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What was sent. */
final class Trace {
    /** Times are in nanoseconds; {@code error} is its message, null for none. */
    static final class Span {
        String id;
        String parent = "";
        String name;
        String service;
        String kind = "unspecified";
        long start;
        long duration;
        final Map<String, Object> attributes = new TreeMap<>();
        final List<String> events = new ArrayList<>();
        String error;
    }

    private String traceId;
    private final List<Span> spans = new ArrayList<>();

    /** Spans end in several threads. */
    synchronized void add(String traceId, Span span) {
        this.traceId = traceId;
        spans.add(span);
    }

    synchronized String json() {
        return new GsonBuilder().disableHtmlEscaping().serializeNulls().create().toJson(this);
    }
}
