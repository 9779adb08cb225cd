//! `docs/mtrace.md` says what is true.

use super::*;

const DOCUMENT: &str = include_str!("../../../../docs/mtrace.md");

/// The document's blocks of JSON.
pub(super) fn examples() -> Vec<&'static str> {
    let blocks = DOCUMENT.split("```json\n").skip(1);
    let examples = blocks.map(|rest| rest.split("```").next().expect("split gives a first part"));
    examples.collect()
}

#[test]
fn the_examples_decode() {
    let [request, stages, errors] = examples().try_into().expect("three examples");
    assert_eq!(spans(request).len(), 3);
    assert_eq!(spans(stages).len(), 2);
    let decoded = decode(errors.as_bytes()).expect("JSON");
    assert_eq!((decoded.batch.rows(), decoded.details.len()), (1, 4));
    for detail in decoded.details {
        let shown = Value::from(detail).to_string();
        assert!(DOCUMENT.contains(&shown), "{shown}");
    }
}

#[test]
fn the_ids_of_the_first_example_are_as_the_table_says() {
    let mut rows = DOCUMENT.lines().filter(|line| line.starts_with("| `0"));
    for span in spans(examples()[0]) {
        let parent = span
            .parent_span_id
            .map_or_else(String::new, |id| format!("`{id}` "));
        let path = span.call_path.expect("sent");
        let row = format!(
            "| `{path}` | {} | `{}` | {parent}|",
            span.kind.name().to_lowercase(),
            span.span_id
        );
        assert_eq!(rows.next(), Some(row.as_str()));
        assert!(DOCUMENT.contains(&format!("trace id is `{}`", span.trace_id)));
    }
    assert_eq!(rows.next(), None);
}

#[test]
fn the_table_of_fields_is_that_of_the_schema() {
    let section = DOCUMENT.split("## A span\n\n").nth(1).expect("the section");
    let table = section.split("\n\n").next().expect("the table");
    let mut fields: Vec<_> = table
        .lines()
        .skip(2)
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, schema::properties());
}
