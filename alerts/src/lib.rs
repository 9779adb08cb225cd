//! spanhouse's alerts: rules over its figures, evaluated over and over, and notifications of what
//! they find.
//!
//! ```text
//!   rules (file, API) ─┐
//!                      ▼
//!   Figures ──► evaluation ──► phases ──► state.json        every 10 s
//!   (a seam)    (pure)         (pure)        │
//!                                            ├──► notification ──► webhooks, Alertmanager, chats
//!                                            ├──► GET /api/v1/alerts
//!                                            └──► GET /api/v1/breakers
//! ```
//!
//! The crate knows no span and no table: it asks [`Figures`] for series. What it knows lies in two
//! small files, each replaced whole, so that a crash leaves the old or the new one.

#![warn(missing_docs)]

mod figures;
mod instant;
mod units;

mod rule;

mod evaluation;
mod phase;

mod backtest;
mod breaker;
mod silence;

mod book;
mod durable;

mod notification;

mod conflicts;

mod alerting;
mod counters;

mod error;

mod http;

pub use alerting::{AlertSettings, Alerting, Clock, Components};
pub use conflicts::{Conflict, ConflictOf, conflicts};
pub use counters::{AlertCounters, ReceiverCounters};
pub use error::AlertsError;
pub use figures::{
    CallFilter, Dimension, FigureError, FigureQuestion, Figures, Labels, Point, Series, SpanFilter,
    Subject,
};
pub use http::{openapi, openapi_json};
pub use notification::{Receiver, ReceiverSpec, Sha256Mac};
pub use rule::{InvalidSetting, Rule, RuleSpec};

#[cfg(test)]
mod fixtures;
