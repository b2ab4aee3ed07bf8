//! Rows stored by the first version are readable after all migrations.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use api::entitlement::v1::Scope;
use prost::Message;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend};
use sea_orm_migration::MigratorTrait;
use testkit::Postgres;
use types::{Id, OrganizationId, UnixTime};

use super::Migrator;
use crate::store::{
    grant_places, grants,
    history::{self, Past},
    representatives, resources,
};

/// Inserts rows of the first version, and a history row of it.
async fn fill(db: &impl ConnectionTrait) {
    let (bytes, noted) = match db.get_database_backend() {
        DbBackend::Sqlite => ("X'$'", "CAST($ AS BLOB)"),
        _ => ("decode('$', 'hex')", "convert_to($, 'UTF8')"),
    };
    let scope = Scope {
        units: vec!["organizations/acme/units/k1".to_owned()],
        ..Scope::default()
    };
    let hex = scope.encode_to_vec().into_iter().map(|byte| {
        let digit = |digit: u8| char::from_digit(digit.into(), 16).unwrap();
        [digit(byte >> 4), digit(byte & 15)]
    });
    let scope = bytes.replace('$', &hex.flatten().collect::<String>());
    let noted = noted.replace('$', r#"'{"organization":"acme","id":"n2","unit":"k1"}'"#);
    for insert in [
        format!(
            "grants (organization, id, subject, application, role, scope, start_ms, end_ms, \
             can_delegate, revoked, revoke_ms, revoked_by, granted_by, create_ms, update_ms, version) \
             VALUES ('acme', 'g1', 'users/jan', 'a', 'r', {scope}, 0, 9, false, false, 9, '', '', \
             0, 0, 1)"
        ),
        "p_resources (organization, id, unit) VALUES ('acme', 'n1', 'k1')".to_owned(),
        format!(
            "history (kind, organization, id, revision, place, from_ms, to_ms, payload) \
             VALUES ('resource', 'acme', 'n2', 1, 'k1', 0, 9, {noted})"
        ),
    ] {
        let insert = format!("INSERT INTO {insert}");
        db.execute_unprepared(&insert).await.unwrap();
    }
}

async fn assert_kept(url: &str) {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await.unwrap();
    Migrator::up(&db, Some(1)).await.unwrap();
    fill(&db).await;
    Migrator::up(&db, None).await.unwrap();
    let acme = OrganizationId::parse("acme").unwrap();
    let held = grants::of_subjects(&db, &acme, None).await.unwrap();
    let [grant] = &*held else {
        unreachable!("{held:?}");
    };
    assert_eq!((grant.id.as_str(), &grant.condition), ("g1", &None));
    assert!(!grant.custom);
    let found = resources::find(&db, &acme, &["n1"]).await.unwrap();
    let past = Past {
        kind: history::RESOURCE,
        organization: "acme",
        at: UnixTime(5),
    };
    let then: Vec<resources::Row> = past.of_ids(&db, &["n2"]).await.unwrap();
    let all: Vec<_> = found.iter().chain(&then).collect();
    let all: Vec<_> = all.iter().map(|row| (row.id.as_str(), &row.kind)).collect();
    assert_eq!(all, [("n1", &None), ("n2", &None)]);
    let places = [("units/k1".to_owned(), None), ("units/k2".to_owned(), None)];
    let named = grant_places::naming_others(&db, &acme, &places);
    let named = named.await.unwrap();
    let named: Vec<_> = named.iter().map(|row| (&*row.place, &*row.uid)).collect();
    assert_eq!(named, [("units/k1", "")]);
    let contact = representatives::find(&db, &acme).await.unwrap();
    assert_eq!(contact, None);
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
