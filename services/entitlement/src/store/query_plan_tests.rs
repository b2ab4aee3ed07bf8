//! Query plans: lists and history find their rows by an index and in its order. Also tests the
//! removal of expired history.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};
use sea_orm_migration::MigratorTrait;
use testkit::Postgres;
use types::{Id, OrganizationId, RoleName, UnixTime};

use super::{
    Migrator, custom_roles, grant_places, grants,
    history::{self, Past},
    resources,
};

type Captured = Arc<Mutex<Vec<Statement>>>;

async fn open(url: &str) -> (DatabaseConnection, Captured) {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let mut db = Database::connect(options).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    let captured = Captured::default();
    let statements = captured.clone();
    db.set_metric_callback(move |info| {
        statements.lock().unwrap().push(info.statement.clone());
    });
    (db, captured)
}

/// Runs the queries of lists and of history.
async fn read(db: &DatabaseConnection) {
    let organization = OrganizationId::parse("acme").unwrap();
    let role = RoleName::parse_name("applications/a/roles/r").unwrap();
    resources::after(db, &organization, ("u", "r"), 10)
        .await
        .unwrap();
    grants::subjects_with(db, &organization, &role, "users/a", 10)
        .await
        .unwrap();
    grants::of_ids(db, &organization, &["g1", "g2"])
        .await
        .unwrap();
    let of = grants::Of {
        subject: "users/a",
        application: Some("mandate"),
        roles: &["owner"],
        now: UnixTime(7),
    };
    of.organizations(db, "acme", 10).await.unwrap();
    of.within(db, std::slice::from_ref(&organization))
        .await
        .unwrap();
    custom_roles::all(db, &organization).await.unwrap();
    let places = [("units/k1".to_owned(), None)];
    grant_places::naming_others(db, &organization, &places)
        .await
        .unwrap();
    custom_roles::page(db, &organization, ("a", "r"), 10)
        .await
        .unwrap();
    let past = Past {
        kind: history::RESOURCE,
        organization: "acme",
        at: UnixTime(7),
    };
    past.all::<resources::Row>(db).await.unwrap();
    past.of_ids::<resources::Row>(db, &["a", "b"])
        .await
        .unwrap();
    past.in_places::<resources::Row>(db, &["a", "b"])
        .await
        .unwrap();
    past.after::<resources::Row>(db, ("u", "r"), 10)
        .await
        .unwrap();
    history::sweep(db, UnixTime(7)).await.unwrap();
}

/// Rows that ended before a time are deleted; rows in force at that time or now stay.
async fn assert_swept(db: &DatabaseConnection) {
    for (id, end) in [("a", 6), ("b", 7), ("c", i64::MAX)] {
        let row = format!("('unit', 'acme', '{id}', 1, '', 1, {end}, '')");
        let insert = "INSERT INTO history \
            (kind, organization, id, revision, place, from_ms, to_ms, payload) VALUES";
        db.execute_unprepared(&format!("{insert} {row}"))
            .await
            .unwrap();
    }
    assert!(history::sweep(db, UnixTime(7)).await.unwrap());
    let left = "SELECT id FROM history ORDER BY id";
    let left = Statement::from_string(db.get_database_backend(), left);
    let rows = db.query_all_raw(left).await.unwrap();
    let ids: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("", "id").unwrap())
        .collect();
    assert_eq!(ids, ["b", "c"]);
}

async fn plan(db: &DatabaseConnection, statement: &Statement) -> String {
    let backend = db.get_database_backend();
    let (explain, column) = match backend {
        DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        _ => ("EXPLAIN", "QUERY PLAN"),
    };
    let sql = format!("{explain} {}", statement.sql);
    let values = statement.values.clone().unwrap();
    let explained = Statement::from_sql_and_values(backend, sql, values);
    let rows = db.query_all_raw(explained).await.unwrap();
    let lines = rows.iter().map(|row| row.try_get("", column).unwrap());
    lines.collect::<Vec<String>>().join("\n")
}

async fn assert_plans(url: &str) {
    let (db, captured) = open(url).await;
    read(&db).await;
    let statements = std::mem::take(&mut *captured.lock().unwrap());
    assert_eq!(statements.len(), 14);
    assert_swept(&db).await;
    if db.get_database_backend() == DbBackend::Postgres {
        // On empty tables all plans cost the same: disable the alternatives, so that a plan shows
        // only those it cannot avoid.
        let only = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; \
                    SET enable_hashagg = off";
        db.execute_unprepared(only).await.unwrap();
    }
    for statement in statements {
        let plan = plan(&db, &statement).await;
        let sorts = plan.contains("Sort") || plan.contains("TEMP B-TREE");
        let scans = plan.contains("Seq Scan") || plan.contains("SCAN ");
        let condition = plan.contains("Index Cond") || plan.contains("SEARCH ");
        assert!(condition && !scans && !sorts, "{}\n{plan}", statement.sql);
    }
}

#[tokio::test]
async fn lists_and_the_past_are_found_by_an_index_and_swept_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/plans.db?mode=rwc", folder.path().display());
    assert_plans(&url).await;
}

#[tokio::test]
async fn lists_and_the_past_are_found_by_an_index_and_swept_on_postgres() {
    let database = Postgres::shared().unwrap().database().unwrap();
    assert_plans(&database).await;
}
