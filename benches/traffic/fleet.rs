//! The processes that send spans: forty services of three instances each.

use opentelemetry_proto::tonic::resource::v1::Resource;

use super::attributes::text;
use super::random::Random;

const NOUNS: [&str; 10] = [
    "checkout", "cart", "payment", "frontend", "catalog", "shipping", "account", "search",
    "mailer", "stock",
];
const ROLES: [&str; 4] = ["api", "worker", "gateway", "cache"];
const LANGUAGES: [&str; 4] = ["java", "go", "python", "nodejs"];

/// The number of services.
pub(super) const SERVICES: u64 = 40;
/// The instances of each.
pub(super) const INSTANCES: u64 = 3;

/// The number of other services that a service calls.
const CALLEES: u64 = 4;

/// One instance of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    pub(super) service: u64,
    pub(super) instance: u64,
}

/// The name of a service.
pub(super) fn service_name(service: u64) -> String {
    let service = service as usize;
    format!("{}-{}", NOUNS[service % 10], ROLES[service / 10])
}

/// One of the services that a service calls: always the same few, some more often.
pub(super) fn callee(service: u64, random: &mut Random) -> u64 {
    (service + 1 + 9 * random.skewed(CALLEES)) % SERVICES
}

/// The first word of a service's name.
pub(super) fn noun(service: u64) -> &'static str {
    NOUNS[service as usize % 10]
}

/// All processes' resources.
#[derive(Debug)]
pub(super) struct Fleet {
    resources: Vec<Resource>,
}

impl Fleet {
    pub(super) fn new() -> Self {
        let services = 0..SERVICES;
        let processes = services
            .flat_map(|service| (0..INSTANCES).map(move |instance| Process { service, instance }));
        Self {
            resources: processes.map(describe).collect(),
        }
    }

    pub(super) fn resource(&self, process: Process) -> Resource {
        let index = process.service * INSTANCES + process.instance;
        self.resources[index as usize].clone()
    }
}

fn describe(process: Process) -> Resource {
    let Process { service, instance } = process;
    let mut random = Random::new(service * INSTANCES + instance);
    let name = service_name(service);
    let pod = format!(
        "{name}-{:010x}-{:05x}",
        service * 2_654_435_761,
        random.below(1 << 20)
    );
    let attributes = vec![
        text("service.name", name),
        text("service.namespace", "shop"),
        text("service.version", format!("1.{}.{instance}", service % 7)),
        text("service.instance.id", random.uuid()),
        text("deployment.environment.name", "production"),
        text("host.name", format!("node-{:02}", random.below(12))),
        text("k8s.pod.name", pod),
        text("telemetry.sdk.language", LANGUAGES[service as usize % 4]),
        text("telemetry.sdk.version", "1.38.0"),
    ];
    Resource {
        attributes,
        ..Resource::default()
    }
}
