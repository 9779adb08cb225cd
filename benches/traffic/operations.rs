//! What a span is about: its name, kind, attributes and events.

use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::attributes::{double, int, text, truth};
use super::fleet::{noun, service_name};
use super::random::Random;

const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const ROUTES: [&str; 10] = [
    "/api/products/{sku}",
    "/api/cart",
    "/api/search",
    "/api/orders/{id}",
    "/api/checkout",
    "/api/users/{id}/profile",
    "/api/stock/{sku}",
    "/api/shipping/quote",
    "/api/payments/{id}/capture",
    "/graphql",
];
const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "okhttp/5.1.0",
    "Go-http-client/2.0",
    "python-requests/2.32.5",
];
const TABLES: [&str; 8] = [
    "orders",
    "products",
    "carts",
    "users",
    "payments",
    "shipments",
    "sessions",
    "prices",
];
const TOPICS: [&str; 5] = [
    "orders.created",
    "payments.settled",
    "stock.changed",
    "mail.out",
    "audit",
];
const FUNCTIONS: [&str; 6] = [
    "validateCart",
    "applyDiscounts",
    "computeTax",
    "renderTemplate",
    "loadFeatureFlags",
    "rankResults",
];
const CALLS: [&str; 6] = ["Get", "List", "Create", "Update", "Reserve", "Quote"];
const STATUS_CODES: [u64; 10] = [200, 200, 200, 200, 200, 200, 201, 204, 304, 404];

/// The number of customers that ever come; a few come often, most come once.
const CUSTOMERS: u64 = 50_000;

/// Who caused a trace.
#[derive(Debug)]
pub(super) struct Visitor {
    user: String,
    session: String,
    address: String,
    agent: &'static str,
}

impl Visitor {
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut byte = || random.below(256);
        let address = format!("{}.{}.{}.{}", 11 + byte() % 200, byte(), byte(), byte());
        Self {
            user: format!("u{}", random.skewed(CUSTOMERS)),
            session: random.uuid(),
            address,
            agent: random.pick_skewed(&AGENTS),
        }
    }
}

/// The number of a service's routes.
const ENDPOINTS: u64 = 6;

/// What a request asks and how it ends, on which caller and callee agree.
#[derive(Debug)]
pub(super) struct Exchange {
    method: &'static str,
    route: &'static str,
    path: String,
    status_code: u64,
    procedure: &'static str,
    fails: bool,
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Well,
    Failed,
}

impl Exchange {
    /// What is asked of a service: one of its few endpoints.
    pub(super) fn draw(random: &mut Random, service: u64, ending: Ending) -> Self {
        let endpoint = (service + random.skewed(ENDPOINTS)) as usize;
        let route = ROUTES[endpoint % ROUTES.len()];
        Self {
            method: METHODS[endpoint % METHODS.len()],
            route,
            path: route
                .replace("{id}", &random.below(5_000_000).to_string())
                .replace("{sku}", &format!("SKU-{:06}", random.skewed(200_000))),
            status_code: match ending {
                Ending::Well => random.pick(&STATUS_CODES),
                Ending::Failed => 500 + random.skewed(4),
            },
            procedure: random.pick_skewed(&CALLS),
            fails: ending == Ending::Failed,
        }
    }
}

/// The facts about a call that its span tells.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) service: u64,
    pub(super) callee: u64,
    pub(super) exchange: &'a Exchange,
    pub(super) place: Place,
    pub(super) visitor: &'a Visitor,
}

/// Where in its trace a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It answers the visitor.
    Edge,
    /// One service of the shop called another, or did something itself.
    Within,
}

/// What a span measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    HttpServer,
    HttpClient,
    RpcServer,
    RpcClient,
    Database,
    Publish,
    Internal,
}

impl Operation {
    /// The library that makes such spans.
    pub(super) fn scope(self) -> InstrumentationScope {
        let (name, version) = match self {
            Self::HttpServer => ("io.opentelemetry.tomcat-10.0", "2.20.1"),
            Self::HttpClient => ("io.opentelemetry.java-http-client", "2.20.1"),
            Self::RpcServer | Self::RpcClient => ("io.opentelemetry.grpc-1.6", "2.20.1"),
            Self::Database => ("io.opentelemetry.jdbc", "2.20.1"),
            Self::Publish => ("io.opentelemetry.kafka-clients-2.6", "2.20.1"),
            Self::Internal => ("com.example.shop", ""),
        };
        InstrumentationScope {
            name: name.to_owned(),
            version: version.to_owned(),
            ..InstrumentationScope::default()
        }
    }

    /// Writes name, kind, attributes, status and events into the span.
    pub(super) fn describe(self, random: &mut Random, call: &Call<'_>, span: &mut Span) {
        let (name, kind, attributes) = match self {
            Self::HttpServer => http_server(random, call),
            Self::HttpClient => http_client(call),
            Self::RpcServer => rpc(random, call, SpanKind::Server),
            Self::RpcClient => rpc(random, call, SpanKind::Client),
            Self::Database => database(random, call),
            Self::Publish => publish(random),
            Self::Internal => internal(random, call),
        };
        span.name = name;
        span.kind = kind.into();
        span.attributes = attributes;
        if call.exchange.fails {
            span.status = Some(Status {
                code: StatusCode::Error.into(),
                message: "upstream request timeout".to_owned(),
            });
            span.events.push(exception(span.end_time_unix_nano));
        }
    }
}

