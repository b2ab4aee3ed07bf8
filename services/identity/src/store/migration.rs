//! The schema, version by version.

use sea_orm_migration::{
    prelude::{DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait},
    sea_orm::ConnectionTrait,
};
use store::schema::{
    add_column, boolean, bytes, create_common, create_epochs, index, integer, optional_text,
    primary, table, text,
};

/// Migrates the schema to the latest version.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(V1),
            Box::new(V2),
            Box::new(Epochs),
            Box::new(LoginKeys),
            Box::new(V7),
            Box::new(FindUsers),
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

/// OIDC identities of service accounts.
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

/// Uniqueness of logins without regard to case.
struct LoginKeys;

impl MigrationName for LoginKeys {
    fn name(&self) -> &'static str {
        "login-keys"
    }
}

/// Of users whose logins differ only in case, each but the first keeps its login, with a key that
/// no login can have.
const FILL_LOGIN_KEYS: &str = "UPDATE users SET login_key = lower(login) || CASE WHEN EXISTS \
    (SELECT 1 FROM users AS other WHERE other.realm = users.realm \
    AND lower(other.login) = lower(users.login) AND other.id < users.id) \
    THEN ' ' || id ELSE '' END";

#[async_trait::async_trait]
impl MigrationTrait for LoginKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "users", text("login_key").default("")).await?;
        let connection = manager.get_connection();
        connection.execute_unprepared(FILL_LOGIN_KEYS).await?;
        connection
            .execute_unprepared("DROP INDEX users_login")
            .await?;
        let unique = index("users_login_key", "users", &["realm", "login_key"])
            .unique()
            .to_owned();
        manager.create_index(unique).await
    }
}

/// The record of root keys.
struct V7;

impl MigrationName for V7 {
    fn name(&self) -> &'static str {
        "v7"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for V7 {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let root_keys = table("root_keys")
            .col(text("secret_sha256").primary_key())
            .col(integer("create_ms"))
            .to_owned();
        manager.create_table(root_keys).await
    }
}

/// Indexes to find users by OIDC identity and by e-mail address.
struct FindUsers;

impl MigrationName for FindUsers {
    fn name(&self) -> &'static str {
        "find-users"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FindUsers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "users", &mut optional_text("oidc")).await?;
        let oidc = index("users_oidc", "users", &["oidc"]).unique().to_owned();
        manager.create_index(oidc).await?;
        let emails = "CREATE INDEX users_email ON users (lower(email), id)";
        let connection = manager.get_connection();
        connection.execute_unprepared(emails).await?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "migration_tests.rs"]
mod tests;
