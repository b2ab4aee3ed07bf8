//! After one service has confirmed a change, no other service refuses a call because it has not
//! received the change yet.

use std::time::Duration;

use api::{
    entitlement::v1::{
        CreateEntitlementRequest, CreateGrantRequest, DecisionReason, Entitlement, Scope,
    },
    identity::v1::{CreateUserRequest, User},
    membership::v1::{
        CreateMembershipRequest, CreateOrganizationRequest, CreateResourceRequest,
        CreateUnitRequest, Membership, Organization, Resource, Unit,
    },
};
use http_body_util::{BodyExt, StreamBody};
use mandate_documents::clients::Clients;
use rpc::Channel;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt;
use tower::{ServiceExt, util::BoxCloneSyncService};

use crate::{
    apart::Apart,
    refusal::assert_refused,
    shared::everywhere,
    world::{DOCUMENT, World},
};

/// Delay of each frame of the feed.
const FEED_DELAY: Duration = Duration::from_millis(50);

/// Creates a user, a membership, a unit and a resource in the unit.
async fn create(world: &World<'_>, clients: &Clients, id: &str) {
    let user = User {
        login: world.user(id).replace("users/", ""),
        given_name: id.to_owned(),
        ..User::default()
    };
    let request = CreateUserRequest {
        user_id: user.login.clone(),
        user: Some(user),
        ..CreateUserRequest::default()
    };
    clients.users().create_user(request).await.unwrap();
    let request = CreateMembershipRequest {
        parent: world.organization(),
        membership: Some(Membership {
            subject: world.user(id),
            ..Membership::default()
        }),
        ..CreateMembershipRequest::default()
    };
    clients.members().create_membership(request).await.unwrap();
    let request = CreateUnitRequest {
        parent: world.organization(),
        unit_id: id.to_owned(),
        unit: Some(Unit {
            display_name: id.to_owned(),
            ..Unit::default()
        }),
        ..CreateUnitRequest::default()
    };
    clients.organizations().create_unit(request).await.unwrap();
    let request = CreateResourceRequest {
        parent: world.organization(),
        resource_id: id.to_owned(),
        resource: Some(Resource {
            r#type: "number".to_owned(),
            unit: world.at(&format!("units/{id}")),
            ..Resource::default()
        }),
        ..CreateResourceRequest::default()
    };
    let mut organizations = clients.organizations();
    organizations.create_resource(request).await.unwrap();
}

/// Returns the request that grants a user access to the resource of the same name.
fn grant(world: &World<'_>, id: &str) -> CreateGrantRequest {
    let scope = Scope {
        resources: vec![world.at(&format!("resources/{id}"))],
        ..Scope::default()
    };
    CreateGrantRequest {
        parent: world.organization(),
        grant: Some(world.grant(id, "viewer", Some(scope))),
        ..CreateGrantRequest::default()
    }
}

#[test]
fn a_new_member_can_be_granted_access_immediately() {
    everywhere(async |rig| {
        let world = World::load(rig, "told").await;
        let clients = rig.root();
        for number in 0..30 {
            let id = format!("t{number}");
            create(&world, &clients, &id).await;
            let given = clients.grants().create_grant(grant(&world, &id)).await;
            given.unwrap_or_else(|status| panic!("{number} {:?} {status:?}", rig.setting));
        }
        for number in 0..10 {
            let id = format!("told-{number}");
            let request = CreateOrganizationRequest {
                organization_id: id.clone(),
                organization: Some(Organization {
                    display_name: id.clone(),
                    ..Organization::default()
                }),
                ..CreateOrganizationRequest::default()
            };
            let mut organizations = clients.organizations();
            organizations.create_organization(request).await.unwrap();
            let request = CreateEntitlementRequest {
                parent: format!("organizations/{id}"),
                entitlement: Some(Entitlement {
                    application: world.application(),
                    ..Entitlement::default()
                }),
                ..CreateEntitlementRequest::default()
            };
            let given = clients.grants().create_entitlement(request).await;
            given.unwrap_or_else(|status| panic!("{number} {:?} {status:?}", rig.setting));
        }
    });
}

/// Wraps a channel whose feed frames arrive late.
fn late(channel: Channel) -> Channel {
    BoxCloneSyncService::new(tower::service_fn(move |request: http::Request<Body>| {
        let channel = channel.clone();
        async move {
            let is_feed = request.uri().path().ends_with("/Watch");
            let answer = channel.oneshot(request).await?;
            if !is_feed {
                return Ok(answer);
            }
            Ok(answer.map(|body| {
                let parts = futures_util::stream::unfold(body, async |mut body| {
                    let part = body.frame().await?;
                    tokio::time::sleep(FEED_DELAY).await;
                    Some((part, body))
                });
                Body::new(StreamBody::new(Box::pin(parts)))
            }))
        }
    }))
}

/// Wraps a channel to a service that does not report the head of its log.
fn mute(channel: Channel) -> Channel {
    BoxCloneSyncService::new(tower::service_fn(move |request: http::Request<Body>| {
        let channel = channel.clone();
        async move {
            if request.uri().path().ends_with("/GetHead") {
                return Err(Status::unavailable("mute"));
            }
            channel.oneshot(request).await
        }
    }))
}

#[test]
fn writes_wait_for_delayed_feeds_and_checks_do_not() {
    everywhere(async |rig| {
        let world = World::load(rig, "told-late").await;
        let mut apart = Apart::start(rig).await;
        apart.apply(&DOCUMENT.replace('$', "told-late")).await;
        apart.heard().await;
        apart.stop();
        let [identity, membership, _] = rig.channels_as(api::Peer::Entitlement);
        apart
            .resume_with(late(identity.clone()), late(membership.clone()))
            .await;
        apart.heard().await;
        create(&world, &rig.root(), "gil").await;
        let reason = apart.reason(world.question("gil", "resources/gil")).await;
        assert_ne!(reason, DecisionReason::Allowed);
        let root = apart.root();
        let given = root.grants().create_grant(grant(&world, "gil")).await;
        given.unwrap_or_else(|status| panic!("{:?} {status:?}", rig.setting));
        let reason = apart.reason(world.question("gil", "resources/gil")).await;
        assert_eq!(reason, DecisionReason::Allowed);
        // A missing entity is still refused, without a further hint.
        let refused = root.grants().create_grant(grant(&world, "none")).await;
        let details = refused.as_ref().unwrap_err().get_error_details();
        let info = details.error_info().unwrap();
        assert!(!info.metadata.contains_key("facts"), "{info:?}");
        assert_refused(refused, Code::FailedPrecondition, "USER_NOT_MEMBER");
        apart.stop();
        apart.resume_with(mute(identity), membership).await;
        apart.heard().await;
        let root = apart.root();
        let refused = root.grants().create_grant(grant(&world, "none")).await;
        let status = refused.unwrap_err();
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(info.reason, "USER_NOT_MEMBER");
        assert_eq!(info.metadata["facts"], "behind");
        assert!(status.message().ends_with("may not be known here yet"));
    });
}
