//! Rules about the endpoints of the HTTP API: each is described with an example, and README names it.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The descriptions of the API, one a crate.
const DESCRIPTIONS: [&str; 2] = ["query/openapi.json", "alerts/openapi.json"];

/// Where routes are made.
const ROUTERS: [&str; 3] = [
    "src/serve/http.rs",
    "query/src/http.rs",
    "alerts/src/http.rs",
];

/// What is written in an answer of these types is for people to read.
const READABLE: [&str; 2] = ["application/json", "text/plain"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn descriptions() -> Vec<Value> {
    let read = |path| serde_json::from_str(&read(path)).unwrap();
    DESCRIPTIONS.into_iter().map(read).collect()
}

fn entries(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

#[test]
fn every_endpoint_has_a_line_in_readme() {
    let readme = read("README.md");
    // Another path may begin with this one.
    let ends = |rest: &str| rest.starts_with(['`', '?', ' ']);
    let is_named = |path: &str| readme.split(path).skip(1).any(ends);
    let descriptions = descriptions();
    let paths = descriptions.iter().flat_map(|each| entries(&each["paths"]));
    let missing: Vec<_> = paths.filter(|(path, _)| !is_named(path)).collect();
    assert!(missing.is_empty(), "name these in README.md: {missing:#?}");
}

#[test]
fn every_route_is_described() {
    let descriptions = descriptions();
    let is_described = |path: &str| {
        let mut descriptions = descriptions.iter();
        descriptions.any(|each| !each["paths"][path].is_null())
    };
    for router in ROUTERS {
        let text = read(router);
        let source = text.split("#[cfg(test)]").next().unwrap();
        let literals = source.split('"').skip(1).step_by(2);
        let paths: Vec<_> = literals.filter(|text| text.starts_with('/')).collect();
        assert!(!paths.is_empty(), "{router} has no routes");
        for path in paths {
            assert!(
                is_described(path),
                "{router}: describe {path} with #[utoipa::path]"
            );
        }
    }
}

#[test]
fn every_endpoint_is_described_with_an_example() {
    for description in descriptions() {
        for (path, methods) in entries(&description["paths"]) {
            for (method, operation) in entries(methods) {
                let answers = entries(&operation["responses"]);
                let good = answers.filter(|(status, _)| status.starts_with('2'));
                let contents = good
                    .map(|(_, answer)| &answer["content"])
                    .chain([&operation["requestBody"]["content"]]);
                let is_readable = |content_type: &str| {
                    let mut readable = READABLE.into_iter();
                    readable.any(|one| content_type.starts_with(one))
                };
                for (content_type, content) in contents.flat_map(entries) {
                    assert!(
                        !is_readable(content_type) || has_example(&description, content),
                        "{method} {path}: give an example of its {content_type}"
                    );
                }
            }
        }
    }
}

/// Whether there is an example, in its schema or in that of a part.
fn has_example(description: &Value, content: &Value) -> bool {
    let mut waiting = vec![content];
    let mut left = 1_000;
    while let Some(value) = waiting.pop() {
        left -= 1;
        assert!(left > 0, "a schema goes in circles");
        if !value["example"].is_null() || !value["examples"].is_null() {
            return true;
        }
        if let Some(name) = value["$ref"].as_str() {
            let pointer = name.strip_prefix('#').unwrap();
            waiting.extend(description.pointer(pointer));
        }
        waiting.extend(
            [&value["schema"], &value["items"]]
                .into_iter()
                .filter(|part| !part.is_null()),
        );
        waiting.extend(entries(&value["properties"]).map(|(_, part)| part));
    }
    false
}
