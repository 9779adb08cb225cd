//! The span store's figures.

use storage::StorageStats;
use storage::wal::WalStats;

use super::exposition::Exposition;
use super::seconds;

pub(super) fn write(exposition: &mut Exposition, stats: &StorageStats) {
    write_memory(exposition, stats);
    write_table(exposition, stats);
    write_flushes(exposition, stats);
    write_roll_ups(exposition, stats);
    write_wal(exposition, &stats.wal);
}

fn write_memory(exposition: &mut Exposition, stats: &StorageStats) {
    exposition.gauge(
        "spanhouse_memory_spans",
        "Spans in memory that are not yet in the table.",
        stats.memory.rows,
    );
    exposition.gauge(
        "spanhouse_memory_bytes",
        "Bytes of these spans.",
        stats.memory.bytes,
    );
    exposition.gauge(
        "spanhouse_memory_budget_bytes",
        "Bytes at which receivers answer busy.",
        stats.memory_budget_bytes,
    );
    exposition.gauge(
        "spanhouse_memtables",
        "Memtables: the one being filled and those being flushed.",
        stats.memory.memtables,
    );
}

fn write_table(exposition: &mut Exposition, stats: &StorageStats) {
    exposition.gauge(
        "spanhouse_table_version",
        "Version of the Delta table.",
        stats.table_version,
    );
    exposition.gauge(
        "spanhouse_table_files",
        "Live data files of the table.",
        stats.table_files,
    );
    exposition.gauge(
        "spanhouse_table_bytes",
        "Bytes of these files.",
        stats.table_bytes,
    );
    exposition.gauge(
        "spanhouse_table_spans",
        "Spans in these files.",
        stats.table_rows,
    );
}

fn write_flushes(exposition: &mut Exposition, stats: &StorageStats) {
    exposition.counter(
        "spanhouse_flushes_total",
        "Memtables written to the table.",
        stats.flushes,
    );
    exposition.counter(
        "spanhouse_flush_failures_total",
        "Failed attempts to write one.",
        stats.flush_failures,
    );
    exposition.counter(
        "spanhouse_flushed_spans_total",
        "Spans written to the table.",
        stats.flushed_rows,
    );
    exposition.counter(
        "spanhouse_flushed_bytes_total",
        "Bytes of data files written.",
        stats.flushed_bytes,
    );
    exposition.counter(
        "spanhouse_flush_seconds_total",
        "Time spent on flushes, in seconds.",
        seconds(stats.flush_nanos),
    );
}

fn write_roll_ups(exposition: &mut Exposition, stats: &StorageStats) {
    exposition.gauge(
        "spanhouse_unrolled_spans",
        "Spans of the table that no figures tell of yet.",
        stats.unrolled_rows,
    );
    exposition.gauge(
        "spanhouse_figure_files",
        "Live files of the tables of figures.",
        stats.figure_files,
    );
    exposition.gauge(
        "spanhouse_figure_bytes",
        "Bytes of these files.",
        stats.figure_bytes,
    );
    exposition.counter(
        "spanhouse_roll_ups_total",
        "Commits of figures.",
        stats.roll_ups,
    );
    exposition.counter(
        "spanhouse_roll_up_failures_total",
        "Failed attempts to make one.",
        stats.roll_up_failures,
    );
    exposition.counter(
        "spanhouse_roll_up_seconds_total",
        "Time spent on roll-ups, in seconds.",
        seconds(stats.roll_up_nanos),
    );
}

fn write_wal(exposition: &mut Exposition, wal: &WalStats) {
    exposition.counter(
        "spanhouse_wal_appended_records_total",
        "Requests made durable in the write-ahead log.",
        wal.appended_records,
    );
    exposition.counter(
        "spanhouse_wal_appended_bytes_total",
        "Bytes of these requests.",
        wal.appended_bytes,
    );
    exposition.counter(
        "spanhouse_wal_groups_total",
        "Groups made durable, each by one fdatasync.",
        wal.groups,
    );
    exposition.counter(
        "spanhouse_wal_failed_groups_total",
        "Groups that could not be made durable.",
        wal.failed_groups,
    );
    exposition.gauge(
        "spanhouse_wal_segments",
        "Segment files that hold records.",
        wal.segments,
    );
    exposition.gauge(
        "spanhouse_wal_spares",
        "Segment files that are ready for use.",
        wal.spares,
    );
    exposition.gauge(
        "spanhouse_wal_disk_bytes",
        "Bytes of all these files.",
        wal.disk_bytes,
    );
    exposition.gauge(
        "spanhouse_wal_queued_bytes",
        "Bytes of requests that wait to become durable.",
        wal.queued_bytes,
    );
    exposition.gauge(
        "spanhouse_wal_queued_records",
        "Requests that wait to become durable.",
        wal.queued_records,
    );
}
