//! Data from before a version stays readable after it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use sea_orm_migration::MigratorTrait;
use testkit::Postgres;
use types::{Id, UserId};

use super::Migrator;
use crate::store::users;

fn insert(id: &str, login: &str) -> String {
    format!(
        "INSERT INTO users (id, realm, login, given_name, family_name, email, active, create_ms, \
         update_ms, version) VALUES ('{id}', 'default', '{login}', 'Jan', '', '', true, 0, 0, 1)"
    )
}

/// Existing logins that differ only in case stay separate; no third one can be added.
async fn assert_kept(url: &str) {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await.unwrap();
    Migrator::up(&db, Some(1)).await.unwrap();
    for (id, login) in [("u1", "Jan"), ("u2", "jan"), ("u3", "JAN"), ("u4", "eva")] {
        db.execute_unprepared(&insert(id, login)).await.unwrap();
    }
    Migrator::up(&db, None).await.unwrap();
    for (id, login) in [("u1", "Jan"), ("u2", "jan"), ("u3", "JAN"), ("u4", "eva")] {
        let id = UserId::parse(id).unwrap();
        let (found, _) = users::find(&db, &id).await.unwrap().unwrap();
        assert_eq!(found.login, login);
    }
    let keyed = |id, key: &str| {
        insert(id, "jAN")
            .replace("login,", "login, login_key,")
            .replace("'jAN',", &format!("'jAN', '{key}',"))
    };
    let taken = db.execute_unprepared(&keyed("u5", "jan")).await;
    assert!(taken.is_err());
    db.execute_unprepared(&keyed("u5", "free")).await.unwrap();
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
