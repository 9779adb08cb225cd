//! Whatever is sent, all forms of it land as the same rows; and no bytes at all do harm.

use proptest::collection::vec;
use proptest::prelude::*;

use super::sent::{CHILD_OF, Tag};
use super::*;

fn key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "span.kind",
        "error",
        "otel.status_code",
        "otel.status_description",
        "otel.scope.name",
        "otel.library.name",
        "otel.scope.version",
        "w3c.tracestate",
        "event",
        "message",
        "http.method",
        "http.status_code",
    ]);
    prop_oneof![2 => known.prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn tag() -> impl Strategy<Value = Tag> {
    let words = prop::sample::select(vec!["server", "client", "true", "OK", "ERROR", "a", ""]);
    let value = prop_oneof![
        words.prop_map(|word| TagValue::String(word.to_owned())),
        ".{0,20}".prop_map(TagValue::String),
        // The library that writes protobuf takes -0 for 0, and so for nothing.
        any::<f64>().prop_map(|number| TagValue::Double(number + 0.0)),
        any::<bool>().prop_map(TagValue::Bool),
        any::<i64>().prop_map(TagValue::Long),
        vec(any::<u8>(), 0..20).prop_map(TagValue::Binary),
    ];
    (key(), value)
}

fn reference() -> impl Strategy<Value = Reference> {
    (0..2, 1..3_u128, 1..5_u64).prop_map(|(kind, trace_id, span_id)| Reference {
        kind,
        trace_id,
        span_id,
    })
}

const YEAR: i64 = 31_557_600_000_000;

fn sent() -> impl Strategy<Value = Sent> {
    (
        (0..3_u128, 0..4_u64, 0..5_u64, ".{0,10}"),
        vec(reference(), 0..4),
        prop_oneof![Just(0), Just(1), any::<u32>()],
        (-YEAR..400 * YEAR, -10..YEAR),
        vec(tag(), 0..8),
        vec((0..100 * YEAR, vec(tag(), 0..4)), 0..4),
    )
        .prop_map(|(names, references, flags, times, tags, logs)| {
            let (trace_id, span_id, parent, name) = names;
            // Protobuf has no field for the parent: where references tell one, it is that one.
            let told = |kind| {
                let mut references = references.iter();
                references.find(|one: &&Reference| one.kind == kind && one.trace_id == trace_id)
            };
            let told = told(CHILD_OF).or_else(|| told(FOLLOWS_FROM));
            Sent {
                trace_id,
                span_id,
                parent: told.map_or(parent, |reference| reference.span_id),
                name,
                references,
                flags,
                start: times.0,
                duration: times.1,
                tags,
                logs,
            }
        })
}

fn batch() -> impl Strategy<Value = Batch> {
    (".{0,8}", vec(tag(), 0..4), vec(sent(), 0..5)).prop_map(|(service, process_tags, spans)| {
        Batch {
            service,
            process_tags,
            spans,
        }
    })
}

proptest! {
    #[test]
    fn all_forms_of_a_batch_land_as_the_same_rows(batch in batch()) {
        let forms = [
            decode_thrift_binary(&batch.thrift()),
            decode_agent_binary(&batch.agent(Written::OldBinary)),
            decode_agent_compact(&batch.agent(Written::Compact)),
            decode_protobuf(&batch.protobuf()),
        ];
        let [first, others @ ..] = forms.map(|decoded| decoded.expect("well-formed"));
        prop_assert_eq!(first.batch.rows() as u64 + first.rejected, batch.spans.len() as u64);
        let rows = first.batch.to_record_batch(None);
        for other in others {
            prop_assert!(other.batch.to_record_batch(None) == rows);
            prop_assert_eq!(&other.reason, &first.reason);
        }
        prop_assert_eq!(spans(&first).len(), first.batch.rows());
    }

    #[test]
    fn what_is_cut_off_is_refused(batch in batch(), cut in any::<prop::sample::Index>()) {
        let thrift = batch.thrift();
        prop_assert!(decode_thrift_binary(&thrift[..cut.index(thrift.len())]).is_err());
        let call = batch.agent(Written::Compact);
        // The last byte ends the arguments, after the batch.
        prop_assert!(decode_agent_compact(&call[..cut.index(call.len() - 1)]).is_err());
    }

    #[test]
    fn damaged_bytes_do_no_harm(
        batch in batch(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        type Decode = fn(&[u8]) -> Result<Decoded, DecodeError>;
        let forms: [(Vec<u8>, Decode); 4] = [
            (batch.thrift(), decode_thrift_binary),
            (batch.agent(Written::Binary), decode_agent_binary),
            (batch.agent(Written::Compact), decode_agent_compact),
            (batch.protobuf(), decode_protobuf),
        ];
        for (mut bytes, decode) in forms {
            for (place, byte) in &damage {
                // A request without spans may have no bytes at all.
                if let Some(place) = bytes.len().checked_sub(1).map(|last| place.index(last + 1)) {
                    bytes[place] = *byte;
                }
            }
            if let Ok(decoded) = decode(&bytes) {
                prop_assert_eq!(spans(&decoded).len(), decoded.batch.rows());
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        for decode in [decode_thrift_binary, decode_agent_binary, decode_agent_compact, decode_protobuf] {
            if let Ok(decoded) = decode(&bytes) {
                prop_assert_eq!(spans(&decoded).len(), decoded.batch.rows());
            }
        }
    }
}

/// The fuzz target's checks on its seeds, so that the seeds stay what they are named for.
#[test]
fn the_seeds_of_the_fuzz_target_decode_and_read_back() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/jaeger_thrift");
    let mut seeds = 0;
    for entry in std::fs::read_dir(corpus).expect("a folder") {
        let path = entry.expect("readable").path();
        let seed = std::fs::read(&path).expect("readable");
        let decoded = match seed.split_first().expect("a first byte") {
            (0, body) => decode_thrift_binary(body),
            (1, body) => decode_agent_binary(body),
            (_, body) => decode_agent_compact(body),
        };
        if let Ok(decoded) = decoded {
            assert_eq!(spans(&decoded).len(), decoded.batch.rows());
            seeds += 1;
        }
    }
    assert!(seeds >= 9, "{seeds} seeds decode");
}
