//! A role that loses a permission takes it from everybody who holds the role.

use api::{
    common::v1::Propagation,
    entitlement::v1::{DecisionReason, GetApplicationRequest, UpdateApplicationRequest},
};

use crate::{revoking::mask, shared::everywhere, world::World};

#[test]
fn a_role_that_loses_a_permission_denies_the_next_question() {
    everywhere(async |rig| {
        let world = World::load(rig, "lose-permission").await;
        assert!(world.allows("ann", "units/k1").await);
        let mut catalog = rig.root().catalog();
        let name = world.application();
        let found = catalog
            .get_application(GetApplicationRequest { name })
            .await;
        let mut application = found.unwrap().into_inner().application.unwrap();
        for role in &mut application.roles {
            role.permissions = vec![world.permission("reports.view")];
        }
        let request = UpdateApplicationRequest {
            application: Some(application),
            update_mask: mask("roles"),
            ..UpdateApplicationRequest::default()
        };
        let updated = catalog.update_application(request).await.unwrap();
        assert_eq!(updated.get_ref().propagation(), Propagation::Complete);
        for user in ["ann", "ben", "dan"] {
            let reason = world.reason(&world.user(user), &world.at("units/k1")).await;
            assert_eq!(reason, DecisionReason::NoGrant, "{user} {:?}", rig.setting);
        }
        let gained = world.permission("reports.view");
        let place = world.at("units/k1");
        assert!(rig.allows(&world.user("ann"), &gained, &place).await);
    });
}

#[test]
fn a_permission_that_leaves_the_catalogue_is_unknown_to_the_next_question() {
    everywhere(async |rig| {
        let world = World::load(rig, "lose-module").await;
        let edit = world.permission("billing.edit");
        let place = world.at("units/k1");
        let reason = rig.reason(&world.user("ann"), &edit, &place).await;
        assert_eq!(reason, DecisionReason::NoGrant);
        let mut catalog = rig.root().catalog();
        let name = world.application();
        let found = catalog
            .get_application(GetApplicationRequest { name })
            .await;
        let mut application = found.unwrap().into_inner().application.unwrap();
        application.modules[0].verbs = vec!["view".to_owned()];
        application.roles[1].permissions = vec![world.permission("reports.view")];
        let mut paths = mask("roles").unwrap();
        paths.paths.push("modules".to_owned());
        let request = UpdateApplicationRequest {
            application: Some(application),
            update_mask: Some(paths),
            ..UpdateApplicationRequest::default()
        };
        catalog.update_application(request).await.unwrap();
        let mut question = world.question("ann", "units/k1");
        question.permission = edit;
        let refused = rig.root().authorization().check(question).await;
        crate::refusal::assert_refused(refused, tonic::Code::InvalidArgument, "PERMISSION_UNKNOWN");
    });
}
