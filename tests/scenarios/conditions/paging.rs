//! Pages of lists that are too large for memory and evaluate a condition for each resource.

use std::fmt::Write;

use api::entitlement::v1::{
    DecisionReason, Grant, ListResourcesRequest, PlaceKind, Scope, UpdateGrantRequest,
};
use prost_types::FieldMask;
use tests::{Rig, Setting};

use super::circumstances::{ask, create, load, office};
use crate::{listing::resources, shared::run, world::World};

/// Number of products, more than one scan for a page of size 1 examines.
const PRODUCTS: usize = 80;

/// Returns the document with products below `k1`, and three numbers among them.
fn more(id: &str) -> String {
    let mut text = String::new();
    for number in 100..100 + PRODUCTS {
        let kind = if number % 27 == 0 {
            "number"
        } else {
            "product"
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "      - {{id: n{number}, type: {kind}, unit: k1}}");
    }
    format!("organizations:\n  - id: {id}\n    display_name: Acme\n    resources:\n{text}")
}

async fn listed(world: &World<'_>, user: &str, page_size: i32) -> Vec<String> {
    let request = ListResourcesRequest {
        parent: world.organization(),
        subject: world.user(user),
        permission: world.permission("billing.view"),
        kind: PlaceKind::Resource.into(),
        page_size,
        context: office(),
        ..ListResourcesRequest::default()
    };
    resources(&world.rig.root(), request).await
}

#[test]
fn k_e_pages_of_what_few_resources_meet_leave_nothing_out() {
    run(async {
        // Either too many resources or too many conditions prevent evaluation in memory.
        let all = entitlement::Limits::default().whole;
        for (setting, whole) in Setting::IN_PROCESS.into_iter().zip([1, all]) {
            let answers = entitlement::Limits {
                whole,
                ..entitlement::Limits::default()
            };
            let rig = Rig::bounded(setting, answers).await;
            let world = load(&rig, "if-pages").await;
            rig.apply(&more("if-pages")).await;
            crate::feeds::heard(&rig).await;
            // An unconditional grant names one of the products, which must appear in its position.
            let named = Scope {
                resources: vec![world.at("resources/n150")],
                ..Scope::default()
            };
            let grant = world.grant("cas", "viewer", Some(named));
            create(&world, "named", grant).await.unwrap();
            let mut expected = Vec::new();
            let ids = (100..100 + PRODUCTS).chain([1, 2, 3, 4]);
            for id in ids {
                let place = format!("resources/n{id}");
                if ask(&world, "cas", &place, office()).await.reason() == DecisionReason::Allowed {
                    expected.push(world.at(&place));
                }
            }
            expected.sort();
            assert_eq!(expected.len(), 7);
            for page_size in [1, 2, 7, 1000] {
                let mut found = listed(&world, "cas", page_size).await;
                let all = found.len();
                found.sort();
                found.dedup();
                assert_eq!((all, &found), (7, &expected), "{page_size}");
            }
            // A condition that does not read the resource lets all resources through, regardless of
            // other grants.
            for number in 0..15 {
                let grant = Grant {
                    condition: format!("context.network == 'n{number}'"),
                    ..world.grant("eva", "viewer", crate::managed::all())
                };
                let id = format!("eva-{number}");
                create(&world, &id, grant).await.unwrap();
            }
            let all = listed(&world, "eva", 7).await;
            assert_eq!(all.len(), PRODUCTS + 4);
            // No resource meets this condition.
            let update = UpdateGrantRequest {
                grant: Some(Grant {
                    name: world.at("grants/eva-if"),
                    condition: "!has(resource.id)".to_owned(),
                    ..Grant::default()
                }),
                update_mask: Some(FieldMask {
                    paths: vec!["condition".to_owned()],
                }),
                ..UpdateGrantRequest::default()
            };
            rig.root().grants().update_grant(update).await.unwrap();
            assert!(listed(&world, "eva", 1).await.is_empty());
            let unit = ask(&world, "eva", "units/k1", None).await;
            assert_eq!(unit.reason(), DecisionReason::Allowed);
        }
    });
}
