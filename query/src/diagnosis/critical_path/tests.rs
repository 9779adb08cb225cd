use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::super::tests::{call, tree_of};
use super::*;
use crate::fixtures::recorded;

/// The calls' own work on the path as `position: time`, those that are on it.
#[track_caller]
fn check(calls: &[(Option<usize>, i64, i64)], expect: &[(usize, i64)]) {
    let calls = calls
        .iter()
        .map(|(parent, start, end)| call(*parent, *start, *end));
    let path = CriticalPath::of(&tree_of(calls.collect()));
    let on_path = (0..path.is_on.len()).filter(|call| path.is_on[*call]);
    let own: Vec<_> = on_path.map(|call| (call, path.own_nano[call])).collect();
    assert_eq!(own, expect);
}

#[test]
fn the_path_goes_back_from_the_end_by_the_child_that_ended_last() {
    // A child that was still running when the next one of the path began is passed over.
    check(
        &[
            (None, 0, 80),
            (Some(0), 10, 30),
            (Some(0), 20, 45),
            (Some(0), 40, 65),
        ],
        &[(0, 35), (1, 20), (3, 25)],
    );
    // Of two that ended together the longer one; one that covers its parent leaves it nothing.
    check(
        &[
            (None, 0, 100),
            (Some(0), 0, 100),
            (Some(1), 60, 90),
            (Some(1), 20, 90),
        ],
        &[(0, 0), (1, 30), (3, 70)],
    );
    // A child that took no time is not waited for.
    check(&[(None, 0, 100), (Some(0), 50, 50)], &[(0, 100)]);
    check(&[(None, 5, 5)], &[(0, 0)]);
    check(&[], &[]);
}

#[test]
fn children_count_as_far_as_their_parents_wait() {
    // Ends after its parent; starts before it; lies outside.
    check(&[(None, 0, 100), (Some(0), 10, 150)], &[(0, 10), (1, 90)]);
    check(&[(None, 50, 100), (Some(0), 0, 60)], &[(0, 40), (1, 10)]);
    check(
        &[(None, 0, 100), (Some(0), 110, 160), (Some(1), 120, 150)],
        &[(0, 100)],
    );
    // A grandchild that outlives both.
    check(
        &[(None, 0, 100), (Some(0), 10, 70), (Some(1), 20, 120)],
        &[(0, 40), (1, 10), (2, 50)],
    );
}

#[test]
fn calls_that_overlap_by_a_rounding_follow_each_other() {
    check(
        &[
            (None, 0, 1_000),
            (Some(0), 10, 210),
            (Some(0), 209, 309),
            (Some(0), 308, 608),
        ],
        &[(0, 402), (1, 199), (2, 99), (3, 300)],
    );
}

#[test]
fn of_several_roots_the_longest_is_followed() {
    check(
        &[
            (None, 0, 10),
            (None, 5, 95),
            (Some(1), 5, 50),
            (None, 0, 90),
        ],
        &[(1, 45), (2, 45)],
    );
    check(&[(None, 0, 10), (None, 90, 100)], &[(0, 10)]);
}

/// One of CRISP's traces, in the order of its spans, and each call's `[service] operation`.
fn crisp(trace: &Value) -> (CallTree, Vec<String>) {
    let spans = trace["spans"].as_array().expect("a list of spans");
    let ids: HashMap<&Value, usize> = spans.iter().map(|span| &span["spanID"]).zip(0..).collect();
    let calls = spans.iter().map(|span| {
        let start = span["startTime"].as_i64().expect("a number");
        let parent = span["references"].get(0);
        let parent = parent.map(|reference| ids[&reference["spanID"]]);
        call(
            parent,
            start,
            start + span["duration"].as_i64().expect("a number"),
        )
    });
    let names = spans.iter().map(|span| {
        let process = span["processID"].as_str().expect("a text");
        let service = &trace["processes"][process]["serviceName"];
        let (service, operation) = (service.as_str(), span["operationName"].as_str());
        format!(
            "[{}] {}",
            service.expect("a text"),
            operation.expect("a text")
        )
    });
    (tree_of(calls.collect()), names.collect())
}

/// Uber's CRISP (<https://github.com/uber-research/CRISP>) states what it finds in 15 traces.
#[test]
fn the_paths_are_those_of_crisp() {
    for number in 1..=15 {
        let Some(text) = recorded(&format!("crisp/{number}.json")) else {
            return;
        };
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let (tree, names) = crisp(&document["data"][0]);
        let path = CriticalPath::of(&tree);
        let mut found = BTreeMap::<&str, i64>::new();
        for (call, name) in names
            .iter()
            .enumerate()
            .filter(|(call, _)| path.is_on[*call])
        {
            *found.entry(name).or_default() += path.own_nano[call];
        }
        let stated = &document["testing"][0];
        let stated = stated.get("opTimeExclusive").unwrap_or(stated);
        let stated = if stated.is_null() {
            &document["testing"]["opTimeExclusive"]
        } else {
            stated
        };
        let stated = stated.as_object().expect("times by operation");
        let mut expected: BTreeMap<&str, i64> = stated
            .iter()
            .map(|(name, time)| (name.as_str(), time.as_i64().expect("a number")))
            .collect();
        if number == 10 {
            // CRISP counts the microsecond in which two siblings overlap twice, here it is the
            // later one's.
            for (name, more) in [("[S1] O1", 2), ("[S2] O2", -1), ("[S3] O3", -1)] {
                *expected.get_mut(name).expect("stated") += more;
            }
        }
        assert_eq!(found, expected, "{number}.json");
        let root = path.root.expect("a root");
        assert_eq!(
            path.length_nano(),
            tree.calls[root].time.length(),
            "{number}.json"
        );
    }
}
