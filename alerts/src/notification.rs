//! Telling receivers of alerts.
//!
//! ```text
//!   Book ──► due: what has a receiver to be told now? ──► message ──► request ──► deliver
//!            (pure: what it was told, and what is)        (pure)      (pure)      (HTTP)
//! ```
//!
//! There is no queue that could run over or be lost: what is to be told follows from where the
//! alerts stand and what a receiver was told last. A receiver that cannot be reached is told later
//! how things stand then.

mod breakers;
mod chat;
mod deliver;
mod due;
mod message;
mod receiver;
mod request;
mod signature;
mod worker;

pub(crate) use deliver::deliver;
pub(crate) use due::due;
pub(crate) use message::AlertJson;
pub use receiver::{Receiver, ReceiverSpec};
pub use signature::Sha256Mac;
pub(crate) use worker::{Attempts, Worker};

#[cfg(test)]
mod tests;
