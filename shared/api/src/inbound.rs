//! Field rules: the trait that the generated checks implement, and what they are made of.

use std::fmt;

use base::{Grammar, InvalidText, check_text};

use crate::shape::Shape;

/// More violations than this are not reported: an answer's details must stay small.
const MAX_VIOLATIONS: usize = 16;

/// A message that a server decodes. The generated implementations hold the rules of the
/// fields; a message that only clients decode has none.
pub trait Inbound {
    /// What decoding this message can take. One that only clients decode is not weighed.
    fn shape() -> &'static Shape {
        const { &Shape(&[]) }
    }

    /// Adds what is wrong with this message, found at `at`, to `out`.
    fn inspect(&self, at: &Path<'_>, out: &mut Violations) {
        let _ = (at, out);
    }
}

/// Where in a request a message stands. Nothing is allocated until something is wrong.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    field: &'static str,
    index: Option<usize>,
}

impl Path<'_> {
    /// The request itself.
    pub const ROOT: Path<'static> = Path {
        parent: None,
        field: "",
        index: None,
    };

    /// The message in `field` of this one, or in an item of it.
    #[must_use]
    pub fn child(&self, field: &'static str, index: Option<usize>) -> Path<'_> {
        Path {
            parent: Some(self),
            field,
            index,
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else {
            return Ok(());
        };
        if parent.parent.is_some() {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.field)?;
        self.index.map_or(Ok(()), |index| write!(f, "[{index}]"))
    }
}

/// A field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, as `a.b[2].c`.
    pub field: String,
    /// The rule, as in "must be set".
    pub description: &'static str,
}

/// The fields of a request that break a rule, the first 16 of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Adds that `field` of the message at `at`, or an item of it, breaks a rule.
    pub fn push(
        &mut self,
        at: &Path<'_>,
        field: &'static str,
        index: Option<usize>,
        description: &'static str,
    ) {
        if self.0.len() < MAX_VIOLATIONS {
            self.0.push(Violation {
                field: at.child(field, index).to_string(),
                description,
            });
        }
    }

    /// The violations, in the order of the fields.
    #[must_use]
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }
}

/// What is wrong with a text, whatever field it is in.
pub(crate) fn wrong_text(value: &str) -> Option<&'static str> {
    if is_plain(value) {
        return None;
    }
    check_text(value).err().map(InvalidText::rule)
}

/// Whether a text is what most are, printable ASCII without blanks at its ends. Looks at all bytes,
/// whatever is found: many at a time, which is faster for what is in order.
fn is_plain(value: &str) -> bool {
    let odd = value.bytes().fold(0, |found, byte| {
        found | u8::from(!(0x20..0x7f).contains(&byte))
    });
    odd == 0 && !value.starts_with(' ') && !value.ends_with(' ')
}

pub(crate) fn shorter(value: &str, min: usize) -> bool {
    value.len() < min || value.chars().count() < min
}

pub(crate) fn longer(value: &str, max: usize) -> bool {
    value.len() > max && value.chars().count() > max
}

/// Whether a text is there and is no id.
pub(crate) fn no_id(value: &str, grammar: Grammar) -> bool {
    !value.is_empty() && !grammar.holds(value)
}

#[allow(clippy::all, clippy::pedantic, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/inbound.rs"));
}
