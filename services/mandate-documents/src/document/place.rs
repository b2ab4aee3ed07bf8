//! Positions in a document, and problems at them.

use std::fmt;

use serde_saphyr::{Location, Spanned};

/// A line and a column, from 1; 0 means no position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct At {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

impl At {
    /// Returns the position of the use of a value.
    pub fn of<T>(spanned: &Spanned<T>) -> Self {
        Self::from(spanned.referenced)
    }

    /// Returns this position, or the other one if this is none.
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

/// A problem in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The position in the file.
    #[serde(flatten)]
    pub at: At,
    /// The field, such as `organizations[0].units[2].parent`; empty if not known.
    #[serde(rename = "field")]
    pub path: String,
    /// The message.
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

/// The path of a field, formatted only if the field has a problem.
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

    /// Returns the path of a field.
    pub(super) fn key(&'a self, key: &'static str) -> Path<'a> {
        Path {
            parent: Some(self),
            key,
            index: None,
        }
    }

    /// Returns the path of an item of a list.
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
