//! What is refused: single spans by name, and bodies that are no batch.

use super::*;
use crate::Refusal;
use crate::thrift::Type;
use ::thrift::protocol::TMessageType;

#[test]
fn an_invalid_span_is_refused_by_name_and_the_others_land() {
    let check = |invalid: Sent, refusal: Refusal, reason: &str| {
        let batch = Batch::of(vec![plain(), invalid, plain()]);
        let forms = [
            decode_thrift_binary(&batch.thrift()),
            decode_agent_compact(&batch.agent(Written::Compact)),
            decode_protobuf(&batch.protobuf()),
        ];
        for decoded in forms {
            let decoded = decoded.expect("well-formed");
            assert_eq!((decoded.batch.rows(), decoded.rejected), (2, 1));
            assert_eq!(decoded.refused[refusal as usize], 1, "{}", decoded.reason);
            assert!(decoded.reason.contains(reason), "{}", decoded.reason);
        }
    };
    let plain = plain();
    check(
        Sent {
            trace_id: 0,
            ..plain.clone()
        },
        Refusal::TraceId,
        "(first: \"get\" span 0000000000000007)",
    );
    check(
        Sent {
            span_id: 0,
            ..plain.clone()
        },
        Refusal::SpanId,
        "span_id not 8 bytes or all zero",
    );
    for start in [0, 5, plain.start] {
        check(
            Sent {
                start,
                duration: -1,
                ..plain.clone()
            },
            Refusal::EndBeforeStart,
            "an end before its start",
        );
    }
    for (start, duration) in [(-1, 1), (i64::MAX, 0), (plain.start, i64::MAX)] {
        check(
            Sent {
                start,
                duration,
                ..plain.clone()
            },
            Refusal::TimeOutOfRange,
            "a time",
        );
    }
    check(
        Sent {
            logs: vec![(-1, Vec::new())],
            ..plain
        },
        Refusal::TimeOutOfRange,
        "a time",
    );
}

#[test]
fn ids_of_a_wrong_length_in_protobuf_are_refused_but_for_trace_ids_of_64_bits() {
    let decode = |change: fn(&mut messages::Span)| {
        let mut message = Batch::of(vec![plain()]).message();
        change(&mut message.batch.as_mut().expect("there").spans[0]);
        decode_protobuf(&prost::Message::encode_to_vec(&message)).expect("a request")
    };
    let check = |change: fn(&mut messages::Span), refusal: Refusal| {
        let decoded = decode(change);
        assert_eq!(decoded.refused[refusal as usize], 1, "{}", decoded.reason);
    };
    check(|span| span.trace_id = vec![1; 15], Refusal::TraceId);
    check(|span| span.trace_id = vec![1; 17], Refusal::TraceId);
    check(|span| span.span_id = vec![1; 7], Refusal::SpanId);
    check(|span| span.span_id = vec![1; 9], Refusal::SpanId);
    check(
        |span| {
            span.references = vec![messages::SpanRef {
                trace_id: span.trace_id.clone(),
                span_id: vec![1; 3],
                ref_type: 0,
            }];
        },
        Refusal::ParentSpanId,
    );
    check(
        |span| {
            span.references = vec![messages::SpanRef {
                trace_id: vec![1; 3],
                span_id: vec![1; 8],
                ref_type: 0,
            }];
        },
        Refusal::LinkId,
    );
    let short = decode(|span| span.trace_id = vec![1; 8]);
    let expect = TraceId([[0; 8], [1; 8]].concat().try_into().expect("16 bytes"));
    assert_eq!(spans(&short)[0].trace_id, expect);
}

#[test]
fn text_that_is_not_utf8_refuses_its_spans() {
    let mut message = Batch::of(vec![plain(), plain()]).message();
    let batch = message.batch.as_mut().expect("there");
    batch.spans[0].warnings = vec![vec![0xff]];
    let decoded = decode_protobuf(&prost::Message::encode_to_vec(&message)).expect("a request");
    assert_eq!(decoded.refused[Refusal::NotUtf8 as usize], 1);
    let batch = message.batch.as_mut().expect("there");
    batch.process.as_mut().expect("there").service_name = vec![0xff];
    let decoded = decode_protobuf(&prost::Message::encode_to_vec(&message)).expect("a request");
    assert_eq!(decoded.refused[Refusal::ResourceNotUtf8 as usize], 2);
}

#[test]
fn other_calls_of_the_agent_are_refused_by_name() {
    let check = |call: &[u8], expect: &str| {
        let error = decode_agent_compact(call).expect_err("refused").to_string();
        assert_eq!(
            error,
            format!("not a call of emitBatch in Thrift's compact protocol: {expect}")
        );
    };
    let arguments = Value::Struct(vec![(1, Batch::default().value())]);
    let call = |method| arguments.write_call(Written::Compact, method);
    check(
        &call("emitZipkinBatch"),
        "the method emitZipkinBatch is not taken; send Zipkin spans to the Zipkin receiver",
    );
    check(&call("a\nb"), "the method \"a\\nb\" is unknown");
    check(
        &call(&"x".repeat(1000)),
        &format!("the method {:?} is unknown", "x".repeat(60)),
    );
    let answer = arguments.write_message(Written::Compact, "emitBatch", TMessageType::Reply);
    check(&answer, "it answers a call");
    let nothing = Value::Struct(Vec::new()).write_call(Written::Compact, "emitBatch");
    check(&nothing, "a field that must be there is missing");
    let called = arguments.write_message(Written::Compact, "emitBatch", TMessageType::Call);
    assert!(decode_agent_compact(&called).is_ok());
    check(
        &Batch::default().agent(Written::Binary),
        "it does not begin with a message of this protocol",
    );
}

#[test]
fn what_lists_must_hold_is_asked_for() {
    let batch = |span: Vec<(i16, Value)>| {
        Value::Struct(vec![
            (1, Value::Struct(vec![(1, Value::text("api"))])),
            (2, Value::List(Type::Struct, vec![Value::Struct(span)])),
        ])
        .write(Written::Binary)
    };
    let list = |value: Vec<(i16, Value)>| Value::List(Type::Struct, vec![Value::Struct(value)]);
    let missing =
        "not a Jaeger batch in Thrift's binary protocol: a field that must be there is missing";
    let key = (1, Value::text("k"));
    for span in [
        vec![(6, list(vec![(1, Value::I32(0)), (4, Value::I64(1))]))],
        vec![(10, list(vec![key]))],
        vec![(10, list(vec![(2, Value::I32(0))]))],
        vec![(11, list(Vec::new()))],
    ] {
        let error = decode_thrift_binary(&batch(span)).expect_err("refused");
        assert_eq!(error.to_string(), missing);
    }
    let nothing = Value::Struct(Vec::new()).write(Written::Binary);
    let error = decode_thrift_binary(&nothing).expect_err("refused");
    assert_eq!(error.to_string(), missing);
    // Fields of other types are none, and so is what nobody knows.
    let odd = batch(vec![
        (1, Value::I64(1)),
        (3, Value::I64(1)),
        (5, Value::I32(5)),
        (10, Value::List(Type::I32, vec![])),
        (20, list(vec![(1, Value::Bool(true))])),
    ]);
    let landed = spans(&decode_thrift_binary(&odd).expect("a batch"));
    assert_eq!(landed[0].name, "");
    let numbers = batch(vec![(10, Value::List(Type::I32, vec![Value::I32(1)]))]);
    assert!(decode_thrift_binary(&numbers).is_err());
}
