//! Answers to requests that carried an id, kept for a day, so that a repeated request is
//! answered and not done again (AIP-155).

use aws_lc_rs::digest;
use base::Millis;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::error::StoreError;

/// How long an answer is kept, in milliseconds.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "requests")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub caller: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub request_id: String,
        pub fingerprint: Vec<u8>,
        pub response: Vec<u8>,
        pub create_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A request that can be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) caller: String,
    pub(crate) request_id: String,
    /// Over the method and all fields of the request.
    pub(crate) fingerprint: Vec<u8>,
}

impl Request {
    pub(crate) fn new(caller: &str, method: &str, request_id: &str, encoded: &[u8]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(method.as_bytes());
        context.update(&[0]);
        context.update(encoded);
        Self {
            caller: caller.to_owned(),
            request_id: request_id.to_owned(),
            fingerprint: context.finish().as_ref().to_vec(),
        }
    }

    /// The answer to this request, if it was made before.
    pub(crate) async fn answer(
        &self,
        db: &impl ConnectionTrait,
        now: Millis,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let key = (self.caller.clone(), self.request_id.clone());
        let Some(row) = entity::Entity::find_by_id(key).one(db).await? else {
            return Ok(None);
        };
        if row.create_ms <= now.0 - KEPT_MS {
            return Ok(None);
        }
        if row.fingerprint != self.fingerprint {
            return Err(StoreError::RequestReused);
        }
        Ok(Some(row.response))
    }

    /// Keeps the answer, and forgets those of more than a day ago.
    pub(crate) async fn keep(
        self,
        db: &impl ConnectionTrait,
        response: Vec<u8>,
        now: Millis,
    ) -> Result<(), StoreError> {
        entity::Entity::delete_many()
            .filter(entity::Column::CreateMs.lte(now.0 - KEPT_MS))
            .exec(db)
            .await?;
        let row = entity::ActiveModel {
            caller: Set(self.caller),
            request_id: Set(self.request_id),
            fingerprint: Set(self.fingerprint),
            response: Set(response),
            create_ms: Set(now.0),
        };
        entity::Entity::insert(row)
            .exec_without_returning(db)
            .await?;
        Ok(())
    }
}
