mod mapping;
mod oracle;

use proptest::prelude::*;
use prost::Message;
use schemas::{Span, SpanReader};

use super::*;
use crate::skywalking::messages::{
    Log, Pair, SegmentCollection, SegmentObject, SegmentReference, SpanObject,
};
use oracle::expected;

/// The spans of a decoded request.
fn spans(decoded: &Decoded) -> Vec<Span> {
    SpanReader::new(&decoded.batch)
        .spans()
        .expect("own text parses")
}

/// The same with attributes in the order of their keys: those with a column come first.
fn sorted(mut spans: Vec<Span>) -> Vec<Span> {
    for span in &mut spans {
        span.attributes.0.sort_by(|one, other| one.0.cmp(&other.0));
    }
    spans
}

/// Asserts that the walker and prost agree: both refuse the bytes, or both read the same spans.
fn check_against_prost(bytes: &[u8]) -> Result<(), TestCaseError> {
    let request = SegmentCollection::decode(bytes);
    match (request, decode_segments(bytes)) {
        (Ok(request), Ok(decoded)) => {
            let (expected_spans, refused) = expected(&request);
            prop_assert_eq!(sorted(spans(&decoded)), sorted(expected_spans));
            prop_assert_eq!(decoded.rejected, refused);
            if let [segment] = request.segments.as_slice() {
                let alone = decode_segment(&segment.encode_to_vec()).expect("as before");
                prop_assert_eq!(spans(&alone), spans(&decoded));
            }
        }
        (Err(_), Err(_)) => {}
        (prost, walker) => prop_assert!(false, "prost: {prost:?}\nwalker: {walker:?}"),
    }
    Ok(())
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "", "a", "event", "message", "0123456789abcdef0123456789ABCDEF", "9a.57.1690", "10.0.0.2:80",
            "[::1]:443", "db:5432", "ünïcødé 漢字",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => Just(vec![b'x'; 129]),
        1 => Just(b"\xff".to_vec()),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    let pair = (text(), text()).prop_map(|(key, value)| Pair { key, value });
    prop::collection::vec(pair, 0..3)
}

fn millis() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => 1_700_000_000_000..1_700_000_000_009i64,
        1 => prop::sample::select(vec![0, -1, i64::MAX, 9_223_372_036_854, 9_223_372_036_855]),
    ]
}

prop_compose! {
    fn reference()(
        ref_type in -1..3,
        texts in prop::array::uniform6(text()),
        parent_span_id in -1..4,
    ) -> SegmentReference {
        let [trace_id, parent_trace_segment_id, parent_service, parent_service_instance,
            parent_endpoint, network_address_used_at_peer] = texts;
        SegmentReference {
            ref_type, trace_id, parent_trace_segment_id, parent_span_id, parent_service,
            parent_service_instance, parent_endpoint, network_address_used_at_peer,
        }
    }
}

prop_compose! {
    fn span()(
        (span_id, parent_span_id) in (-1..4, -1..4),
        (start_time, end_time) in (millis(), millis()),
        refs in prop::collection::vec(reference(), 0..3),
        (operation_name, peer) in (text(), text()),
        (span_type, span_layer, component_id) in (-1..4, -1..8, 0..3),
        (is_error, skip_analysis) in any::<(bool, bool)>(),
        tags in pairs(),
        logs in prop::collection::vec((millis(), pairs()), 0..3),
    ) -> SpanObject {
        let logs = logs.into_iter().map(|(time, data)| Log { time, data }).collect();
        SpanObject {
            span_id, parent_span_id, start_time, end_time, refs, operation_name, peer, span_type,
            span_layer, component_id, is_error, tags, logs, skip_analysis,
        }
    }
}

prop_compose! {
    fn segment()(
        texts in prop::array::uniform4(text()),
        spans in prop::collection::vec(span(), 0..4),
        is_size_limited in any::<bool>(),
    ) -> SegmentObject {
        let [trace_id, trace_segment_id, service, service_instance] = texts;
        SegmentObject { trace_id, trace_segment_id, spans, service, service_instance, is_size_limited }
    }
}

fn collection() -> impl Strategy<Value = SegmentCollection> {
    prop::collection::vec(segment(), 0..3).prop_map(|segments| SegmentCollection { segments })
}

proptest! {
    #[test]
    fn generated_requests_read_as_prost_reads_them(request in collection()) {
        check_against_prost(&request.encode_to_vec())?;
    }

    #[test]
    fn fields_in_any_order_read_as_prost_reads_them(mut pieces in prop::collection::vec(segment(), 1..4)) {
        // A message after another is merged into it: the last text counts, spans are joined.
        pieces[0].spans.push(SpanObject::default());
        let segment = pieces.iter().flat_map(Message::encode_to_vec).collect();
        check_against_prost(&Bytes { field: segment }.encode_to_vec())?;
    }

    #[test]
    fn damaged_bytes_are_judged_as_prost_judges_them(
        request in collection(),
        at in any::<prop::sample::Index>(),
        (way, byte) in (0..4, any::<u8>()),
    ) {
        let mut bytes = request.encode_to_vec();
        bytes.push(0x0a);
        bytes.push(0);
        let at = at.index(bytes.len());
        match way {
            0 => bytes.truncate(at),
            1 => bytes[at] = byte,
            2 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
        check_against_prost(&bytes)?;
    }

    #[test]
    fn any_bytes_at_all_are_judged_as_prost_judges_them(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        check_against_prost(&bytes)?;
    }
}

/// A message of one field that holds a message as bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct Bytes {
    #[prost(bytes = "vec", tag = "1")]
    field: Vec<u8>,
}

#[test]
fn what_is_no_segment_is_malformed() {
    for (bytes, reason) in [
        (&[0x0a, 0x7f][..], "a length reaches past the end"),
        (&[0x1a, 0x02, 0x08], "a length reaches past the end"),
        (&[0x08, 0x01], "wire type of another"),
        (&[0x1a, 0x02, 0x0a, 0x00], "wire type of another"),
    ] {
        let error = decode_segment(bytes).expect_err("malformed").to_string();
        assert!(error.starts_with("not a protobuf SegmentObject"), "{error}");
        assert!(error.contains(reason), "{error}");
    }
    let error = decode_segments(b"\x0a\x7f").expect_err("malformed");
    assert!(error.to_string().contains("SegmentCollection"));
    assert_eq!(decode_segment(b"").expect("empty").batch.rows(), 0);
    assert_eq!(decode_segments(b"").expect("empty").batch.rows(), 0);
}

#[test]
fn small_spans_cannot_grow_into_much() {
    let segment = SegmentObject {
        trace_id: vec![b't'; 100],
        trace_segment_id: vec![b's'; 100],
        spans: vec![SpanObject::default(); 1000],
        ..SegmentObject::default()
    };
    let decoded = decode_segment(&segment.encode_to_vec()).expect("well-formed");
    assert_eq!((decoded.batch.rows(), decoded.rejected), (0, 1000));
    assert!(
        decoded
            .reason
            .starts_with("1000 spans refused: 1000 with a field missing")
    );
    assert!(decoded.details.len() <= crate::assembler::MAX_DETAILS);
}
