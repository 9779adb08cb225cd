use serde_json::json;

use super::*;

const PLAIN: Terminal = Terminal {
    width: 120,
    is_coloured: false,
};

fn sample() -> TraceDocument {
    let span = |path: &str, start: i64, duration: i64, service: &str, name: &str| {
        json!({
            "callPath": path,
            "depth": path.matches('.').count(),
            "spanId": "00f067aa0ba902b7",
            "name": name,
            "kind": "server",
            "serviceName": service,
            "startTimeUnixNano": (1_795_446_245_123_456_789 + start * 1_000).to_string(),
            "durationNano": duration * 1_000,
            "statusCode": "unset",
            "marks": [],
        })
    };
    let mut document = json!({
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "startTimeUnixNano": "1795446245123456789",
        "durationNano": 120_000_000,
        "services": [{ "name": "cart", "spanCount": 1, "errorCount": 0 }],
        "spans": [
            span("0", 0, 120_000, "frontend", "POST /checkout"),
            span("0.1", 10_000, 20_000, "cart", "cart.Get"),
            span("0.2", 40_000, 60_000, "checkout", "checkout.Place"),
            span("0.2.1", 80_000, 1, "unknown_service", "INSERT \u{1b}[2J"),
            span("1", 110_000, 10_000, "a-service-with-a-very-long-name",
                "a span whose parent never came and whose name is very long indeed"),
        ]
    });
    let spans = &mut document["spans"];
    spans[0]["statusCode"] = json!("error");
    spans[2]["statusCode"] = json!("error");
    spans[2]["statusMessage"] = json!("card declined");
    spans[2]["marks"] = json!(["repeatedId", "duplicate"]);
    spans[2]["copies"] = json!(2);
    spans[3]["durationNano"] = json!("950");
    spans[4]["marks"] = json!(["orphan"]);
    serde_json::from_value(document).expect("the sample is a trace")
}

