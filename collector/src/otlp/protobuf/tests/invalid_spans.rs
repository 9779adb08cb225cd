//! Each way for a span to be invalid, one by one.

use prost::Message;
use schemas::SpanReader;

use super::generate::nested;
use super::messages::{Link, Request, ResourceSpans, ScopeSpans, Span};
use crate::{Decoded, decode_payload};

fn good() -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: b"good".to_vec(),
        ..Span::default()
    }
}

fn decode(spans: Vec<Span>) -> Decoded {
    let scope_spans = ScopeSpans {
        spans,
        ..ScopeSpans::default()
    };
    let resource_spans = ResourceSpans {
        scope_spans: vec![scope_spans],
        ..ResourceSpans::default()
    };
    let request = Request {
        resource_spans: vec![resource_spans],
    };
    decode_payload(1, &request.encode_to_vec()).expect("well-formed")
}

/// Asserts that `span` is refused with this fault, and that the span beside it lands.
fn check(span: Span, fault: &str) {
    let decoded = decode(vec![span, good()]);
    assert_eq!((decoded.batch.rows(), decoded.rejected), (1, 1), "{fault}");
    let reason = decoded.reason;
    assert!(reason.contains(fault), "{fault:?} is not in {reason:?}");
}

#[test]
fn ids() {
    for trace_id in [vec![0; 16], vec![1; 15], Vec::new()] {
        check(
            Span { trace_id, ..good() },
            "1 with trace_id not 16 bytes or all zero",
        );
    }
    for span_id in [vec![0; 8], vec![1; 9], Vec::new()] {
        check(
            Span { span_id, ..good() },
            "1 with span_id not 8 bytes or all zero",
        );
    }
    let parent_span_id = vec![1; 7];
    check(
        Span {
            parent_span_id,
            ..good()
        },
        "1 with parent_span_id neither empty nor 8 bytes",
    );
    let links = vec![Link {
        trace_id: vec![1; 8],
        ..Link::default()
    }];
    check(
        Span { links, ..good() },
        "1 with a link whose trace_id is not 16 or span_id not 8 bytes",
    );
}

#[test]
fn a_parent_of_zeros_is_none_and_a_link_of_zeros_is_kept() {
    let links = vec![Link {
        trace_id: vec![0; 16],
        ..Link::default()
    }];
    let decoded = decode(vec![Span {
        parent_span_id: vec![0; 8],
        links,
        ..good()
    }]);
    let span = SpanReader::new(&decoded.batch)
        .span(0)
        .expect("own text parses");
    assert_eq!((span.parent_span_id, span.links.len()), (None, 1));
}

#[test]
fn times() {
    let start_after_end = Span {
        start_time_unix_nano: 5,
        end_time_unix_nano: 4,
        ..good()
    };
    check(start_after_end, "1 with an end before its start");
    let end_time_unix_nano = u64::MAX;
    check(
        Span {
            end_time_unix_nano,
            ..good()
        },
        "1 with a time after the year 2262",
    );
}

#[test]
fn text() {
    let fault = "1 with text that is not UTF-8 (first: \"\u{fffd}\" span 0202020202020202)";
    check(
        Span {
            name: b"\xff".to_vec(),
            ..good()
        },
        fault,
    );
}

#[test]
fn nesting() {
    let attributes = vec![nested(25, false)];
    check(
        Span {
            attributes,
            ..good()
        },
        "1 with an attribute nested too deep (at most 24 levels)",
    );
    let attributes = vec![nested(24, true)];
    let decoded = decode(vec![Span {
        attributes,
        ..good()
    }]);
    SpanReader::new(&decoded.batch)
        .span(0)
        .expect("24 levels of wrapped maps read back");
}
