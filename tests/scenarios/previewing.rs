//! Applied changes equal the reviewed preview.

use std::{collections::BTreeMap, time::Duration};

use api::entitlement::v1::{
    AccessView, ApplyGrantChangesRequest, ApplyGrantChangesResponse, CreateGrantRequest, Grant,
    GrantChange, ListGrantsRequest, PermissionsDifference, PreviewRequest, PreviewResponse,
    PreviewWarningKind, RevokeGrantRequest, Scope, UpdateGrantRequest, grant_change::Change,
};
use prost_types::FieldMask;
use sea_orm::{ConnectionTrait, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tests::{Rig, Setting};
use tokens::Source;
use tokio::time::timeout;
use tonic::{Code, Response, Status};

use crate::{
    place::access,
    refusal::assert_refused,
    shared::{everywhere, run},
    world::World,
};

impl World<'_> {
    /// Returns a scope of units and resources.
    fn scope(&self, units: &[&str], resources: &[&str]) -> Scope {
        let names = |kind: &str, ids: &[&str]| {
            ids.iter()
                .map(|id| self.at(&format!("{kind}/{id}")))
                .collect()
        };
        Scope {
            all: false,
            units: names("units", units),
            resources: names("resources", resources),
            applications: Vec::new(),
        }
    }

    fn create(&self, user: &str, role: &str, scope: Option<Scope>) -> GrantChange {
        let create = CreateGrantRequest {
            grant: Some(self.grant(user, role, scope)),
            ..CreateGrantRequest::default()
        };
        GrantChange {
            change: Some(Change::Create(create)),
        }
    }

    fn update(&self, grant: &str, scope: Scope) -> GrantChange {
        let update = UpdateGrantRequest {
            grant: Some(Grant {
                name: self.at(&format!("grants/{grant}")),
                scope: Some(scope),
                ..Grant::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec!["scope".to_owned()],
            }),
            ..UpdateGrantRequest::default()
        };
        GrantChange {
            change: Some(Change::Update(update)),
        }
    }

    fn revocation(&self, grant: &str) -> GrantChange {
        let revoke = RevokeGrantRequest {
            name: self.at(&format!("grants/{grant}")),
            ..RevokeGrantRequest::default()
        };
        GrantChange {
            change: Some(Change::Revoke(revoke)),
        }
    }

    async fn preview(&self, changes: &[GrantChange]) -> PreviewResponse {
        let request = PreviewRequest {
            parent: self.organization(),
            changes: changes.to_vec(),
            ..PreviewRequest::default()
        };
        let answer = self.rig.root().authorization().preview(request).await;
        answer.unwrap().into_inner()
    }

    async fn apply(
        &self,
        changes: &[GrantChange],
        digest: &str,
    ) -> Result<Response<ApplyGrantChangesResponse>, Status> {
        let request = ApplyGrantChangesRequest {
            parent: self.organization(),
            changes: changes.to_vec(),
            preview_digest: digest.to_owned(),
            ..ApplyGrantChangesRequest::default()
        };
        self.rig.root().grants().apply_grant_changes(request).await
    }

    /// Returns all grants, including revoked ones.
    async fn grants(&self) -> Vec<Grant> {
        let request = ListGrantsRequest {
            parent: self.organization(),
            page_size: 1000,
            show_revoked: true,
            ..ListGrantsRequest::default()
        };
        let answer = self.rig.root().grants().list_grants(request).await;
        answer.unwrap().into_inner().grants
    }

    /// Returns the scope in which a user holds each permission.
    async fn held(&self, user: &str) -> BTreeMap<String, Scope> {
        let (clients, user) = (self.rig.root(), self.user(user));
        let parent = self.organization();
        let found = access(&clients, &parent, &user, AccessView::Full, 0).await;
        let held = found.into_iter().flat_map(|found| found.permissions);
        held.map(|held| (held.permission, held.scope.unwrap()))
            .collect()
    }

    /// Returns the changes of most tests: one of each kind.
    fn one_change_of_each_kind(&self) -> Vec<GrantChange> {
        vec![
            self.create("eva", "viewer", Some(self.scope(&["k1"], &[]))),
            self.update("ben", self.scope(&["k2"], &[])),
            self.revocation("cas"),
        ]
    }
}

/// Returns the permission differences of a user in a preview.
fn differences_of(
    world: &World<'_>,
    preview: &PreviewResponse,
    user: &str,
) -> Vec<PermissionsDifference> {
    let subject = world.user(user);
    let found = preview.differences.iter();
    found
        .filter(|found| found.subject == subject)
        .flat_map(|found| found.permissions.clone())
        .collect()
}

