//! No caller grants more access than the caller may delegate.

use api::entitlement::v1::{
    BatchCreateGrantsRequest, CreateGrantRequest, Grant, GrantPrecondition, ListGrantsRequest,
};
use tonic::Code;

use crate::{
    managed::{Managed, all},
    refusal::assert_refused,
    shared::everywhere,
};

const NO: Code = Code::PermissionDenied;

#[test]
fn b2_an_owner_gives_what_it_holds_and_not_more() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b2").await;
        let owner = world.as_("owner").await;
        for (role, scope) in [
            ("mandate.owner", None),
            ("mandate.checker", all()),
            ("mandate.delegated-owner", world.units(&["k2"])),
            ("mandate.application-admin", world.managing(&["a", "b"])),
        ] {
            let given = world.give(&owner, &world.user("ben"), role, scope).await;
            given.unwrap();
        }
        let operator = world
            .give(&owner, &world.user("ben"), "mandate.operator", all())
            .await;
        assert_refused(operator, NO, "SCOPE_EXCEEDS_GRANTOR");
        let own = world
            .give(&owner, &world.account("owner"), "a.viewer", all())
            .await;
        assert_refused(own, NO, "SELF_EDIT_FORBIDDEN");
        // The account has no access to other organizations, not even to that of the operator.
        for organization in ["b2-else", "operator", "nowhere"] {
            let request = CreateGrantRequest {
                parent: format!("organizations/{organization}"),
                ..world.grant(&world.user("ann"), "a.viewer", all())
            };
            let refused = owner.grants().create_grant(request).await;
            assert_refused(refused, NO, "PERMISSION_DENIED");
        }
    });
}

#[test]
fn b3_one_role_too_many_in_a_batch_gives_nothing() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b3").await;
        let lead = world.as_("lead").await;
        let ben = world.user("ben");
        let k1 = || world.units(&["k1a"]);
        let mut requests = vec![world.grant(&ben, "a.viewer", k1()); 20];
        requests.push(world.grant(&ben, "mandate.delegated-owner", k1()));
        for (role, scope, reason) in [
            ("mandate.owner", None, "SCOPE_EXCEEDS_GRANTOR"),
            ("mandate.operator", None, "SCOPE_EXCEEDS_GRANTOR"),
            ("a.viewer", world.units(&["k2"]), "COMPANY_OUT_OF_REACH"),
            ("a.viewer", all(), "SCOPE_EXCEEDS_GRANTOR"),
        ] {
            let mut requests = requests.clone();
            requests.insert(7, world.grant(&ben, role, scope));
            let batch = BatchCreateGrantsRequest {
                parent: world.name(),
                requests,
                ..BatchCreateGrantsRequest::default()
            };
            let refused = lead.grants().batch_create_grants(batch).await;
            assert_refused(refused, NO, reason);
        }
        let of_ben = ListGrantsRequest {
            subject: ben,
            ..ListGrantsRequest::default()
        };
        assert_eq!(world.listed(&rig.root(), of_ben).await, [""; 0]);
        let batch = BatchCreateGrantsRequest {
            parent: world.name(),
            requests,
            ..BatchCreateGrantsRequest::default()
        };
        lead.grants().batch_create_grants(batch).await.unwrap();
    });
}

#[test]
fn b6_an_update_changes_what_its_mask_names_and_no_role() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b6").await;
        let owner = world.as_("owner").await;
        let raised = || Grant {
            role: world.role("mandate.owner"),
            subject: world.account("plain"),
            can_delegate: true,
            scope: all(),
            ..Grant::default()
        };
        for path in ["role", "subject", "*", "state", "granted_by", "name"] {
            let refused = world.update(&owner, "ann", &[path], raised()).await;
            assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
        }
        let updated = world.update(&owner, "ann", &["scope"], raised()).await;
        let grant = updated.unwrap().into_inner().grant.unwrap();
        assert_eq!(grant.role, world.role("a.viewer"));
        assert_eq!(grant.subject, world.user("ann"));
        assert!(!grant.can_delegate);
        // A member who manages nothing cannot change its own grant.
        let plain = world.as_("plain").await;
        let refused = world.update(&plain, "plain", &["scope"], raised()).await;
        assert_refused(refused, NO, "NOT_APPLICATION_ADMIN");
    });
}

#[test]
fn b2_a_grant_is_widened_by_whoever_could_give_it_so() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b2-widen").await;
        let part = world.as_("part").await;
        let widened = world
            .rescope(&part, "ann", world.units(&["k1", "k2"]))
            .await;
        assert_refused(widened, NO, "COMPANY_OUT_OF_REACH");
        let widened = world.rescope(&part, "ann", all()).await;
        assert_refused(widened, NO, "SCOPE_EXCEEDS_GRANTOR");
        world
            .rescope(&part, "ann", world.units(&["k1a"]))
            .await
            .unwrap();
        world
            .rescope(&part, "ann", world.units(&["k1"]))
            .await
            .unwrap();
        // A caller who may not delegate further cannot create a delegable grant.
        let on = Grant {
            can_delegate: true,
            ..Grant::default()
        };
        let refused = world.update(&part, "lead", &["can_delegate"], on).await;
        assert_refused(refused, NO, "SCOPE_EXCEEDS_GRANTOR");
    });
}

#[test]
fn a_batch_is_given_if_what_must_be_so_is_so() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "first").await;
        let admin = world.as_("admin").await;
        let (ann, ben) = (world.user("ann"), world.user("ben"));
        let give = async |subject: &str, role: &str, must_exist: bool| {
            let batch = BatchCreateGrantsRequest {
                parent: world.name(),
                requests: vec![world.grant(&ben, "a.viewer", all())],
                preconditions: vec![GrantPrecondition {
                    subject: subject.to_owned(),
                    role: world.role(role),
                    must_exist,
                }],
                ..BatchCreateGrantsRequest::default()
            };
            admin.grants().batch_create_grants(batch).await
        };
        for (subject, role, must_exist) in [
            (&ann, "a.viewer", false),
            (&ben, "a.viewer", true),
            // The contact does not see Ann's access to application B.
            (&ann, "b.viewer", true),
        ] {
            let refused = give(subject, role, must_exist).await;
            assert_refused(refused, Code::FailedPrecondition, "PRECONDITION_NOT_MET");
        }
        give(&ann, "a.viewer", true).await.unwrap();
        let twice = give(&ben, "a.viewer", false).await;
        assert_refused(twice, Code::FailedPrecondition, "PRECONDITION_NOT_MET");
    });
}
