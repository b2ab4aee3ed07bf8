//! Mappings that record the keys of a document with their positions, and collect unknown keys so
//! that all of them are reported together.

/// Defines structs whose fields are all optional in the YAML; validation reports missing fields,
/// together with all other problems.
macro_rules! mappings {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident as $key:literal: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// The keys that the document sets, and their positions: apply leaves a field without a
            /// key unchanged.
            pub said: Vec<(&'static str, $crate::document::At)>,
            /// Unknown keys.
            pub unknown: Vec<$crate::document::Text>,
        }

        impl $name {
            /// The known keys.
            pub const KEYS: &[&str] = &[$($key),*];

            /// True if the document sets this key.
            pub fn says(&self, key: &str) -> bool {
                self.said.iter().any(|(said, _)| *said == key)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;

                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a mapping")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$name, A::Error> {
                        let mut value = $name::default();
                        while let Some(key) = map.next_key::<$crate::document::Text>()? {
                            match key.as_str() {
                                $($key => {
                                    value.$field = map.next_value()?;
                                    value.said.push(($key, key.at()));
                                })*
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                    value.unknown.push(key);
                                }
                            }
                        }
                        Ok(value)
                    }
                }

                deserializer.deserialize_map(Fields)
            }
        }
    )*};
}

pub(super) use mappings;
