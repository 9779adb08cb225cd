//! The texts that topologies are made of, each kept once.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A text by its number in [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(NonZeroU32);

impl Name {
    /// The number of a name, 0 for none.
    pub(crate) fn code(name: Option<Self>) -> u32 {
        name.map_or(0, |name| name.0.get())
    }

    /// The numbers of two names in one.
    pub(crate) fn pair(high: Option<Self>, low: Option<Self>) -> u64 {
        u64::from(Self::code(high)) << 32 | u64::from(Self::code(low))
    }

    fn position(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// What a text takes besides its bytes: its counts and its entries in the list and the map.
const TEXT_BYTES: usize = 80;

/// The texts of a question, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Name>,
    text_bytes: usize,
}

impl Names {
    pub(crate) fn text(&self, name: Name) -> &str {
        &self.texts[name.position()]
    }

    pub(crate) fn text_of(&self, name: Option<Name>) -> Option<&str> {
        name.map(|name| self.text(name))
    }

    pub(crate) fn number(&mut self, text: &str) -> Name {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.text_bytes += text.len();
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let number = u32::try_from(self.texts.len())
            .ok()
            .and_then(NonZeroU32::new);
        let number = Name(number.expect("fewer texts than spans in memory"));
        self.numbers.insert(text, number);
        number
    }

    /// The memory that the texts take, about, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.text_bytes + self.texts.len() * TEXT_BYTES
    }

    /// Takes over the texts of another one, and tells by what name each goes here.
    pub(crate) fn take_over(&mut self, other: &Self) -> Renamed {
        Renamed(other.texts.iter().map(|text| self.number(text)).collect())
    }

    /// The place of each text among all of them in order.
    pub(crate) fn order(&self) -> NameOrder {
        let mut names: Vec<usize> = (0..self.texts.len()).collect();
        names.sort_unstable_by_key(|name| &self.texts[*name]);
        let mut places = vec![0; names.len()];
        for (place, name) in (0..).zip(names) {
            places[name] = place;
        }
        NameOrder(places)
    }
}

/// The names that texts of other [`Names`] go by here.
#[derive(Debug)]
pub(crate) struct Renamed(Vec<Name>);

impl Renamed {
    /// What a name of the other ones is here.
    pub(crate) fn name(&self, name: Option<Name>) -> Option<Name> {
        name.map(|name| self.0[name.position()])
    }
}

/// The order of the texts of [`Names`].
#[derive(Debug)]
pub(crate) struct NameOrder(Vec<u32>);

impl NameOrder {
    /// The place of a text; none comes before all.
    pub(crate) fn place(&self, name: Option<Name>) -> Option<u32> {
        name.map(|name| self.0[name.position()])
    }
}
