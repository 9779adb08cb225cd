//! Figures computed from spans, by the names by which operations count in rollups.

use std::collections::BTreeMap;

use schemas::rollups::OTHER_OPERATIONS;

use super::cells::Cell;
use super::group::Group;
use super::query::GroupBy;
use super::{RedQuery, RedSource, Series, exact};
use crate::{QueryError, RollUps};

/// The cells of each group by bucket, groups in order: those of rows, where there are none for the
/// question.
pub(super) async fn series(source: &RedSource<'_>, query: &RedQuery) -> Result<Series, QueryError> {
    let by_sent_names = by_sent_names(query);
    let series = exact::series(&source.spans, &by_sent_names, source.counting).await?;
    let mut groups = BTreeMap::<Group, BTreeMap<u32, Cell>>::new();
    for (sent, cells) in series {
        if let Some(group) = group_of(query, &sent, source.rollups) {
            let of_group = groups.entry(group).or_default();
            for (bucket, cell) in cells {
                of_group.entry(bucket).or_default().merge(&cell);
            }
        }
    }
    let series = groups.into_iter();
    Ok(series
        .map(|(group, cells)| (group, cells.into_iter().collect()))
        .collect())
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
    if !tells_operations(query) {
        return Some(sent.clone());
    }
    let name = sent.value(GroupBy::Operation).unwrap_or_default();
    let name = rollups.kept(sent.value(GroupBy::Service), name);
    let asked = query.operation.as_deref();
    if asked.is_some_and(|asked| asked != name) {
        return None;
    }
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
