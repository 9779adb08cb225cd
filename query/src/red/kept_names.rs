//! Figures computed from spans, by the names by which operations count in rollups.

use schemas::rollups::OTHER_OPERATIONS;

use super::group::Group;
use super::query::GroupBy;
use super::{RedQuery, RedSource, Series, exact};
use crate::{QueryError, RollUps};

/// The cells of each group by bucket, groups in order: those of rows, where there are none for the
/// question.
pub(super) async fn series(source: &RedSource<'_>, query: &RedQuery) -> Result<Series, QueryError> {
    let sent = by_sent_names(query);
    let counted_as = |sent| match tells_operations(query) {
        true => group_of(query, &sent, source.rollups),
        false => Some(sent),
    };
    exact::series(&source.spans, &sent, counted_as, source.counting).await
}

/// The name by which an operation counts; none where another one is asked for.
pub(super) fn counted_name<'a>(
    query: &RedQuery,
    rollups: &RollUps,
    service: Option<&str>,
    name: Option<&'a str>,
) -> Option<&'a str> {
    let name = rollups.kept(service, name.unwrap_or_default());
    let asked = query.operation.as_deref();
    asked.is_none_or(|asked| asked == name).then_some(name)
}

/// The question that tells apart what the name of an operation follows from.
fn by_sent_names(query: &RedQuery) -> RedQuery {
    let mut sent = query.clone();
    if tells_operations(query) {
        sent.group_by.extend([GroupBy::Service, GroupBy::Operation]);
        sent.group_by.sort_unstable();
        sent.group_by.dedup();
    }
    // Spans of other names count as that one.
    sent.operation.take_if(|name| name == OTHER_OPERATIONS);
    sent
}

fn tells_operations(query: &RedQuery) -> bool {
    query.operation.is_some() || query.group_by.contains(&GroupBy::Operation)
}

/// The group in which spans count; none for those that count as another operation than asked for.
fn group_of(query: &RedQuery, sent: &Group, rollups: &RollUps) -> Option<Group> {
    let [service, name] = [GroupBy::Service, GroupBy::Operation].map(|by| sent.value(by));
    let name = counted_name(query, rollups, service, name)?;
    let mut group = Group::default();
    for by in &query.group_by {
        let value = match by {
            GroupBy::Operation => Some(name),
            _ => sent.value(*by),
        };
        group.set(*by, value.map(str::to_owned));
    }
    Some(group)
}
