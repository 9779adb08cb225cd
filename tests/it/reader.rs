//! Another engine reads the table while the server runs.

use serde_json::{Value, json};

use crate::batches::MIDNIGHT_NANOS;
use crate::clients;
use crate::ledger::{Ledger, SPANS, Traffic};
use crate::server::{Launch, eventually};

/// Times that the table is read while spans come in.
const READS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn deltalake_reads_the_table_of_a_running_server() {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path())
        .set("flush-bytes", "256KiB")
        .set("flush-age", "1s");
    let server = launch.start().await;
    let ledger = Ledger::new(1);
    let traffic = Traffic::start(&ledger, &server);
    eventually("a flush", async || {
        (server.metric("spanhouse_flushes_total").await > 0.0).then_some(())
    })
    .await;

    let table = directory.path().join("spans");
    let table = table.to_str().unwrap();
    let mut rows_before = 0;
    for _ in 0..READS {
        let acked_before = ledger.acked();
        let read = clients::python("read_table.py", &[table]).await;
        let rows = read["rows"].as_u64().unwrap();
        assert!(
            rows >= rows_before,
            "spans went away: {rows_before}, then {rows}"
        );
        assert!(rows <= ledger.next() * SPANS);
        assert!(
            ledger.acked() > acked_before,
            "nothing was ingested while the table was read"
        );
        rows_before = rows;
    }
    assert!(rows_before > 0);
    traffic.stop().await;
    server.flushed().await;

    let read = clients::python("read_table.py", &[table]).await;
    check(&read, &ledger);
    assert_eq!(
        server.metric("spanhouse_table_spans").await,
        read["rows"].as_f64().unwrap()
    );
    assert_eq!(ledger.refused(), 0, "no number is missing");
}

/// Batches are numbered from 0 and all were stored, so that everything about them is known.
fn check(read: &Value, ledger: &Ledger) {
    let batches = ledger.next();
    assert_eq!(ledger.acked(), batches);
    assert_eq!(read["rows"], batches * SPANS);
    let of_user_7 = (0..batches).filter(|number| number % 100 == 7).count() as u64;
    assert_eq!(read["rows_of_user_7"], of_user_7 * SPANS);
    assert_eq!(read["users_of_user_7"], json!(["user-7"]));
    // Batch 0 is the earliest of the day before; every seventh is of that day.
    assert_eq!(read["first_start"], MIDNIGHT_NANOS - 60_000_000_000);
    let last = (0..batches).rev().find(|number| number % 7 != 0).unwrap();
    assert_eq!(
        read["last_start"],
        MIDNIGHT_NANOS + last * 1_000 + (SPANS - 1) * 10_000
    );
    assert_eq!(read["durations"], json!([1_000_000]));
    let of_the_day_before = batches.div_ceil(7);
    assert_eq!(
        read["rows_by_date"],
        json!({"2026-11-22": of_the_day_before * SPANS, "2026-11-23": (batches - of_the_day_before) * SPANS})
    );
    assert_eq!(read["distinct_trace_ids"], batches);
    for (column, r#type) in [
        ("trace_id", "binary"),
        ("span_id", "binary"),
        ("parent_span_id", "binary"),
        ("start_time_unix_nano", "long"),
        ("duration_nano", "long"),
        ("name", "string"),
        ("kind", "byte"),
        ("status_code", "byte"),
        ("service_name", "string"),
        ("span.http.response.status_code", "long"),
        ("span.user.id", "string"),
        ("resource.service.version", "string"),
        ("span_attributes", "string"),
        ("events", "array"),
        ("links", "array"),
        ("date", "date"),
    ] {
        assert_eq!(read["columns"][column], r#type, "column {column}");
    }
}
