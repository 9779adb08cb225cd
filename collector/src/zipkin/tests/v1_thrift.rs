use super::*;
use crate::thrift::Type;
use crate::thrift::value::{Value as Sent, Written};

fn bytes_of(spans: Vec<Sent>) -> Vec<u8> {
    Sent::List(Type::Struct, spans).write(Written::Binary)
}

fn host(service: &str, ipv4: [u8; 4], port: u16) -> Sent {
    Sent::Struct(vec![
        (1, Sent::I32(i32::from_be_bytes(ipv4))),
        (2, Sent::I16(port.cast_signed())),
        (3, Sent::text(service)),
    ])
}

fn event(timestamp: i64, value: &str, host: Sent) -> Sent {
    Sent::Struct(vec![
        (1, Sent::I64(timestamp)),
        (2, Sent::text(value)),
        (3, host),
    ])
}

fn binary(key: &str, number: i32, value: &[u8], host: Sent) -> Sent {
    Sent::Struct(vec![
        (1, Sent::text(key)),
        (2, Sent::Binary(value.to_vec())),
        (3, Sent::I32(number)),
        (4, host),
    ])
}

fn call() -> Sent {
    let front = || host("front", [200, 0, 0, 1], 0);
    let back = || host("Back", [10, 0, 0, 1], 50_000);
    Sent::Struct(vec![
        (1, Sent::I64(-1)),
        (3, Sent::text("GET")),
        (4, Sent::I64(-2)),
        (5, Sent::I64(3)),
        (
            6,
            Sent::List(
                Type::Struct,
                vec![
                    event(1, "cs", front()),
                    event(2, "sr", back()),
                    event(4, "ss", back()),
                    event(7, "cr", front()),
                ],
            ),
        ),
        (
            8,
            Sent::List(
                Type::Struct,
                vec![
                    binary("text", 6, b"t", front()),
                    binary("bytes", 1, &[0, 255], front()),
                    binary("i16", 2, &(-2_i16).to_be_bytes(), front()),
                    binary("i32", 3, &3_i32.to_be_bytes(), front()),
                    binary("i64", 4, &i64::MIN.to_be_bytes(), front()),
                    binary("double", 5, &0.5_f64.to_be_bytes(), front()),
                    binary("short", 4, &[1], front()),
                    binary("true", 0, &[1], front()),
                    binary("sa", 0, &[1], back()),
                ],
            ),
        ),
        (9, Sent::Bool(true)),
        (10, Sent::I64(1)),
        (11, Sent::I64(6)),
        (12, Sent::I64(5)),
        (
            99,
            Sent::Map(
                Type::I8,
                Type::Binary,
                vec![(Sent::I8(1), Sent::text("new"))],
            ),
        ),
    ])
}

#[test]
fn a_span_of_everything_is_that_of_json() {
    let front = json!({ "serviceName": "front", "ipv4": "200.0.0.1" });
    let back = json!({ "serviceName": "back", "ipv4": "10.0.0.1", "port": 50_000 });
    let event = |timestamp: i64, value: &str, host: &Value| json!({ "timestamp": timestamp, "value": value, "endpoint": host });
    let binary = |key: &str, value: Value| json!({ "key": key, "value": value, "endpoint": front });
    let span = json!({
        "traceId": "0000000000000005ffffffffffffffff",
        "id": "fffffffffffffffe",
        "parentId": "3",
        "name": "get",
        "timestamp": 1,
        "duration": 6,
        "debug": true,
        "annotations": [
            event(1, "cs", &front), event(2, "sr", &back), event(4, "ss", &back), event(7, "cr", &front),
        ],
        "binaryAnnotations": [
            binary("text", json!("t")),
            binary("bytes", json!("AP8=")),
            binary("i16", json!(-2)),
            binary("i32", json!(3)),
            binary("i64", json!(i64::MIN)),
            binary("double", json!(0.5)),
            binary("short", json!("AQ==")),
            binary("true", json!(true)),
            { "key": "sa", "value": true, "endpoint": back },
        ],
    });
    let from_json = decode_with(decode_v1_json, json!([span]).to_string().as_bytes());
    assert_eq!(from_json.len(), 2);
    assert_eq!(
        decode_with(decode_v1_thrift, &bytes_of(vec![call()])),
        from_json
    );
}

#[test]
fn hosts_have_ipv6_and_a_type_is_text_unless_told() {
    let v6 = Sent::Struct(vec![
        (3, Sent::text("a")),
        (4, Sent::Binary(vec![0x20; 16])),
    ]);
    let tag = Sent::Struct(vec![(1, Sent::text("k")), (2, Sent::text("v")), (4, v6)]);
    let nobody = Sent::Struct(vec![
        (1, Sent::I32(0)),
        (2, Sent::I16(0)),
        (3, Sent::text("")),
    ]);
    let span = Sent::Struct(vec![
        (1, Sent::I64(1)),
        (4, Sent::I64(2)),
        (6, Sent::List(Type::Struct, vec![event(5, "cs", nobody)])),
        (8, Sent::List(Type::Struct, vec![tag])),
    ]);
    let span = decode_with(decode_v1_thrift, &bytes_of(vec![span])).remove(0);
    assert_eq!(
        (
            shown_events(&span).as_str(),
            shown(&span.attributes).as_str()
        ),
        (
            "cs@5",
            "k=v network.local.address=2020:2020:2020:2020:2020:2020:2020:2020"
        )
    );
}

#[test]
fn an_empty_body_or_list_is_no_span() {
    assert_eq!(decode_with(decode_v1_thrift, b""), []);
    assert_eq!(decode_with(decode_v1_thrift, &bytes_of(vec![])), []);
}

#[test]
fn what_is_no_list_of_spans_is_refused_as_a_whole() {
    let check = |body: &[u8], why: &str| {
        let error = refusal_of(decode_v1_thrift, body);
        assert_eq!(
            error,
            format!("not a Thrift list of Zipkin v1 spans: {why}")
        );
    };
    let fine = bytes_of(vec![call(), call()]);
    check(&fine[..fine.len() - 1], "it ends within a value");
    check(&[&fine[..], b"\0"].concat(), "bytes follow the list");
    check(
        b"[]",
        "it looks like JSON, which needs the Content-Type application/json",
    );
    check(b"hello", "a value has a type that Thrift does not know");
    check(
        &[12, 0x7f, 0xff, 0xff, 0xff],
        "a length is negative or reaches past the end",
    );
    check(
        &[12, 0xff, 0xff, 0xff, 0xff],
        "a length is negative or reaches past the end",
    );
    check(
        &[8, 0, 0, 0, 1, 0, 0, 0, 0],
        "a list has elements of another type",
    );
}

#[test]
fn a_span_without_ids_is_refused_alone() {
    let body = bytes_of(vec![Sent::Struct(vec![]), call()]);
    let decoded = decode_v1_thrift(&body, ARRIVAL).expect("Thrift");
    assert_eq!((decoded.batch.rows(), decoded.rejected), (2, 1));
}
