//! `GET /api/v1/catalog/services` and `/api/v1/catalog/instances`.

use schemas::{ResourceRow, SpanBatchBuilder, SpanKind};

use super::*;

const NOW: i64 = 1_700_000_000_000_000_000;

/// The spans of an instance: id, seconds ago and kind of each.
fn instance(attributes: &[(&str, AttributeRef<'_>)], spans: &[(u64, i64, SpanKind)]) -> SpanBatch {
    let mut builder = SpanBatchBuilder::default();
    builder.set_resource(&ResourceRow {
        attributes,
        ..ResourceRow::default()
    });
    for (id, seconds_ago, kind) in spans {
        builder.push(&SpanRow {
            kind: *kind,
            duration_nano: 2_000_000,
            ..span(*id, None, NOW - seconds_ago * 1_000_000_000)
        });
    }
    builder.finish()
}

fn fleet() -> Router {
    let resource = |service, id, version| {
        [
            ("service.name", AttributeRef::String(service)),
            ("service.instance.id", AttributeRef::String(id)),
            ("service.version", AttributeRef::String(version)),
            ("cloud.availability_zone", AttributeRef::String("zone-a")),
        ]
    };
    let server = SpanKind::Server;
    routes(&[
        instance(&resource("shop", "a", "1.0"), &[(1, 3_000, server)]),
        instance(
            &resource("shop", "b", "1.1"),
            &[
                (2, 2_000, server),
                (3, 60, server),
                (4, 50, SpanKind::Client),
            ],
        ),
        instance(
            &[("service.name", AttributeRef::String("cron"))],
            &[(5, 100, SpanKind::Internal)],
        ),
        instance(&resource("old", "c", "1.0"), &[(6, 7_200, server)]),
    ])
}

#[tokio::test]
async fn services_are_told_with_versions_and_rates() {
    check_golden(
        "catalog_services",
        &get(&fleet(), "/api/v1/catalog/services").await,
    );
}

#[tokio::test]
async fn instances_are_told_with_version_and_zone() {
    check_golden(
        "catalog_instances",
        &get(&fleet(), "/api/v1/catalog/instances").await,
    );
}

#[tokio::test]
async fn the_range_and_the_service_can_be_chosen() {
    let fleet = fleet();
    let count = async |path: &str, of: &str| {
        let answer = get(&fleet, &format!("/api/v1/catalog/{path}")).await.json();
        answer[of].as_array().expect("entries").len()
    };
    assert_eq!(count("services?from=now-3h", "services").await, 3);
    assert_eq!(count("services?service=cron", "services").await, 1);
    assert_eq!(
        count("instances?service=shop&from=now-10m", "instances").await,
        1
    );
    assert_eq!(count("instances?service=nobody", "instances").await, 0);
    let answer = get(&fleet, "/api/v1/catalog/services?window=25h").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
