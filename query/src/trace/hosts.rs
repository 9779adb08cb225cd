//! Which spans are of one host.

use std::collections::HashMap;

use schemas::{AttributeValue, Attributes, Resource, SpanKind};

use super::TraceSpan;
use super::rows::SpanRows;

/// What names a host among a resource's attributes, best first: OpenTelemetry's names, then those
/// of Jaeger's clients.
const OF_RESOURCE: [&str; 5] = ["host.id", "host.name", "host.ip", "ip", "hostname"];
/// What names it among a span's attributes, for protocols whose spans have endpoints.
const OF_SPAN: &str = "network.local.address";

/// The hosts of a trace's spans, as numbers.
pub(super) struct Hosts(Vec<Option<usize>>);

impl Hosts {
    /// The hosts of spans in pre-order. A span that names none is on its parent's host if it is
    /// of the same resource and was not called from elsewhere.
    pub(super) fn of(spans: &[TraceSpan], rows: &SpanRows, resources: &[Resource]) -> Self {
        let mut numbers = HashMap::new();
        let of_resources: Vec<Option<usize>> = resources
            .iter()
            .map(|resource| {
                let name = of_resource(&resource.attributes)?;
                Some(number(&mut numbers, name))
            })
            .collect();
        let mut hosts: Vec<Option<usize>> = Vec::with_capacity(spans.len());
        for span in spans {
            let of_resource = span.resource.and_then(|resource| of_resources[resource]);
            let of_span = || Some(number(&mut numbers, rows.span_text(span.row?, OF_SPAN)?));
            let is_called = matches!(span.kind, SpanKind::Server | SpanKind::Consumer);
            let of_parent = || {
                let same = span
                    .parent
                    .filter(|parent| spans[*parent].resource == span.resource && !is_called);
                hosts[same?]
            };
            let host = of_resource.or_else(of_span).or_else(of_parent);
            hosts.push(host);
        }
        Self(hosts)
    }

    /// The host of the span at a position; none if it is not known.
    pub(super) fn at(&self, position: usize) -> Option<usize> {
        self.0[position]
    }
}

fn number(numbers: &mut HashMap<String, usize>, name: String) -> usize {
    let next = numbers.len();
    *numbers.entry(name).or_insert(next)
}

fn of_resource(attributes: &Attributes) -> Option<String> {
    let values = OF_RESOURCE.iter().filter_map(|key| attributes.get(key));
    values.filter_map(text).next()
}

/// The name in an attribute; the first of several.
fn text(value: &AttributeValue) -> Option<String> {
    match value {
        AttributeValue::String(text) => (!text.is_empty()).then(|| text.clone()),
        AttributeValue::Array(values) => match values.first() {
            Some(AttributeValue::String(text)) => (!text.is_empty()).then(|| text.clone()),
            _ => None,
        },
        AttributeValue::Int(number) => Some(number.to_string()),
        _ => None,
    }
}
