//! The keys of the first service account that its file ever held: one that was deleted is told from
//! one that is new.

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

/// Notes the hash of a key, and returns whether there was none like it before. Whoever notes the same
/// at the same time waits until this ends.
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
