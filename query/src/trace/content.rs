//! Tells spans of one id apart by what they say.

use std::fmt::{self, Debug, Write};
use std::hash::{DefaultHasher, Hasher};

use schemas::{AttributeValue, Attributes, Resource, Scope, Span, UnixNanos};

/// A digest of a debug text, which has every field by construction, tells signed zeros apart, and
/// holds a NaN equal to itself. Equal contents have equal digests in each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Digest([u64; 2]);

impl Digest {
    pub(super) fn of(content: &impl Debug) -> Self {
        // The hasher's keys are fixed; two hashers with different beginnings make equal digests of
        // different contents a practical impossibility.
        let mut digesting = Digesting([DefaultHasher::new(), DefaultHasher::new()]);
        digesting.0[1].write_u8(1);
        write!(digesting, "{content:?}").expect("hashing never fails");
        Self(digesting.0.map(|hasher| hasher.finish()))
    }
}

struct Digesting([DefaultHasher; 2]);

impl Write for Digesting {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for hasher in &mut self.0 {
            hasher.write(text.as_bytes());
        }
        Ok(())
    }
}

/// What is left of a content when the protocol that it came by no longer shows: some keep
/// microseconds, have only texts for values, or no flags, and some put attributes in another
/// order. Spans of one id that are plainly equal are one span, sent twice.
pub(super) trait Plain: Sized {
    /// Makes it plain, and gives how much of its form is lost by that: of several plainly equal
    /// contents the one that loses most says most.
    fn make_plain(&mut self) -> usize;
}

impl Plain for Span {
    fn make_plain(&mut self) -> usize {
        let mut lost = make_micros(&mut self.start.0) + make_micros(&mut self.duration_nano);
        lost += usize::from(std::mem::take(&mut self.flags) != 0);
        lost += self.attributes.make_plain();
        for event in &mut self.events {
            let UnixNanos(time) = &mut event.time;
            lost += make_micros(time) + event.attributes.make_plain();
        }
        for link in &mut self.links {
            lost += usize::from(std::mem::take(&mut link.flags) != 0);
            lost += link.attributes.make_plain();
        }
        lost
    }
}

impl Plain for Resource {
    fn make_plain(&mut self) -> usize {
        self.attributes.make_plain()
    }
}

impl Plain for Scope {
    fn make_plain(&mut self) -> usize {
        self.attributes.make_plain()
    }
}

impl Plain for Attributes {
    fn make_plain(&mut self) -> usize {
        let mut lost = 0;
        for (_, value) in &mut self.0 {
            let text = match value {
                AttributeValue::Bool(truth) => truth.to_string(),
                AttributeValue::Int(number) => number.to_string(),
                AttributeValue::Double(number) => number.to_string(),
                AttributeValue::Empty
                | AttributeValue::String(_)
                | AttributeValue::Bytes(_)
                | AttributeValue::Array(_)
                | AttributeValue::Map(_) => continue,
            };
            *value = AttributeValue::String(text);
            lost += 1;
        }
        // Attributes of one key keep their order.
        self.0.sort_by(|(one, _), (other, _)| one.cmp(other));
        lost
    }
}

fn make_micros(nanos: &mut i64) -> usize {
    let rest = nanos.rem_euclid(1_000);
    *nanos = nanos.div_euclid(1_000);
    usize::from(rest != 0)
}
