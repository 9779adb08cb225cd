//! The way to the collector: one stock OTLP exporter an instance, as in real life.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::http::Uri;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_otlp::{RetryPolicy, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fleet::{Fleet, SCHEMA_URL};
use super::traffic::DemoSpan;

/// How many spans an instance holds before it exports them ahead of time, as the SDK's batch
/// processor does.
const FULL_BATCH: usize = 512;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which batches a flush exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    All,
    FullBatches,
}

/// A span by its trace's id and its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SpanRef(TraceId, SpanId);

impl SpanRef {
    pub(super) fn of(span: &SpanData) -> Self {
        Self(span.span_context.trace_id(), span.span_context.span_id())
    }
}

/// What became of the spans of a flush.
#[derive(Debug, Default)]
pub(super) struct Receipt {
    /// Spans in requests that the collector accepted.
    pub sent: usize,
    /// Spans in requests that failed for good.
    pub refused: Vec<SpanRef>,
    pub last_error: Option<OTelSdkError>,
}

/// The exporters of all instances, and the spans that wait in them.
pub(super) struct Exporters {
    by_instance: Vec<InstanceExporter>,
}

struct InstanceExporter {
    exporter: Arc<SpanExporter>,
    waiting: Vec<SpanData>,
}

/// Tries to reach the collector.
///
/// # Errors
/// Says that nobody listens at the endpoint and what to do, or that the endpoint is no URL.
pub(super) async fn reach(endpoint: &str) -> anyhow::Result<()> {
    let uri: Uri = endpoint
        .parse()
        .with_context(|| format!("--endpoint {endpoint}: not a URL"))?;
    let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else {
        bail!("--endpoint {endpoint}: expected http://HOST:PORT, as in http://127.0.0.1:4317");
    };
    let port = uri.port_u16().unwrap_or(4317);
    let advice = || {
        format!(
            "no collector answers at {endpoint}\n\
             Start one with `spanhouse serve` in another terminal, or name another one with --endpoint."
        )
    };
    // A literal IPv6 host comes with brackets, which the resolver does not take.
    let host = host.trim_matches(['[', ']']);
    timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port)))
        .await
        .with_context(advice)?
        .with_context(advice)?;
    Ok(())
}

impl Exporters {
    /// Builds an exporter for each instance; they connect when they first export.
    ///
    /// # Errors
    /// Fails when the exporter refuses the endpoint.
    pub(super) fn new(endpoint: &str, fleet: &Fleet) -> anyhow::Result<Self> {
        let retry = RetryPolicy::recommended()
            .with_max_retries(2)
            .with_initial_delay(Duration::from_millis(200));
        let by_instance = fleet
            .iter()
            .map(|instance| {
                let mut exporter = SpanExporter::builder()
                    .with_tonic()
                    .with_endpoint(endpoint)
                    .with_timeout(EXPORT_TIMEOUT)
                    .with_retry_policy(retry.clone())
                    .build()
                    .context("cannot build an OTLP exporter")?;
                exporter.set_resource(
                    &Resource::builder_empty()
                        .with_schema_url(instance.resource.clone(), SCHEMA_URL)
                        .build(),
                );
                Ok(InstanceExporter {
                    exporter: Arc::new(exporter),
                    waiting: Vec::new(),
                })
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { by_instance })
    }

    /// Gives each span to the exporter of its instance, where it waits for a flush.
    pub(super) fn add(&mut self, spans: Vec<DemoSpan>) {
        for DemoSpan { instance, span } in spans {
            self.by_instance[instance.position()].waiting.push(span);
        }
    }

    /// Exports the waiting spans, all instances at once, and waits for the collector's answers.
    pub(super) async fn flush(&mut self, which: Flush) -> Receipt {
        let mut exports = JoinSet::new();
        for InstanceExporter { exporter, waiting } in &mut self.by_instance {
            let is_due = match which {
                Flush::All => !waiting.is_empty(),
                Flush::FullBatches => waiting.len() >= FULL_BATCH,
            };
            if !is_due {
                continue;
            }
            let (exporter, batch) = (Arc::clone(exporter), std::mem::take(waiting));
            exports.spawn(async move {
                let sent: Vec<SpanRef> = batch.iter().map(SpanRef::of).collect();
                (sent, exporter.export(batch).await)
            });
        }
        let mut receipt = Receipt::default();
        while let Some(finished) = exports.join_next().await {
            let (spans, result) = finished.expect("an export neither panics nor is aborted");
            match result {
                Ok(()) => receipt.sent += spans.len(),
                Err(error) => {
                    receipt.refused.extend(spans);
                    receipt.last_error = Some(error);
                }
            }
        }
        receipt
    }
}
