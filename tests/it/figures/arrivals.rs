//! The order in which spans arrive, as the requests that bring them.

use super::sent::Sent;
use crate::random::Random;

/// One span of so many comes late, and one is sent again.
const ONE_IN: u64 = 20;

/// The most spans of a request.
const MOST: u64 = 120;

/// Spans by their start.
pub(crate) fn in_order(mut spans: Vec<Sent>) -> Vec<Sent> {
    spans.sort_by_key(|span| span.start);
    spans
}

/// Spans in any order.
pub(crate) fn shuffled(mut spans: Vec<Sent>, random: &mut Random) -> Vec<Sent> {
    for last in (1..spans.len()).rev() {
        spans.swap(last, random.below(last as u64 + 1) as usize);
    }
    spans
}

/// One span in ten of the first half of the time, which is 5 % of all, comes after everything else:
/// hours late, where the spans stretch over hours.
pub(crate) fn with_late_ones(spans: Vec<Sent>, random: &mut Random) -> Vec<Sent> {
    let mut starts: Vec<i64> = spans.iter().map(|span| span.start).collect();
    starts.sort_unstable();
    let middle = starts[starts.len() / 2];
    let is_late = |span: &Sent| span.start < middle && random.below(ONE_IN / 2) == 0;
    let (late, mut arrived): (Vec<Sent>, Vec<Sent>) = spans.into_iter().partition(is_late);
    arrived.extend(late);
    arrived
}

/// One span in twenty is sent again, somewhere after the first time.
pub(crate) fn with_repeated_ones(spans: &[Sent], random: &mut Random) -> Vec<Sent> {
    let mut placed: Vec<(usize, &Sent)> = Vec::new();
    for (position, span) in spans.iter().enumerate() {
        placed.push((position, span));
        if random.below(ONE_IN) == 0 {
            let after = random.below((spans.len() - position) as u64) as usize;
            placed.push((position + after, span));
        }
    }
    placed.sort_by_key(|(position, _)| *position);
    placed.into_iter().map(|(_, span)| span.clone()).collect()
}

/// Requests of one to many spans.
pub(crate) fn requests(spans: &[Sent], random: &mut Random) -> Vec<Vec<Sent>> {
    let mut requests = Vec::new();
    let mut rest = spans;
    while !rest.is_empty() {
        let count = (1 + random.below(MOST) as usize).min(rest.len());
        let (request, more) = rest.split_at(count);
        requests.push(request.to_vec());
        rest = more;
    }
    requests
}
