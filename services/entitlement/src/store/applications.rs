//! The catalog: each application as declared.

use ::store::{StoreError, WriteTx, changed_one, new_row};
use api::entitlement::v1::Application;
use prost::Message;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use service::{etag, timestamp};
use types::{ApplicationId, Id, UnixTime};

use super::{history, table};

table!("applications", key { id: String }, {
    body: Vec<u8>,
    create_ms: i64,
    update_ms: i64,
    version: i64,
});
pub(crate) use row::Model as Row;
use row::{Column, Entity};

/// Inserts an application and returns it as stored.
pub(crate) async fn insert(
    tx: &WriteTx,
    id: &ApplicationId,
    application: &Application,
) -> Result<Application, StoreError> {
    let row = Row {
        id: id.as_str().to_owned(),
        body: body(application),
        create_ms: tx.now().0,
        update_ms: tx.now().0,
        version: tx.now().0,
    };
    Entity::insert(new_row::<row::ActiveModel, _>(row.clone()))
        .exec_without_returning(tx.connection())
        .await?;
    note(tx, &row)?;
    self::application(&row)
}

/// Returns an application and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    id: &ApplicationId,
) -> Result<Option<(Application, i64)>, StoreError> {
    let row = Entity::find_by_id(id.as_str()).one(db).await?;
    let found = row.map(|row| application(&row).map(|application| (application, row.version)));
    found.transpose()
}

/// Returns the applications after an id, in the order of their ids.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Vec<Application>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.iter().map(application).collect()
}

/// Updates an application that was read at `version`, and returns it as stored.
pub(crate) async fn update(
    tx: &WriteTx,
    id: &ApplicationId,
    version: i64,
    application: &Application,
) -> Result<Application, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Body, Expr::value(body(application)))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    changed_one(&result)?;
    let row = Entity::find_by_id(id.as_str()).one(tx.connection()).await?;
    let row = row.ok_or(StoreError::Stale)?;
    note(tx, &row)?;
    self::application(&row)
}

/// All applications as stored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The present rows.
    Rows(Vec<Row>),
    /// Rows of the history.
    History(Vec<Vec<u8>>),
}

impl Stored {
    /// Returns the present applications.
    pub(crate) async fn now(db: &impl ConnectionTrait) -> Result<Self, StoreError> {
        let rows = Entity::find().order_by_asc(Column::Id).all(db).await?;
        Ok(Self::Rows(rows))
    }

    /// Decodes the applications, in the order of their ids.
    pub(crate) fn decode(&self) -> Result<Vec<Application>, StoreError> {
        match self {
            Self::Rows(rows) => rows.iter().map(application).collect(),
            Self::History(rows) => {
                let was = |row: &Vec<u8>| application(&history::decode(row)?);
                rows.iter().map(was).collect()
            }
        }
    }
}

fn note(tx: &WriteTx, row: &Row) -> Result<(), StoreError> {
    history::begin(tx, history::APPLICATION, ("", "", &row.id), row)
}

/// Encodes the declaration, without the fields that the service sets.
fn body(application: &Application) -> Vec<u8> {
    let mut declared = application.clone();
    declared.name.clear();
    declared.create_time = None;
    declared.update_time = None;
    declared.etag.clear();
    declared.version = 0;
    declared.encode_to_vec()
}

fn application(row: &Row) -> Result<Application, StoreError> {
    let mut application = Application::decode(row.body.as_slice())?;
    application.name = format!("applications/{}", row.id);
    for role in &mut application.roles {
        role.name = format!("applications/{}/roles/{}", row.id, role.role_id);
    }
    application.create_time = timestamp(UnixTime(row.create_ms));
    application.update_time = timestamp(UnixTime(row.update_ms));
    application.etag = etag(row.version);
    // The version of a row begins at the time of its creation, so an etag never repeats one of an
    // earlier row.
    application.version = row.version - row.create_ms + 1;
    Ok(application)
}
