//! A scalar and its position.

use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::place::At;

/// A scalar of the document, as spelled there; absent if the key is absent or has no value.
#[derive(Debug, Clone, Default)]
pub struct Text {
    value: Option<Box<str>>,
    at: At,
}

impl Text {
    /// Returns the value; empty if absent.
    pub fn as_str(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// Returns the value, if there is one.
    pub fn get(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Returns the position; none if absent.
    pub fn at(&self) -> At {
        self.at
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Option::<Spanned<String>>::deserialize(deserializer)?;
        Ok(spanned.map_or_else(Self::default, |spanned| Self {
            at: At::of(&spanned),
            value: Some(spanned.value.into()),
        }))
    }
}
