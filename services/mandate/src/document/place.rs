//! Where in a document something stands, and what is wrong there.

use std::fmt;

use serde_saphyr::{Location, Spanned};

/// A line and a column, from 1; 0 is nowhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct At {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

impl At {
    /// Where a value is used.
    pub fn of<T>(spanned: &Spanned<T>) -> Self {
        Self::from(spanned.referenced)
    }

    /// This place, or the other one when this is nowhere.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.line == 0 { other } else { self }
    }
}

impl From<Location> for At {
    fn from(location: Location) -> Self {
        Self {
            line: location.line(),
            column: location.column(),
        }
    }
}

/// Something that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Where in the file.
    #[serde(flatten)]
    pub at: At,
    /// The field, as `organizations[0].units[2].parent`; empty when it is not known.
    #[serde(rename = "field")]
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.at.line, self.at.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// The path of a field, written out only when something is wrong with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    key: &'static str,
    index: Option<usize>,
}

impl<'a> Path<'a> {
    /// The whole document.
    pub(super) const ROOT: Path<'static> = Path {
        parent: None,
        key: "",
        index: None,
    };

    /// A field of this.
    pub(super) fn key(&'a self, key: &'static str) -> Path<'a> {
        Path {
            parent: Some(self),
            key,
            index: None,
        }
    }

    /// An item of a list that is a field of this.
    pub(super) fn item(&'a self, key: &'static str, index: usize) -> Path<'a> {
        Path {
            index: Some(index),
            ..self.key(key)
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if parent.parent.is_some() {
                f.write_str(".")?;
            }
        }
        f.write_str(self.key)?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}
