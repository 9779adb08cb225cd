//! What facts decide, case by case.

use datafusion::logical_expr::{Expr, col, ident, lit};
use parquet::arrow::arrow_reader::RowSelector;
use schemas::columns::{self, column_by_name, span_schema};

use super::*;
use crate::scan::tests::{attribute_matches, physical};

/// Facts of rows that are known by a table of columns; all others are null.
#[derive(Default)]
struct Known {
    columns: Vec<(ColumnId, ColumnFacts)>,
    absent_values: Vec<Value>,
    keys: Vec<&'static str>,
}

impl Facts for Known {
    fn column(&self, column: ColumnId) -> ColumnFacts {
        let known = self.columns.iter().find(|(id, _)| *id == column);
        known.map_or(ColumnFacts::ALL_NULL, |(_, facts)| facts.clone())
    }

    fn may_contain(&self, _column: ColumnId, value: &Value) -> bool {
        !self.absent_values.contains(value)
    }

    fn may_have_key(&self, _column: ColumnId, key: &str) -> bool {
        self.keys.contains(&key)
    }
}

fn text(value: &str) -> Value {
    Value::Bytes(value.as_bytes().to_vec())
}

/// Starts from 10 to 20, services from "b" to "d" with nulls, no bloom has "bloomed", the rest has
/// the key "tier"; no other column.
fn known() -> Known {
    let start = ColumnFacts {
        nulls: Nulls::None,
        bounds: Some((Value::Int(10), Value::Int(20))),
    };
    let service = ColumnFacts {
        nulls: Nulls::Unknown,
        bounds: Some((text("b"), text("d"))),
    };
    Known {
        columns: vec![
            (columns::START_TIME_UNIX_NANO, start),
            (columns::SERVICE_NAME, service),
            (columns::SPAN_ATTRIBUTES, ColumnFacts::UNKNOWN),
        ],
        absent_values: vec![text("bloomed")],
        keys: vec!["tier"],
    }
}

fn remaining(filter: &Expr) -> String {
    let conditions = Condition::split(span_schema(), [physical(filter)]);
    match prune(&conditions, &known()) {
        None => "never".to_owned(),
        Some(rest) if rest.is_empty() => "always".to_owned(),
        Some(rest) => rest
            .iter()
            .map(|part| part.expr.to_string())
            .collect::<Vec<_>>()
            .join("; "),
    }
}

#[test]
fn bounds_decide_comparisons() {
    let start = || col("start_time_unix_nano");
    let check = |filter: Expr, expect: &str| {
        let found = remaining(&filter);
        let found = if ["never", "always"].contains(&found.as_str()) {
            found
        } else {
            "some".to_owned()
        };
        assert_eq!(found, expect, "{filter}");
    };
    for (value, equal, not_equal, less, less_or_equal, greater, greater_or_equal) in [
        (
            9i64, "never", "always", "never", "never", "always", "always",
        ),
        (10, "some", "some", "never", "some", "some", "always"),
        (15, "some", "some", "some", "some", "some", "some"),
        (20, "some", "some", "some", "always", "never", "some"),
        (21, "never", "always", "always", "always", "never", "never"),
    ] {
        check(start().eq(lit(value)), equal);
        check(start().not_eq(lit(value)), not_equal);
        check(start().lt(lit(value)), less);
        check(start().lt_eq(lit(value)), less_or_equal);
        check(start().gt(lit(value)), greater);
        check(start().gt_eq(lit(value)), greater_or_equal);
        check(lit(value).gt(start()), less);
    }
    check(start().between(lit(5i64), lit(25i64)), "always");
    check(start().between(lit(21i64), lit(25i64)), "never");
    check(start().is_null(), "never");
    check(start().is_not_null(), "always");
}

#[test]
fn nulls_never_pass_comparisons() {
    let service = || col("service_name");
    let check = |filter: Expr, expect: &str| assert_eq!(remaining(&filter), expect, "{filter}");
    check(service().eq(lit("a")), "never");
    check(service().gt(lit("a")), "service_name@10 > a");
    check(ident("span.user.id").eq(lit("u1")), "never");
    check(ident("span.user.id").not_eq(lit("u1")), "never");
    check(ident("span.user.id").is_null(), "always");
    check(ident("span.user.id").is_not_null(), "never");
}

#[test]
fn blooms_keys_and_connectives_leave_only_what_must_be_tested() {
    let service = || col("service_name");
    let key = |key: &str| attribute_matches(col("span_attributes"), key, "v");
    let check = |filter: Expr, expect: &str| assert_eq!(remaining(&filter), expect, "{filter}");
    check(service().eq(lit("bloomed")), "never");
    check(key("other"), "never");
    check(
        attribute_matches(col("resource_attributes"), "tier", "v"),
        "never",
    );
    check(
        service().eq(lit("c")).or(key("other")),
        "service_name@10 = c",
    );
    check(
        service()
            .eq(lit("c"))
            .and(col("start_time_unix_nano").gt(lit(5i64))),
        "service_name@10 = c",
    );
    check(service().eq(lit("c")).and(key("other")), "never");
    check(
        service()
            .eq(lit("c"))
            .or(col("start_time_unix_nano").gt(lit(5i64))),
        "always",
    );
    check(
        service()
            .eq(lit("c"))
            .or(key("tier").and(col("start_time_unix_nano").lt(lit(5i64)))),
        "service_name@10 = c",
    );
    let spans = column_by_name("span_attributes").expect("a column").0;
    check(
        service().eq(lit("c")).or(key("tier")).or(key("other")),
        &format!("service_name@10 = c OR attribute_matches(span_attributes@{spans}, tier, v)"),
    );
}

#[test]
fn pages_select_the_rows_on_which_all_conditions_may_hold() {
    let page = |first_row, min: i64, max: i64| Page {
        first_row,
        facts: ColumnFacts {
            nulls: Nulls::None,
            bounds: Some((Value::Int(min), Value::Int(max))),
        },
    };
    let pages = |column: ColumnId| match column {
        columns::START_TIME_UNIX_NANO => {
            Some(vec![page(0, 0, 9), page(10, 10, 19), page(20, 20, 29)])
        }
        columns::DURATION_NANO => Some(vec![page(0, 5, 5), page(15, 7, 7)]),
        _ => None,
    };
    let check = |filter: Expr, expect: Option<&[RowSelector]>| {
        let found = select_rows(
            &Condition::split(span_schema(), [physical(&filter)]),
            25,
            &pages,
        );
        assert_eq!(
            found.map(Vec::<RowSelector>::from).as_deref(),
            expect,
            "{filter}"
        );
    };
    let (skip, select) = (RowSelector::skip, RowSelector::select);
    let start = || col("start_time_unix_nano");
    let duration = || col("duration_nano");
    check(start().gt(lit(12i64)), Some(&[skip(10), select(15)]));
    check(
        start().gt(lit(12i64)).and(duration().eq(lit(5i64))),
        Some(&[skip(10), select(5), skip(10)]),
    );
    check(
        start().lt(lit(5i64)).or(duration().eq(lit(7i64))),
        Some(&[select(10), skip(5), select(10)]),
    );
    check(start().lt(lit(5i64)).or(col("name").eq(lit("x"))), None);
    check(duration().lt(lit(8i64)), None);
}
