//! S0: one person manages one application of one organization.

use api::{
    entitlement::v1::{
        AccessView, CreateGrantRequest, DecisionReason, GetGrantRequest, Grant, GrantState,
        ListEffectiveAccessRequest, ListGrantsRequest, RevokeGrantRequest,
    },
    membership::v1::{GetMembershipRequest, ListMembershipsRequest, MembershipState},
};
use tonic::Code;
use tonic_types::StatusExt;

use crate::{
    managed::{Managed, all},
    place::access,
    refusal::assert_refused,
    shared::everywhere,
};

const DENIED: Code = Code::PermissionDenied;

/// Partly S0-1: asking for access for oneself.
#[test]
fn s0_1_a_plain_member_cannot_grant_itself_access() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-1").await;
        let plain = world.as_("plain").await;
        let given = world
            .give(&plain, &world.account("plain"), "a.viewer", all())
            .await;
        assert_refused(given, DENIED, "NOT_APPLICATION_ADMIN");
    });
}

#[test]
fn s0_2_only_the_contacts_of_the_application_are_listed() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-2").await;
        let root = rig.root();
        let given = world
            .give(
                &root,
                &world.user("ben"),
                "mandate.application-admin",
                world.managing(&["b"]),
            )
            .await;
        given.unwrap();
        let contacts = async |application: &str| {
            let request = ListGrantsRequest {
                role: world.role("mandate.application-admin"),
                application: world.application(application),
                ..ListGrantsRequest::default()
            };
            world.listed(&root, request).await
        };
        assert_eq!(contacts("a").await, ["admin"]);
        assert_eq!(contacts("b").await.len(), 1);
        assert_eq!(contacts("c").await, [""; 0]);
        let about = ListGrantsRequest {
            application: world.application("a"),
            ..ListGrantsRequest::default()
        };
        assert_eq!(world.listed(&root, about).await, ["admin", "ann", "plain"]);
    });
}

#[test]
fn s0_3_full_access_does_not_include_management() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-3").await;
        let plain = world.as_("plain").await;
        let ben = world.user("ben");
        let given = world.give(&plain, &ben, "a.editor", all()).await;
        assert_refused(given, DENIED, "NOT_APPLICATION_ADMIN");
        // The refusal does not reveal whether the grant exists.
        for grant in ["ann", "nothing"] {
            let refused = world.revoke(&plain, grant).await;
            assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
            let refused = world.rescope(&plain, grant, all()).await;
            assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
        }
        let of_ben = ListGrantsRequest {
            subject: ben,
            ..ListGrantsRequest::default()
        };
        assert_eq!(world.listed(&rig.root(), of_ben).await, [""; 0]);
    });
}

#[test]
fn s0_4_an_application_admin_manages_it_in_one_organization() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-4").await;
        let admin = world.as_("admin").await;
        let ben = world.user("ben");
        let other = world.give(&admin, &ben, "b.viewer", all()).await;
        assert_refused(other, DENIED, "NOT_APPLICATION_ADMIN");
        let elsewhere = CreateGrantRequest {
            parent: "organizations/s0-4-else".to_owned(),
            ..world.grant(&world.user("ann"), "a.viewer", all())
        };
        let refused = admin.grants().create_grant(elsewhere).await;
        assert_refused(refused, DENIED, "PERMISSION_DENIED");
        for role in [
            "mandate.checker",
            "mandate.delegated-owner",
            "mandate.owner",
        ] {
            let refused = world.give(&admin, &ben, role, all()).await;
            assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
        }
        // An application administrator may not delegate the role.
        let role = "mandate.application-admin";
        let refused = world.give(&admin, &ben, role, world.managing(&["a"])).await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        let refused = world
            .give(&admin, &ben, role, world.managing(&["a", "b"]))
            .await;
        assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
        // A grant of another application gets the same answer as one that does not exist.
        let mut answers = Vec::new();
        for grant in ["ann-b", "ann-x"] {
            let refused = world.revoke(&admin, grant).await.unwrap_err();
            let request = GetGrantRequest {
                name: world.grant_name(grant),
            };
            let unseen = admin.grants().get_grant(request).await.unwrap_err();
            for status in [refused, unseen] {
                let told = [status.message().as_bytes(), status.details()].concat();
                // The names have equal length, so that the rest of the answer must be equal byte
                // for byte.
                let told = told.escape_ascii().to_string().replace(grant, "…");
                answers.push((status.code(), told));
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(answers[0].0, Code::NotFound);
    });
}

