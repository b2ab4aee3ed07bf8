//! Validation of grants.

use api::entitlement::v1::{CreateGrantRequest, Grant, ListGrantsRequest, Scope};
use tonic::Code;
use tonic_types::StatusExt;

use crate::{refusal::assert_refused, shared::everywhere, world::World};

fn create(world: &World<'_>, grant: Grant) -> CreateGrantRequest {
    CreateGrantRequest {
        parent: world.organization(),
        grant: Some(grant),
        ..CreateGrantRequest::default()
    }
}

#[test]
fn s3_20_an_empty_scope_is_refused() {
    everywhere(async |rig| {
        let world = World::load(rig, "s3-20").await;
        let grant = world.grant("eva", "viewer", Some(Scope::default()));
        let refused = rig
            .root()
            .grants()
            .create_grant(create(&world, grant))
            .await;
        assert_refused(refused, Code::InvalidArgument, "SCOPE_REQUIRED");
        let both = Scope {
            all: true,
            units: vec![world.at("units/k1")],
            ..Scope::default()
        };
        let grant = world.grant("eva", "viewer", Some(both));
        let refused = rig
            .root()
            .grants()
            .create_grant(create(&world, grant))
            .await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
    });
}

#[test]
fn s0_23_f3_a_location_of_another_organization_looks_like_a_missing_one() {
    everywhere(async |rig| {
        let world = World::load(rig, "s0-23").await;
        let elsewhere = format!("{}-else/units", world.organization());
        // An entity of the other organization, a missing one in it, and one that exists in neither.
        let names = [
            format!("{elsewhere}/k1"),
            format!("{elsewhere}/k7"),
            format!("{elsewhere}/none"),
            "organizations/nowhere/units/none".to_owned(),
            world.at("units/none"),
        ];
        let mut answers = Vec::new();
        for name in names {
            let id = name.rsplit('/').next().unwrap().to_owned();
            let scope = Scope {
                units: vec![name.clone()],
                ..Scope::default()
            };
            let grant = world.grant("eva", "viewer", Some(scope));
            let refused = rig
                .root()
                .grants()
                .create_grant(create(&world, grant))
                .await;
            let status = refused.unwrap_err();
            let info = status.get_details_error_info().unwrap();
            assert_eq!(status.code(), Code::NotFound, "{name}");
            assert_eq!(info.reason, "SCOPE_OUT_OF_ORGANIZATION");
            // The answers are equal except for the names in the request.
            let message = status.message().replace(&name, "…");
            answers.push(message.replace(&format!("`{id}`"), "`…`"));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        let request = ListGrantsRequest {
            parent: world.organization(),
            subject: world.user("eva"),
            show_revoked: true,
            ..ListGrantsRequest::default()
        };
        let listed = rig.root().grants().list_grants(request).await.unwrap();
        assert_eq!(listed.into_inner().grants, []);
    });
}

/// Partly S4-24: the link to the other system is not checked.
#[test]
fn s4_24_externally_managed_roles_cannot_be_granted() {
    everywhere(async |rig| {
        let request = CreateGrantRequest {
            parent: "organizations/menuiseries-duval".to_owned(),
            grant: Some(Grant {
                subject: "users/luc-bernard".to_owned(),
                role: "applications/cloud-contacts/roles/reader".to_owned(),
                scope: crate::managed::all(),
                ..Grant::default()
            }),
            ..CreateGrantRequest::default()
        };
        let refused = rig.root().grants().create_grant(request).await;
        assert_refused(
            refused,
            Code::FailedPrecondition,
            "RIGHTS_EXTERNALLY_MANAGED",
        );
    });
}

#[test]
fn s0_8_an_application_the_organization_lacks_cannot_be_granted() {
    everywhere(async |rig| {
        let request = CreateGrantRequest {
            parent: "organizations/bakkerij-deprez".to_owned(),
            grant: Some(Grant {
                subject: "users/rita-deprez".to_owned(),
                role: "applications/fleet/roles/viewer".to_owned(),
                scope: crate::managed::all(),
                ..Grant::default()
            }),
            ..CreateGrantRequest::default()
        };
        let refused = rig.root().grants().create_grant(request).await;
        assert_refused(
            refused,
            Code::FailedPrecondition,
            "APPLICATION_NOT_ENTITLED",
        );
    });
}