type Described = (String, SpanKind, Vec<KeyValue>);

fn http_server(random: &mut Random, call: &Call<'_>) -> Described {
    let Exchange { method, route, .. } = call.exchange;
    let mut attributes = vec![
        text("http.request.method", *method),
        text("http.route", *route),
        int("http.response.status_code", call.exchange.status_code),
        text("url.path", &*call.exchange.path),
    ];
    match call.place {
        Place::Edge => attributes.extend([
            text("client.address", &*call.visitor.address),
            text("user_agent.original", call.visitor.agent),
            text("session.id", &*call.visitor.session),
            text("user.id", &*call.visitor.user),
        ]),
        Place::Within if random.once_in(3) => {
            attributes.push(text("user.id", &*call.visitor.user));
        }
        Place::Within => {}
    }
    (format!("{method} {route}"), SpanKind::Server, attributes)
}

fn http_client(call: &Call<'_>) -> Described {
    let Exchange { method, path, .. } = call.exchange;
    let callee = service_name(call.callee);
    let mut attributes = vec![
        text("http.request.method", *method),
        int("http.response.status_code", call.exchange.status_code),
        text("url.full", format!("http://{callee}:8080{path}")),
        text("server.address", callee),
        int("server.port", 8080),
    ];
    if call.exchange.fails {
        attributes.push(text("error.type", call.exchange.status_code.to_string()));
    }
    ((*method).to_owned(), SpanKind::Client, attributes)
}

fn rpc(random: &mut Random, call: &Call<'_>, kind: SpanKind) -> Described {
    let noun = noun(call.callee);
    let service = format!("shop.{noun}.v1.{noun}Service");
    let method = call.exchange.procedure;
    let name = format!("{service}/{method}");
    let mut attributes = vec![
        text("rpc.system", "grpc"),
        text("rpc.service", service),
        text("rpc.method", method),
        int(
            "rpc.grpc.status_code",
            if call.exchange.fails { 4 } else { 0 },
        ),
    ];
    if kind == SpanKind::Client {
        attributes.push(text("server.address", service_name(call.callee)));
        let address = format!("10.42.{}.{}", random.below(12), random.below(256));
        attributes.push(text("network.peer.address", address));
    }
    (name, kind, attributes)
}

fn database(random: &mut Random, call: &Call<'_>) -> Described {
    let table = random.pick_skewed(&TABLES);
    let (verb, query) = match random.skewed(5) {
        0 => ("SELECT", format!("SELECT * FROM {table} WHERE id = $1")),
        1 => (
            "SELECT",
            format!(
                "SELECT id, state, created_at FROM {table} WHERE user_id = $1 ORDER BY created_at DESC LIMIT 50"
            ),
        ),
        2 => (
            "UPDATE",
            format!("UPDATE {table} SET state = $1, updated_at = now() WHERE id = $2"),
        ),
        3 => (
            "INSERT",
            format!("INSERT INTO {table} (id, user_id, body) VALUES ($1, $2, $3)"),
        ),
        _ => ("DELETE", format!("DELETE FROM {table} WHERE id = $1")),
    };
    let attributes = vec![
        text("db.system.name", "postgresql"),
        text("db.namespace", noun(call.service)),
        text("db.collection.name", table),
        text("db.operation.name", verb),
        text("db.query.text", query),
        int("db.response.returned_rows", random.skewed(500)),
    ];
    (format!("{verb} {table}"), SpanKind::Client, attributes)
}

fn publish(random: &mut Random) -> Described {
    let topic = random.pick_skewed(&TOPICS);
    let attributes = vec![
        text("messaging.system", "kafka"),
        text("messaging.destination.name", topic),
        text("messaging.operation.type", "send"),
        text("messaging.message.id", random.uuid()),
        text(
            "messaging.destination.partition.id",
            random.below(24).to_string(),
        ),
        int(
            "messaging.message.body.size",
            random.log_normal(900.0, 0.8) as u64,
        ),
    ];
    (format!("send {topic}"), SpanKind::Producer, attributes)
}

/// Business logic, with keys that no convention knows.
fn internal(random: &mut Random, call: &Call<'_>) -> Described {
    let function = random.pick_skewed(&FUNCTIONS);
    let total = random.log_normal(40.0, 1.0);
    let mut attributes = vec![
        text("code.function.name", function),
        text("app.tenant", format!("tenant-{}", random.skewed(300))),
        int("app.items.count", random.skewed(60)),
        double("app.cart.total", (total * 100.0).round() / 100.0),
        truth("app.cache.hit", !random.once_in(4)),
    ];
    if random.once_in(3) {
        attributes.push(text("app.order.id", random.uuid()));
        attributes.push(text("user.id", &*call.visitor.user));
    }
    (function.to_owned(), SpanKind::Internal, attributes)
}

fn exception(time_unix_nano: u64) -> Event {
    Event {
        time_unix_nano,
        name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", "java.util.concurrent.TimeoutException"),
            text("exception.message", "upstream request timeout"),
        ],
        ..Event::default()
    }
}
