//! The catalog: the names of an application, and the effects of changes to it.

use api::{
    common::v1::Propagation,
    entitlement::v1::{
        DecisionReason, DiffApplicationRequest, GetApplicationRequest, ListApplicationsRequest,
        LocalizedText, UpdateApplicationRequest,
    },
};

use tonic::Code;

use crate::{refusal::assert_refused, revoking::mask, shared::everywhere, world::World};

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
fn a_permission_removed_from_the_catalog_is_unknown_immediately() {
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
        assert_refused(refused, Code::InvalidArgument, "PERMISSION_UNKNOWN");
    });
}

#[test]
fn s0_16_an_application_is_found_by_each_of_its_names() {
    everywhere(async |rig| {
        let list = async |filter: &str| {
            let request = ListApplicationsRequest {
                filter: filter.to_owned(),
                ..ListApplicationsRequest::default()
            };
            rig.root().catalog().list_applications(request).await
        };
        for name in ["fleet", "fleetmanage", "fleetmanager"] {
            let found = list(&format!("aliases:\"{name}\"")).await.unwrap();
            let found = found.into_inner().applications;
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].name, "applications/fleet");
        }
        let none = list("aliases:\"fleetman\"").await.unwrap();
        assert_eq!(none.into_inner().applications, []);
        for filter in [
            "fleet",
            "aliases:fleet",
            "aliases:\"\"",
            "aliases:\"a\" OR name:\"b\"",
        ] {
            let refused = list(filter).await;
            assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
        }
    });
}

#[test]
fn a_diff_of_an_application_reports_its_effects() {
    everywhere(async |rig| {
        let world = World::load(rig, "diff").await;
        let mut catalog = rig.root().catalog();
        let name = world.application();
        let found = catalog
            .get_application(GetApplicationRequest { name })
            .await;
        let mut application = found.unwrap().into_inner().application.unwrap();
        assert_eq!(application.version, 1);
        application.roles.truncate(1);
        application.roles[0].permissions = vec![world.permission("billing.*")];
        application.roles[0].notification_routes = vec!["invoices".to_owned()];
        application.roles[0].display_names = vec![LocalizedText {
            locale: "nb".to_owned(),
            text: "Leser".to_owned(),
        }];
        let request = DiffApplicationRequest {
            application: Some(application.clone()),
            update_mask: mask("roles"),
        };
        let told = catalog
            .diff_application(request)
            .await
            .unwrap()
            .into_inner();
        let [viewer, editor] = &told.differences[..] else {
            panic!("{told:?}");
        };
        assert_eq!(viewer.added, [world.permission("billing.edit")]);
        assert_eq!((viewer.removed.len(), viewer.holders), (0, 5));
        assert_eq!((editor.removed.len(), editor.holders), (2, 0));
        assert_eq!((told.decisions, told.version), (5, 1));
        let request = UpdateApplicationRequest {
            application: Some(application.clone()),
            update_mask: mask("roles"),
            ..UpdateApplicationRequest::default()
        };
        let updated = catalog.update_application(request).await.unwrap();
        let updated = updated.into_inner().application.unwrap();
        assert_eq!(updated.version, 2);
        assert_eq!(
            updated.roles[0].display_names,
            application.roles[0].display_names
        );
        for locale in ["xx", "EN", "nb"] {
            let mut application = updated.clone();
            application.roles[0].display_names.push(LocalizedText {
                locale: locale.to_owned(),
                text: "?".to_owned(),
            });
            let request = UpdateApplicationRequest {
                application: Some(application),
                update_mask: mask("roles"),
                ..UpdateApplicationRequest::default()
            };
            let refused = catalog.update_application(request).await;
            assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
        }
    });
}
