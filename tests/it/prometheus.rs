//! A stock Prometheus scrapes the server, and is sent to, and answers as Grafana asks it.

mod instance;
mod shop;

use serde_json::Value;

use crate::server::{Launch, Server, eventually};
use instance::Prometheus;
use shop::{CALLS, FAILED, Shop};

/// The exact 99th percentile of [`Shop`]'s calls on the server's side, seconds.
const P99: f64 = 0.198;

/// Scrapes with histograms of both kinds, each by a job of its own: a Prometheus that reads native
/// ones leaves the classic ones of the same answer out.
fn scraping(server: &Server) -> String {
    let target = server.api.replace("http://", "");
    let job = |name: &str| {
        format!(
            "  - job_name: {name}\n    metrics_path: /metrics/red\n    params: {{histograms: [{name}]}}\n    \
             static_configs: [{{targets: ['{target}']}}]\n"
        )
    };
    format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{}{}",
        job("classic"),
        job("native")
    )
}

/// Waits until a query's one value is as wanted.
async fn waited(prometheus: &Prometheus, query: &str, is_wanted: impl Fn(f64) -> bool) {
    eventually(query, async || {
        let [value] = prometheus.values(query).await.try_into().ok()?;
        is_wanted(value).then_some(())
    })
    .await;
}

