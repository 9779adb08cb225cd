//! Which traces many files may hold, told by one look into memory.
//!
//! ```text
//!  traces of a new file ─► the newest filter ─┬─ full: a further one begins, the oldest one goes
//!                               ▲             │
//!               file ───────────┘ for its life, or until the filter goes
//! ```
//!
//! To ask each file's own bloom filter for each of thousands of traces takes seconds where there
//! are a thousand files. Files that are written here share filters: what one of them does not know
//! is in none of its files. It may only ever say "certainly not": a file's traces are in its filter
//! before the file is seen by anyone, and bits are never taken out. The traces of files that were
//! there at the start are noted once they are read, newest first, in filters that count as older. A
//! file without a filter, as none was left for it or it had to go, is asked itself.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hashbrown::DefaultHashBuilder;
use schemas::TraceId;

/// Filters of 1 MiB stay in a processor's cache while thousands of traces are asked for.
const FILTER_BLOCKS: usize = 16 * 1024;

/// About ten bits each, with which one absent trace in a hundred is taken for a possible one.
const FILTER_TRACES: usize = 800_000;

/// With this many filters, 64 MiB, fifty million traces are known.
const MOST_FILTERS: usize = 64;

/// The filters of many files, within a bounded memory.
#[derive(Debug, Default)]
pub(crate) struct TraceFilters {
    open: Mutex<OpenFilters>,
}

#[derive(Debug, Default)]
struct OpenFilters {
    /// Of files that were written since the start, oldest first.
    newer: Shelf,
    /// Of those that were there before, newest first.
    older: Shelf,
    /// How many filters there ever were.
    begun: u64,
}

/// Filters, of which the last one takes further traces.
#[derive(Debug, Default)]
struct Shelf {
    filters: VecDeque<Arc<TraceFilter>>,
    /// How many traces the last one was given.
    traces: usize,
}

impl TraceFilters {
    /// Notes the traces of a new file, and gives the filter to ask for them as long as it is kept.
    pub(crate) fn note(&self, traces: &[TraceId]) -> Weak<TraceFilter> {
        let filter = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let open_one = open.newer.last_with_room_for(traces.len());
            open_one.unwrap_or_else(|| open.begin_newer(traces.len()))
        };
        filter.note_all(traces);
        Arc::downgrade(&filter)
    }

    /// Whether there is memory for traces of older files.
    pub(crate) fn take_older(&self) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        !open.are_as_many_as_may_be() || open.older.traces < FILTER_TRACES
    }

    /// As [`Self::note`], of a file that was there at the start and is older than those that were
    /// noted before it; none when there is no memory left for it.
    pub(crate) fn note_older(&self, traces: &[TraceId]) -> Option<Weak<TraceFilter>> {
        let filter = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let open_one = open.older.last_with_room_for(traces.len());
            open_one.or_else(|| open.begin_older(traces.len()))?
        };
        filter.note_all(traces);
        Some(Arc::downgrade(&filter))
    }
}

impl OpenFilters {
    fn begin_newer(&mut self, traces: usize) -> Arc<TraceFilter> {
        if self.are_as_many_as_may_be() {
            let oldest = self.older.filters.pop_back();
            drop(oldest.or_else(|| self.newer.filters.pop_front()));
        }
        self.begun += 1;
        self.newer.begin(self.begun, traces)
    }

    fn begin_older(&mut self, traces: usize) -> Option<Arc<TraceFilter>> {
        if self.are_as_many_as_may_be() {
            return None;
        }
        self.begun += 1;
        Some(self.older.begin(self.begun, traces))
    }

    fn are_as_many_as_may_be(&self) -> bool {
        self.newer.filters.len() + self.older.filters.len() == MOST_FILTERS
    }
}

impl Shelf {
    fn last_with_room_for(&mut self, traces: usize) -> Option<Arc<TraceFilter>> {
        self.traces += traces;
        let last = self.filters.back();
        last.filter(|_| self.traces <= FILTER_TRACES).cloned()
    }

    /// A file with more than fit has a filter of its own, which may say little.
    fn begin(&mut self, number: u64, traces: usize) -> Arc<TraceFilter> {
        self.traces = traces;
        let filter = Arc::new(TraceFilter::new(number));
        self.filters.push_back(Arc::clone(&filter));
        filter
    }
}

/// A bloom filter of which all bits of a trace lie in one cache line.
#[derive(Debug)]
pub(crate) struct TraceFilter {
    number: u64,
    hashing: DefaultHashBuilder,
    blocks: Box<[Block]>,
}

/// A cache line; a trace has one bit in each word.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Block([AtomicU64; 8]);

