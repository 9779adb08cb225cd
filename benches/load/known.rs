//! What is known to be stored, so that questions ask for what exists.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;

use super::traffic::Request;

/// Requests that are looked into, evenly over all.
const SAMPLED_REQUESTS: usize = 1_000;
/// Customers with a higher number come about once.
const RARE_CUSTOMER: u64 = 10_000;

/// Facts from a sample of requests.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Trace ids in hexadecimal, one of each sampled request.
    pub(crate) trace_ids: Vec<String>,
    /// The services seen, each once.
    pub(crate) services: Vec<String>,
    /// Services with the id of a customer they served who comes rarely.
    pub(crate) rare_customers: Vec<(String, String)>,
}

impl Known {
    /// Looks into a sample of `requests`.
    pub(crate) fn of(requests: &[Request]) -> anyhow::Result<Self> {
        let mut known = Self::default();
        let step = requests.len().div_ceil(SAMPLED_REQUESTS).max(1);
        for request in requests.iter().step_by(step) {
            known.add(&ExportTraceServiceRequest::decode(&*request.body)?);
        }
        known.services.sort_unstable();
        known.services.dedup();
        Ok(known)
    }

    fn add(&mut self, request: &ExportTraceServiceRequest) {
        let mut rare_customer = None;
        let mut trace_id = None;
        for resource_spans in &request.resource_spans {
            let resource = resource_spans.resource.as_ref();
            let Some(service) = resource.and_then(|it| text(&it.attributes, "service.name")) else {
                continue;
            };
            self.services.push(service.to_owned());
            let scopes = resource_spans.scope_spans.iter();
            for span in scopes.flat_map(|scope| &scope.spans) {
                trace_id.get_or_insert(&span.trace_id);
                if let Some(user) = text(&span.attributes, "user.id").filter(|user| is_rare(user)) {
                    rare_customer.get_or_insert((service.to_owned(), user.to_owned()));
                }
            }
        }
        self.trace_ids.extend(trace_id.map(|id| hex(id)));
        self.rare_customers.extend(rare_customer);
    }
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn is_rare(user: &str) -> bool {
    let number = user
        .strip_prefix('u')
        .and_then(|number| number.parse::<u64>().ok());
    number.is_some_and(|number| number >= RARE_CUSTOMER)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
