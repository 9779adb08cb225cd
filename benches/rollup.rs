//! Figures without the store: folding the spans of a file into rows, and merging rows of files.
//!
//! A store says what is folded and merged: what it asks for is written down once, as it comes from
//! there, and then done again and again.

#[path = "../src/allocator.rs"]
mod allocator;
#[path = "load/clock.rs"]
#[expect(dead_code, reason = "others ask for the time of day")]
mod clock;
#[path = "../src/serve/roll_up.rs"]
mod roll_up;
#[path = "stopwatch/stopwatch.rs"]
mod stopwatch;
#[path = "figures/store.rs"]
#[expect(dead_code, reason = "others count files, too")]
mod store;
#[path = "traffic/traffic.rs"]
mod traffic;

use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use query::RollUps;
use storage::{Fold, Folding, MergedRows, RollUp, RollUpInput, RollupTable, WriteRows};

use stopwatch::{CPU, Clock, WALL};
use store::{Store, decode, flushing_when_told};
use traffic::Traffic;

/// As many files as are merged at once.
const FILES: u64 = 16;
/// Requests of a thousand spans in a file: about as many as the default settings gather.
const REQUESTS: u64 = 240;
const START_UNIX_NANO: u64 = 1_760_000_000_000_000_000;

fn main() -> anyhow::Result<()> {
    allocator::use_small_pages();
    let asked = Asked::of_store()?;
    for clock in [WALL, CPU] {
        let base = Criterion::default().sample_size(20);
        let mut criterion = base.with_measurement(clock).configure_from_args();
        bench(&mut criterion, clock, &asked);
        criterion.final_summary();
    }
    Ok(())
}

fn bench(criterion: &mut Criterion<Clock>, clock: Clock, asked: &Asked) {
    let own = roll_up::roll_up(&RollUps::default());
    let mut group = criterion.benchmark_group(format!("rollup/{}", clock.name));
    group.throughput(Throughput::Elements(asked.spans / FILES));
    group.bench_function("fold", |bencher| {
        bencher.iter(|| {
            let mut folding = (own.fold)();
            for input in &asked.folded {
                folding.add(input.clone()).expect("spans are folded");
            }
            folding.finish(&mut |_, rows| {
                black_box(rows);
                Ok(())
            })
        });
    });
    group.throughput(Throughput::Elements(asked.spans));
    group.bench_function("merge", |bencher| {
        bencher.iter(|| {
            for (table, rows) in &asked.merged {
                let merged = (own.merge)(*table, rows.clone(), &mut |_, rows| {
                    black_box(rows);
                    Ok(())
                });
                merged.expect("rows are merged");
            }
        });
    });
    group.finish();
}

/// What a store asked for.
struct Asked {
    /// The spans of one file, in parts.
    folded: Vec<RollUpInput>,
    /// Rows of all files.
    merged: Vec<(RollupTable, MergedRows)>,
    /// Of all files.
    spans: u64,
}

impl Asked {
    /// Writes down what a store asks for as it takes in [`FILES`].
    fn of_store() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let folded = Arc::new(Mutex::new(Vec::new()));
        let merged = Arc::new(Mutex::new(Vec::new()));
        let own = roll_up::roll_up(&RollUps::default());
        let store = Store::open(
            flushing_when_told(dir.path()),
            Some(RollUp {
                fold: writing_down(own.fold, &folded),
                merge: {
                    let merged = Arc::clone(&merged);
                    Arc::new(move |table, rows: MergedRows, write| {
                        push(&merged, (table, rows.clone()));
                        (own.merge)(table, rows, write)
                    })
                },
                ..own
            }),
        )?;
        let traffic = Traffic::new(1, START_UNIX_NANO, 1_000);
        let mut spans = 0;
        for file in 0..FILES {
            let requests = file * REQUESTS..(file + 1) * REQUESTS;
            let requests = requests.map(|number| traffic.request(number));
            let decoded = requests.map(|request| {
                let batch = decode(&request.body);
                spans += request.spans;
                (Bytes::from(request.body), batch)
            });
            take(&folded);
            store.append_and_flush(decoded.collect())?;
            store.await_rolled_up();
        }
        store.await_merged()?;
        store.close()?;
        Ok(Self {
            folded: take(&folded),
            merged: take(&merged),
            spans,
        })
    }
}

fn writing_down(fold: Fold, folded: &Arc<Mutex<Vec<RollUpInput>>>) -> Fold {
    let folded = Arc::clone(folded);
    Arc::new(move || {
        Box::new(WritingDown {
            folding: fold(),
            folded: Arc::clone(&folded),
        })
    })
}

struct WritingDown {
    folding: Box<dyn Folding>,
    folded: Arc<Mutex<Vec<RollUpInput>>>,
}

impl Folding for WritingDown {
    fn add(&mut self, spans: RollUpInput) -> Result<(), String> {
        push(&self.folded, spans.clone());
        self.folding.add(spans)
    }

    fn memory_bytes(&self) -> usize {
        self.folding.memory_bytes()
    }

    fn finish(self: Box<Self>, write: &mut WriteRows<'_>) -> Result<(), String> {
        self.folding.finish(write)
    }
}

fn push<T>(list: &Mutex<Vec<T>>, item: T) {
    list.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(item);
}

fn take<T>(list: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *list.lock().unwrap_or_else(PoisonError::into_inner))
}
