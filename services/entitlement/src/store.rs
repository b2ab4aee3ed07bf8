//! The tables of this service: its own data, and its projection of the other services' facts.

pub(crate) mod applications;
pub(crate) mod cursors;
pub(crate) mod custom_roles;
pub(crate) mod entitlements;
pub(crate) mod grant_places;
pub(crate) mod grants;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod members;
mod migration;
pub(crate) mod organizations;
#[cfg(test)]
mod plans;
pub(crate) mod releases;
pub(crate) mod representatives;
pub(crate) mod resources;
pub(crate) mod subjects;
pub(crate) mod told;
pub(crate) mod units;
pub(crate) mod view;

pub use migration::Migrator;

/// Maximum rows per `INSERT` and values per `IN`: both databases limit the parameters of a
/// statement.
pub(crate) const CHUNK: usize = 1000;

/// Declares the row of a table and its entity, in a module `row`.
macro_rules! table {
    ($table:literal, key { $($key:ident: $key_type:ty),+ }, { $($(#[$attribute:meta])* $column:ident: $type:ty),* $(,)? }) => {
        pub(crate) mod row {
            use sea_orm::entity::prelude::*;

            #[derive(
                Clone,
                Debug,
                PartialEq,
                Eq,
                DeriveEntityModel,
                serde::Serialize,
                serde::Deserialize,
            )]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $(#[sea_orm(primary_key, auto_increment = false)]
                pub $key: $key_type,)+
                $($(#[$attribute])*
                pub $column: $type,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}
pub(crate) use table;
