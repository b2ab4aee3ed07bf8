//! Lists in pages of every size.

use std::collections::BTreeSet;

use serde_json::json;
use tests::Setting;

use crate::{
    dump::pages,
    samples::{creating, ordered},
    schema,
    world::World,
};

/// K-e: a list has the same rows in the same order, each once, for every page size.
#[tokio::test(flavor = "multi_thread")]
async fn k_e_a_list_is_the_same_in_pages_of_every_size() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        for n in 2..5 {
            let mut names = world.names("alpha", n);
            for sample in creating() {
                world.step_as_fits(&sample, &mut names).await;
            }
        }
        give_much_to_one(&world).await;
        for sample in ordered() {
            if !schema::is_list(&sample.path) {
                continue;
            }
            let request = sample.json(&world.names("alpha", 1));
            let request = request.as_object().unwrap();
            let whole = pages(&world, &sample.path, request.clone(), 1000).await;
            assert!(whole.len() > 1, "{} has {} rows", sample.path, whole.len());
            let once: BTreeSet<&String> = whole.iter().collect();
            assert_eq!(once.len(), whole.len(), "{}", sample.path);
            for size in [1, 2, 3, whole.len()] {
                let parts = pages(&world, &sample.path, request.clone(), size).await;
                assert_eq!(parts, whole, "{} in pages of {size}", sample.path);
            }
        }
    }
}

/// Creates a second key, grant and application, so that every list has two pages.
async fn give_much_to_one(world: &World) {
    let path = "/mandate.identity.v1.ServiceAccountService/CreateServiceAccountKey";
    let body = json!({"parent": "serviceAccounts/backend-alpha-1"});
    world.done(path, &body).await;
    let path = "/mandate.entitlement.v1.GrantService/CreateGrant";
    let body = json!({
        "parent": "organizations/alpha",
        "grant": {"subject": "users/user-alpha-1", "role": "applications/fleet-alpha-2/roles/viewer", "scope": {"all": true}},
    });
    world.done(path, &body).await;
}
