//! Which reference is the parent, and which are links.

use super::sent::CHILD_OF;
use super::*;

const OTHER_TRACE: u128 = 99;

fn child_of(span_id: u64) -> Reference {
    Reference {
        kind: CHILD_OF,
        trace_id: TRACE,
        span_id,
    }
}

fn follows_from(span_id: u64) -> Reference {
    Reference {
        kind: FOLLOWS_FROM,
        ..child_of(span_id)
    }
}

/// The parent and the links: their kind, and their span in this trace or its negative in another.
fn family(span: &Span) -> (Option<u64>, Vec<(&str, i64)>) {
    let number = |id: SpanId| u64::from_be_bytes(id.0);
    let links = span.links.iter().map(|link| {
        let kind = link.attributes.get_str("opentracing.ref_type");
        let id = number(link.span_id).cast_signed();
        let is_near = link.trace_id == span.trace_id;
        (kind.expect("always there"), if is_near { id } else { -id })
    });
    (span.parent_span_id.map(number), links.collect())
}

#[test]
fn the_parent_is_the_field_or_else_a_reference_within_the_trace() {
    let far = Reference {
        trace_id: OTHER_TRACE,
        ..child_of(5)
    };
    // The parent's field, the references; the parent, the links.
    let check = |parent, references: &[Reference], expect: (Option<u64>, &[(&str, i64)])| {
        let sent = Sent {
            parent,
            references: references.to_vec(),
            ..plain()
        };
        let body = Batch::of(vec![sent]).thrift();
        let landed = spans(&decode_thrift_binary(&body).expect("a batch"));
        let (parent, links) = family(&landed[0]);
        assert_eq!((parent, links.as_slice()), expect, "{references:?}");
    };
    check(0, &[], (None, &[]));
    check(5, &[], (Some(5), &[]));
    check(5, &[child_of(5)], (Some(5), &[]));
    check(0, &[child_of(5)], (Some(5), &[]));
    check(0, &[follows_from(5)], (Some(5), &[("follows_from", 5)]));
    check(5, &[follows_from(5)], (Some(5), &[("follows_from", 5)]));
    check(0, &[far], (None, &[("child_of", -5)]));
    check(
        0,
        &[far, follows_from(4), child_of(5), child_of(6)],
        (
            Some(5),
            &[("child_of", -5), ("follows_from", 4), ("child_of", 6)],
        ),
    );
    check(
        4,
        &[child_of(5), follows_from(6)],
        (Some(4), &[("child_of", 5), ("follows_from", 6)]),
    );
    // Both kinds to the parent: both are told.
    check(
        5,
        &[child_of(5), follows_from(5)],
        (Some(5), &[("child_of", 5), ("follows_from", 5)]),
    );
    check(0, &[child_of(0)], (None, &[("child_of", 0)]));
}

#[test]
fn other_kinds_of_references_are_of_the_second_kind() {
    let span = land_one(Sent {
        references: vec![Reference {
            kind: 7,
            ..child_of(5)
        }],
        ..plain()
    });
    assert_eq!(family(&span), (Some(5), vec![("follows_from", 5)]));
}
