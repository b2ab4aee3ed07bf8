//! An entity that a request names may be deleted before the decision, and another may take its
//! name.

use api::{
    entitlement::v1::{CreateGrantRequest, GrantState, ListGrantsRequest, grant_change},
    membership::v1::{ChangeRequestState, change_request::Kind},
};
use tests::{Rig, Setting};
use tonic::Code;

use super::{
    load,
    stopped::{Cut, replica},
};
use crate::{
    again::unit_again,
    feeds::heard,
    managed::Managed,
    refusal::assert_refused,
    shared::{everywhere, run},
};

impl Managed<'_> {
    /// Returns the change that grants a member a role in a unit.
    fn wish_in(&self, unit: &str, id: &str) -> Kind {
        let create = CreateGrantRequest {
            grant_id: id.to_owned(),
            parent: String::new(),
            ..self.grant("", "a.viewer", self.units(&[unit]))
        };
        self.changes("ben", grant_change::Change::Create(create))
    }
}

#[test]
fn what_was_asked_for_in_a_unit_is_not_given_in_another_of_its_name() {
    everywhere(async |rig| {
        let world = load(rig, "asked-again").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        let wish = world.wish_in("k2", "wished");
        world.pending(&desk, "wished", wish).await;
        let named = |of: Vec<api::membership::v1::NamedEntity>| {
            let named = of.into_iter().map(|named| (named.name, named.deleted));
            named.collect::<Vec<_>>()
        };
        let k2 = format!("{}/units/k2", world.name());
        let before = named(world.request(&owner, "wished").await.named);
        assert_eq!(
            before,
            [(world.membership("ben"), false), (k2.clone(), false)]
        );
        unit_again(&rig.root(), k2.clone()).await;
        let after = named(world.request(&owner, "wished").await.named);
        assert_eq!(after, [(world.membership("ben"), false), (k2, true)]);
        let refused = world.approve(&owner, "wished").await;
        assert_refused(refused, Code::FailedPrecondition, "DELETED_SINCE");
        assert_eq!(
            world.state(&owner, "wished").await,
            ChangeRequestState::Pending
        );
        // A new request refers to the new unit.
        world.take_back(&desk, "wished").await.unwrap();
        let wish = world.wish_in("k2", "anew");
        world.pending(&desk, "anew", wish).await;
        heard(rig).await;
        world.approve(&owner, "anew").await.unwrap();
        assert_eq!(world.held(&owner, "ben").await, ["anew"]);
    });
}

#[test]
fn what_was_approved_and_cut_short_is_not_given_in_another_unit_of_the_name() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::start(setting).await;
            let world = load(&rig, "cut-again").await;
            let (desk, root) = (world.as_("desk").await, rig.root());
            let wish = world.wish_in("k2", "wished");
            world.pending(&desk, "wished", wish).await;
            {
                let broken = replica(&rig, Cut::Before, CreateGrantRequest::default()).await;
                world.approve(&broken.clients, "wished").await.unwrap();
                broken.assert_cut(Cut::Before);
            }
            unit_again(&root, format!("{}/units/k2", world.name())).await;
            heard(&rig).await;
            let mut decided = ChangeRequestState::Approved;
            let patience = tests::Patience::with("the outcome of a request");
            while decided == ChangeRequestState::Approved {
                patience.pause().await;
                decided = world.state(&root, "wished").await;
            }
            // The request may have been resumed before the unit was deleted.
            if decided == ChangeRequestState::Failed {
                let failed = world.request(&root, "wished").await;
                assert_eq!(failed.failure_reason, "DELETED_SINCE");
            }
            heard(&rig).await;
            let request = ListGrantsRequest {
                parent: world.name(),
                subject: world.user("ben"),
                state: GrantState::Active.into(),
                ..ListGrantsRequest::default()
            };
            let listed = root.grants().list_grants(request).await.unwrap();
            assert_eq!(listed.into_inner().grants, [], "{decided:?} {setting:?}");
        }
    });
}
