import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.function.Consumer;

/** One real HTTP request. */
final class Call {
    private static final int PAYMENT_REQUIRED = 402;

    private Call() {}

    /** {@code inject} adds the request's headers, {@code serve} handles it. */
    static void make(Consumer<HttpRequest.Builder> inject, Consumer<HttpExchange> serve) throws Exception {
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer back = HttpServer.create(anyPort, 0);
        back.createContext("/charge", exchange -> {
            serve.accept(exchange);
            exchange.sendResponseHeaders(PAYMENT_REQUIRED, -1);
            exchange.close();
        });
        back.start();
        try {
            URI uri = URI.create("http://127.0.0.1:" + back.getAddress().getPort() + "/charge");
            HttpRequest.Builder request = HttpRequest.newBuilder(uri).version(HttpClient.Version.HTTP_1_1);
            inject.accept(request);
            int status = HttpClient.newHttpClient().send(request.build(), BodyHandlers.discarding()).statusCode();
            if (status != PAYMENT_REQUIRED) {
                throw new IllegalStateException("the service answered " + status);
            }
        } finally {
            back.stop(0);
        }
    }
}
