//! The figures of alerts.

use ::alerts::AlertCounters;

use super::exposition::{Exposition, Kind};

pub(super) fn write(exposition: &mut Exposition, counters: &AlertCounters) {
    exposition.gauge(
        "spanhouse_alert_rules",
        "Alert rules in force.",
        counters.rules,
    );
    exposition.gauge(
        "spanhouse_alert_rules_in_error",
        "Alert rules whose last evaluation failed.",
        counters.rules_in_error,
    );
    exposition.counter(
        "spanhouse_alert_evaluations_total",
        "Evaluations of an alert rule.",
        counters.evaluations,
    );
    exposition.counter(
        "spanhouse_alert_evaluation_failures_total",
        "Evaluations that failed.",
        counters.failures,
    );
    exposition.counter(
        "spanhouse_alert_evaluations_skipped_total",
        "Instants without evaluation, because those before took too long.",
        counters.skipped,
    );
    exposition.counter(
        "spanhouse_alert_state_write_failures_total",
        "Times that the state of alerts could not be written.",
        counters.write_failures,
    );
    exposition
        .family(
            "spanhouse_alerts",
            Kind::Gauge,
            "Alerts now, by state; silenced ones fire too.",
        )
        .sample(&[("state", "pending")], counters.pending)
        .sample(&[("state", "firing")], counters.firing);
    exposition.gauge(
        "spanhouse_alert_series_left_out",
        "Series beyond those that rules look at.",
        counters.series_left_out,
    );
    let mut notifications = exposition.family(
        "spanhouse_alert_notifications_total",
        Kind::Counter,
        "Attempts to tell a receiver, by how they ended.",
    );
    for receiver in &counters.receivers {
        let name = receiver.name.as_str();
        notifications
            .sample(&[("receiver", name), ("outcome", "sent")], receiver.sent)
            .sample(
                &[("receiver", name), ("outcome", "failed")],
                receiver.failed,
            );
    }
}
