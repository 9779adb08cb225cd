/**
 * Sends one small trace with a stock Java client and prints what it sent as JSON.
 *
 * <p>Usage: Clients CLIENT TARGET
 *
 * <p>TARGET is the receiver's URL without a path, or HOST:PORT for UDP. The spans are printed from
 * the client's own objects, not from what its exporter made of them, in the form that
 * tests/it/foreign/printed.rs describes.
 *
 * <p>The trace, the same with every client: service {@code front} checks out and calls service
 * {@code back} over HTTP, whose charge fails.
 */
final class Clients {
    private Clients() {}

    public static void main(String[] arguments) throws Exception {
        String target = arguments[1];
        Trace sent =
                switch (arguments[0]) {
                    case "zipkin-json" -> BraveClient.json(target);
                    case "zipkin-proto" -> BraveClient.proto(target);
                    case "zipkin-v1-json" -> BraveClient.jsonV1(target);
                    case "zipkin-v1-thrift" -> BraveClient.thriftV1(target);
                    case "jaeger-http" -> JaegerClient.http(target);
                    case "jaeger-udp" -> JaegerClient.udp(target);
                    default -> throw new IllegalArgumentException(arguments[0]);
                };
        System.out.println(sent.json());
        // Clients leave threads behind that are no daemons.
        System.exit(0);
    }
}
