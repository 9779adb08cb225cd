use datafusion::catalog::SchemaProvider;
use datafusion::logical_expr::col;
use datafusion::prelude::SessionContext;

use super::*;
use crate::scan::tests::{Place, Sample, World};

fn sample(service: Option<&'static str>, name: &'static str) -> Sample {
    Sample {
        service,
        name,
        ..Sample::default()
    }
}

#[tokio::test]
async fn operations_are_distinct_over_memory_and_files_and_sorted() {
    let file = Place::SPLIT_FILE;
    let world = World::new(&[
        (
            file,
            vec![
                sample(Some("pay"), "GET"),
                sample(None, "PUT"),
                sample(Some("pay"), "GET"),
            ],
        ),
        (file, vec![sample(None, "GET")]),
        (
            Place::Memory,
            vec![sample(Some("cart"), "GET"), sample(Some("pay"), "GET")],
        ),
    ])
    .await;
    let table = world
        .tables()
        .table("operations")
        .await
        .expect("no failure")
        .expect("exists");
    let frame = SessionContext::new().read_table(table).expect("reads");
    let batches = frame.clone().collect().await.expect("runs");
    let found: Vec<(Option<String>, String, i8)> = batches
        .iter()
        .flat_map(|batch| {
            let texts = |column: usize| {
                let array = batch
                    .column(column)
                    .as_any()
                    .downcast_ref::<StringArray>()
                    .expect("texts");
                array
                    .iter()
                    .map(|text| text.map(str::to_owned))
                    .collect::<Vec<_>>()
            };
            let kinds = batch
                .column(2)
                .as_any()
                .downcast_ref::<Int8Array>()
                .expect("kinds")
                .values()
                .to_vec();
            let named = texts(0).into_iter().zip(texts(1)).zip(kinds);
            named
                .map(|((service, name), kind)| (service, name.expect("a name"), kind))
                .collect::<Vec<_>>()
        })
        .collect();
    let expected = [
        (None, "GET"),
        (None, "PUT"),
        (Some("cart"), "GET"),
        (Some("pay"), "GET"),
    ];
    let expected = expected.map(|(service, name)| (service.map(str::to_owned), name.to_owned(), 2));
    assert_eq!(found, expected);
    assert!(
        world
            .snapshot
            .files
            .iter()
            .all(|file| file.operations.initialized()),
        "files remember"
    );

    let services = frame
        .select(vec![col("service_name")])
        .expect("plans")
        .distinct()
        .expect("plans");
    let rows: usize = services
        .collect()
        .await
        .expect("runs")
        .iter()
        .map(RecordBatch::num_rows)
        .sum();
    assert_eq!(rows, 3);
}
