//! Events that end the access of people, service accounts and whole organizations.

use api::membership::v1::{Change, MembershipChange, change::Entity};
use api::{
    common::v1::Propagation,
    entitlement::v1::{
        DecisionReason, ListGrantsRequest, ReactivateEntitlementRequest, SuspendEntitlementRequest,
    },
    identity::v1::{
        DeactivateUserRequest, DisableServiceAccountRequest, EnableServiceAccountRequest,
        ReactivateUserRequest,
    },
    membership::v1::{
        CreateMembershipRequest, DeleteMembershipRequest, Membership, ReactivateMembershipRequest,
        ReactivateOrganizationRequest, SuspendMembershipRequest, SuspendOrganizationRequest,
    },
};
use prost::Message;
use store::Cursor;
use tokens::Source;
use tonic::Code;

use crate::{feeds::open, refusal::refusal, shared::everywhere, world::World};

/// Calls a state change on a name, and asserts that its effect is complete when the call returns.
macro_rules! verb {
    ($client:expr, $method:ident, $request:ident, $name:expr) => {{
        let request = $request {
            name: $name,
            ..$request::default()
        };
        let answer = $client.$method(request).await.unwrap().into_inner();
        assert_eq!(answer.propagation(), Propagation::Complete);
        answer
    }};
}

#[test]
fn a_suspended_membership_denies_until_it_is_reactivated() {
    everywhere(async |rig| {
        let world = World::load(rig, "suspend-member").await;
        let mut members = rig.root().members();
        assert!(world.allows("ann", "units/k1").await);
        let name = world.membership("ann");
        verb!(members, suspend_membership, SuspendMembershipRequest, name);
        let place = world.at("units/k1");
        let reason = world.reason(&world.user("ann"), &place).await;
        assert_eq!(reason, DecisionReason::MembershipNotActive);
        let name = world.membership("ann");
        verb!(
            members,
            reactivate_membership,
            ReactivateMembershipRequest,
            name
        );
        assert!(world.allows("ann", "units/k1").await);
    });
}

fn join(world: &World<'_>, user: &str, id: String) -> CreateMembershipRequest {
    CreateMembershipRequest {
        parent: world.organization(),
        membership_id: id,
        membership: Some(Membership {
            subject: world.user(user),
            ..Membership::default()
        }),
        ..CreateMembershipRequest::default()
    }
}

#[test]
fn s0_27_a_recreated_membership_starts_without_grants() {
    everywhere(async |rig| {
        let world = World::load(rig, "s0-27").await;
        let mut members = rig.root().members();
        assert!(world.allows("ann", "units/k1").await);
        let name = world.membership("ann");
        verb!(members, delete_membership, DeleteMembershipRequest, name);
        let reason = world
            .reason(&world.user("ann"), &world.at("units/k1"))
            .await;
        assert_eq!(reason, DecisionReason::NotAMember);
        let again = join(&world, "ann", "s0-27-ann".to_owned());
        let created = members.create_membership(again).await.unwrap();
        let mut question = world.question("ann", "units/k1");
        let token = created.into_inner().consistency_token;
        question.consistency = Some(super::tokens::at_least(&token));
        let reason = world.ask(question).await.reason();
        assert_eq!(reason, DecisionReason::NoGrant);
        let request = ListGrantsRequest {
            parent: world.organization(),
            subject: world.user("ann"),
            ..ListGrantsRequest::default()
        };
        let listed = rig.root().grants().list_grants(request).await.unwrap();
        assert_eq!(listed.into_inner().grants, []);
    });
}

/// The feed keeps only the latest state of each entity. A late reader must still detect that a
/// membership ended in between.
#[test]
fn s0_27_the_feed_distinguishes_a_recreated_membership() {
    everywhere(async |rig| {
        let world = World::load(rig, "s0-27-feed").await;
        let mut members = rig.root().members();
        let before = told(&world).await;
        let name = world.membership("ann");
        verb!(members, delete_membership, DeleteMembershipRequest, name);
        let ended = told(&world).await;
        assert!(ended.deleted && ended.uid == before.uid, "{ended:?}");
        let again = join(&world, "ann", "s0-27-feed-ann".to_owned());
        members.create_membership(again).await.unwrap();
        let after = told(&world).await;
        assert!(!after.deleted, "{:?}", rig.setting);
        assert_ne!(after.uid, before.uid);
    });
}

/// Returns the state of a membership in the feed.
async fn told(world: &World<'_>) -> MembershipChange {
    let feed = open(world.rig, Source::Membership).await;
    let (mut at, mut told) = (Cursor::START, Vec::new());
    loop {
        let page = feed.backlog(at).await.unwrap();
        at = page.cursor;
        for entry in page.entries {
            let change = Change::decode(entry.payload.as_slice()).unwrap();
            if let Some(Entity::Membership(change)) = change.entity
                && change.name == world.membership("ann")
            {
                told.push(change);
            }
        }
        if page.caught_up {
            break;
        }
    }
    let [told] = &*told else {
        panic!("{told:?}");
    };
    told.clone()
}

