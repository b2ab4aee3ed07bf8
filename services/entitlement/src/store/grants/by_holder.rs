//! Grants by role, and pages of grants.

use ::store::{StoreError, WriteTx};
use api::entitlement::v1::{Grant, GrantState};
use entitlement_core::management;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use types::{ApplicationId, Id, OrganizationId, RoleName, UnixTime};

use super::{
    Row,
    draft::with_noted,
    grant,
    row::{Column, Entity},
};

/// A filter on the grants of an organization.
#[derive(Debug, Default, Clone)]
pub(crate) struct Filter {
    /// Matches this subject only; all if empty.
    pub(crate) subject: String,
    /// Matches this role only.
    pub(crate) role: Option<RoleName>,
    /// Matches roles of this application, and management roles, only.
    pub(crate) application: Option<ApplicationId>,
    /// Matches this state only; if unspecified, grants that were not revoked.
    pub(crate) state: GrantState,
    /// True to match revoked grants, too, if no state is named.
    pub(crate) revoked: bool,
}

impl Filter {
    fn condition(&self, now: UnixTime) -> Condition {
        let role = self.role.as_ref().map(of_role);
        let application = self.application.as_ref().map(|application| {
            Column::Application.is_in([application.as_str(), management::APPLICATION])
        });
        let revoked = match self.state {
            GrantState::Unspecified => (!self.revoked).then_some(false),
            GrantState::Revoked => Some(true),
            GrantState::Active | GrantState::Expired => Some(false),
        };
        let ended = match self.state {
            GrantState::Active => Some(Column::EndMs.gt(now.0)),
            GrantState::Expired => Some(Column::EndMs.lte(now.0)),
            GrantState::Unspecified | GrantState::Revoked => None,
        };
        let subject = (!self.subject.is_empty()).then(|| Column::Subject.eq(&*self.subject));
        Condition::all()
            .add_option(subject)
            .add_option(role)
            .add_option(application)
            .add_option(revoked.map(|revoked| Column::Revoked.eq(revoked)))
            .add_option(ended)
    }
}

/// Matches a role; a custom role only in its organization.
pub(super) fn of_role(role: &RoleName) -> Condition {
    let own = role.organization.as_ref();
    Condition::all()
        .add(Column::Application.eq(role.application.as_str()))
        .add(Column::Role.eq(role.role.as_str()))
        .add(Column::Custom.eq(own.is_some()))
        .add_option(own.map(|own| Column::Organization.eq(own.as_str())))
}

/// Returns the grants of an organization after an id, in the order of their ids.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    filter: &Filter,
    after: &str,
    limit: u64,
    now: UnixTime,
) -> Result<Vec<Grant>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(filter.condition(now))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.iter().map(|row| grant(row, now)).collect()
}

/// Returns the holders of a role in an organization after one, in order.
pub(crate) async fn subjects_with(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    role: &RoleName,
    after: &str,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let subjects = Entity::find()
        .select_only()
        .column(Column::Subject)
        .distinct()
        .filter(of_role(role))
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Subject.gt(after))
        .filter(Column::Revoked.eq(false))
        .order_by_asc(Column::Subject)
        .limit(limit);
    Ok(subjects.into_tuple().all(db).await?)
}

/// Returns the grants of these management roles in an organization that have not ended.
pub(crate) async fn of_posts(
    tx: &WriteTx,
    organization: &OrganizationId,
    roles: &[&str],
) -> Result<Vec<Row>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Application.eq(management::APPLICATION))
        .filter(Column::Role.is_in(roles.iter().copied()))
        .filter(Column::Custom.eq(false))
        .filter(Column::Revoked.eq(false))
        .filter(Column::EndMs.gt(tx.now().0))
        .all(tx.connection());
    with_noted(tx, organization, rows.await?, |row| {
        row.application == management::APPLICATION
            && roles.contains(&row.role.as_str())
            && !row.custom
            && row.end_ms > tx.now().0
    })
}

/// Returns the names of the roles that members of an organization hold or will hold.
pub(crate) async fn roles(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    now: UnixTime,
) -> Result<Vec<String>, StoreError> {
    let held: Vec<(String, String, bool)> = Entity::find()
        .select_only()
        .columns([Column::Application, Column::Role, Column::Custom])
        .distinct()
        .filter(Column::Organization.eq(organization.as_str()))
        .filter(Column::Revoked.eq(false))
        .filter(Column::EndMs.gt(now.0))
        .into_tuple()
        .all(db)
        .await?;
    let names = held.iter().map(|(application, role, custom)| {
        super::role_name(organization.as_str(), application, role, *custom)
    });
    Ok(names.collect())
}

/// Returns the number of holders of a role in all organizations; a holder in two counts twice.
pub(crate) async fn holders(
    db: &impl ConnectionTrait,
    application: &ApplicationId,
    role: &str,
    now: UnixTime,
) -> Result<i64, StoreError> {
    let count = Entity::find()
        .select_only()
        .columns([Column::Organization, Column::Subject])
        .filter(Column::Application.eq(application.as_str()))
        .filter(Column::Role.eq(role))
        .filter(Column::Custom.eq(false))
        .filter(Column::Revoked.eq(false))
        .filter(Column::EndMs.gt(now.0))
        .distinct()
        .count(db)
        .await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

/// True if a grant of the role exists that was not revoked.
pub(crate) async fn is_held(
    db: &impl ConnectionTrait,
    role: &RoleName,
) -> Result<bool, StoreError> {
    let row = Entity::find()
        .filter(of_role(role))
        .filter(Column::Revoked.eq(false))
        .one(db)
        .await?;
    Ok(row.is_some())
}
