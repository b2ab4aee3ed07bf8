//! S2, S3: owners, and delegated owners of a part.

use api::entitlement::v1::{Grant, ListGrantsRequest};
use tonic::Code;

use crate::{
    managed::{Managed, all},
    refusal::{assert_refused, refusal},
    shared::everywhere,
};

const DENIED: Code = Code::PermissionDenied;

#[test]
fn s2_23_an_owner_role_cannot_be_limited_to_a_part() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-23").await;
        let root = rig.root();
        for role in ["mandate.owner", "mandate.operator"] {
            let refused = world
                .give(&root, &world.user("ben"), role, world.units(&["k1"]))
                .await;
            let reason = "SCOPES_NOT_ALLOWED_FOR_SUPERUSER";
            assert_refused(refused, Code::InvalidArgument, reason);
        }
        let refused = world.rescope(&root, "owner", world.units(&["k1"])).await;
        let reason = "SCOPES_NOT_ALLOWED_FOR_SUPERUSER";
        assert_refused(refused, Code::InvalidArgument, reason);
    });
}

/// Partly S2-25: there are no groups and no second logins.
#[test]
fn s2_25_s3_44_s3_46_nobody_changes_their_own_access() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-25").await;
        for who in ["owner", "part", "lead", "admin"] {
            let own = world.as_(who).await;
            let account = world.account(who);
            let more = world
                .give(&own, &account, "a.viewer", world.units(&["k1"]))
                .await;
            assert_refused(more, DENIED, "SELF_EDIT_FORBIDDEN");
            let wider = world.rescope(&own, who, world.units(&["k1", "k2"])).await;
            let (code, reason) = refusal(wider);
            // For every caller, the new scope is invalid for the role of an owner or administrator.
            assert!(
                (code, &*reason) == (DENIED, "SELF_EDIT_FORBIDDEN")
                    || code == Code::InvalidArgument,
                "{who}: {reason}"
            );
            let revoked = world.revoke(&own, who).await;
            assert_refused(revoked, DENIED, "SELF_EDIT_FORBIDDEN");
        }
    });
}

#[test]
fn s2_28_promotion_covers_everything_and_demotion_needs_a_scope() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-28").await;
        let owner = world.as_("owner").await;
        let ann = world.user("ann");
        let promoted = world.give(&owner, &ann, "mandate.owner", None).await;
        let promoted = promoted.unwrap().into_inner().grant.unwrap();
        assert_eq!(promoted.scope, all());
        // A demotion names its scope. Neither the whole organization nor the previous scope is
        // assumed.
        let demoted = world
            .give(&owner, &ann, "mandate.delegated-owner", None)
            .await;
        assert_refused(demoted, Code::InvalidArgument, "SCOPE_REQUIRED");
        let emptied = world.rescope(&owner, "ann", None).await;
        assert_refused(emptied, Code::InvalidArgument, "SCOPE_REQUIRED");
    });
}

#[test]
fn s2_31_two_owners_who_revoke_each_other_leave_one() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-31").await;
        let (owner, other) = (world.as_("owner").await, world.as_("other").await);
        let (one, two) = tokio::join!(world.revoke(&owner, "other"), world.revoke(&other, "owner"));
        assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
        let (_, reason) = refusal(if one.is_ok() { two } else { one });
        // The permission check may already refuse the slower caller, who is no longer an owner.
        assert!(
            ["LAST_OWNER", "NOT_APPLICATION_ADMIN"].contains(&&*reason),
            "{reason}"
        );
        let owners = ListGrantsRequest {
            role: world.role("mandate.owner"),
            ..ListGrantsRequest::default()
        };
        let left = world.listed(&rig.root(), owners).await;
        assert_eq!(left.len(), 1);
        let last = world.revoke(&rig.root(), &left[0]).await;
        assert_refused(last, Code::FailedPrecondition, "LAST_OWNER");
        let ends = Grant {
            end_time: Some(prost_types::Timestamp {
                seconds: 32_000_000_000,
                nanos: 0,
            }),
            ..Grant::default()
        };
        let last = world
            .update(&rig.root(), &left[0], &["end_time"], ends)
            .await;
        assert_refused(last, Code::FailedPrecondition, "LAST_OWNER");
    });
}

