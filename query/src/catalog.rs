//! What sends spans: services and their instances, from figures alone.
//!
//! Two questions for figures are enough: one over the whole range tells who was there and when, one
//! over its last minutes tells the rates. Neither reads more than the rollups, where there are some.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemas::{SpanKind, UnixNanos};

use crate::red::{GroupBy, RED_BUCKET, RedAnswer, RedFigures, RedQuery, RedSeries, TimeSpan};

/// Of which time, and of which service, a catalog is.
#[derive(Clone, Debug)]
pub(crate) struct CatalogQuery {
    /// When spans were sent by those who are in the catalog.
    pub(crate) from: UnixNanos,
    pub(crate) to: UnixNanos,
    /// How exact it is known when they were seen first and last.
    pub(crate) step: Duration,
    /// The length of the time before `to` that rates are of.
    pub(crate) window: Duration,
    /// This service only.
    pub(crate) service: Option<String>,
}

/// The rates of a service are those of the requests that it answers.
const ANSWERS: [SpanKind; 2] = [SpanKind::Server, SpanKind::Consumer];
/// The percentile of the rates.
pub(crate) const CATALOG_PERCENTILE: f64 = 99.0;

/// A service that sent spans.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceEntry {
    pub(crate) name: String,
    /// How many distinct instances said their id.
    pub(crate) instances: usize,
    /// The versions that its spans name.
    pub(crate) versions: BTreeSet<String>,
    pub(crate) seen: Seen,
    /// None where it answered no request lately.
    pub(crate) rates: Option<RedFigures>,
}

/// An instance that sent spans.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InstanceEntry {
    pub(crate) id: InstanceId,
    pub(crate) seen: Seen,
    /// None where it answered no request lately.
    pub(crate) rates: Option<RedFigures>,
}

/// What tells instances apart; one that is started again with another version is another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InstanceId {
    pub(crate) service: String,
    pub(crate) instance: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) zone: Option<String>,
}

/// When spans were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The start of the first step with spans.
    pub(crate) first: UnixNanos,
    /// The end of the last step with spans.
    pub(crate) last: UnixNanos,
}

impl CatalogQuery {
    /// Who was there, and when.
    pub(crate) fn presence(&self, by: &[GroupBy]) -> RedQuery {
        RedQuery {
            service: self.service.clone(),
            group_by: by.to_vec(),
            ..RedQuery::new(TimeSpan::of_steps(self.from, self.to, self.step), self.step)
        }
    }

    /// What they did lately.
    pub(crate) fn rates(&self, by: &[GroupBy]) -> RedQuery {
        let window = i64::try_from(self.window.as_nanos()).unwrap_or(i64::MAX);
        let from = UnixNanos(self.to.0.saturating_sub(window)).max(self.from);
        RedQuery {
            service: self.service.clone(),
            kinds: ANSWERS.to_vec(),
            group_by: by.to_vec(),
            percentiles: vec![CATALOG_PERCENTILE],
            ..RedQuery::new(TimeSpan::of_steps(from, self.to, RED_BUCKET), RED_BUCKET)
        }
    }

    fn seen(&self, series: &RedSeries) -> Option<Seen> {
        let (first, _) = series.points.first()?;
        let (last, _) = series.points.last()?;
        let step = i64::try_from(self.step.as_nanos()).unwrap_or(i64::MAX);
        Some(Seen {
            first: *first.max(&self.from),
            last: UnixNanos(last.0.saturating_add(step)).min(self.to),
        })
    }
}

impl Seen {
    fn together_with(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// What the presence of services is grouped by.
pub(crate) const SERVICE_PRESENCE: [GroupBy; 3] =
    [GroupBy::Service, GroupBy::Instance, GroupBy::Version];

/// The services by name; `presence` is grouped by [`SERVICE_PRESENCE`], `rates` by service.
pub(crate) fn services(
    query: &CatalogQuery,
    presence: &RedAnswer,
    rates: &RedAnswer,
) -> Vec<ServiceEntry> {
    let mut services = BTreeMap::<&str, (ServiceEntry, BTreeSet<&str>)>::new();
    for series in &presence.series {
        let (Some(name), Some(seen)) = (series.value(GroupBy::Service), query.seen(series)) else {
            continue;
        };
        let new = || ServiceEntry {
            name: name.to_owned(),
            instances: 0,
            versions: BTreeSet::new(),
            seen,
            rates: None,
        };
        let (service, instances) = services
            .entry(name)
            .or_insert_with(|| (new(), BTreeSet::new()));
        service.seen = service.seen.together_with(seen);
        let version = series.value(GroupBy::Version);
        service.versions.extend(version.map(str::to_owned));
        instances.extend(series.value(GroupBy::Instance));
    }
    for series in &rates.series {
        let name = series.value(GroupBy::Service).unwrap_or_default();
        if let Some((service, _)) = services.get_mut(name) {
            service.rates = Some(series.total.clone());
        }
    }
    let entries = services.into_values();
    entries
        .map(|(service, instances)| ServiceEntry {
            instances: instances.len(),
            ..service
        })
        .collect()
}

/// What instances are grouped by.
pub(crate) const INSTANCE: [GroupBy; 4] = [
    GroupBy::Service,
    GroupBy::Instance,
    GroupBy::Version,
    GroupBy::Zone,
];

/// The instances by service and id; both answers are grouped by [`INSTANCE`].
pub(crate) fn instances(
    query: &CatalogQuery,
    presence: &RedAnswer,
    rates: &RedAnswer,
) -> Vec<InstanceEntry> {
    let mut rates: BTreeMap<InstanceId, RedFigures> = rates
        .series
        .iter()
        .map(|series| (InstanceId::of(series), series.total.clone()))
        .collect();
    let entries = presence.series.iter().filter_map(|series| {
        let id = InstanceId::of(series);
        Some(InstanceEntry {
            rates: rates.remove(&id),
            seen: query.seen(series)?,
            id,
        })
    });
    entries.collect()
}

impl InstanceId {
    fn of(series: &RedSeries) -> Self {
        let value = |by| series.value(by).map(str::to_owned);
        Self {
            service: value(GroupBy::Service).unwrap_or_default(),
            instance: value(GroupBy::Instance),
            version: value(GroupBy::Version),
            zone: value(GroupBy::Zone),
        }
    }
}
