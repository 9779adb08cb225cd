//! Names that occur many times, as small numbers.

use std::collections::HashMap;

/// Distinct names, numbered in the order in which they first came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    texts: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Names {
    /// The name's number.
    pub(super) fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.texts.len();
        self.texts.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// The name with this number, which [`Self::number`] gave.
    pub(crate) fn name(&self, number: usize) -> &str {
        &self.texts[number]
    }

    /// All names, by number.
    pub(crate) fn all(&self) -> &[String] {
        &self.texts
    }
}
