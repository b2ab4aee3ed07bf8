//! Grants of one subject across organizations: by index, a page of organizations at a time.

use ::store::StoreError;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use types::{Id, InvalidId, OrganizationId, UnixTime};

use super::{
    MAX_ROWS_PER_STATEMENT, Row,
    row::{Column, Entity},
};

/// Selects grants of a subject that have not ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of<'a> {
    pub(crate) subject: &'a str,
    /// Selects roles of this application only, if set.
    pub(crate) application: Option<&'a str>,
    /// Selects roles with these ids only, if any.
    pub(crate) roles: &'a [&'a str],
    pub(crate) now: UnixTime,
}

impl Of<'_> {
    fn held(self) -> Select<Entity> {
        let held = Entity::find()
            .filter(Column::Subject.eq(self.subject))
            .filter(Column::Revoked.eq(false))
            .filter(Column::EndMs.gt(self.now.0));
        let of = self.application.map(|id| Column::Application.eq(id));
        let roles = self.roles.iter().copied();
        let of_roles = (!self.roles.is_empty()).then(|| Column::Role.is_in(roles));
        held.filter(Condition::all().add_option(of).add_option(of_roles))
    }

    /// Returns the organizations after one in which the subject holds such grants, in order.
    pub(crate) async fn organizations(
        self,
        db: &impl ConnectionTrait,
        after: &str,
        limit: u64,
    ) -> Result<Vec<OrganizationId>, StoreError> {
        let names: Vec<String> = self
            .held()
            .select_only()
            .column(Column::Organization)
            .distinct()
            .filter(Column::Organization.gt(after))
            .order_by_asc(Column::Organization)
            .limit(limit)
            .into_tuple()
            .all(db)
            .await?;
        let parsed = names.iter().map(|name| OrganizationId::parse(name));
        Ok(parsed.collect::<Result<_, InvalidId>>()?)
    }

    /// Returns such grants of the subject in these organizations.
    pub(crate) async fn within(
        self,
        db: &impl ConnectionTrait,
        organizations: &[OrganizationId],
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        for chunk in organizations.chunks(MAX_ROWS_PER_STATEMENT) {
            let names = chunk.iter().map(Id::as_str);
            let held = self.held().filter(Column::Organization.is_in(names));
            found.extend(held.all(db).await?);
        }
        Ok(found)
    }
}
