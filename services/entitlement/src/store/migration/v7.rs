//! The `uid`s of units, resources and memberships, which tell them from others of the same name,
//! and the locations in the scopes of grants.

use api::entitlement::v1::Scope;
use prost::Message;
use sea_orm_migration::{
    prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait},
    sea_orm::{ConnectionTrait, ExprTrait},
    sea_query::{Expr, Query},
};
use store::schema::{add_column, index, optional_text, primary, table, text};

use crate::store::grant_places::place;

/// Grants per page.
const PAGE: u64 = 1000;

pub(super) struct V7;

impl MigrationName for V7 {
    fn name(&self) -> &'static str {
        "v7"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V7 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["p_units", "p_resources", "p_members"] {
            add_column(manager, table, text("uid").default("")).await?;
        }
        add_column(manager, "grants", &mut optional_text("deleted_places")).await?;
        let places = table("grant_places")
            .col(text("organization"))
            .col(text("place"))
            .col(text("grant_id"))
            .col(text("uid"))
            .primary_key(&mut primary(&["organization", "place", "grant_id"]))
            .to_owned();
        manager.create_table(places).await?;
        let columns = ["organization", "grant_id"];
        let grant = index("grant_places_grant", "grant_places", &columns);
        manager.create_index(grant).await?;
        let mut after = (String::new(), String::new());
        while let Some(last) = note(manager.get_connection(), after).await? {
            after = last;
        }
        Ok(())
    }
}

/// Records the locations of some grants, in the order of their keys. Returns the key of the last
/// one.
async fn note(
    db: &impl ConnectionTrait,
    (organization, id): (String, String),
) -> Result<Option<(String, String)>, DbErr> {
    let key = Expr::tuple([Expr::col("organization"), Expr::col("id")]);
    let query = Query::select()
        .columns(["organization", "id", "scope"])
        .from("grants")
        .and_where(key.gt(Expr::tuple([Expr::val(organization), Expr::val(id)])))
        .order_by("organization", sea_orm_migration::sea_query::Order::Asc)
        .order_by("id", sea_orm_migration::sea_query::Order::Asc)
        .limit(PAGE)
        .to_owned();
    let mut last = None;
    for row in db.query_all(&query).await? {
        let organization: String = row.try_get("", "organization")?;
        let id: String = row.try_get("", "id")?;
        let scope: Vec<u8> = row.try_get("", "scope")?;
        // A scope that cannot be read gives no access.
        let scope = Scope::decode(scope.as_slice()).unwrap_or_default();
        insert(db, &organization, &id, &scope).await?;
        last = Some((organization, id));
    }
    Ok(last)
}

async fn insert(
    db: &impl ConnectionTrait,
    organization: &str,
    id: &str,
    scope: &Scope,
) -> Result<(), DbErr> {
    let mut insert = Query::insert();
    insert
        .into_table("grant_places")
        .columns(["organization", "place", "grant_id", "uid"]);
    let mut is_empty = true;
    for name in scope.units.iter().chain(&scope.resources) {
        let row = [organization, place(name), id, ""];
        insert.values_panic(row.map(Expr::val));
        is_empty = false;
    }
    if !is_empty {
        db.execute(&insert).await?;
    }
    Ok(())
}