fn is_near(value: f64, exact: f64, by: f64) -> bool {
    (value - exact).abs() <= by * exact
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scraped_server_has_grafanas_service_graph() {
    let directory = tempfile::tempdir().unwrap();
    let server = Launch::in_directory(directory.path().join("data"))
        .start()
        .await;
    let scraping = scraping(&server);
    let Some(prometheus) = Prometheus::start(directory.path(), &scraping).await else {
        return;
    };
    Shop::new(1).send(&server).await;
    let calls = CALLS as f64;
    waited(
        &prometheus,
        r#"sum(traces_spanmetrics_calls_total{job="classic"})"#,
        |sum| sum == 3.0 * calls,
    )
    .await;
    waited(
        &prometheus,
        r#"sum(traces_service_graph_request_total{job="native"})"#,
        |sum| sum == 2.0 * calls,
    )
    .await;
    let failed = r#"traces_service_graph_request_failed_total{job="classic",client="shop"}"#;
    waited(&prometheus, failed, |sum| sum == FAILED as f64).await;

    // Native buckets are 4.4 % wide, the classic one of the percentile reaches from 128 to 256 ms.
    let native = r#"histogram_quantile(0.99, sum(traces_spanmetrics_latency{job="native",service="cart",span_kind="SPAN_KIND_SERVER"}))"#;
    waited(&prometheus, native, |p99| is_near(p99, P99, 0.045)).await;
    let classic = r#"histogram_quantile(0.99, sum by (le) (traces_spanmetrics_latency_bucket{job="classic",service="cart",span_kind="SPAN_KIND_SERVER"}))"#;
    waited(&prometheus, classic, |p99| (0.128..=0.256).contains(&p99)).await;
    let edge = r#"histogram_quantile(0.99, traces_service_graph_request_server_seconds{job="native",client="shop",server="cart"})"#;
    waited(&prometheus, edge, |p99| is_near(p99, P99, 0.045)).await;
    let sum = r#"traces_service_graph_request_server_seconds_sum{job="classic",client="shop"}"#;
    waited(&prometheus, sum, |sum| is_near(sum, 20.1, 1e-9)).await;

    graph_queries(&server, &prometheus).await;
    exemplars(&server, &prometheus).await;
}

/// What Grafana's Tempo data source asks for its service graph and the table above it.
async fn graph_queries(server: &Server, prometheus: &Prometheus) {
    let wanted = r#"{job="classic",client="shop",server="cart"}[1m]"#;
    Shop::new(2).send(server).await;
    let rates = [
        "sum by (client, server) (rate(traces_service_graph_request_total{job=\"classic\",connection_type=\"\"}[1m]))".to_owned(),
        format!("sum by (client, server) (rate(traces_service_graph_request_failed_total{wanted}))"),
        format!("sum by (client, server) (rate(traces_service_graph_request_server_seconds_sum{wanted}))"),
        "topk(5, sum(rate(traces_spanmetrics_calls_total{job=\"classic\",span_name=\"GET /cart\"}[1m])) by (span_name))".to_owned(),
        "topk(5, sum(rate(traces_spanmetrics_calls_total{job=\"classic\",span_name=\"GET /cart\",status_code=\"STATUS_CODE_ERROR\"}[1m])) by (span_name))".to_owned(),
    ];
    for query in rates {
        waited(prometheus, &query, |rate| rate > 0.0).await;
    }
    let quantile = format!(
        "histogram_quantile(0.9, sum(rate(traces_service_graph_request_server_seconds_bucket{wanted})) by (le, client, server))"
    );
    waited(prometheus, &quantile, |p90| (0.128..=0.256).contains(&p90)).await;
    let quantile = "histogram_quantile(0.9, sum(rate(traces_spanmetrics_latency_bucket{job=\"classic\",span_name=\"GET /cart\",service=\"cart\"}[1m])) by (le))";
    waited(prometheus, quantile, |p90| (0.128..=0.256).contains(&p90)).await;
    let graph = prometheus
        .get(
            "/api/v1/series",
            &[("match[]", "traces_service_graph_request_total")],
        )
        .await;
    let edges = graph.as_array().unwrap();
    let database = edges
        .iter()
        .filter(|edge| edge["connection_type"] == "database");
    let servers: Vec<&Value> = database.map(|edge| &edge["server"]).collect();
    assert_eq!(servers, ["orders", "orders"], "one for each job: {graph}");
}

/// An exemplar leads to its trace.
async fn exemplars(server: &Server, prometheus: &Prometheus) {
    let queries = [
        r#"traces_spanmetrics_latency_bucket{service="cart"}"#,
        r#"traces_service_graph_request_server_seconds_bucket{client="shop",server="cart"}"#,
        r#"traces_service_graph_request_client_seconds_bucket{client="shop",server="cart"}"#,
    ];
    for query in queries {
        let trace_id = eventually(&format!("an exemplar of {query}"), async || {
            let found = prometheus.exemplars(query).await;
            let series = found.as_array().unwrap().first()?.clone();
            let exemplars = series["exemplars"].as_array().unwrap();
            Some(exemplars.first()?["labels"]["trace_id"].clone())
        })
        .await;
        let trace = server
            .json(&format!("/api/v1/traces/{}", trace_id.as_str().unwrap()))
            .await;
        assert_eq!(trace["traceId"], trace_id, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_write_reaches_prometheus() {
    let directory = tempfile::tempdir().unwrap();
    let Some(prometheus) = Prometheus::start(directory.path(), "scrape_configs: []").await else {
        return;
    };
    let server = Launch::in_directory(directory.path().join("data"))
        .set(
            "remote-write-url",
            &format!("{}/api/v1/write", prometheus.url),
        )
        .set("remote-write-interval", "1s")
        .set("remote-write-labels", "job=mine")
        .set("remote-write-native-histograms", "true")
        .start()
        .await;
    Shop::new(1).send(&server).await;
    let sum = r#"sum(traces_spanmetrics_calls_total{job="mine"})"#;
    waited(&prometheus, sum, |sum| sum == 3.0 * CALLS as f64).await;
    let native = r#"histogram_quantile(0.99, traces_service_graph_request_server_seconds{client="shop",server="cart"})"#;
    waited(&prometheus, native, |p99| is_near(p99, P99, 0.045)).await;
    let classic = r#"traces_service_graph_request_client_seconds_bucket{client="shop",server="cart",le="0.128"}"#;
    waited(&prometheus, classic, |count| count == 126.0).await;
    exemplars(&server, &prometheus).await;

    let delivered = r#"spanhouse_remote_write_requests_total{outcome="delivered"}"#;
    let metrics = server.get("/metrics").await.text();
    let line = metrics.lines().find(|line| line.starts_with(delivered));
    assert!(line.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
    assert!(server.metric("spanhouse_remote_write_samples_total").await > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_sets_no_counter_back() {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::in_directory(directory.path());
    let server = launch.start().await;
    let shop = Shop::new(1);
    shop.send(&server).await;
    let text = async |server: &Server| {
        let answer = server.get("/metrics/red").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    };
    let before = text(&server).await;
    assert!(
        before.contains(r#"client="shop",connection_type="",server="cart"} 200"#),
        "{before}"
    );
    server.kill();
    let server = launch.start().await;
    assert_eq!(text(&server).await, before);
    // A span that is sent again is counted once, also when the first is in the table.
    server.terminate().await;
    let server = launch.start().await;
    shop.send(&server).await;
    assert_eq!(text(&server).await, before);
}
