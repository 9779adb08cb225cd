//! The catalog in the native JSON.

use serde::Serialize;
use utoipa::ToSchema;

use super::figures_json::FiguresJson;
use crate::catalog::{CATALOG_PERCENTILE, CatalogQuery, InstanceEntry, Seen, ServiceEntry};
use crate::red::RedFigures;

/// The services that sent spans, and how they do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "fromUnixNano": "1795446240000000000", "toUnixNano": "1795449840000000000", "windowSeconds": 300,
    "services": [{
        "name": "checkout", "operationCount": 7, "instanceCount": 3, "versions": ["1.4.2", "1.5.0"],
        "firstSeenUnixNano": "1795446240000000000", "lastSeenUnixNano": "1795449840000000000",
        "rates": {
            "count": 6000, "errors": 6, "qps": 20.0, "successRate": 0.999, "errorRate": 0.001,
            "avgTimeNano": 31250000.0, "maxTimeNano": 912000000, "percentilesNano": {"99": 124510464},
        },
    }],
}))]
pub(in crate::http) struct ServiceCatalog {
    #[serde(flatten)]
    times: CatalogTimes,
    /// By name.
    services: Vec<ServiceJson>,
}

/// The instances that sent spans, and how they do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "fromUnixNano": "1795446240000000000", "toUnixNano": "1795449840000000000", "windowSeconds": 300,
    "instances": [{
        "service": "checkout", "instance": "checkout-7d9f-x2x", "version": "1.5.0", "zone": "eu-west-1a",
        "firstSeenUnixNano": "1795446240000000000", "lastSeenUnixNano": "1795449840000000000",
        "rates": {
            "count": 2000, "errors": 2, "qps": 6.667, "successRate": 0.999, "errorRate": 0.001,
            "avgTimeNano": 31250000.0, "maxTimeNano": 912000000, "percentilesNano": {"99": 124510464},
        },
    }],
}))]
pub(in crate::http) struct InstanceCatalog {
    #[serde(flatten)]
    times: CatalogTimes,
    /// By service, id, version and zone.
    instances: Vec<InstanceJson>,
}

/// Of which time the catalog is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CatalogTimes {
    /// The first instant, nanoseconds since 1970 as decimal text.
    from_unix_nano: String,
    /// The last instant.
    to_unix_nano: String,
    /// The length of the time before it that rates are of, seconds.
    window_seconds: u64,
}

/// A service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogService)]
struct ServiceJson {
    /// Its `service.name`; `unknown_service` stands for spans whose resource has none.
    name: String,
    /// How many distinct names and kinds its spans ever had.
    operation_count: usize,
    /// How many names it ever had beyond those that figures tell apart, 1,000 a service: they count
    /// together as `(other)`. Absent when none.
    #[serde(skip_serializing_if = "is_zero")]
    folded_operation_names: usize,
    /// How many distinct `service.instance.id` it had in the range.
    instance_count: usize,
    /// Each `service.version` in the range.
    versions: Vec<String>,
    #[serde(flatten)]
    seen: SeenJson,
    /// Of the requests that it answered lately; absent where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    rates: Option<FiguresJson>,
}

/// An instance of a service.
#[derive(Serialize, ToSchema)]
#[schema(as = CatalogInstance)]
struct InstanceJson {
    /// The service.
    service: String,
    /// Its `service.instance.id`; absent for spans that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// Its `service.version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Its `cloud.availability_zone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(flatten)]
    seen: SeenJson,
    /// Of the requests that it answered lately; absent where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    rates: Option<FiguresJson>,
}

/// When spans were sent within the range, to about a ninetieth of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogSeen)]
struct SeenJson {
    /// Nanoseconds since 1970 as decimal text.
    first_seen_unix_nano: String,
    /// Nanoseconds since 1970 as decimal text.
    last_seen_unix_nano: String,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// How many operations a service has.
#[derive(Clone, Copy, Default)]
pub(in crate::http) struct OperationCounts {
    /// Distinct names and kinds.
    pub(in crate::http) all: usize,
    /// Names that figures do not tell apart.
    pub(in crate::http) folded_names: usize,
}

impl ServiceCatalog {
    /// `operations_of` tells how many operations a service has.
    pub(super) fn of(
        query: &CatalogQuery,
        services: Vec<ServiceEntry>,
        operations_of: impl Fn(&str) -> OperationCounts,
    ) -> Self {
        let with_counts = services.into_iter().map(|service| {
            let operations = operations_of(&service.name);
            (service, operations)
        });
        let services = with_counts.map(|(service, operations)| ServiceJson {
            operation_count: operations.all,
            folded_operation_names: operations.folded_names,
            name: service.name,
            instance_count: service.instances,
            versions: service.versions.into_iter().collect(),
            seen: SeenJson::of(service.seen),
            rates: service.rates.as_ref().map(rates),
        });
        Self {
            times: CatalogTimes::of(query),
            services: services.collect(),
        }
    }
}

impl InstanceCatalog {
    pub(super) fn of(query: &CatalogQuery, instances: Vec<InstanceEntry>) -> Self {
        let instances = instances.into_iter().map(|entry| InstanceJson {
            service: entry.id.service,
            instance: entry.id.instance,
            version: entry.id.version,
            zone: entry.id.zone,
            seen: SeenJson::of(entry.seen),
            rates: entry.rates.as_ref().map(rates),
        });
        Self {
            times: CatalogTimes::of(query),
            instances: instances.collect(),
        }
    }
}

impl CatalogTimes {
    fn of(query: &CatalogQuery) -> Self {
        Self {
            from_unix_nano: query.from.0.to_string(),
            to_unix_nano: query.to.0.to_string(),
            window_seconds: query.window.as_secs(),
        }
    }
}

impl SeenJson {
    fn of(seen: Seen) -> Self {
        Self {
            first_seen_unix_nano: seen.first.0.to_string(),
            last_seen_unix_nano: seen.last.0.to_string(),
        }
    }
}

fn rates(figures: &RedFigures) -> FiguresJson {
    FiguresJson::of(&[CATALOG_PERCENTILE], figures)
}