#[test]
fn a_trace_is_drawn_with_marks_and_bars() {
    insta::assert_snapshot!(draw(&sample(), &[], PLAIN), @r"
    trace 4bf92f3577b34da6a3ce929d0e0e4736  2026-11-23 15:04:05.123456 UTC
    120.0 ms · 5 spans · 5 services · 3 deep · 2 errors

    call path  service                   operation                                     duration  0                  120.0 ms
    0          frontend                  POST /checkout ✗                              120.0 ms  ███████████████████████████
    0.1        cart                        cart.Get                                    20.00 ms    █████
    0.2        checkout                    checkout.Place ✗ [repeated id, sen…         60.00 ms           ██████████████
    0.2.1      unknown_service               INSERT �[2J                                 950 ns                    █
    1          a-service-with-a-very-l…  a span whose parent never came an… [orphan]   10.00 ms                          ███
    ");
}

#[test]
fn a_narrow_terminal_loses_the_bar_and_then_the_service() {
    let narrow = Terminal { width: 70, ..PLAIN };
    insta::assert_snapshot!(draw(&sample(), &[], narrow), @r"
    trace 4bf92f3577b34da6a3ce929d0e0e4736  2026-11-23 15:04:05.123456 UTC
    120.0 ms · 5 spans · 5 services · 3 deep · 2 errors

    call path  service                   operation                duration
    0          frontend                  POST /checkout ✗         120.0 ms
    0.1        cart                        cart.Get               20.00 ms
    0.2        checkout                    checkout… ✗ [repeat…   60.00 ms
    0.2.1      unknown_service               INSERT �[2J            950 ns
    1          a-service-with-a-very-l…  a span whose… [orphan]   10.00 ms
    ");
    let narrower = Terminal { width: 50, ..PLAIN };
    insta::assert_snapshot!(draw(&sample(), &[], narrower), @r"
    trace 4bf92f3577b34da6a3ce929d0e0e4736  2026-11-23 15:04:05.123456 UTC
    120.0 ms · 5 spans · 5 services · 3 deep · 2 errors

    call path  operation                      duration
    0          POST /checkout ✗               120.0 ms
    0.1          cart.Get                     20.00 ms
    0.2          checkout.Pl… ✗ [repeated …   60.00 ms
    0.2.1          INSERT �[2J                  950 ns
    1          a span whose paren… [orphan]   10.00 ms
    ");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns in 40..200 {
        let terminal = Terminal {
            width: columns,
            ..PLAIN
        };
        let drawn = draw(&sample(), &[], terminal);
        let spans = drawn.lines().skip(3);
        let widest = spans.map(width).max().unwrap_or(0);
        assert!(widest <= columns, "{widest} columns of {columns}:\n{drawn}");
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let coloured = draw(
        &sample(),
        &[],
        Terminal {
            is_coloured: true,
            ..PLAIN
        },
    );
    assert!(coloured.contains("\u{1b}[31m"));
    let mut plain = String::new();
    for (index, part) in coloured.split("\u{1b}[").enumerate() {
        let without_code = match index {
            0 => part,
            _ => part.split_once('m').map_or("", |(_, rest)| rest),
        };
        plain.push_str(without_code);
    }
    let trimmed = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    assert_eq!(trimmed(&plain), trimmed(&draw(&sample(), &[], PLAIN)));
}

#[test]
fn a_tree_of_any_depth_is_drawn() {
    let mut trace = sample();
    let deep = (0..20_000).map(|depth| SpanDocument {
        call_path: (depth < 256).then(|| "0.1".repeat(depth)),
        depth,
        name: format!("level {depth}"),
        service_name: "recursion".to_owned(),
        start_time_unix_nano: i64::MAX,
        duration_nano: i64::MAX,
        clock_skew_nano: i64::MIN,
        status_code: "unset".to_owned(),
        status_message: String::new(),
        marks: Vec::new(),
        copies: 1,
        server_half: None,
    });
    trace.spans = deep.collect();
    assert_eq!(draw(&trace, &[], PLAIN).lines().count(), 20_004);
}

#[test]
fn an_empty_trace_is_drawn_too() {
    let mut trace = sample();
    trace.spans.clear();
    assert!(draw(&trace, &[], PLAIN).contains("0 spans"));
}

#[test]
fn a_diagnosed_tree_shows_self_times_and_the_critical_path() {
    let mut trace = sample();
    let server = SpanDocument {
        service_name: "database".to_owned(),
        clock_skew_nano: -2_000_000,
        ..trace.spans.remove(3)
    };
    trace.spans[2].marks.clear();
    trace.spans[2].server_half = Some(Box::new(server));
    let row = |is_on_critical_path, self_nano| RowFindings {
        is_on_critical_path,
        self_nano,
    };
    let rows = [
        row(true, 40_000_000),
        row(false, 20_000_000),
        row(false, 59_000_000),
        row(true, 1_000_000),
        row(false, 10_000_000),
    ];
    insta::assert_snapshot!(draw(&trace, &rows, PLAIN), @r"
    trace 4bf92f3577b34da6a3ce929d0e0e4736  2026-11-23 15:04:05.123456 UTC
    120.0 ms · 5 spans · 5 services · 2 deep · 2 errors

      call path  service                   operation                             duration       self  0             120.0 ms
    ◆ 0          frontend                  POST /checkout ✗                      120.0 ms   40.00 ms  ██████████████████████
      0.1        cart                        cart.Get                            20.00 ms   20.00 ms   █████
    ◆ 0.2        checkout → database         checkout.Place ✗ [clock 2.000 …     60.00 ms   60.00 ms         ████████████
      1          a-service-with-a-very-l…  a span whose parent never… [orphan]   10.00 ms   10.00 ms                      ██
    ");
    let narrow = Terminal { width: 70, ..PLAIN };
    insta::assert_snapshot!(draw(&trace, &rows, narrow), @r"
    trace 4bf92f3577b34da6a3ce929d0e0e4736  2026-11-23 15:04:05.123456 UTC
    120.0 ms · 5 spans · 5 services · 2 deep · 2 errors

      call path  service                   operation              duration
    ◆ 0          frontend                  POST /checkout ✗       120.0 ms
      0.1        cart                        cart.Get             20.00 ms
    ◆ 0.2        checkout → database         checkou… ✗ [clock…   60.00 ms
      1          a-service-with-a-very-l…  a span who… [orphan]   10.00 ms
    ");
    for width in 40..200 {
        let drawn = draw(&trace, &rows, Terminal { width, ..PLAIN });
        let widest = drawn.lines().skip(3).map(super::width).max();
        assert!(widest.unwrap_or(0) <= width, "{width} columns:\n{drawn}");
    }
    // Rows of another snapshot are not told.
    assert_eq!(draw(&trace, &rows[..4], PLAIN), draw(&trace, &[], PLAIN));
}
