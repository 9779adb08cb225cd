//! Protobuf's wire format, for the receivers that walk over messages and write small answers.

mod wire;
mod write;

pub(crate) use wire::{Depth, KnownFields, Malformed, Wire};
pub(crate) use write::{put_bytes, put_number};
