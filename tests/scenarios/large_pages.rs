//! Pages whose rows are large.

use api::{
    entitlement::v1::{CreateGrantRequest, Grant, ListGrantsRequest, Scope},
    membership::v1::{BatchCreateUnitsRequest, CreateUnitRequest, Unit},
};
use prost::Message;
use tests::{Rig, Setting};

use crate::{shared::run, world::World};

/// Number of units in a scope.
const UNITS: usize = 1_000;
/// Number of grants, each of nearly 100 KB.
const GRANTS: usize = 50;
/// Default maximum message size of clients, in bytes.
const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

#[test]
fn k_n_a_page_of_large_rows_fits_into_a_message_and_the_next_goes_on() {
    run(async {
        let rig = Rig::start(Setting::Sqlite).await;
        let world = World::load(&rig, "large").await;
        let parent = world.organization();
        let ids: Vec<String> = (0..UNITS).map(|number| format!("u{number:059}")).collect();
        for some in ids.chunks(500) {
            let requests = some.iter().map(|id| CreateUnitRequest {
                parent: parent.clone(),
                unit: Some(Unit {
                    display_name: "A company".to_owned(),
                    ..Unit::default()
                }),
                unit_id: id.clone(),
                ..CreateUnitRequest::default()
            });
            let request = BatchCreateUnitsRequest {
                parent: parent.clone(),
                requests: requests.collect(),
                ..BatchCreateUnitsRequest::default()
            };
            rig.root()
                .organizations()
                .batch_create_units(request)
                .await
                .unwrap();
        }
        crate::feeds::heard(&rig).await;
        let units = ids.iter().map(|id| world.at(&format!("units/{id}")));
        let scope = Scope {
            units: units.collect(),
            ..Scope::default()
        };
        for _ in 0..GRANTS {
            let request = CreateGrantRequest {
                parent: parent.clone(),
                grant: Some(Grant {
                    subject: world.user("eva"),
                    role: world.role("viewer"),
                    scope: Some(scope.clone()),
                    ..Grant::default()
                }),
                ..CreateGrantRequest::default()
            };
            rig.root().grants().create_grant(request).await.unwrap();
        }
        let (mut found, mut pages, mut page_token) = (0, 0, String::new());
        loop {
            let request = ListGrantsRequest {
                parent: parent.clone(),
                subject: world.user("eva"),
                page_size: 1_000,
                page_token,
                ..ListGrantsRequest::default()
            };
            let page = rig
                .root()
                .grants()
                .list_grants(request)
                .await
                .unwrap()
                .into_inner();
            assert!(page.encoded_len() < MESSAGE_BYTES);
            (found, pages) = (found + page.grants.len(), pages + 1);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert!(pages > 1, "all fit into one page");
        assert_eq!(found, GRANTS);
    });
}
