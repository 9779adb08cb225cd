//! The settings of each crate, out of the one table.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use collector::CollectorSettings;
use query::QuerySettings;
use schemas::UnixNanos;
use storage::wal::Salvage;
use storage::{DecodePayload, StorageSettings};

use crate::settings::{OriginList, Settings};

/// Segments of the write-ahead log are whole pages.
const PAGE_BYTES: u64 = 4096;

pub(super) fn collector_settings(settings: &Settings) -> CollectorSettings {
    CollectorSettings {
        max_request_bytes: settings.max_request_bytes.as_usize(),
        in_flight_bytes: settings.receive_memory.as_usize(),
        max_connections: settings.max_connections,
        decode_threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        cors_allowed_origins: match &settings.cors_allowed_origins {
            OriginList::Any => vec!["*".to_owned()],
            OriginList::These(origins) => origins.clone(),
        },
        drain_timeout: settings.drain_timeout,
        ..CollectorSettings::default()
    }
}

pub(super) fn storage_settings(settings: &Settings) -> StorageSettings {
    StorageSettings {
        memory_budget_bytes: settings.memory_budget.as_usize(),
        flush_bytes: settings.flush_bytes.as_usize(),
        flush_age: settings.flush_age,
        max_payload_bytes: settings.max_request_bytes.bytes(),
        wal_segment_bytes: whole_pages(settings.wal_segment_bytes.bytes()),
        salvage: match settings.salvage_wal {
            true => Salvage::Skip,
            false => Salvage::Refuse,
        },
        ..StorageSettings::new(&settings.data_dir)
    }
}

fn whole_pages(bytes: u64) -> u64 {
    bytes.checked_next_multiple_of(PAGE_BYTES).unwrap_or(bytes)
}

pub(super) fn query_settings(settings: &Settings) -> QuerySettings {
    QuerySettings {
        memory_limit_bytes: settings.query_memory.as_usize(),
        running_limit: settings.query_concurrency.get(),
        timeout: settings.query_timeout,
        search_limit: settings.search_limit.get(),
        red_series_limit: settings.red_series_limit.get(),
        ..QuerySettings::default()
    }
}

/// The receivers' own decoding, so that a replayed request gives the spans it gave at first.
pub(super) fn decode_as_received() -> DecodePayload {
    Arc::new(
        |encoding, body| match collector::decode_payload(encoding, body) {
            Ok(decoded) => Ok(decoded.batch),
            Err(error) => Err(error.to_string()),
        },
    )
}

/// The time of day, for questions that name no end of their range.
#[expect(
    clippy::disallowed_methods,
    reason = "the program's one clock; everything below takes the time as an argument"
)]
pub(super) fn now() -> UnixNanos {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = since_epoch.unwrap_or(Duration::ZERO).as_nanos();
    UnixNanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}
