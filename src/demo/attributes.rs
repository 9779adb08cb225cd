//! Span names and attributes by OpenTelemetry's semantic conventions (1.45: HTTP, RPC and
//! databases as stabilised, messaging as in development).

use std::borrow::Cow;

use opentelemetry::KeyValue;

use super::fleet::Instance;
use super::scenario::{Entry, Fault, Fetch, Operation, Publish, Query, Queue, Service};
use super::visitor::Visitor;

/// A span's name and attributes.
pub(super) type Described = (Cow<'static, str>, Vec<KeyValue>);

/// The span of a service that answers a request.
pub(super) fn of_entry(
    operation: &Operation,
    instance: &Instance,
    visitor: &Visitor,
    fault: Option<&Fault>,
) -> Described {
    match operation.entry {
        Entry::Http { method, route } => {
            let mut attributes = vec![
                KeyValue::new("http.request.method", method),
                KeyValue::new("http.route", route),
                KeyValue::new("http.response.status_code", http_status(fault)),
                KeyValue::new("url.scheme", "https"),
                KeyValue::new("url.path", path_of(route, visitor)),
                KeyValue::new("server.address", operation.service.name),
                KeyValue::new("server.port", i64::from(operation.service.port)),
                KeyValue::new("client.address", visitor.client_address.clone()),
                KeyValue::new("user_agent.original", visitor.user_agent),
                KeyValue::new("network.protocol.version", "1.1"),
                KeyValue::new("session.id", visitor.session_id.clone()),
            ];
            if route.ends_with("/search") {
                attributes.push(KeyValue::new("url.query", format!("q={}", visitor.search)));
            }
            add_user(visitor, &mut attributes);
            (format!("{method} {route}").into(), attributes)
        }
        Entry::Rpc { service, method } => {
            let mut attributes = rpc_attributes(service, method, fault);
            attributes.extend([
                KeyValue::new("server.address", instance.address.clone()),
                KeyValue::new("server.port", i64::from(operation.service.port)),
                KeyValue::new("network.protocol.version", "2"),
            ]);
            add_user(visitor, &mut attributes);
            (format!("{service}/{method}").into(), attributes)
        }
        Entry::Message { queue } => {
            let mut attributes = messaging_attributes(queue, "process", "process");
            attributes.push(KeyValue::new(
                "messaging.consumer.group.name",
                queue.consumer_group,
            ));
            (format!("process {}", queue.destination).into(), attributes)
        }
    }
}

/// The span of a caller that waits for another service of the shop.
pub(super) fn of_call(callee: &Operation, visitor: &Visitor, fault: Option<&Fault>) -> Described {
    let Service { name, port, .. } = *callee.service;
    match callee.entry {
        Entry::Http { method, route } => {
            let path = path_of(route, visitor);
            let attributes = vec![
                KeyValue::new("http.request.method", method),
                KeyValue::new("http.response.status_code", http_status(fault)),
                KeyValue::new("url.full", format!("http://{name}.shop.svc:{port}{path}")),
                KeyValue::new("server.address", format!("{name}.shop.svc")),
                KeyValue::new("server.port", i64::from(port)),
                KeyValue::new("network.protocol.version", "1.1"),
            ];
            (method.into(), attributes)
        }
        Entry::Rpc { service, method } => {
            let mut attributes = rpc_attributes(service, method, fault);
            attributes.extend([
                KeyValue::new("server.address", format!("{name}.shop.svc")),
                KeyValue::new("server.port", i64::from(port)),
            ]);
            (format!("{service}/{method}").into(), attributes)
        }
        Entry::Message { queue } => (
            format!("send {}", queue.destination).into(),
            messaging_attributes(queue, "send", "send"),
        ),
    }
}

/// The span of a client that waits for a database.
pub(super) fn of_query(query: &Query) -> Described {
    let database = query.database;
    let mut attributes = vec![
        KeyValue::new("db.system.name", database.system),
        KeyValue::new("db.namespace", database.namespace),
        KeyValue::new("db.operation.name", query.operation),
        KeyValue::new("db.query.text", query.text),
        KeyValue::new("server.address", database.host),
        KeyValue::new("server.port", i64::from(database.port)),
    ];
    if query.collection.is_empty() {
        return (query.operation.into(), attributes);
    }
    let summary = format!("{} {}", query.operation, query.collection);
    attributes.extend([
        KeyValue::new("db.collection.name", query.collection),
        KeyValue::new("db.query.summary", summary.clone()),
    ]);
    (summary.into(), attributes)
}

/// The span of a client that waits for somebody else's host.
pub(super) fn of_fetch(fetch: &Fetch, fault: Option<&Fault>) -> Described {
    let attributes = vec![
        KeyValue::new("http.request.method", fetch.method),
        KeyValue::new("http.response.status_code", http_status(fault)),
        KeyValue::new("url.full", format!("https://{}{}", fetch.host, fetch.path)),
        KeyValue::new("server.address", fetch.host),
        KeyValue::new("server.port", 443),
        KeyValue::new("network.protocol.version", "2"),
    ];
    (fetch.method.into(), attributes)
}

/// The span of a producer that hands a message to its broker.
pub(super) fn of_publish(publish: &Publish, message_id: String, partition: usize) -> Described {
    let mut attributes = messaging_attributes(publish.queue, "send", "send");
    attributes.push(KeyValue::new("messaging.message.id", message_id));
    if publish.queue.system == "kafka" {
        attributes.push(KeyValue::new(
            "messaging.destination.partition.id",
            partition.to_string(),
        ));
    }
    (
        format!("send {}", publish.queue.destination).into(),
        attributes,
    )
}

/// `error.type` as the kind of span has it: the status code that the other side saw, or the
/// exception.
pub(super) fn error_type(entry: Option<&Entry>, fault: &Fault) -> KeyValue {
    match entry {
        Some(Entry::Http { .. }) => KeyValue::new("error.type", fault.http_status.to_string()),
        Some(Entry::Rpc { .. }) => KeyValue::new("error.type", fault.rpc_status),
        Some(Entry::Message { .. }) | None => KeyValue::new("error.type", fault.exception),
    }
}

/// The attributes of an `exception` event.
pub(super) fn of_exception(fault: &Fault, service: &Service) -> Vec<KeyValue> {
    let Fault {
        exception, message, ..
    } = fault;
    let stack = match service.runtime.language {
        "java" => format!(
            "{exception}: {message}\n\tat shop.{}.Handler.call(Handler.java:118)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)",
            service.name,
        ),
        "python" => format!(
            "Traceback (most recent call last):\n  File \"/app/server.py\", line 87, in handle\n    return self.answer(request)\n{exception}: {message}",
        ),
        _ => format!(
            "{exception}: {message}\n    at handle (/app/{}/handler:42)",
            service.name
        ),
    };
    vec![
        KeyValue::new("exception.type", *exception),
        KeyValue::new("exception.message", *message),
        KeyValue::new("exception.stacktrace", stack),
    ]
}

fn add_user(visitor: &Visitor, attributes: &mut Vec<KeyValue>) {
    attributes.extend([
        KeyValue::new("user.id", visitor.user_id.clone()),
        KeyValue::new("app.tenant.id", visitor.tenant),
    ]);
}

fn rpc_attributes(
    service: &'static str,
    method: &'static str,
    fault: Option<&Fault>,
) -> Vec<KeyValue> {
    vec![
        KeyValue::new("rpc.system.name", "grpc"),
        KeyValue::new("rpc.method", format!("{service}/{method}")),
        KeyValue::new(
            "rpc.response.status_code",
            fault.map_or("OK", |fault| fault.rpc_status),
        ),
    ]
}

fn messaging_attributes(
    queue: &Queue,
    operation_name: &'static str,
    operation_type: &'static str,
) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", queue.system),
        KeyValue::new("messaging.destination.name", queue.destination),
        KeyValue::new("messaging.operation.name", operation_name),
        KeyValue::new("messaging.operation.type", operation_type),
        KeyValue::new("server.address", queue.host),
        KeyValue::new("server.port", i64::from(queue.port)),
    ]
}

fn http_status(fault: Option<&Fault>) -> i64 {
    fault.map_or(200, |fault| i64::from(fault.http_status))
}

fn path_of(route: &'static str, visitor: &Visitor) -> Cow<'static, str> {
    if route.contains("{sku}") {
        route.replace("{sku}", visitor.items[0].sku).into()
    } else {
        route.into()
    }
}