#[test]
fn s3_22_the_applied_changes_equal_the_preview() {
    everywhere(async |rig| {
        let world = World::load(rig, "preview-apply").await;
        let (changes, before) = (world.one_change_of_each_kind(), world.grants().await);
        let preview = world.preview(&changes).await;
        assert_eq!(world.grants().await, before, "a preview changes nothing");
        let view = vec![world.permission("billing.view")];
        let (k1, k2) = (world.scope(&["k1"], &[]), world.scope(&["k2"], &[]));
        let n3 = world.scope(&[], &["n3"]);
        let subjects: Vec<_> = preview.differences.iter().map(|own| &own.subject).collect();
        let users = [world.user("ben"), world.user("cas"), world.user("eva")];
        assert_eq!(subjects, users.iter().collect::<Vec<_>>());
        for (user, before, after) in [
            ("eva", None, Some(k1.clone())),
            ("ben", Some(k1), Some(k2)),
            ("cas", Some(n3), None),
        ] {
            let expected = PermissionsDifference {
                permissions: view.clone(),
                before,
                after,
                condition: String::new(),
            };
            assert_eq!(differences_of(&world, &preview, user), [expected], "{user}");
        }
        let applied = world.apply(&changes, &preview.digest).await.unwrap();
        let applied = applied.into_inner();
        assert_eq!(applied.grants.len(), 3);
        assert_eq!(applied.grants[2].name, world.at("grants/cas"));
        for difference in &preview.differences {
            let user = difference.subject.rsplit('-').next().unwrap();
            let held = world.held(user).await;
            for change in &difference.permissions {
                let scope = held.get(&change.permissions[0]).cloned();
                assert_eq!(scope, change.after, "{user}");
            }
        }
    });
}

#[test]
fn s3_22_a_preview_is_stale_when_the_access_of_a_subject_has_changed() {
    everywhere(async |rig| {
        let world = World::load(rig, "preview-stale").await;
        let changes = world.one_change_of_each_kind();
        let preview = world.preview(&changes).await;
        // A change for a subject outside the preview has no effect on it.
        world.revoke("dan").await;
        assert_eq!(world.preview(&changes).await, preview);
        // A change for a subject of the preview makes it stale, even if the differences stay equal.
        let more = [world.create("cas", "editor", Some(world.scope(&["k2"], &[])))];
        world.apply(&more, "").await.unwrap();
        let before = world.grants().await;
        let refused = world.apply(&changes, &preview.digest).await;
        assert_refused(refused, Code::Aborted, "PREVIEW_STALE");
        assert_eq!(world.grants().await, before, "nothing is applied");
        let again = world.preview(&changes).await;
        assert_ne!(again.digest, preview.digest);
        world.apply(&changes, &again.digest).await.unwrap();
    });
}

/// Partly S3-21: changes are previewed and applied without a draft.
#[test]
fn s3_21_changes_that_were_not_previewed_are_not_applied() {
    everywhere(async |rig| {
        let world = World::load(rig, "preview-other").await;
        let mut changes = world.one_change_of_each_kind();
        let preview = world.preview(&changes).await;
        let before = world.grants().await;
        changes.pop();
        let refused = world.apply(&changes, &preview.digest).await;
        assert_refused(refused, Code::Aborted, "PREVIEW_STALE");
        let refused = world.apply(&world.one_change_of_each_kind(), "0123").await;
        assert_refused(refused, Code::Aborted, "PREVIEW_STALE");
        assert_eq!(world.grants().await, before);
    });
}

#[test]
fn s2_16_a_recommended_module_that_is_left_out_is_a_warning() {
    everywhere(async |rig| {
        let world = World::load(rig, "preview-warn").await;
        let desk = "
applications:
  - id: $-desk
    display_name: Desk
    modules:
      - {id: orders, verbs: [view]}
      - {id: dashboard, verbs: [view], recommended: true}
    roles:
      - {id: all, permissions: [$-desk.*]}
      - {id: orders, permissions: [$-desk.orders.view]}
organizations:
  - id: $
    display_name: Acme
    entitlements: [{application: $}, {application: $-desk}]
";
        rig.apply(&desk.replace('$', "preview-warn")).await;
        crate::feeds::heard(rig).await;
        let role = |role: &str| format!("applications/preview-warn-desk/roles/{role}");
        let give = |role: String| {
            let mut change = world.create("eva", "viewer", None);
            if let Some(Change::Create(create)) = &mut change.change {
                create.grant.as_mut().unwrap().role = role;
            }
            [change]
        };
        let preview = world.preview(&give(role("orders"))).await;
        let [warning] = &preview.warnings[..] else {
            panic!("{:?}", preview.warnings);
        };
        assert_eq!(warning.kind(), PreviewWarningKind::RecommendedModule);
        assert_eq!(warning.subject, world.user("eva"));
        assert_eq!(warning.application, "applications/preview-warn-desk");
        assert_eq!(warning.module, "dashboard");
        assert!(world.preview(&give(role("all"))).await.warnings.is_empty());
        // A warning does not prevent applying.
        let changes = give(role("orders"));
        world.apply(&changes, &preview.digest).await.unwrap();
    });
}

