//! Which form a scraper wants.

/// A form of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The text format, version 0.0.4.
    Text,
    /// OpenMetrics' text, version 1.0.0, which has exemplars.
    OpenMetrics,
    /// Messages `io.prometheus.client.MetricFamily`, each behind its length, which have native
    /// histograms too.
    Protobuf,
}

impl Format {
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// The form that an `Accept` header prefers; the first one of equals, and text for whoever asks
    /// for nothing that there is.
    pub(crate) fn accepted_by(accept: &str) -> Self {
        let mut best = (0.0, Self::Text);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
            let parameters: Vec<(&str, &str)> = parts
                .filter_map(|parameter| parameter.split_once('='))
                .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
                .collect();
            let parameter = |wanted: &str| {
                let mut all = parameters.iter();
                all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                    .map(|(_, value)| *value)
            };
            let quality = parameter("q").map_or(1.0, |text| text.parse().unwrap_or(0.0));
            let Some(format) = Self::named(&media_type, parameter) else {
                continue;
            };
            if quality > best.0 {
                best = (quality, format);
            }
        }
        best.1
    }

    fn named<'a>(media_type: &str, parameter: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        match media_type {
            "application/vnd.google.protobuf" => {
                let is_known = parameter("proto") == Some("io.prometheus.client.MetricFamily")
                    && parameter("encoding") == Some("delimited");
                is_known.then_some(Self::Protobuf)
            }
            "application/openmetrics-text" => {
                let version = parameter("version").unwrap_or("1.0.0");
                ["0.0.1", "1.0.0"]
                    .contains(&version)
                    .then_some(Self::OpenMetrics)
            }
            "text/plain" | "text/*" | "*/*" => {
                let version = parameter("version").unwrap_or("0.0.4");
                (version == "0.0.4").then_some(Self::Text)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_quality_wins() {
        let check = |accept, expect| assert_eq!(Format::accepted_by(accept), expect, "{accept}");
        // Prometheus 2.42 without and with native histograms, and 3.
        check(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Format::OpenMetrics,
        );
        check(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Format::Protobuf,
        );
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            Format::OpenMetrics,
        );
        check("", Format::Text);
        check("*/*", Format::Text);
        check("text/html", Format::Text);
        check("application/vnd.google.protobuf", Format::Text);
        check("application/openmetrics-text; version=2.0.0", Format::Text);
        check(
            "application/openmetrics-text;q=0, text/plain;q=0.1",
            Format::Text,
        );
        check(
            "text/plain;q=0.2, Application/OpenMetrics-Text; Q=0.9",
            Format::OpenMetrics,
        );
        check("application/openmetrics-text;q=x,;;=,\u{7f}", Format::Text);
    }
}
