//! Mappings that collect the keys they do not know, so that all of them are reported at once
//! and where they stand.

/// Structs whose fields are all optional in the YAML; what must be there is for validation to
/// say, with the rest of what is wrong.
macro_rules! mappings {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident as $key:literal: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// Keys that mean nothing here.
            pub unknown: Vec<$crate::document::Text>,
        }

        impl $name {
            /// The keys that mean something.
            pub const KEYS: &[&str] = &[$($key),*];
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
                                $($key => value.$field = map.next_value()?,)*
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
