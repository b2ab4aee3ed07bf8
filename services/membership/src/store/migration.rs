//! The schema, version by version.

use sea_orm_migration::prelude::{
    ColumnDef, DbErr, ForeignKey, ForeignKeyCreateStatement, MigrationName, MigrationTrait,
    MigratorTrait, SchemaManager, async_trait,
};
use store::schema::{
    add_column, boolean, bytes, create_common, create_epochs, index, integer, primary, table, text,
};

/// Migrates the schema to the latest version.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(V1),
            Box::new(V2),
            Box::new(V3),
            Box::new(Epochs),
            Box::new(V6),
        ]
    }
}

struct V1;

impl MigrationName for V1 {
    fn name(&self) -> &'static str {
        "v1"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V1 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_common(manager).await?;
        organizations(manager).await?;
        units(manager).await?;
        resources(manager).await?;
        memberships(manager).await
    }
}

/// Contacts.
struct V2;

impl MigrationName for V2 {
    fn name(&self) -> &'static str {
        "v2"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V2 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        contacts(manager).await
    }
}

/// Change requests.
struct V3;

impl MigrationName for V3 {
    fn name(&self) -> &'static str {
        "v3"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V3 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        change_requests(manager).await?;
        let mut pending = nullable_text("pending_request");
        add_column(manager, "memberships", &mut pending).await
    }
}

async fn organizations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("organizations")
                .col(text("id").primary_key())
                .col(text("display_name"))
                .col(boolean("active"))
                .col(boolean("subscription_required"))
                .col(integer("create_ms"))
                .col(integer("update_ms"))
                .col(integer("version"))
                .to_owned(),
        )
        .await
}

async fn units(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("units")
                .col(text("organization"))
                .col(text("id"))
                .col(nullable_text("parent"))
                .col(text("kind"))
                .col(text("number"))
                .col(text("display_name"))
                .col(integer("create_ms"))
                .col(integer("update_ms"))
                .col(integer("version"))
                .primary_key(&mut primary(&["organization", "id"]))
                .foreign_key(&mut in_organization("units"))
                .foreign_key(&mut in_unit("units", "parent"))
                .to_owned(),
        )
        .await?;
    let columns = ["organization", "parent"];
    let below = index("units_parent", "units", &columns);
    manager.create_index(below).await
}

async fn resources(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("resources")
                .col(text("organization"))
                .col(text("id"))
                .col(text("type"))
                .col(nullable_text("external_id"))
                .col(text("unit"))
                .col(text("display_name"))
                .col(integer("create_ms"))
                .col(integer("update_ms"))
                .col(integer("version"))
                .primary_key(&mut primary(&["organization", "id"]))
                .foreign_key(&mut in_organization("resources"))
                .foreign_key(&mut in_unit("resources", "unit"))
                .to_owned(),
        )
        .await?;
    let columns = ["organization", "unit"];
    let below = index("resources_unit", "resources", &columns);
    manager.create_index(below).await?;
    // In both databases, null differs from every other null.
    let columns = ["organization", "type", "external_id"];
    let mut external = index("resources_external_id", "resources", &columns);
    manager.create_index(external.unique().to_owned()).await
}

async fn memberships(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("memberships")
                .col(text("organization"))
                .col(text("id"))
                .col(text("subject"))
                .col(boolean("active"))
                .col(boolean("subscription_active"))
                .col(integer("create_ms"))
                .col(integer("update_ms"))
                .col(integer("version"))
                .primary_key(&mut primary(&["organization", "id"]))
                .foreign_key(&mut in_organization("memberships"))
                .to_owned(),
        )
        .await?;
    let columns = ["organization", "subject"];
    let mut subject = index("memberships_subject", "memberships", &columns);
    manager.create_index(subject.unique().to_owned()).await
}

async fn contacts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("contacts")
                .col(text("organization"))
                .col(text("id"))
                .col(boolean("representative"))
                .col(text("display_name"))
                .col(text("uri"))
                .col(boolean("is_primary"))
                .col(integer("create_ms"))
                .col(integer("update_ms"))
                .col(integer("version"))
                .primary_key(&mut primary(&["organization", "id"]))
                .foreign_key(&mut in_organization("contacts"))
                .to_owned(),
        )
        .await
}

async fn change_requests(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("change_requests")
                .col(text("organization"))
                .col(text("id"))
                .col(text("membership"))
                .col(integer("state"))
                .col(text("requester"))
                .col(bytes("content"))
                .col(text("applied_token"))
                .col(integer("create_ms"))
                .col(integer("update_ms"))
                .col(integer("version"))
                .primary_key(&mut primary(&["organization", "id"]))
                .foreign_key(&mut in_organization("change_requests"))
                .to_owned(),
        )
        .await?;
    let columns = ["organization", "membership", "id"];
    let membership = index("change_requests_membership", "change_requests", &columns);
    manager.create_index(membership).await?;
    let columns = ["state", "organization", "id"];
    let state = index("change_requests_state", "change_requests", &columns);
    manager.create_index(state).await
}

fn nullable_text(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().null();
    column
}

fn in_organization(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_organization"))
        .from_tbl(table)
        .from_col("organization")
        .to_tbl("organizations")
        .to_col("id")
        .to_owned()
}

/// Returns the foreign key to a unit; a null in `column` refers to nothing.
fn in_unit(table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_{column}_unit"))
        .from_tbl(table)
        .from_col("organization")
        .from_col(column)
        .to_tbl("units")
        .to_col("organization")
        .to_col("id")
        .to_owned()
}

/// Epochs of the log.
struct Epochs;

impl MigrationName for Epochs {
    fn name(&self) -> &'static str {
        "epochs"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Epochs {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_epochs(manager).await
    }
}

/// The `uid`s of units, resources and memberships, which distinguish entities of the same name.
struct V6;

impl MigrationName for V6 {
    fn name(&self) -> &'static str {
        "v6"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V6 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["units", "resources", "memberships"] {
            add_column(manager, table, text("uid").default("")).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "migration_tests.rs"]
mod tests;
