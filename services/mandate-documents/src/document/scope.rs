//! The scope of a grant: `ALL`, or a mapping of units and resources.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{mapping::mappings, text::Text};

mappings! {
    /// The locations of a scope other than `ALL`.
    Places {
        /// Units, each with everything below it.
        units as "units": Vec<Text>,
        /// Resources.
        resources as "resources": Vec<Text>,
    }
}

/// The scope of a grant.
#[derive(Debug, Clone)]
pub enum ScopeEntry {
    /// The whole organization.
    All,
    /// The union of these.
    Places(Places),
    /// A word that is not a scope.
    Unknown(String),
}

impl<'de> Deserialize<'de> for ScopeEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScopeVisitor)
    }
}

struct ScopeVisitor;

impl<'de> Visitor<'de> for ScopeVisitor {
    type Value = ScopeEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`ALL`, or a mapping of `units` and `resources`")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<ScopeEntry, E> {
        Ok(match word {
            "ALL" => ScopeEntry::All,
            other => ScopeEntry::Unknown(other.to_owned()),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ScopeEntry, A::Error> {
        Places::deserialize(MapAccessDeserializer::new(map)).map(ScopeEntry::Places)
    }
}
