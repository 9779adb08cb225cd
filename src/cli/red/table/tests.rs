use serde_json::{Value, json};

use super::*;

const PLAIN: Terminal = Terminal {
    width: 130,
    is_coloured: false,
};

fn figures(count: u64, success: f64, nanos: i64) -> Value {
    json!({
        "count": count, "errors": 0, "qps": count as f64 / 900.0,
        "successRate": success, "errorRate": 1.0 - success,
        "avgTimeNano": nanos as f64, "maxTimeNano": nanos * 20,
        "percentilesNano": {"50": nanos, "90": nanos * 2, "99": nanos * 5, "99.9": nanos * 10},
    })
}

fn series(operation: &str, total: &Value, counts: &[u64]) -> Value {
    let points = (0_i64..).zip(counts).filter(|(_, count)| **count > 0);
    let points: Vec<Value> = points
        .map(|(position, count)| {
            let nanos = i64::try_from(*count).expect("few") * 10_000;
            let mut point = figures(*count, 1.0, nanos);
            let start = 1_795_446_240_000_000_000 + position * 90_000_000_000;
            point["startTimeUnixNano"] = json!(start.to_string());
            point
        })
        .collect();
    json!({"operation": operation, "total": total, "points": points})
}

fn sample() -> RedDocument {
    let document = json!({
        "fromUnixNano": "1795446240000000000",
        "toUnixNano": "1795447140000000000",
        "stepSeconds": 90,
        "total": figures(40_005, 0.9991, 1_500_000),
        "series": [
            series("GET /\u{1b}[2J", &figures(5, 0.2, 950), &[0, 0, 0, 0, 0, 0, 0, 0, 0, 5]),
            series("POST /orders", &figures(36_000, 1.0, 1_234_567), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 9]),
            series("结账服务的一个名字很长很长很长的操作，长到一行里放不下", &figures(4_000, 0.999_999, 987_654_321), &[4, 0, 4, 1, 1, 1, 0, 9, 1, 1]),
        ],
    });
    serde_json::from_value(document).expect("the sample is figures")
}

#[test]
fn figures_are_a_table_with_charts() {
    insta::assert_snapshot!(draw(&sample(), "shop, last 15m", PLAIN), @r"
    shop, last 15m
    2026-11-23 15:04:00.000000 UTC – 2026-11-23 15:19:00.000000 UTC

    operation                            QPS   success       avg       P50       P90       P99     P99.9       max  QPS       P99
    POST /orders                        40.0     100 %  1.235 ms  1.235 ms  2.469 ms  6.173 ms  12.35 ms  24.69 ms  ▂▄▅▇█     ▂▄▆██
    结账服务的一个名字很长很长很…       4.44  99.999 %  987.7 ms  987.7 ms   1.975 s   4.938 s   9.877 s   19.75 s  ▄▅▂█▂     ▄▄▁█▁
    GET /�[2J                         0.0056  20.000 %    950 ns    950 ns  1.900 µs  4.750 µs  9.500 µs  19.00 µs      █         █
    all                                 44.5  99.910 %  1.500 ms  1.500 ms  3.000 ms  7.500 ms  15.00 ms  30.00 ms
    ");
}

#[test]
fn a_narrow_terminal_loses_charts_and_then_figures() {
    let narrow = Terminal { width: 80, ..PLAIN };
    insta::assert_snapshot!(draw(&sample(), "shop, last 15m", narrow), @r"
    shop, last 15m
    2026-11-23 15:04:00.000000 UTC – 2026-11-23 15:19:00.000000 UTC

    operation                  QPS   success       avg       P50       P99     P99.9
    POST /orders              40.0     100 %  1.235 ms  1.235 ms  6.173 ms  12.35 ms
    结账服务的一个名字…       4.44  99.999 %  987.7 ms  987.7 ms   4.938 s   9.877 s
    GET /�[2J               0.0056  20.000 %    950 ns    950 ns  4.750 µs  9.500 µs
    all                       44.5  99.910 %  1.500 ms  1.500 ms  7.500 ms  15.00 ms
    ");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns in 40..240 {
        let terminal = Terminal {
            width: columns,
            ..PLAIN
        };
        let drawn = draw(&sample(), "shop", terminal);
        let table = drawn.lines().skip(3);
        let widest = table.map(width).max().unwrap_or(0);
        assert!(widest <= columns, "{widest} columns of {columns}:\n{drawn}");
    }
}

#[test]
fn lines_with_errors_are_coloured_on_a_terminal() {
    let coloured = Terminal {
        is_coloured: true,
        ..PLAIN
    };
    let drawn = draw(&sample(), "shop", coloured);
    let line = |name: &str| drawn.lines().find(|line| line.contains(name));
    assert!(line("GET /").is_some_and(|line| line.starts_with("\u{1b}[31m")));
    assert!(line("结账").is_some_and(|line| line.starts_with("\u{1b}[33m")));
    assert!(line("POST").is_some_and(|line| line.starts_with("POST")));
}

#[test]
fn no_requests_are_told() {
    let mut document = sample();
    document.series.clear();
    assert!(draw(&document, "shop", PLAIN).contains("looks further back"));
}

#[test]
fn success_is_never_rounded_up() {
    let check = |rate, expect: &str| assert_eq!(success(Some(rate)), expect);
    check(1.0, "100 %");
    check(0.999_999_9, "99.999 %");
    check(0.5, "50.000 %");
    check(0.0, "0.000 %");
    assert_eq!(success(None), "");
}
