//! The `uid`s of units, resources and memberships, which distinguish entities of the same name.

use std::collections::{BTreeMap, BTreeSet};

use ::store::StoreError;
use sea_orm::{
    ConnectionTrait, ExprTrait,
    sea_query::{Expr, Query},
};
use types::{Id, OrganizationId};

use super::ROWS_PER_INSERT;

/// The tables, which have the names of the collections.
const TABLES_WITH_UID: [&str; 3] = ["units", "resources", "memberships"];

/// Returns the `uid`s of existing entities of an organization, by name.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    names: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let mut found = BTreeMap::new();
    for table in TABLES_WITH_UID {
        let collection = format!("{}/{table}/", organization.name());
        let ids = names
            .iter()
            .filter_map(|name| name.strip_prefix(&*collection));
        let ids: Vec<&str> = ids.collect();
        for chunk in ids.chunks(ROWS_PER_INSERT) {
            let query = Query::select()
                .columns(["id", "uid"])
                .from(table)
                .and_where(Expr::col("organization").eq(organization.as_str()))
                .and_where(Expr::col("id").is_in(chunk.iter().copied()))
                .to_owned();
            for row in db.query_all(&query).await? {
                let id: String = row.try_get("", "id")?;
                found.insert(format!("{collection}{id}"), row.try_get("", "uid")?);
            }
        }
    }
    Ok(found)
}
