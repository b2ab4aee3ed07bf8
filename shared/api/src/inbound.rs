//! Field rules: the trait that the generated checks implement, and their building blocks.

use std::fmt;

use types::{Grammar, InvalidText, check_text};

use crate::shape::Shape;

/// Maximum number of reported violations: the details of a response must stay small.
const MAX_VIOLATIONS: usize = 16;

/// A message that a server decodes. The generated implementations hold the rules of the fields; a
/// message that only clients decode has none.
pub trait Inbound {
    /// Returns the memory that decoding may take. A message that only clients decode is not
    /// weighed.
    fn shape() -> &'static Shape {
        const { &Shape(&[]) }
    }

    /// Adds the violations of this message, located at `at`, to `out`.
    fn inspect(&self, at: &Path<'_>, out: &mut Violations) {
        let _ = (at, out);
    }
}

/// The location of a message in a request. It allocates only when there is a violation.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    field: &'static str,
    index: Option<usize>,
}

impl Path<'_> {
    /// The location of the request itself.
    pub const ROOT: Path<'static> = Path {
        parent: None,
        field: "",
        index: None,
    };

    /// Returns the location of the message in `field` of this one, or in an item of it.
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
    /// The path of the field, such as `a.b[2].c`.
    pub field: String,
    /// The rule, as in "must be set".
    pub description: &'static str,
}

/// The fields of a request that break a rule, the first 16 of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Adds a violation by `field` of the message at `at`, or by an item of it.
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

    /// Returns the violations, in the order of the fields.
    #[must_use]
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }
}

/// Returns the rule that a text breaks, whatever field it is in.
pub(crate) fn wrong_text(value: &str) -> Option<&'static str> {
    if is_plain(value) {
        return None;
    }
    check_text(value).err().map(InvalidText::rule)
}

/// True if a text is printable ASCII without blanks at its ends, as most texts are. Checks all
/// bytes even after a mismatch: many at a time, which is faster for valid texts.
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

/// True if a text is set and is not an id.
pub(crate) fn is_not_id(value: &str, grammar: Grammar) -> bool {
    !value.is_empty() && !grammar.holds(value)
}

#[allow(clippy::all, clippy::pedantic, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/inbound.rs"));
}
