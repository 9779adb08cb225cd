//! What an attribute's key and value must look like in typed JSON to be the one asked for.

use schemas::typed_json::write_string;

use super::object_scan::Entries;

/// One attribute asked for by key and by its value shown as text.
pub(super) struct AttributeTest {
    /// The key as it is written, quotes included.
    key: String,
    /// The key and the colon after it: texts without it need no walk.
    key_and_colon: String,
    /// The value written as a string.
    string: String,
    /// The value written as an integer or a truth value, or as a double that is no number.
    exact: Option<String>,
    /// The value as a double.
    double: Option<f64>,
}

impl AttributeTest {
    pub(super) fn new(key: &str, value: &str) -> Self {
        let quoted = |text: &str| {
            let mut quoted = String::new();
            write_string(&mut quoted, text);
            quoted
        };
        let key = quoted(key);
        let is_integer = value
            .parse::<i64>()
            .is_ok_and(|number| number.to_string() == value);
        let exact = match value {
            "true" | "false" => Some(value.to_owned()),
            "NaN" | "Infinity" | "-Infinity" => Some(format!("{{\"doubleValue\":\"{value}\"}}")),
            _ => is_integer.then(|| value.to_owned()),
        };
        Self {
            key_and_colon: format!("{key}:"),
            key,
            string: quoted(value),
            exact,
            double: value.parse().ok().filter(|number: &f64| number.is_finite()),
        }
    }

    /// Whether a typed-JSON object has the attribute at its top level.
    pub(super) fn holds_in(&self, object: &str) -> bool {
        // Most texts do not have the key at all, and a plain search is much faster than a walk.
        object.contains(self.key_and_colon.as_str())
            && Entries::of(object).any(|(key, value)| key == self.key && self.is_value(value))
    }

    fn is_value(&self, written: &str) -> bool {
        if written == self.string || self.exact.as_deref() == Some(written) {
            return true;
        }
        let is_double = written.contains(['.', 'e']) && !written.starts_with(['"', '{', '[']);
        is_double && self.double.is_some() && written.parse().ok() == self.double
    }
}
