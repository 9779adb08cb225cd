//! The pods that run the scenario's services, each with the resource its SDK would detect.

use std::collections::HashMap;
use std::ops::Range;

use opentelemetry::KeyValue;

use super::random::Random;
use super::scenario::{Scenario, Service};

/// The schema of the attribute names that the demo uses.
pub(super) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.45.0";

const ZONES: [&str; 3] = ["cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-j"];
const NODES_IN_A_ZONE: usize = 2;

/// The place of an [`Instance`] in its [`Fleet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InstanceIndex(usize);

/// One running process of a service.
#[derive(Debug)]
pub(super) struct Instance {
    pub service: &'static Service,
    /// The address of its pod.
    pub address: String,
    pub resource: Vec<KeyValue>,
}

/// All instances of all services.
#[derive(Debug)]
pub(super) struct Fleet {
    instances: Vec<Instance>,
    by_service: HashMap<&'static str, Range<usize>>,
}

impl Fleet {
    pub(super) fn new(scenario: &Scenario, random: &mut Random) -> Self {
        let mut instances = Vec::new();
        let mut by_service = HashMap::new();
        for service in scenario.services {
            let first = instances.len();
            for replica in 0..usize::from(service.instances) {
                instances.push(Instance::new(service, replica, random));
            }
            by_service.insert(service.name, first..instances.len());
        }
        Self {
            instances,
            by_service,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter()
    }

    pub(super) fn get(&self, index: InstanceIndex) -> &Instance {
        &self.instances[index.0]
    }

    /// The instance that a load balancer gives the next request to.
    pub(super) fn pick(&self, service: &Service, random: &mut Random) -> InstanceIndex {
        let range = self
            .by_service
            .get(service.name)
            .expect("a test proves that the scenario lists every service it calls");
        InstanceIndex(range.start + random.below(range.len()))
    }
}

impl InstanceIndex {
    pub(super) fn position(self) -> usize {
        self.0
    }
}

impl Instance {
    fn new(service: &'static Service, replica: usize, random: &mut Random) -> Self {
        let zone = ZONES[replica % ZONES.len()];
        let node_number = random.below(NODES_IN_A_ZONE);
        let node = format!("{zone}-node-{node_number}");
        let address = format!("10.42.{}.{}", random.below(8), 2 + random.below(250));
        let pod = format!("{}-{}-{}", service.name, random.hex(9), random.hex(5));
        let runtime = service.runtime;
        let mut resource = vec![
            KeyValue::new("service.name", service.name),
            KeyValue::new("service.namespace", "shop"),
            KeyValue::new("service.version", service.version),
            KeyValue::new("service.instance.id", random.uuid()),
            KeyValue::new("deployment.environment.name", "production"),
            KeyValue::new("telemetry.sdk.name", "opentelemetry"),
            KeyValue::new("telemetry.sdk.language", runtime.language),
            KeyValue::new("telemetry.sdk.version", runtime.sdk_version),
            KeyValue::new("process.runtime.name", runtime.process.0),
            KeyValue::new("process.runtime.version", runtime.process.1),
            KeyValue::new("process.pid", 1),
        ];
        resource.extend([
            KeyValue::new("host.name", pod.clone()),
            KeyValue::new("host.arch", "amd64"),
            KeyValue::new("os.type", "linux"),
            KeyValue::new("container.id", random.uuid().replace('-', "")),
            KeyValue::new("k8s.cluster.name", "shop-production"),
            KeyValue::new("k8s.namespace.name", "shop"),
            KeyValue::new("k8s.deployment.name", service.name),
            KeyValue::new("k8s.pod.name", pod),
            KeyValue::new("k8s.pod.uid", random.uuid()),
            KeyValue::new("k8s.node.name", node),
            KeyValue::new("cloud.provider", "alibaba_cloud"),
            KeyValue::new("cloud.platform", "alibaba_cloud_ecs"),
            KeyValue::new("cloud.region", "cn-hangzhou"),
            KeyValue::new("cloud.availability_zone", zone),
        ]);
        Self {
            service,
            address,
            resource,
        }
    }
}
