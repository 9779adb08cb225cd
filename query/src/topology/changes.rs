//! What is new, and how the calls of traces change, when spans come.

use std::cmp::Ordering;

use super::call::{Call, Sign};
use super::link::Linker;
use super::names::Names;
use super::spans::{LinkedSpan, by_trace, put_in_order};

/// What comes with new spans.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    /// A span that was not there before.
    Span(&'a LinkedSpan),
    /// A call that is there now, or is no more.
    Call(&'a Call, Sign),
}

/// Finds changes of traces, one after the other, in the same memory.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    linker: Linker,
    whole: Vec<LinkedSpan>,
}

impl Changes {
    /// Hands over the spans that are new when `fresh` ones join `earlier` ones, and the calls by
    /// which their traces change: those that the whole trace has and the earlier spans had not, and
    /// those that the earlier spans had and the whole trace has not. Both lists are in order;
    /// earlier spans of other traces do not matter.
    pub(crate) fn each(
        &mut self,
        fresh: &[LinkedSpan],
        earlier: &[LinkedSpan],
        names: &mut Names,
        mut see: impl FnMut(Change<'_>, &mut Names),
    ) {
        for (fresh, earlier) in beside(fresh, earlier) {
            if earlier.is_empty() {
                for span in fresh {
                    see(Change::Span(span), names);
                }
                for call in self.linker.link(fresh, names) {
                    see(Change::Call(call, Sign::Added), names);
                }
            } else {
                self.of_known_trace(fresh, earlier, names, &mut see);
            }
        }
    }

    fn of_known_trace(
        &mut self,
        fresh: &[LinkedSpan],
        earlier: &[LinkedSpan],
        names: &mut Names,
        mut see: impl FnMut(Change<'_>, &mut Names),
    ) {
        let Self { linker, whole } = self;
        whole.clear();
        whole.extend_from_slice(earlier);
        whole.extend_from_slice(fresh);
        put_in_order(whole, names);
        if whole.as_slice() == earlier {
            // Nothing but spans that were sent again.
            return;
        }
        each_new_span(whole, earlier, |span| see(Change::Span(span), names));
        let mut calls = |spans: &[LinkedSpan]| {
            let mut calls = linker.link(spans, names).to_vec();
            calls.sort_unstable();
            calls
        };
        let (before, after) = (calls(earlier), calls(whole));
        each_difference(&before, &after, |call, sign| {
            see(Change::Call(call, sign), names);
        });
    }
}

/// The fresh spans of each trace, and the earlier ones of the same; both lists are in order.
fn beside<'a>(
    fresh: &'a [LinkedSpan],
    earlier: &'a [LinkedSpan],
) -> impl Iterator<Item = (&'a [LinkedSpan], &'a [LinkedSpan])> {
    let first = fresh.first().map(|span| span.trace_id);
    let skipped = earlier.partition_point(|span| Some(span.trace_id) < first);
    let mut earlier = by_trace(&earlier[skipped..]).peekable();
    by_trace(fresh).map(move |fresh| {
        let id = fresh[0].trace_id;
        while earlier.next_if(|spans| spans[0].trace_id < id).is_some() {}
        let same = earlier.next_if(|spans| spans[0].trace_id == id);
        (fresh, same.unwrap_or_default())
    })
}

/// The spans of a trace that the earlier ones do not have; both in order.
fn each_new_span(whole: &[LinkedSpan], earlier: &[LinkedSpan], mut see: impl FnMut(&LinkedSpan)) {
    let mut earlier = earlier.iter().peekable();
    for span in whole {
        if earlier.next_if(|earlier| earlier.is_same(span)).is_none() {
            see(span);
        }
    }
}

/// Two ordered lists: what only the second has is added, what only the first has is taken.
fn each_difference(before: &[Call], after: &[Call], mut add: impl FnMut(&Call, Sign)) {
    let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(before), Some(after)) => before.cmp(after),
        };
        let taken = before.next_if(|_| order.is_le());
        let added = after.next_if(|_| order.is_ge());
        match (taken, added) {
            (Some(call), None) => add(call, Sign::Taken),
            (None, Some(call)) => add(call, Sign::Added),
            _ => {}
        }
    }
}
