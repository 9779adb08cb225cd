//! Jaeger's references: one of them may be the parent, the others are links.

use super::model::{Id, JaegerSpan, Reference, ReferenceKind};
use crate::draft::{DraftAttribute, DraftLink, DraftValue, SpanDraft};

/// The attribute of a link that tells the kind of its reference.
const REFERENCE_KIND: &[u8] = b"opentracing.ref_type";

/// The parent as Jaeger finds it: the field, else the first `CHILD_OF` within the trace, else the
/// first `FOLLOWS_FROM` within it.
pub(super) fn parent<'b>(span: &'b JaegerSpan<'_>) -> Option<&'b Id<8>> {
    if !span.parent_span_id.is_zero() {
        return Some(&span.parent_span_id);
    }
    let first = |kind| {
        let mut references = span.references.iter();
        references.find(|reference| {
            reference.kind == kind
                && reference.trace_id == span.trace_id
                && !reference.span_id.is_zero()
        })
    };
    first(ReferenceKind::ChildOf)
        .or_else(|| first(ReferenceKind::FollowsFrom))
        .map(|reference| &reference.span_id)
}

/// Adds a link for each reference. Only a `CHILD_OF` that says no more than the parent does is
/// left out; with a `FOLLOWS_FROM` to the parent, all of them are kept, so that they can be shown
/// as they were.
pub(super) fn write_links<'b>(
    span: &'b JaegerSpan<'_>,
    parent: Option<&Id<8>>,
    draft: &mut SpanDraft<'b>,
) {
    let is_to_parent = |reference: &Reference| {
        reference.trace_id == span.trace_id && Some(&reference.span_id) == parent
    };
    let mut to_parent = span.references.iter().filter(|one| is_to_parent(one));
    let is_told_by_parent = matches!(
        (to_parent.next(), to_parent.next()),
        (Some(only), None) if only.kind == ReferenceKind::ChildOf
    );
    for reference in &span.references {
        if is_told_by_parent && is_to_parent(reference) {
            continue;
        }
        let attribute = draft.inner_attributes.len();
        draft.inner_attributes.push(DraftAttribute {
            key: REFERENCE_KIND,
            value: DraftValue::String(match reference.kind {
                ReferenceKind::ChildOf => b"child_of",
                ReferenceKind::FollowsFrom => b"follows_from",
            }),
        });
        draft.links.push(DraftLink {
            trace_id: reference.trace_id.bytes(),
            span_id: reference.span_id.bytes(),
            attributes: attribute..attribute + 1,
            ..DraftLink::default()
        });
    }
}
