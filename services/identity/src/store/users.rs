//! Users.

use std::collections::HashSet;

use ::store::{StoreError, WriteTx, changed_one};
use api::identity::v1::{
    OidcIdentity, SubjectDescription, User, UserChange, UserState, change::Entity,
};
use identity_core::Login;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use service::{etag, timestamp};
use types::{Id, UnixTime, UserId};

use super::emit;

/// Rows per `INSERT`.
const ROWS_PER_INSERT: usize = 500;

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub realm: String,
        pub login: String,
        pub login_key: String,
        pub given_name: String,
        pub family_name: String,
        pub email: String,
        pub active: bool,
        pub create_ms: i64,
        pub update_ms: i64,
        pub version: i64,
        pub oidc: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use entity::Column;

/// A user to insert, with its id and checked login.
pub(crate) struct NewUser {
    pub(crate) id: UserId,
    pub(crate) login: Login,
    pub(crate) user: User,
}

/// Inserts users, all or none, and returns them as stored.
pub(crate) async fn insert(tx: &mut WriteTx, users: Vec<NewUser>) -> Result<Vec<User>, StoreError> {
    let now = tx.now().0;
    let rows: Vec<entity::Model> = users
        .into_iter()
        .map(|new| entity::Model {
            id: new.id.as_str().to_owned(),
            login_key: new.login.key(),
            realm: new.login.realm,
            login: new.login.login,
            given_name: new.user.given_name,
            family_name: new.user.family_name,
            email: new.user.email,
            oidc: new.user.oidc.as_ref().map(identity_key),
            active: true,
            create_ms: now,
            update_ms: now,
            version: tx.now().0,
        })
        .collect();
    // All transactions insert in the same order; otherwise two batches of the same rows could
    // deadlock.
    let mut ordered: Vec<&entity::Model> = rows.iter().collect();
    ordered.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    for chunk in ordered.chunks(ROWS_PER_INSERT) {
        let rows = chunk
            .iter()
            .copied()
            .cloned()
            .map(::store::new_row::<entity::ActiveModel, _>);
        entity::Entity::insert_many(rows)
            .exec_without_returning(tx.connection())
            .await?;
    }
    for row in &rows {
        emit_state(tx, row);
    }
    Ok(rows.into_iter().map(user).collect())
}

/// Returns a taken id among these. It distinguishes a taken id from a taken login.
pub(crate) async fn first_existing(
    db: &impl ConnectionTrait,
    ids: &[UserId],
) -> Result<Option<String>, StoreError> {
    let ids = ids.iter().map(UserId::as_str);
    // The query has no limit of one row: PostgreSQL would plan `IN` over many values as a scan.
    let rows = entity::Entity::find()
        .filter(Column::Id.is_in(ids))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.id).min())
}

/// Returns a user and its version.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    id: &UserId,
) -> Result<Option<(User, i64)>, StoreError> {
    let row = entity::Entity::find_by_id(id.as_str()).one(db).await?;
    Ok(row.map(|row| {
        let version = row.version;
        (user(row), version)
    }))
}

/// Returns the first user that has one of these identities, and the identity.
pub(crate) async fn first_with_identity(
    db: &impl ConnectionTrait,
    identities: &[&OidcIdentity],
) -> Result<Option<(String, OidcIdentity)>, StoreError> {
    if identities.is_empty() {
        return Ok(None);
    }
    let keys = identities.iter().map(|identity| identity_key(identity));
    let rows = entity::Entity::find()
        .filter(Column::Oidc.is_in(keys))
        .all(db)
        .await?;
    let found = rows.into_iter().min_by(|a, b| a.id.cmp(&b.id));
    Ok(found.and_then(|row| Some((row.id, identity(row.oidc.as_deref()?)))))
}

/// A search for users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UserFilter {
    /// All users.
    All,
    /// A login in its realm.
    Login(Login),
    /// An e-mail address.
    Email(String),
    /// An OIDC identity.
    Oidc(OidcIdentity),
}

impl UserFilter {
    /// Returns the condition; each has an index.
    fn condition(&self) -> Condition {
        let all = Condition::all();
        match self {
            Self::All => all,
            Self::Login(login) => all
                .add(Column::Realm.eq(login.realm.as_str()))
                .add(Column::LoginKey.eq(login.key())),
            Self::Email(email) => all.add(ExprTrait::eq(
                Func::lower(Expr::col(Column::Email)),
                Func::lower(Expr::value(email.as_str())),
            )),
            Self::Oidc(identity) => all.add(Column::Oidc.eq(identity_key(identity))),
        }
    }
}

/// Returns a page of the found users after an id, ordered by id.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    wanted: &UserFilter,
    after: &str,
    limit: u64,
) -> Result<Vec<User>, StoreError> {
    let rows = entity::Entity::find()
        .filter(wanted.condition())
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(user).collect())
}

/// Returns descriptions of users for other services.
pub(crate) async fn describe(
    db: &impl ConnectionTrait,
    ids: &HashSet<String>,
) -> Result<Vec<SubjectDescription>, StoreError> {
    let rows = entity::Entity::find()
        .filter(Column::Id.is_in(ids))
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(user)
        .map(|user| SubjectDescription {
            name: user.name,
            display_name: user.display_name,
            email: user.email,
            login: user.login,
        })
        .collect())
}

/// Writes a user that was read at `version`, and returns it as stored.
pub(crate) async fn update(
    tx: &mut WriteTx,
    id: &UserId,
    version: i64,
    user: User,
) -> Result<User, StoreError> {
    let active = user.state() == UserState::Active;
    let result = entity::Entity::update_many()
        .col_expr(Column::GivenName, Expr::value(user.given_name))
        .col_expr(Column::FamilyName, Expr::value(user.family_name))
        .col_expr(Column::Email, Expr::value(user.email))
        .col_expr(
            Column::Oidc,
            Expr::value(user.oidc.as_ref().map(identity_key)),
        )
        .col_expr(Column::Active, Expr::value(active))
        .col_expr(Column::UpdateMs, Expr::value(tx.now().0))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    changed_one(&result)?;
    let row = entity::Entity::find_by_id(id.as_str())
        .one(tx.connection())
        .await?
        .ok_or(StoreError::Stale)?;
    emit_state(tx, &row);
    Ok(self::user(row))
}

fn emit_state(tx: &mut WriteTx, row: &entity::Model) {
    let name = format!("users/{}", row.id);
    let change = UserChange {
        name: name.clone(),
        active: row.active,
    };
    emit(tx, name, Entity::User(change));
}

/// Returns an identity as one string. Neither part contains a space, so the string is unique.
fn identity_key(identity: &OidcIdentity) -> String {
    format!("{} {}", identity.issuer, identity.subject)
}

fn identity(key: &str) -> OidcIdentity {
    let (issuer, subject) = key.split_once(' ').unwrap_or((key, ""));
    OidcIdentity {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
    }
}

fn user(row: entity::Model) -> User {
    let state = if row.active {
        UserState::Active
    } else {
        UserState::Deactivated
    };
    User {
        name: format!("users/{}", row.id),
        display_name: format!("{} {}", row.given_name, row.family_name)
            .trim_end()
            .to_owned(),
        login: row.login,
        realm: row.realm,
        given_name: row.given_name,
        family_name: row.family_name,
        email: row.email,
        state: state.into(),
        create_time: timestamp(UnixTime(row.create_ms)),
        update_time: timestamp(UnixTime(row.update_ms)),
        etag: etag(row.version),
        oidc: row.oidc.as_deref().map(identity),
    }
}
