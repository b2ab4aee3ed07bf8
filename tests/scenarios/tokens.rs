//! Consistency tokens: a question may require the state after a write.

use std::time::Duration;

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::{CreateGrantRequest, DecisionReason},
    identity::v1::{CreateUserRequest, User},
    membership::v1::{
        CreateMembershipRequest, CreateResourceRequest, CreateUnitRequest, Membership, Resource,
        Unit,
    },
};
use tokens::{Position, Source};
use tonic::{Code, Request};
use types::Epoch;

use crate::{feeds::open, refusal::assert_refused, shared::everywhere, world::World};

/// Returns the requirement to read at least as fresh as a token.
pub fn at_least(token: &str) -> Consistency {
    Consistency {
        requirement: Some(Requirement::AtLeastAsFresh(token.to_owned())),
    }
}

#[test]
fn k_g_a_created_entity_is_seen_with_its_token() {
    everywhere(async |rig| {
        let world = World::load(rig, "created").await;
        let clients = rig.root();
        let ask = async |token: &str, place: &str| {
            let mut question = world.question("gil", place);
            question.consistency = Some(at_least(token));
            world.ask(question).await.reason()
        };
        let request = CreateUserRequest {
            user_id: "created-gil".to_owned(),
            user: Some(User {
                login: "created.gil".to_owned(),
                given_name: "Gil".to_owned(),
                ..User::default()
            }),
            ..CreateUserRequest::default()
        };
        let created = clients.users().create_user(request).await.unwrap();
        let token = created.into_inner().consistency_token;
        assert_eq!(ask(&token, "units/k1").await, DecisionReason::NotAMember);

        let request = CreateMembershipRequest {
            parent: world.organization(),
            membership: Some(Membership {
                subject: world.user("gil"),
                ..Membership::default()
            }),
            ..CreateMembershipRequest::default()
        };
        let created = clients.members().create_membership(request).await.unwrap();
        let token = created.into_inner().consistency_token;
        assert_eq!(ask(&token, "units/k1").await, DecisionReason::NoGrant);

        let request = CreateGrantRequest {
            parent: world.organization(),
            grant: Some(world.grant("gil", "viewer", crate::managed::all())),
            consistency_token: token,
            ..CreateGrantRequest::default()
        };
        clients.grants().create_grant(request).await.unwrap();
        let request = CreateUnitRequest {
            parent: world.organization(),
            unit_id: "k5".to_owned(),
            unit: Some(Unit {
                display_name: "East".to_owned(),
                ..Unit::default()
            }),
            ..CreateUnitRequest::default()
        };
        let mut organizations = clients.organizations();
        let created = organizations.create_unit(request).await.unwrap();
        let token = created.into_inner().consistency_token;
        assert_eq!(ask(&token, "units/k5").await, DecisionReason::Allowed);

        let request = CreateResourceRequest {
            parent: world.organization(),
            resource_id: "n9".to_owned(),
            resource: Some(Resource {
                r#type: "number".to_owned(),
                unit: world.at("units/k5"),
                ..Resource::default()
            }),
            ..CreateResourceRequest::default()
        };
        let created = organizations.create_resource(request).await.unwrap();
        let token = created.into_inner().consistency_token;
        assert_eq!(ask(&token, "resources/n9").await, DecisionReason::Allowed);
    });
}

#[test]
fn k_i_an_altered_or_foreign_token_is_refused() {
    everywhere(async |rig| {
        let world = World::load(rig, "altered").await;
        let token = world.revoke("ann").await.consistency_token;
        let mut forged: Vec<String> = (0..token.len())
            .map(|at| {
                let mut bytes = token.clone().into_bytes();
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                String::from_utf8(bytes).unwrap()
            })
            .collect();
        forged.push(token.chars().skip(1).collect());
        forged.push("e99999999".to_owned());
        let other = tokens::Sealer::new(&vec![7; 32].into());
        forged.push(other.consistency(Position {
            source: Source::Entitlement,
            epoch: Epoch(1),
            at: 1_000_000,
        }));
        for token in forged {
            let mut question = world.question("ben", "units/k1");
            question.consistency = Some(at_least(&token));
            let refused = rig.root().authorization().check(question).await;
            assert_refused(refused, Code::InvalidArgument, "CONSISTENCY_TOKEN_INVALID");
        }
        // A token of a future position in another service's log: the call waits and gets no answer.
        for source in [Source::Identity, Source::Membership] {
            let end = open(rig, source).await.head().await.unwrap();
            let position = Position {
                source,
                epoch: end.cursor.epoch,
                at: i64::MAX,
            };
            let mut question = world.question("ben", "units/k1");
            let token = rig.secrets().sealer.consistency(position);
            question.consistency = Some(at_least(&token));
            let mut request = Request::new(question);
            request.set_timeout(Duration::from_millis(100));
            let refused = rig.root().authorization().check(request).await;
            // Either the client or the server notices the deadline first.
            let code = refused.unwrap_err().code();
            assert!(matches!(code, Code::DeadlineExceeded | Code::Cancelled));
        }
    });
}

#[test]
fn a_fully_consistent_question_sees_every_write_of_grants() {
    everywhere(async |rig| {
        let world = World::load(rig, "consistent").await;
        let mut question = world.question("ann", "units/k1");
        question.consistency = Some(Consistency {
            requirement: Some(Requirement::FullyConsistent(true)),
        });
        let before = world.ask(question.clone()).await;
        assert_eq!(before.reason(), DecisionReason::Allowed);
        world.revoke("ann").await;
        let after = world.ask(question).await;
        assert_eq!(after.reason(), DecisionReason::NoGrant);
        assert!(after.revision > before.revision);
    });
}
