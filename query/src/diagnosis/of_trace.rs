//! From a trace to its call tree.

use schemas::{AttributeValue, Attributes, StatusCode};

use super::call_tree::{Call, CallTree, Zones};
use super::interval::Interval;
use super::names::Names;
use super::zone_crossings::ZoneKey;
use crate::Trace;
use crate::trace::service_name;

/// The service and the operation of a placeholder.
const NOT_KNOWN: &str = "";

impl CallTree {
    /// The calls of a trace, at the positions of [`Trace::spans`]: the two halves of an RPC are two,
    /// the caller's is the parent of the other. Times are those by the callers' clocks.
    pub(crate) fn of(trace: &Trace) -> Self {
        let mut tree = Self::default();
        let owners = trace.resources().iter();
        let owners: Vec<(usize, Zones)> = owners
            .map(|resource| {
                let service = tree.services.number(service_name(resource));
                (service, Zones::of(&resource.attributes, &mut tree.zones))
            })
            .collect();
        tree.calls.reserve_exact(trace.spans().len());
        for span in trace.spans() {
            let (service, zones) = match span.resource {
                Some(resource) => owners[resource],
                None => (tree.services.number(NOT_KNOWN), Zones::default()),
            };
            let own_zones = Zones::named(&mut tree.zones, |key| trace.attribute_text(span, key));
            tree.calls.push(Call {
                parent: span.parent,
                depth: span.depth,
                time: Interval::lasting(span.adjusted_start().0, span.duration_nano),
                service,
                operation: tree.operations.number(trace.operation(span)),
                kind: span.kind,
                is_error: span.status_code == StatusCode::Error,
                is_placeholder: span.is_placeholder(),
                zones: own_zones.or(zones),
            });
        }
        tree
    }
}

impl Zones {
    fn of(attributes: &Attributes, names: &mut Names) -> Self {
        Self::named(names, |key| match attributes.get(key)? {
            AttributeValue::String(zone) => Some(zone.clone()),
            AttributeValue::Int(zone) => Some(zone.to_string()),
            _ => None,
        })
    }

    fn named(names: &mut Names, zone: impl Fn(&str) -> Option<String>) -> Self {
        let mut number = |key: ZoneKey| {
            let zone = zone(key.name()).filter(|zone| !zone.is_empty())?;
            Some(names.number(&zone))
        };
        Self {
            availability_zone: number(ZoneKey::AvailabilityZone),
            idc: number(ZoneKey::Idc),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            availability_zone: self.availability_zone.or(other.availability_zone),
            idc: self.idc.or(other.idc),
        }
    }
}