#[test]
fn s0_27_an_immediately_recreated_membership_starts_without_grants() {
    everywhere(async |rig| {
        let world = World::load(rig, "s0-27-race").await;
        for (user, place) in [
            ("ann", "units/k1"),
            ("ben", "units/k1"),
            ("cas", "resources/n3"),
            ("dan", "units/k1"),
        ] {
            assert!(world.allows(user, place).await);
            let ending = DeleteMembershipRequest {
                name: world.membership(user),
                ..DeleteMembershipRequest::default()
            };
            let id = world.membership(user);
            let id = id.rsplit('/').next().unwrap().to_owned();
            let (mut leaving, mut joining) = (rig.root().members(), rig.root().members());
            let ended = leaving.delete_membership(ending);
            let begun = async {
                loop {
                    let again = join(&world, user, id.clone());
                    if let Ok(created) = joining.create_membership(again).await {
                        break created.into_inner().consistency_token;
                    }
                }
            };
            let (ended, token) = tokio::join!(ended, begun);
            ended.unwrap();
            let mut question = world.question(user, place);
            question.consistency = Some(super::tokens::at_least(&token));
            let reason = world.ask(question).await.reason();
            assert_eq!(reason, DecisionReason::NoGrant, "{user} {:?}", rig.setting);
        }
    });
}

#[test]
fn a_deactivated_user_is_denied_until_reactivated() {
    everywhere(async |rig| {
        let world = World::load(rig, "deactivate").await;
        let mut users = rig.root().users();
        assert!(world.allows("ann", "units/k1").await);
        let name = world.user("ann");
        verb!(users, deactivate_user, DeactivateUserRequest, name.clone());
        let reason = world.reason(&name, &world.at("units/k1")).await;
        assert_eq!(reason, DecisionReason::SubjectNotActive);
        verb!(users, reactivate_user, ReactivateUserRequest, name);
        assert!(world.allows("ann", "units/k1").await);
    });
}

#[test]
fn a_disabled_service_account_is_denied_and_its_key_is_refused() {
    everywhere(async |rig| {
        let world = World::load(rig, "disable-bot").await;
        let mut accounts = rig.root().service_accounts();
        let bot = crate::managed::clients(rig, "disable-bot-bot").await;
        let place = world.at("units/k1");
        assert_eq!(
            world.reason(&world.bot(), &place).await,
            DecisionReason::Allowed
        );
        // The caller is authenticated, but may not send checks.
        let ask = async || {
            let question = world.question("ann", "units/k1");
            refusal(bot.authorization().check(question).await).0
        };
        assert_eq!(ask().await, Code::PermissionDenied);
        verb!(
            accounts,
            disable_service_account,
            DisableServiceAccountRequest,
            world.bot()
        );
        assert_eq!(
            world.reason(&world.bot(), &place).await,
            DecisionReason::SubjectNotActive
        );
        assert_eq!(ask().await, Code::Unauthenticated);
        verb!(
            accounts,
            enable_service_account,
            EnableServiceAccountRequest,
            world.bot()
        );
        assert_eq!(ask().await, Code::PermissionDenied);
    });
}

#[test]
fn a_suspended_organization_or_entitlement_denies_every_user() {
    everywhere(async |rig| {
        let world = World::load(rig, "suspend-all").await;
        let (mut organizations, mut grants) = (rig.root().organizations(), rig.root().grants());
        let reason = async || {
            let mut reasons = Vec::new();
            for subject in [world.user("ann"), world.user("ben"), world.bot()] {
                reasons.push(world.reason(&subject, &world.at("units/k1")).await);
            }
            reasons.dedup();
            reasons
        };
        assert_eq!(reason().await, [DecisionReason::Allowed]);
        let name = world.organization();
        verb!(
            organizations,
            suspend_organization,
            SuspendOrganizationRequest,
            name.clone()
        );
        assert_eq!(reason().await, [DecisionReason::OrganizationNotActive]);
        verb!(
            organizations,
            reactivate_organization,
            ReactivateOrganizationRequest,
            name
        );
        let name = world.at("entitlements/suspend-all");
        verb!(
            grants,
            suspend_entitlement,
            SuspendEntitlementRequest,
            name.clone()
        );
        assert_eq!(reason().await, [DecisionReason::ApplicationNotEntitled]);
        verb!(
            grants,
            reactivate_entitlement,
            ReactivateEntitlementRequest,
            name
        );
        assert_eq!(reason().await, [DecisionReason::Allowed]);
    });
}