#[test]
fn s0_8_an_owner_cannot_grant_an_application_the_organization_lacks() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-8").await;
        let owner = world.as_("owner").await;
        let ben = world.user("ben");
        let role = "mandate.application-admin";
        let refused = world.give(&owner, &ben, "c.viewer", all()).await;
        assert_refused(
            refused,
            Code::FailedPrecondition,
            "APPLICATION_NOT_ENTITLED",
        );
        let refused = world.give(&owner, &ben, role, world.managing(&["c"])).await;
        assert_refused(
            refused,
            Code::FailedPrecondition,
            "APPLICATION_NOT_ENTITLED",
        );
    });
}

#[test]
fn s0_13_a_contact_lists_members_grants_access_and_finds_the_grant() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-13").await;
        let admin = world.as_("admin").await;
        let ben = world.user("ben");
        let request = ListMembershipsRequest {
            parent: world.name(),
            ..ListMembershipsRequest::default()
        };
        let listed = admin.members().list_memberships(request).await.unwrap();
        let mut members = listed.into_inner().memberships.into_iter();
        assert!(members.any(|member| member.subject == ben));
        // The contact sees only grants of the application that it manages.
        let seen = world.listed(&admin, ListGrantsRequest::default()).await;
        assert_eq!(seen, ["admin", "ann", "plain"]);

        let given = world.give(&admin, &ben, "a.viewer", all()).await;
        let given = given.unwrap().into_inner().grant.unwrap();
        assert_eq!(given.state(), GrantState::Active);
        assert_eq!(given.granted_by, world.account("admin"));
        let request = GetGrantRequest {
            name: given.name.clone(),
        };
        let got = admin.grants().get_grant(request).await.unwrap();
        assert_eq!(got.into_inner().grant, Some(given));
        let seen = access(&admin, &world.name(), &ben, AccessView::Full, 0).await;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].application, world.application("a"));
        // The contact does not see Ann's access to application B.
        let seen = access(
            &admin,
            &world.name(),
            &world.user("ann"),
            AccessView::Full,
            0,
        )
        .await;
        assert_eq!(seen.len(), 1);
    });
}

#[test]
fn s0_14_only_managers_see_the_administration_view() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-14").await;
        let root = rig.root();
        let managed = async |account: &str| {
            let subject = world.account(account);
            access(
                &root,
                &world.name(),
                &subject,
                AccessView::Administration,
                0,
            )
            .await
        };
        assert_eq!(managed("plain").await, []);
        let seen = managed("admin").await;
        assert_eq!(seen.len(), 1);
        let mut held = seen[0].permissions.iter();
        let write = held.find(|held| held.permission == "mandate.grants.write");
        assert_eq!(write.unwrap().scope, world.managing(&["a"]));
        let plain = world.as_("plain").await;
        let request = ListEffectiveAccessRequest {
            parent: world.name(),
            subject: world.user("ann"),
            ..ListEffectiveAccessRequest::default()
        };
        let refused = plain.authorization().list_effective_access(request).await;
        assert_refused(refused, DENIED, "PERMISSION_DENIED");
    });
}

#[test]
fn s0_22_the_scope_of_an_existing_grant_can_be_changed() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-22").await;
        let admin = world.as_("admin").await;
        let none = world.rescope(&admin, "ben", world.units(&["k1"])).await;
        assert_refused(none, Code::NotFound, "GRANT_NOT_FOUND");
        let request = CreateGrantRequest {
            grant_id: "ben".to_owned(),
            ..world.grant(&world.user("ben"), "a.viewer", all())
        };
        let given = admin.grants().create_grant(request).await.unwrap();
        let given = given.into_inner().grant.unwrap();
        let changed = world.rescope(&admin, "ben", world.units(&["k1"])).await;
        let changed = changed.unwrap().into_inner().grant.unwrap();
        assert_eq!(changed.scope, world.units(&["k1"]));
        assert_ne!(changed.etag, given.etag);
    });
}