#[test]
fn s3_2_s3_5_only_owners_and_delegated_owners_change_access() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s3-5").await;
        let k1 = || world.units(&["k1"]);
        for (who, may) in [("plain", false), ("owner", true), ("part", true)] {
            let by = world.as_(who).await;
            let given = world.give(&by, &world.user("ben"), "a.viewer", k1()).await;
            let mut answers = Vec::new();
            let mut id = "ann".to_owned();
            if let Ok(given) = &given {
                let name = given.get_ref().grant.as_ref().unwrap().name.clone();
                id = name.rsplit('/').next().unwrap().to_owned();
            }
            answers.push(given.map(|_| ()));
            answers.push(
                world
                    .rescope(&by, &id, world.units(&["k1a"]))
                    .await
                    .map(|_| ()),
            );
            answers.push(world.revoke(&by, &id).await.map(|_| ()));
            for answer in answers {
                assert_eq!(answer.is_ok(), may, "{who}: {answer:?}");
                if let Err(status) = answer {
                    assert_refused::<()>(Err(status), DENIED, "NOT_APPLICATION_ADMIN");
                }
            }
        }
    });
}

#[test]
fn s3_6_a_delegated_owner_grants_only_within_its_units() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s3-6").await;
        let part = world.as_("part").await;
        let ben = world.user("ben");
        // An existing unit and a missing one get the same answer.
        for unit in ["k2", "k7"] {
            let refused = world
                .give(&part, &ben, "a.viewer", world.units(&["k1", unit]))
                .await;
            assert_refused(refused, DENIED, "COMPANY_OUT_OF_REACH");
        }
        let refused = world.give(&part, &ben, "a.viewer", all()).await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        let given = world
            .give(&part, &ben, "b.viewer", world.units(&["k1", "k1a"]))
            .await;
        given.unwrap();
        // Grants outside k1 are invisible.
        let seen = world.listed(&part, ListGrantsRequest::default()).await;
        assert!(seen.contains(&"ann".to_owned()) && !seen.contains(&"ann-b".to_owned()));
        let hidden = world.revoke(&part, "ann-b").await;
        assert_refused(hidden, Code::NotFound, "GRANT_NOT_FOUND");
    });
}

#[test]
fn s3_47_a_delegated_owner_does_not_touch_an_owner() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s3-47").await;
        for who in ["part", "lead", "admin"] {
            let by = world.as_(who).await;
            let refused = world.revoke(&by, "owner").await;
            assert_refused(refused, DENIED, "OWNER_ROLE_IMMUTABLE");
            let refused = world.rescope(&by, "owner", all()).await;
            assert_refused(refused, DENIED, "OWNER_ROLE_IMMUTABLE");
            let refused = world
                .give(&by, &world.account("owner"), "a.viewer", all())
                .await;
            assert_refused(refused, DENIED, "OWNER_ROLE_IMMUTABLE");
        }
        let other = world.as_("other").await;
        world.revoke(&other, "owner").await.unwrap();
    });
}

#[test]
fn s3_48_a_delegated_owner_appoints_another_only_with_the_right_to_delegate() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s3-48").await;
        let ben = world.user("ben");
        let role = "mandate.delegated-owner";
        let part = world.as_("part").await;
        let refused = world.give(&part, &ben, role, world.units(&["k1"])).await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        let lead = world.as_("lead").await;
        let refused = world.give(&lead, &ben, role, world.units(&["k2"])).await;
        assert_refused(refused, DENIED, "COMPANY_OUT_OF_REACH");
        world
            .give(&lead, &ben, role, world.units(&["k1a"]))
            .await
            .unwrap();
        // `lead` may delegate and is therefore above `part`.
        let refused = world.revoke(&part, "lead").await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        world.revoke(&lead, "part").await.unwrap();
    });
}

#[test]
fn s1_14_mutually_exclusive_roles_cannot_be_granted_together() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s1-14").await;
        let root = rig.root();
        for (user, first, second) in [
            ("ann", "a.editor", "a.auditor"),
            ("ben", "a.auditor", "a.editor"),
        ] {
            let user = world.user(user);
            let given = world.give(&root, &user, first, world.units(&["k1"])).await;
            let given = given.unwrap().into_inner().grant.unwrap();
            // The exclusion also holds where the scopes do not overlap.
            let refused = world.give(&root, &user, second, world.units(&["k2"])).await;
            assert_refused(refused, Code::FailedPrecondition, "SOD_VIOLATION");
            world.give(&root, &user, "a.viewer", all()).await.unwrap();
            let id = given.name.rsplit('/').next().unwrap();
            world.revoke(&root, id).await.unwrap();
            world.give(&root, &user, second, all()).await.unwrap();
        }
    });
}
