//! Data from before a version stays readable after it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use sea_orm_migration::MigratorTrait;
use testkit::Postgres;
use types::{Id, In, OrganizationId};

use super::Migrator;
use crate::store::{contacts, memberships, organizations};

async fn assert_kept(url: &str) {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await.unwrap();
    Migrator::up(&db, Some(1)).await.unwrap();
    let insert = "INSERT INTO organizations (id, display_name, active, subscription_required, \
                  create_ms, update_ms, version) VALUES ('acme', 'Acme', true, false, 0, 0, 1)";
    db.execute_unprepared(insert).await.unwrap();
    let insert = "INSERT INTO memberships (organization, id, subject, active, \
                  subscription_active, create_ms, update_ms, version) \
                  VALUES ('acme', 'jan', 'users/jan', true, false, 0, 0, 1)";
    db.execute_unprepared(insert).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    let acme = OrganizationId::parse("acme").unwrap();
    let (found, _) = organizations::find(&db, &acme).await.unwrap().unwrap();
    assert_eq!(found.display_name, "Acme");
    assert_eq!(contacts::all(&db, &acme).await.unwrap(), []);
    let jan = In::parse_name("organizations/acme/memberships/jan").unwrap();
    let (found, _) = memberships::find(&db, &jan).await.unwrap().unwrap();
    assert_eq!((found.pending_request, found.uid), Default::default());
}

#[tokio::test]
async fn what_the_first_version_stored_is_read_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    assert_kept(&format!(
        "sqlite:{}/first.db?mode=rwc",
        folder.path().display()
    ))
    .await;
}

#[tokio::test]
async fn what_the_first_version_stored_is_read_on_postgres() {
    assert_kept(&Postgres::shared().unwrap().database().unwrap()).await;
}
