//! Lists that depend on conditional grants.

use api::entitlement::v1::{
    ListPermissionsRequest, ListResourcesRequest, ListSubjectsRequest, UnderCondition,
    list_subjects_request::Held,
};
use prost_types::Struct;

use super::circumstances::{context, load, office};
use crate::{shared::everywhere, world::World};

/// Returns the subjects that may view bills at a location, and those that could with a fuller
/// context.
async fn subjects(
    world: &World<'_>,
    place: &str,
    context: Option<Struct>,
) -> (Vec<String>, Vec<UnderCondition>) {
    let request = ListSubjectsRequest {
        resource: world.at(place),
        held: Some(Held::Permission(world.permission("billing.view"))),
        context,
        ..ListSubjectsRequest::default()
    };
    let mut client = world.rig.root().authorization();
    let page = client.list_subjects(request).await.unwrap().into_inner();
    (page.subjects, page.conditional_subjects)
}

#[test]
fn a_list_says_who_may_under_a_condition_and_what_was_not_said() {
    everywhere(async |rig| {
        let world = load(rig, "if-listed").await;
        let eva = world.user("eva");
        let (may, would) = subjects(&world, "units/k2", None).await;
        assert!(!may.contains(&eva));
        let found = would.iter().find(|item| item.name == eva).unwrap();
        assert_eq!(found.missing_context, ["network"]);
        let (may, would) = subjects(&world, "units/k2", office()).await;
        assert!(may.contains(&eva) && would.iter().all(|item| item.name != eva));
        // The context does not meet the condition.
        let home = context(&[("network", "home")]);
        let (may, would) = subjects(&world, "units/k2", home).await;
        assert!(!may.contains(&eva) && would.iter().all(|item| item.name != eva));
    });
}

#[test]
fn a_list_of_permissions_says_which_are_held_under_a_condition() {
    everywhere(async |rig| {
        let world = load(rig, "if-permitted").await;
        let view = world.permission("billing.view");
        for (context, held, missing) in [(None, false, &["network"][..]), (office(), true, &[])] {
            let request = ListPermissionsRequest {
                subject: world.user("eva"),
                resource: world.at("units/k2"),
                context,
                ..ListPermissionsRequest::default()
            };
            let mut client = rig.root().authorization();
            let page = client.list_permissions(request).await.unwrap().into_inner();
            assert_eq!(page.permissions.contains(&view), held);
            let would = page.conditional_permissions.iter();
            let would: Vec<_> = would.filter(|item| item.name == view).collect();
            let told: Vec<&str> = would
                .iter()
                .flat_map(|item| item.missing_context.iter().map(String::as_str))
                .collect();
            assert_eq!(told, missing);
        }
    });
}

#[test]
fn a_list_of_resources_says_where_a_condition_would_allow() {
    everywhere(async |rig| {
        let world = load(rig, "if-where").await;
        let place = world.at("units/k2");
        let home = context(&[("network", "home")]);
        for (context, allowed, missing) in [
            (None, false, Some(vec!["network".to_owned()])),
            (office(), true, None),
            (home, false, None),
        ] {
            let request = ListResourcesRequest {
                parent: world.organization(),
                subject: world.user("eva"),
                permission: world.permission("billing.view"),
                context,
                ..ListResourcesRequest::default()
            };
            let mut client = rig.root().authorization();
            let page = client.list_resources(request).await.unwrap().into_inner();
            assert_eq!(page.resources.contains(&place), allowed);
            let would = page.conditional_resources.into_iter();
            let mut would = would.filter(|item| item.name == place);
            assert_eq!(would.next().map(|item| item.missing_context), missing);
        }
    });
}
