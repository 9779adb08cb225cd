//! Walks over the entries of a typed-JSON object without building anything.

use schemas::typed_json::write_string;
use serde_json::Value;

/// The text that a typed-JSON object has under `key` at its top level; a number is its digits.
pub(crate) fn text_of(object: &str, key: &str) -> Option<String> {
    let mut written = String::new();
    write_string(&mut written, key);
    // Most texts do not have the key at all, and a plain search is much faster than a walk.
    if !object.contains(&written) {
        return None;
    }
    let (_, value) = Entries::of(object).find(|(key, _)| *key == written)?;
    match serde_json::from_str(value).ok()? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The entries of an object's text at its top level: each key and value as it is written.
///
/// Takes the compact text that spanhouse writes (no spaces between tokens) and ends at the first
/// byte that is none of it, so any text at all is safe.
pub(super) struct Entries<'a> {
    rest: &'a str,
}

impl<'a> Entries<'a> {
    /// The entries of `object`.
    pub(super) fn of(object: &'a str) -> Self {
        Self {
            rest: object.strip_prefix('{').unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    /// The key with its quotes, and the value.
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let key_length = string_length(self.rest)?;
        let (key, rest) = self.rest.split_at_checked(key_length)?;
        let rest = rest.strip_prefix(':')?;
        let (value, rest) = rest.split_at_checked(value_length(rest)?)?;
        self.rest = rest.strip_prefix(',').unwrap_or_default();
        Some((key, value))
    }
}

/// The bytes of the string that `text` begins with, quotes included.
fn string_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut position = 1;
    loop {
        match bytes.get(position)? {
            b'"' => return Some(position + 1),
            b'\\' => position += 2,
            _ => position += 1,
        }
    }
}

/// The bytes of the value that `text` begins with.
fn value_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut position = 0;
    loop {
        match bytes.get(position)? {
            b'"' => {
                position += string_length(text.get(position..)?)?;
                if depth == 0 {
                    return Some(position);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return Some(position),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(position + 1);
                }
            }
            b',' if depth == 0 => return Some(position),
            _ => {}
        }
        position += 1;
    }
}