#[test]
fn s0_24_nothing_is_changed_before_it_is_confirmed() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-24").await;
        let admin = world.as_("admin").await;
        let before = world.listed(&admin, ListGrantsRequest::default()).await;
        let request = CreateGrantRequest {
            validate_only: true,
            ..world.grant(&world.user("ben"), "a.viewer", world.units(&["k1"]))
        };
        let tried = admin.grants().create_grant(request.clone()).await.unwrap();
        let tried = tried.into_inner();
        assert_eq!(tried.grant.unwrap().scope, world.units(&["k1"]));
        assert_eq!(tried.consistency_token, "");
        let after = world.listed(&admin, ListGrantsRequest::default()).await;
        assert_eq!(before, after);
        // A dry run refuses the same as the real call.
        let tried = CreateGrantRequest {
            validate_only: true,
            ..world.grant(&world.user("ben"), "b.viewer", all())
        };
        let refused = admin.grants().create_grant(tried).await;
        assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
    });
}

#[test]
fn s0_25_s0_26_revoking_an_application_leaves_the_membership() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-25").await;
        let admin = world.as_("admin").await;
        let place = format!("{}/units/k1", world.name());
        let permission = "s0-25-a.m.view";
        assert!(rig.allows(&world.user("ann"), permission, &place).await);
        let revoked = world.revoke(&admin, "ann").await.unwrap().into_inner();
        let revoked = revoked.grant.unwrap();
        assert_eq!(revoked.state(), GrantState::Revoked);
        assert_eq!(revoked.revoked_by, world.account("admin"));
        assert_eq!(revoked.revoke_time, revoked.update_time);
        let reason = rig.reason(&world.user("ann"), permission, &place).await;
        assert_eq!(reason, DecisionReason::NoGrant);
        let request = GetMembershipRequest {
            name: format!("{}/memberships/s0-25-ann", world.name()),
        };
        let member = rig.root().members().get_membership(request).await.unwrap();
        let member = member.into_inner().membership.unwrap();
        assert_eq!(member.state(), MembershipState::Active);
    });
}

#[test]
fn s0_28_revoking_twice_under_one_id_is_one_revocation() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-28").await;
        let admin = world.as_("admin").await;
        let request = || RevokeGrantRequest {
            name: world.grant_name("ann"),
            request_id: "s0-28".to_owned(),
            ..RevokeGrantRequest::default()
        };
        let first = admin.grants().revoke_grant(request()).await.unwrap();
        let second = admin.grants().revoke_grant(request()).await.unwrap();
        assert_eq!(first.into_inner(), second.into_inner());
        let again = world.revoke(&admin, "ann").await;
        assert_refused(again, Code::FailedPrecondition, "WRONG_STATE");
    });
}

#[test]
fn s0_29_the_last_application_admin_cannot_be_revoked() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-29").await;
        let owner = world.as_("owner").await;
        let last = world.revoke(&owner, "admin").await.unwrap_err();
        let violations = last.get_details_precondition_failure().unwrap().violations;
        assert_eq!(violations[0].subject, world.application("a"));
        assert_eq!(violations[0].r#type, "SUCCESSOR");
        assert_refused::<()>(
            Err(last),
            Code::FailedPrecondition,
            "LAST_APPLICATION_ADMIN",
        );
        let ends = Grant {
            end_time: Some(prost_types::Timestamp {
                seconds: 32_000_000_000,
                nanos: 0,
            }),
            ..Grant::default()
        };
        let ending = world.update(&owner, "admin", &["end_time"], ends).await;
        assert_refused(ending, Code::FailedPrecondition, "LAST_APPLICATION_ADMIN");
        let other = world.rescope(&owner, "admin", world.managing(&["b"])).await;
        assert_refused(other, Code::FailedPrecondition, "LAST_APPLICATION_ADMIN");
        let role = "mandate.application-admin";
        let successor = world
            .give(&owner, &world.user("ben"), role, world.managing(&["a"]))
            .await;
        successor.unwrap();
        world.revoke(&owner, "admin").await.unwrap();
    });
}
