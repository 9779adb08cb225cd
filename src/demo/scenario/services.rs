//! The programs of the shop and the languages they are written in.

use super::{Runtime, Service};

static NODE: Runtime = Runtime {
    language: "nodejs",
    sdk_version: "2.2.0",
    process: ("nodejs", "22.11.0"),
    scope_version: "0.207.0",
    http_scope: "@opentelemetry/instrumentation-http",
    rpc_scope: "@opentelemetry/instrumentation-grpc",
    database_scope: "@opentelemetry/instrumentation-ioredis",
    messaging_scope: "@opentelemetry/instrumentation-amqplib",
};

static GO: Runtime = Runtime {
    language: "go",
    sdk_version: "1.38.0",
    process: ("go", "go1.25.3"),
    scope_version: "0.63.0",
    http_scope: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
    rpc_scope: "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc",
    database_scope: "github.com/exaring/otelpgx",
    messaging_scope: "github.com/twmb/franz-go/plugin/kotel",
};

static JAVA: Runtime = Runtime {
    language: "java",
    sdk_version: "1.55.0",
    process: ("OpenJDK Runtime Environment", "21.0.5+11-LTS"),
    scope_version: "2.21.0-alpha",
    http_scope: "io.opentelemetry.java-http-client",
    rpc_scope: "io.opentelemetry.grpc-1.6",
    database_scope: "io.opentelemetry.jdbc",
    messaging_scope: "io.opentelemetry.kafka-clients-2.6",
};

static PYTHON: Runtime = Runtime {
    language: "python",
    sdk_version: "1.38.0",
    process: ("cpython", "3.13.0"),
    scope_version: "0.59b0",
    http_scope: "opentelemetry.instrumentation.requests",
    rpc_scope: "opentelemetry.instrumentation.grpc",
    database_scope: "opentelemetry.instrumentation.redis",
    messaging_scope: "opentelemetry.instrumentation.pika",
};

static DOTNET: Runtime = Runtime {
    language: "dotnet",
    sdk_version: "1.13.1",
    process: (".NET", "9.0.0"),
    scope_version: "1.13.0",
    http_scope: "System.Net.Http",
    rpc_scope: "OpenTelemetry.Instrumentation.GrpcNetClient",
    database_scope: "OpenTelemetry.Instrumentation.StackExchangeRedis",
    messaging_scope: "Confluent.Kafka",
};

static RUST: Runtime = Runtime {
    language: "rust",
    sdk_version: "0.33.1",
    process: ("rustc", "1.95.0"),
    scope_version: "0.33.0",
    http_scope: "opentelemetry-instrumentation-tower",
    rpc_scope: "tonic-tracing-opentelemetry",
    database_scope: "sqlx-tracing",
    messaging_scope: "rdkafka-tracing",
};

const fn service(
    name: &'static str,
    version: &'static str,
    runtime: &'static Runtime,
    instances: u8,
) -> Service {
    Service {
        name,
        version,
        runtime,
        instances,
        port: 8080,
    }
}

pub(in crate::demo) static FRONTEND: Service = service("frontend", "4.12.1", &NODE, 3);
pub(in crate::demo) static GATEWAY: Service = service("api-gateway", "2.8.0", &GO, 4);
pub(in crate::demo) static CHECKOUT: Service = service("checkout", "1.31.2", &GO, 3);
pub(in crate::demo) static CART: Service = service("cart", "3.4.0", &DOTNET, 3);
pub(in crate::demo) static PAYMENT: Service = service("payment", "5.0.3", &JAVA, 2);
pub(in crate::demo) static CATALOG: Service = service("catalog", "2.19.4", &JAVA, 4);
pub(in crate::demo) static SEARCH: Service = service("search", "0.9.7", &RUST, 2);
pub(in crate::demo) static RECOMMENDATION: Service = service("recommendation", "1.7.0", &PYTHON, 3);
pub(in crate::demo) static USER: Service = service("user", "6.2.0", &JAVA, 2);
pub(in crate::demo) static INVENTORY: Service = service("inventory", "1.14.0", &RUST, 2);
pub(in crate::demo) static SHIPPING: Service = service("shipping", "2.3.1", &DOTNET, 2);
pub(in crate::demo) static NOTIFICATION: Service = service("notification", "1.5.6", &NODE, 2);
pub(in crate::demo) static EMAIL_WORKER: Service = service("email-worker", "1.2.0", &PYTHON, 2);
pub(in crate::demo) static FRAUD: Service = service("fraud-detection", "0.8.2", &PYTHON, 2);
pub(in crate::demo) static CURRENCY: Service = service("currency", "1.0.9", &RUST, 2);
pub(in crate::demo) static AD: Service = service("ad", "2.0.0", &JAVA, 2);
pub(in crate::demo) static ACCOUNTING: Service = service("accounting", "1.9.3", &GO, 1);

pub(in crate::demo) static ALL: &[&Service] = &[
    &FRONTEND,
    &GATEWAY,
    &CHECKOUT,
    &CART,
    &PAYMENT,
    &CATALOG,
    &SEARCH,
    &RECOMMENDATION,
    &USER,
    &INVENTORY,
    &SHIPPING,
    &NOTIFICATION,
    &EMAIL_WORKER,
    &FRAUD,
    &CURRENCY,
    &AD,
    &ACCOUNTING,
];