#[test]
fn a_preview_without_effect_is_empty() {
    everywhere(async |rig| {
        let world = World::load(rig, "preview-same").await;
        // Access to a unit includes the units and resources below it.
        let below = world.scope(&["k1a"], &["n2"]);
        for changes in [
            vec![world.create("ben", "viewer", Some(below.clone()))],
            vec![world.create("ann", "viewer", Some(below))],
            vec![world.update("dan", world.scope(&["k1", "k1a"], &["n1", "n3"]))],
        ] {
            let preview = world.preview(&changes).await;
            assert!(preview.differences.is_empty(), "{preview:?}");
        }
    });
}

#[test]
fn changes_are_applied_all_or_none() {
    everywhere(async |rig| {
        let world = World::load(rig, "preview-atomic").await;
        let before = world.grants().await;
        let with = |change: GrantChange| {
            let mut changes = world.one_change_of_each_kind();
            changes.push(change);
            changes
        };
        let wrong_role = world.create("eva", "nothing", None);
        let stranger = world.create("fay", "viewer", None);
        for (changes, code, reason) in [
            (
                with(world.revocation("none")),
                Code::NotFound,
                "GRANT_NOT_FOUND",
            ),
            (with(wrong_role), Code::NotFound, "ROLE_NOT_FOUND"),
            (with(stranger), Code::FailedPrecondition, "USER_NOT_MEMBER"),
            (
                with(world.revocation("cas")),
                Code::InvalidArgument,
                "INVALID_REQUEST",
            ),
        ] {
            let refused = world.apply(&changes, "").await;
            assert_refused(refused, code, reason);
            let request = PreviewRequest {
                parent: world.organization(),
                changes,
                ..PreviewRequest::default()
            };
            let refused = rig.root().authorization().preview(request).await;
            assert_refused(refused, code, reason);
            assert_eq!(world.grants().await, before);
        }
    });
}

/// The time of another change, relative to applying the preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The preview is applied before the other change.
    Before,
    /// The other change is made before the preview is applied.
    Between,
    /// Both are concurrent.
    Race,
}

#[test]
fn s3_22_an_intervening_change_makes_a_preview_stale() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::start(setting).await;
            let world = World::load(&rig, "preview-race").await;
            for (round, order) in (0..21).zip(
                [Order::Before, Order::Between, Order::Race]
                    .into_iter()
                    .cycle(),
            ) {
                let id = format!("race-{round}");
                let mut given = world.create("eva", "viewer", None);
                if let Some(Change::Create(create)) = &mut given.change {
                    create.grant_id.clone_from(&id);
                }
                let changes = [given];
                let preview = world.preview(&changes).await;
                let other = [world.create("eva", "editor", None)];
                let apply = world.apply(&changes, &preview.digest);
                let other = world.apply(&other, "");
                let (applied, between) = match order {
                    Order::Before => {
                        let applied = apply.await;
                        (applied, other.await)
                    }
                    Order::Between => {
                        let between = other.await;
                        (apply.await, between)
                    }
                    Order::Race => tokio::join!(apply, other),
                };
                let between = between.unwrap().into_inner().grants.remove(0);
                let is_applied = applied.is_ok();
                if is_applied {
                    world.apply(&[world.revocation(&id)], "").await.unwrap();
                } else {
                    assert_refused(applied, Code::Aborted, "PREVIEW_STALE");
                }
                // In a race, either may be first, and no change may come in between.
                let expected = order == Order::Before || order == Order::Race && is_applied;
                assert_eq!(is_applied, expected, "{order:?}");
                let between = between.name.rsplit('/').next().unwrap();
                world.apply(&[world.revocation(between)], "").await.unwrap();
            }
        }
    });
}

#[test]
fn k_n_a_preview_neither_waits_for_writes_nor_blocks_them() {
    everywhere(async |rig| {
        let world = World::load(rig, "unheld").await;
        let store = crate::feeds::open(rig, Source::Entitlement).await;
        // Another transaction is in the middle of a write.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let writing = store.writer().begin_with_options(options).await.unwrap();
        writing
            .execute_unprepared("UPDATE grants SET version = version")
            .await
            .unwrap();
        let changes = world.one_change_of_each_kind();
        let answered = timeout(Duration::from_secs(2), world.preview(&changes)).await;
        let preview = answered.expect("a preview waits for a write");
        assert!(!preview.differences.is_empty());
        writing.rollback().await.unwrap();
        // The preview can be applied unchanged.
        world.apply(&changes, &preview.digest).await.unwrap();
    });
}
