//! The history: each state of an entity, from the commit that made it to the commit that ended it.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, sea_query::Expr,
};
use types::UnixTime;

use crate::error::StoreError;

/// Maximum number of rows in an `INSERT`, or of values in an `IN`: both databases limit the
/// parameters of a statement.
const ROWS_PER_STATEMENT: usize = 1000;

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "history")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub revision: i64,
        pub place: String,
        pub from_ms: i64,
        pub to_ms: i64,
        pub payload: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::{ActiveModel, Column, Entity};

/// The entities that changed in a transaction, and their new states.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<(&'static str, String), BTreeMap<String, Option<State>>>);

/// The state of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// A key by which the entity can be found besides its id.
    pub place: String,
    /// The state, in the encoding of the service that writes it.
    pub payload: Vec<u8>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn of(
        &self,
        kind: &'static str,
        organization: &str,
    ) -> BTreeMap<String, Option<State>> {
        let of = self.0.get(&(kind, organization.to_owned()));
        of.cloned().unwrap_or_default()
    }

    pub(crate) fn note(
        &mut self,
        kind: &'static str,
        organization: &str,
        id: &str,
        state: Option<State>,
    ) {
        let of = self.0.entry((kind, organization.to_owned())).or_default();
        of.insert(id.to_owned(), state);
    }

    /// Ends the previous states, and begins the new ones, at the commit.
    pub(crate) async fn write(
        self,
        tx: &DatabaseTransaction,
        revision: i64,
        commit: UnixTime,
    ) -> Result<(), StoreError> {
        let mut begun = Vec::new();
        for ((kind, organization), states) in self.0 {
            let ids: Vec<&String> = states.keys().collect();
            for ids in ids.chunks(ROWS_PER_STATEMENT) {
                Entity::update_many()
                    .col_expr(Column::ToMs, Expr::value(commit.0))
                    .filter(Column::Kind.eq(kind))
                    .filter(Column::Organization.eq(&organization))
                    .filter(Column::Id.is_in(ids.iter().copied()))
                    .filter(Column::ToMs.eq(UnixTime::MAX.0))
                    .exec(tx)
                    .await?;
            }
            begun.extend(states.into_iter().filter_map(|(id, state)| {
                let State { place, payload } = state?;
                Some(ActiveModel {
                    kind: Set(kind.to_owned()),
                    organization: Set(organization.clone()),
                    id: Set(id),
                    revision: Set(revision),
                    place: Set(place),
                    from_ms: Set(commit.0),
                    to_ms: Set(UnixTime::MAX.0),
                    payload: Set(payload),
                })
            }));
        }
        for rows in begun.chunks(ROWS_PER_STATEMENT) {
            Entity::insert_many(rows.iter().cloned())
                .exec_without_returning(tx)
                .await?;
        }
        Ok(())
    }
}
