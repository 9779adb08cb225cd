//! Durations as services have them, in nanoseconds.

use super::random::Random;

const MILLISECOND: f64 = 1e6;

/// A shape of durations, with the seed that they are drawn from.
#[derive(Debug)]
pub(super) struct Distribution {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    seed: u64,
    one: fn(&mut Random) -> f64,
}

impl Distribution {
    /// So many durations, in the order in which they are drawn; none is shorter than 1 ns.
    pub(super) fn draw(&self, count: usize) -> Vec<i64> {
        let mut random = Random::new(self.seed);
        let durations = std::iter::repeat_with(|| (self.one)(&mut random).round().max(1.0) as i64);
        durations.take(count).collect()
    }
}

pub(super) const ALL: [Distribution; 5] = [
    Distribution {
        name: "uniform",
        what: "1 to 100 ms, all alike",
        seed: 1,
        one: |random| (1.0 + 99.0 * random.fraction()) * MILLISECOND,
    },
    Distribution {
        name: "exponential",
        what: "50 ms on average: waiting for a free worker",
        seed: 2,
        one: |random| -50.0 * MILLISECOND * (1.0 - random.fraction()).ln(),
    },
    Distribution {
        name: "log-normal",
        what: "half below 20 ms, σ = 1: most services",
        seed: 3,
        one: |random| random.log_normal(20.0 * MILLISECOND, 1.0),
    },
    Distribution {
        name: "Pareto",
        what: "from 5 ms, α = 1.1: a heavy tail, some calls hang for seconds or minutes",
        seed: 4,
        one: |random| 5.0 * MILLISECOND * (1.0 - random.fraction()).powf(-1.0 / 1.1),
    },
    Distribution {
        name: "bimodal",
        what: "a cache: 95 % hits around 0.8 ms, 5 % misses around 120 ms",
        seed: 5,
        one: |random| match random.once_in(20) {
            true => random.log_normal(120.0 * MILLISECOND, 0.35),
            false => random.log_normal(0.8 * MILLISECOND, 0.25),
        },
    },
];
