//! Separation of duties, and the visibility of its conflicts.

use api::entitlement::v1::{
    ApplyGrantChangesRequest, GrantChange, PreviewConflict, PreviewRequest, grant_change::Change,
};
use mandate_documents::clients::Clients;
use tonic::Code;

use crate::{
    managed::{Managed, all},
    refusal::assert_refused,
    shared::everywhere,
};

/// Returns the conflicts of making `ben` an editor in unit `k1`, as a caller sees them, and the
/// digest of the preview.
async fn preview_conflicts(world: &Managed<'_>, by: &Clients) -> (Vec<PreviewConflict>, String) {
    let request = PreviewRequest {
        parent: world.name(),
        changes: editing(world),
        ..PreviewRequest::default()
    };
    let preview = by.authorization().preview(request).await.unwrap();
    let preview = preview.into_inner();
    (preview.conflicts, preview.digest)
}

fn editing(world: &Managed<'_>) -> Vec<GrantChange> {
    let mut create = world.grant(&world.user("ben"), "a.editor", world.units(&["k1"]));
    create.parent = String::new();
    vec![GrantChange {
        change: Some(Change::Create(create)),
    }]
}

#[test]
fn s1_14_a_preview_reports_separation_conflicts_and_cannot_be_applied() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "apart").await;
        let owner = world.as_("owner").await;
        assert_eq!(preview_conflicts(&world, &owner).await.0, []);
        let ben = world.user("ben");
        let given = world.give(&owner, &ben, "a.auditor", all()).await;
        given.unwrap();
        let (conflicts, digest) = preview_conflicts(&world, &owner).await;
        let [conflict] = &conflicts[..] else {
            panic!("{conflicts:?}");
        };
        assert_eq!(conflict.subject, ben);
        let mut roles = [conflict.role.clone(), conflict.other_role.clone()];
        roles.sort();
        assert_eq!(roles, [world.role("a.auditor"), world.role("a.editor")]);
        let request = ApplyGrantChangesRequest {
            parent: world.name(),
            changes: editing(&world),
            preview_digest: digest,
            ..ApplyGrantChangesRequest::default()
        };
        let applied = owner.grants().apply_grant_changes(request).await;
        assert_refused(applied, Code::FailedPrecondition, "SOD_VIOLATION");
    });
}

#[test]
fn c8_a_conflict_with_a_hidden_grant_does_not_name_it() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "apart-far").await;
        let (owner, part) = (world.as_("owner").await, world.as_("part").await);
        let (ben, far) = (world.user("ben"), world.units(&["k2"]));
        world.give(&owner, &ben, "a.auditor", far).await.unwrap();
        let (conflicts, _) = preview_conflicts(&world, &part).await;
        let [conflict] = &conflicts[..] else {
            panic!("{conflicts:?}");
        };
        let mut roles = [conflict.role.clone(), conflict.other_role.clone()];
        roles.sort();
        assert_eq!(roles, [String::new(), world.role("a.editor")]);
        let scope = world.units(&["k1"]);
        let refused = world
            .give(&part, &ben, "a.editor", scope)
            .await
            .unwrap_err();
        assert!(!refused.message().contains("auditor"), "{refused:?}");
    });
}