impl TraceFilter {
    fn new(number: u64) -> Self {
        Self {
            number,
            hashing: DefaultHashBuilder::default(),
            blocks: (0..FILTER_BLOCKS).map(|_| Block::default()).collect(),
        }
    }

    /// What tells it apart from other filters of the same process.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Those of some traces that may be in the filter's files; all others certainly are not.
    pub(crate) fn possible(&self, traces: &[TraceId]) -> Arc<[TraceId]> {
        let all = traces.iter().copied();
        all.filter(|trace| self.may_have(*trace)).collect()
    }

    fn note_all(&self, traces: &[TraceId]) {
        for trace in traces {
            self.note(*trace);
        }
    }

    // Whoever hands over the file afterwards lets others see the bits as well, so that none of
    // these need an order among themselves.
    fn note(&self, trace: TraceId) {
        let (block, bits) = self.place(trace);
        for (word, bit) in block.0.iter().zip(bits) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    fn may_have(&self, trace: TraceId) -> bool {
        let (block, bits) = self.place(trace);
        let mut pairs = block.0.iter().zip(bits);
        pairs.all(|(word, bit)| word.load(Ordering::Relaxed) & bit != 0)
    }

    /// The block of a trace, and its bit in each of the block's words.
    fn place(&self, trace: TraceId) -> (&Block, [u64; 8]) {
        let hash = self.hashing.hash_one(trace.0);
        let block = (u128::from(hash) * self.blocks.len() as u128) >> 64;
        // The high bits of a product depend on all bits below: other ones than the block does.
        let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bits = std::array::from_fn(|word| 1 << ((mixed >> (16 + 6 * word)) & 63));
        (&self.blocks[block as usize], bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn traces(range: std::ops::Range<u128>) -> Vec<TraceId> {
        // Ids that count up, as careless clients send them, are the hardest.
        range.map(|number| TraceId(number.to_be_bytes())).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// However files share filters, no trace of a file is ever said to be absent from it.
        #[test]
        fn no_trace_of_a_file_is_denied(files in vec((any::<u64>(), 0..200_000_usize), 1..12)) {
            let filters = TraceFilters::default();
            let files: Vec<_> = files
                .into_iter()
                .map(|(first, count)| {
                    let first = u128::from(first);
                    let traces = traces(first..first + count as u128);
                    (filters.note(&traces), traces)
                })
                .collect();
            for (filter, traces) in files {
                let filter = filter.upgrade().expect("fewer filters than are kept");
                prop_assert_eq!(&filter.possible(&traces)[..], &traces[..]);
            }
        }
    }

    #[test]
    fn a_full_filter_takes_few_absent_traces_for_possible_ones() {
        let filters = TraceFilters::default();
        let full = filters.note(&traces(0..FILTER_TRACES as u128));
        let full = full.upgrade().expect("the only filter is kept");
        let absent = traces(1_000_000_000..1_000_100_000);
        let possible = full.possible(&absent).len();
        assert!(possible < 2_500, "{possible} of 100,000");
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_filter_goes() {
        let filters = TraceFilters::default();
        let full = traces(0..FILTER_TRACES as u128 / 2 + 1);
        let all: Vec<_> = (0..=MOST_FILTERS).map(|_| filters.note(&full)).collect();
        let kept = all.iter().filter(|filter| filter.strong_count() > 0);
        assert_eq!(kept.count(), MOST_FILTERS);
        assert_eq!(all[0].strong_count(), 0);
        // What fits is added to the newest one.
        let again = filters.note(&full[..10]);
        assert!(Weak::ptr_eq(&again, all.last().expect("at least one")));
        assert!(filters.note_older(&full[..1]).is_none(), "newer ones stay");
    }

    #[test]
    fn filters_of_older_files_go_first_and_the_oldest_of_them() {
        let filters = TraceFilters::default();
        let full = traces(0..FILTER_TRACES as u128 / 2 + 1);
        assert!(filters.take_older());
        let new = filters.note(&full);
        let older: Vec<_> = (0..MOST_FILTERS)
            .map(|_| filters.note_older(&full))
            .collect();
        assert!(older[MOST_FILTERS - 1].is_none(), "no more than fit");
        assert!(!filters.take_older());
        let kept = |number: usize| {
            let filter: &Option<Weak<TraceFilter>> = &older[number];
            filter
                .as_ref()
                .is_some_and(|filter| filter.strong_count() > 0)
        };
        assert!(kept(0) && kept(MOST_FILTERS - 2));
        filters.note(&full);
        filters.note(&full);
        assert!(kept(0) && kept(MOST_FILTERS - 4));
        assert!(!kept(MOST_FILTERS - 3) && !kept(MOST_FILTERS - 2));
        assert!(new.strong_count() > 0);
    }
}
