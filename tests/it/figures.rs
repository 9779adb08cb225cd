//! Figures and topologies of the real binary against an oracle that counts by hand.
//!
//! ```text
//!   recorded, generated ──► arrivals ──► requests ──► spanhouse ──► answers ─┐
//!        (spans)         (order, late,     (kills,                            ├─► equal
//!           │              again)          flushes)                           │
//!           └──► red: sorted lists · calls: the rules, span by span ──────────┘
//! ```
//!
//! Counts, errors, sums and the longest durations are exact; percentiles are within 0.1 %.

mod arrivals;
mod asking;
mod calls;
mod edges;
mod generated;
mod recorded;
mod red;
mod sent;

mod conditions;
mod crashes;
mod truth;

pub(crate) use asking::check_figures;
pub(crate) use crashes::ROLL_UP_POINTS;
pub(crate) use sent::{Sent, SpanKind};
