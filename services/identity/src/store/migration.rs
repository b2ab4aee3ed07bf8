//! The schema, version by version.

use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait,
};
use store::schema::{
    add_column, boolean, bytes, create_common, create_epochs, index, integer, optional_text,
    primary, table, text,
};

/// Brings the schema to the latest version.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(V1), Box::new(V2), Box::new(Epochs)]
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
        manager
            .create_table(
                table("users")
                    .col(text("id").primary_key())
                    .col(text("realm"))
                    .col(text("login"))
                    .col(text("given_name"))
                    .col(text("family_name"))
                    .col(text("email"))
                    .col(boolean("active"))
                    .col(integer("create_ms"))
                    .col(integer("update_ms"))
                    .col(integer("version"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                index("users_login", "users", &["realm", "login"])
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                table("service_accounts")
                    .col(text("id").primary_key())
                    .col(text("display_name"))
                    .col(boolean("active"))
                    .col(integer("create_ms"))
                    .col(integer("update_ms"))
                    .col(integer("version"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                table("keys")
                    .col(text("id"))
                    .col(text("service_account"))
                    .col(bytes("secret_sha256"))
                    .col(integer("expire_ms"))
                    .col(integer("create_ms"))
                    .primary_key(&mut primary(&["id"]))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(index(
                "keys_service_account",
                "keys",
                &["service_account", "id"],
            ))
            .await
    }
}

/// Tokens of OpenID Connect issuers that prove service accounts.
struct V2;

impl MigrationName for V2 {
    fn name(&self) -> &'static str {
        "v2"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V2 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "keys", &mut optional_text("oidc")).await?;
        let oidc = index("keys_oidc", "keys", &["oidc"]).unique().to_owned();
        manager.create_index(oidc).await
    }
}

/// The identity of the log's history.
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
