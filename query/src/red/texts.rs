//! Texts by numbers.

use std::collections::HashMap;

/// The texts of some batches, each once.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    texts: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Texts {
    /// The number of no text.
    pub(crate) const NONE: u32 = 0;

    /// The text of a number.
    pub(crate) fn text(&self, number: u32) -> Option<&str> {
        let index = (number as usize).checked_sub(1)?;
        self.texts.get(index).map(String::as_str)
    }

    /// The number of a text, from 1 up.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.texts.push(text.to_owned());
        let number = u32::try_from(self.texts.len()).expect("fewer texts than spans in memory");
        self.numbers.insert(text.to_owned(), number);
        number
    }
}
