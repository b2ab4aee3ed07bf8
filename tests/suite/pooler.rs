//! Connection poolers between the product and PostgreSQL.

use store::{StoreError, StoreUrl, migrate};
use testkit::Postgres;
use tokens::Source;

#[tokio::test]
async fn a_pooler_that_changes_the_session_with_each_transaction_is_refused_at_the_start() {
    let postgres = Postgres::shared().unwrap();
    for (mode, is_refused) in [("transaction", true), ("session", false)] {
        let Some(pooler) = postgres.pooled(mode).unwrap() else {
            println!("PgBouncer is not installed: this is not tried");
            return;
        };
        let direct = format!(":{}/", postgres.server().port);
        let url = postgres.database().unwrap();
        let url = url.replace(&direct, &format!(":{}/", pooler.port));
        let url = StoreUrl::parse(url).unwrap();
        for _ in 0..2 {
            let migrated = migrate::<identity::Migrator>(&url, Source::Identity).await;
            match migrated {
                Err(StoreError::SharedSessions) => assert!(is_refused, "{mode}"),
                Ok(()) => assert!(!is_refused, "{mode}"),
                Err(other) => panic!("{mode}: {other:?}"),
            }
        }
    }
}
