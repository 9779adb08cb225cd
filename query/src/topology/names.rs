//! The texts that topologies are made of, each kept once.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A text by its number in [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name(NonZeroU32);

impl Name {
    fn position(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The texts of a question, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Name>,
}

impl Names {
    pub(super) fn text(&self, name: Name) -> &str {
        &self.texts[name.position()]
    }

    pub(super) fn text_of(&self, name: Option<Name>) -> Option<&str> {
        name.map(|name| self.text(name))
    }

    pub(super) fn number(&mut self, text: &str) -> Name {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let number = u32::try_from(self.texts.len())
            .ok()
            .and_then(NonZeroU32::new);
        let number = Name(number.expect("fewer texts than spans in memory"));
        self.numbers.insert(text, number);
        number
    }

    /// The place of each text among all of them in order.
    pub(super) fn order(&self) -> NameOrder {
        let mut names: Vec<usize> = (0..self.texts.len()).collect();
        names.sort_unstable_by_key(|name| &self.texts[*name]);
        let mut places = vec![0; names.len()];
        for (place, name) in (0..).zip(names) {
            places[name] = place;
        }
        NameOrder(places)
    }
}

/// The order of the texts of [`Names`].
#[derive(Debug)]
pub(super) struct NameOrder(Vec<u32>);

impl NameOrder {
    /// The place of a text; none comes before all.
    pub(super) fn place(&self, name: Option<Name>) -> Option<u32> {
        name.map(|name| self.0[name.position()])
    }
}
