//! The keys of the persons that the audit log names.

use std::collections::{BTreeMap, BTreeSet};

use ::audit::{People, PersonKey};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::OnConflict,
};

use crate::{error::StoreError, head, write::WriteTx};

/// Maximum number of rows in an `INSERT`, or of values in an `IN`: both databases limit the
/// parameters of a statement.
const CHUNK: usize = 1000;

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_people")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub person: String,
        pub alias: String,
        pub secret: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn key(row: entity::Model) -> Result<(String, PersonKey), StoreError> {
    let secret = row.secret.try_into();
    let secret = secret.map_err(|_| StoreError::Corrupt("a key of the audit log".into()))?;
    let alias = row.alias;
    Ok((row.person, PersonKey { alias, secret }))
}

/// Returns the keys of persons, and makes the missing ones. Locks the head before it makes one, in
/// the same order as other writers.
pub(super) async fn keys(
    tx: &DatabaseTransaction,
    names: BTreeSet<&str>,
) -> Result<People, StoreError> {
    let mut people = find(tx, &names).await?;
    let new: BTreeSet<&str> = names
        .into_iter()
        .filter(|name| !people.contains_key(*name))
        .collect();
    if new.is_empty() {
        return Ok(people);
    }
    head::lock(tx).await?;
    let rows: Result<Vec<entity::ActiveModel>, StoreError> = new
        .iter()
        .map(|name| {
            let key = PersonKey::random();
            let key = key.map_err(|error| StoreError::Corrupt(error.to_string()))?;
            Ok(entity::ActiveModel {
                person: Set((*name).to_owned()),
                alias: Set(key.alias),
                secret: Set(key.secret.to_vec()),
            })
        })
        .collect();
    for chunk in rows?.chunks(CHUNK) {
        entity::Entity::insert_many(chunk.iter().cloned())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    // Another transaction may have inserted the key first.
    people.extend(find(tx, &new).await?);
    Ok(people)
}

async fn find(db: &impl ConnectionTrait, names: &BTreeSet<&str>) -> Result<People, StoreError> {
    let mut people = People::new();
    for chunk in Vec::from_iter(names).chunks(CHUNK) {
        let named = entity::Column::Person.is_in(chunk.iter().map(|name| **name));
        let rows = entity::Entity::find().filter(named).all(db).await?;
        for row in rows {
            people.extend([key(row)?]);
        }
    }
    Ok(people)
}

/// Returns the alias of a person's key, if there is one.
pub(super) async fn alias(
    db: &impl ConnectionTrait,
    person: &str,
) -> Result<Option<String>, StoreError> {
    let row = entity::Entity::find_by_id(person.to_owned())
        .one(db)
        .await?;
    Ok(row.map(|row| row.alias))
}

/// Returns keys by their aliases.
pub(super) async fn by_alias(
    db: &impl ConnectionTrait,
    aliases: &BTreeSet<&str>,
) -> Result<BTreeMap<String, PersonKey>, StoreError> {
    let mut keys = BTreeMap::new();
    for chunk in Vec::from_iter(aliases).chunks(CHUNK) {
        let named = entity::Column::Alias.is_in(chunk.iter().map(|alias| **alias));
        for row in entity::Entity::find().filter(named).all(db).await? {
            let (_, key) = key(row)?;
            keys.insert(key.alias.clone(), key);
        }
    }
    Ok(keys)
}

impl WriteTx {
    /// Erases the person `users/{user}` from the audit log, in every copy of it, by deleting the
    /// key. The chain stays valid. The entry of this change names the deleted key, not the person.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget(&mut self, person: &str) -> Result<(), StoreError> {
        self.lead().await?;
        let alias = alias(self.connection(), person).await?;
        entity::Entity::delete_by_id(person.to_owned())
            .exec(self.connection())
            .await?;
        if let Some(entry) = &mut self.audited {
            entry.request.clear();
            let gone = alias.map(|alias| (format!("auditPeople/{alias}"), String::new()));
            entry.resources = gone.into_iter().collect();
        }
        Ok(())
    }
}
