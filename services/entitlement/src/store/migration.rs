//! The schema, version by version.

mod v7;

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager, TableCreateStatement,
    async_trait,
};
use store::schema::{
    add_column, boolean, bytes, bytewise, create_common, create_epochs, create_history, index,
    integer, optional_text, primary, table, text,
};

use self::v7::V7;

/// Brings the schema to the latest version.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(V1),
            Box::new(V2),
            Box::new(V3),
            Box::new(V4),
            Box::new(V5),
            Box::new(Epochs),
            Box::new(V7),
            Box::new(V8),
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
        create_history(manager).await?;
        for table in owned().into_iter().chain(projected()) {
            manager.create_table(table).await?;
        }
        // Lists are paged in bytewise order, as the rules compare.
        bytewise(manager, "grants", &["subject"]).await?;
        bytewise(manager, "p_resources", &["id", "unit"]).await?;
        let indexes = [
            index(
                "grants_subject",
                "grants",
                &["organization", "subject", "id"],
            ),
            index(
                "grants_role",
                "grants",
                &["application", "role", "organization", "subject"],
            ),
            index(
                "resources_of_unit",
                "p_resources",
                &["organization", "unit", "id"],
            ),
            index(
                "members_of_subject",
                "p_members",
                &["organization", "subject"],
            )
            .unique()
            .to_owned(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// Conditions of grants; the type of a resource, which conditions may refer to; custom roles.
struct V2;

impl MigrationName for V2 {
    fn name(&self) -> &'static str {
        "v2"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V2 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(custom_roles()).await?;
        add_column(manager, "grants", boolean("custom").default(false)).await?;
        add_column(manager, "grants", &mut optional_text("condition")).await?;
        add_column(manager, "p_resources", &mut optional_text("kind")).await
    }
}

/// Contacts at the operator, for requests that only the operator can resolve.
struct V3;

impl MigrationName for V3 {
    fn name(&self) -> &'static str {
        "v3"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V3 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(representatives()).await
    }
}

/// Tokens of OpenID Connect issuers that prove service accounts.
struct V4;

impl MigrationName for V4 {
    fn name(&self) -> &'static str {
        "v4"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V4 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "p_keys", &mut optional_text("oidc")).await
    }
}

/// Releases: members who are about to leave.
struct V5;

impl MigrationName for V5 {
    fn name(&self) -> &'static str {
        "v5"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V5 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let releases = table("releases")
            .col(text("organization"))
            .col(text("subject"))
            .col(integer("until_ms"))
            .primary_key(&mut primary(&["organization", "subject"]))
            .to_owned();
        manager.create_table(releases).await?;
        let passed = index("releases_passed", "releases", &["until_ms"]);
        manager.create_index(passed).await
    }
}

/// Epochs of the logs, of this service and of the followed ones.
struct Epochs;

impl MigrationName for Epochs {
    fn name(&self) -> &'static str {
        "epochs"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Epochs {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_epochs(manager).await?;
        for column in ["epoch", "mark", "replaying"] {
            add_column(manager, "cursors", integer(column).default(0)).await?;
        }
        let told = table("told")
            .col(text("feed"))
            .col(text("entity"))
            .primary_key(&mut primary(&["feed", "entity"]))
            .to_owned();
        manager.create_table(told).await
    }
}

/// Index of the grants of one subject across organizations.
struct V8;

impl MigrationName for V8 {
    fn name(&self) -> &'static str {
        "v8"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V8 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of_subject = index("grants_of_subject", "grants", &["subject", "organization"]);
        manager.create_index(of_subject).await
    }
}

/// Returns the tables that this service owns.
fn owned() -> Vec<TableCreateStatement> {
    vec![
        table("applications")
            .col(text("id").primary_key())
            .col(bytes("body"))
            .col(integer("create_ms"))
            .col(integer("update_ms"))
            .col(integer("version"))
            .to_owned(),
        table("entitlements")
            .col(text("organization"))
            .col(text("application"))
            .col(boolean("active"))
            .col(integer("reason"))
            .col(integer("start_ms"))
            .col(integer("end_ms"))
            .col(integer("create_ms"))
            .col(integer("update_ms"))
            .col(integer("version"))
            .primary_key(&mut primary(&["organization", "application"]))
            .to_owned(),
        table("grants")
            .col(text("organization"))
            .col(text("id"))
            .col(text("subject"))
            .col(text("application"))
            .col(text("role"))
            .col(bytes("scope"))
            .col(integer("start_ms"))
            .col(integer("end_ms"))
            .col(boolean("can_delegate"))
            .col(boolean("revoked"))
            .col(integer("revoke_ms"))
            .col(text("revoked_by"))
            .col(text("granted_by"))
            .col(integer("create_ms"))
            .col(integer("update_ms"))
            .col(integer("version"))
            .primary_key(&mut primary(&["organization", "id"]))
            .to_owned(),
    ]
}

fn custom_roles() -> TableCreateStatement {
    table("custom_roles")
        .col(text("organization"))
        .col(text("application"))
        .col(text("id"))
        .col(bytes("body"))
        .col(integer("create_ms"))
        .col(integer("update_ms"))
        .col(integer("version"))
        .primary_key(&mut primary(&["organization", "application", "id"]))
        .to_owned()
}

fn representatives() -> TableCreateStatement {
    table("p_representatives")
        .col(text("organization").primary_key())
        .col(text("display_name"))
        .col(text("uri"))
        .to_owned()
}

/// Returns the tables projected from identity and membership.
fn projected() -> Vec<TableCreateStatement> {
    vec![
        table("cursors")
            .col(text("feed").primary_key())
            .col(integer("position"))
            .to_owned(),
        table("p_subjects")
            .col(text("name").primary_key())
            .col(boolean("active"))
            .to_owned(),
        table("p_keys")
            .col(text("id").primary_key())
            .col(text("service_account"))
            .col(bytes("secret_sha256"))
            .col(integer("expire_ms"))
            .to_owned(),
        table("p_organizations")
            .col(text("id").primary_key())
            .col(boolean("active"))
            .col(boolean("subscription_required"))
            .to_owned(),
        table("p_units")
            .col(text("organization"))
            .col(text("id"))
            .col(text("parent"))
            .primary_key(&mut primary(&["organization", "id"]))
            .to_owned(),
        table("p_resources")
            .col(text("organization"))
            .col(text("id"))
            .col(text("unit"))
            .primary_key(&mut primary(&["organization", "id"]))
            .to_owned(),
        table("p_members")
            .col(text("organization"))
            .col(text("id"))
            .col(text("subject"))
            .col(boolean("active"))
            .col(boolean("subscription_active"))
            .primary_key(&mut primary(&["organization", "id"]))
            .to_owned(),
    ]
}

#[cfg(test)]
#[path = "migration_tests.rs"]
mod tests;
