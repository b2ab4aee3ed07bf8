//! Responses to requests with a request id, kept for a day: a repeated request gets the stored
//! response and is not executed again (AIP-155).

use aws_lc_rs::digest;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict,
};
use types::{Epoch, UnixTime};

use crate::error::StoreError;

/// Retention of a response, in milliseconds.
const RESPONSE_RETENTION_MS: i64 = 24 * 60 * 60 * 1000;

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
        pub epoch: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The state of a request id.
#[derive(Debug)]
pub(crate) enum Claim {
    /// This transaction holds the id; other users of the id wait.
    Taken,
    /// The id is free again, because its response has expired; this transaction takes it when it
    /// stores its own.
    Free,
    /// The same request was made before; it got this response, in this epoch of the log.
    Answered(Vec<u8>, Epoch),
}

/// A request that can be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) caller: String,
    pub(crate) request_id: String,
    /// A hash of the method and all fields of the request.
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

    /// Takes the id for this transaction, or finds the response that was given under it. A
    /// repetition waits here until the first request is done.
    pub(crate) async fn claim(
        &self,
        db: &impl ConnectionTrait,
        now: UnixTime,
    ) -> Result<Claim, StoreError> {
        let columns = [entity::Column::Caller, entity::Column::RequestId];
        let claimed = entity::Entity::insert(self.row(Vec::new(), Epoch::default(), now))
            .on_conflict(OnConflict::columns(columns).do_nothing().to_owned())
            .exec_without_returning(db)
            .await?;
        if claimed == 1 {
            return Ok(Claim::Taken);
        }
        let Some(row) = entity::Entity::find_by_id(self.key()).one(db).await? else {
            return Ok(Claim::Free);
        };
        if row.create_ms <= now.0 - RESPONSE_RETENTION_MS {
            return Ok(Claim::Free);
        }
        if row.fingerprint != self.fingerprint {
            return Err(StoreError::RequestReused);
        }
        Ok(Claim::Answered(row.response, Epoch(row.epoch)))
    }

    /// Stores the response, and deletes responses of more than a day ago, one of which may have the
    /// same id.
    pub(crate) async fn keep(
        self,
        db: &impl ConnectionTrait,
        response: Vec<u8>,
        epoch: Epoch,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        entity::Entity::delete_many()
            .filter(entity::Column::CreateMs.lte(now.0 - RESPONSE_RETENTION_MS))
            .exec(db)
            .await?;
        let columns = [entity::Column::Caller, entity::Column::RequestId];
        entity::Entity::insert(self.row(response, epoch, now))
            .on_conflict(
                OnConflict::columns(columns)
                    .update_columns([entity::Column::Response, entity::Column::Epoch])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
        Ok(())
    }

    fn key(&self) -> (String, String) {
        (self.caller.clone(), self.request_id.clone())
    }

    fn row(&self, response: Vec<u8>, epoch: Epoch, now: UnixTime) -> entity::ActiveModel {
        entity::ActiveModel {
            caller: Set(self.caller.clone()),
            request_id: Set(self.request_id.clone()),
            fingerprint: Set(self.fingerprint.clone()),
            response: Set(response),
            create_ms: Set(now.0),
            epoch: Set(epoch.0),
        }
    }
}
