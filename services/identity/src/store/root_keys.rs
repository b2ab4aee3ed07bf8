//! The record of all root keys that the file ever held: it distinguishes a deleted key from a new
//! one.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{EntityTrait, sea_query::OnConflict};
use store::{StoreError, WriteTx, new_row};

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "root_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub secret_sha256: String,
        pub create_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Records the hash of a key, and returns true if it is new. Another transaction that records the
/// same hash waits until this one ends.
pub(crate) async fn note(tx: &WriteTx, hash: &[u8]) -> Result<bool, StoreError> {
    let row = entity::Model {
        secret_sha256: BASE64_URL_SAFE_NO_PAD.encode(hash),
        create_ms: tx.now().0,
    };
    let noted = entity::Entity::insert(new_row::<entity::ActiveModel, _>(row))
        .on_conflict(
            OnConflict::column(entity::Column::SecretSha256)
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(tx.connection())
        .await?;
    Ok(noted == 1)
}
