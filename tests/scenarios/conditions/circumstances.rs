//! A world with conditional grants, and contexts of questions.

use api::entitlement::v1::{
    CheckRequest, CreateGrantRequest, CreateGrantResponse, Decision, Grant, Scope,
};
use prost_types::{Struct, Value, value::Kind};
use tests::Rig;
use tonic::{Response, Status};

use crate::world::World;

/// `eva` may view everything with the network `office`; `cas` may view numbers below `k1` with a
/// small amount.
pub const OFFICE: &str = "context.network == 'office'";
pub const SMALL: &str = "resource.type == 'number' && context.amount < 10";

/// Returns a context of strings and numbers.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a question has an optional context"
)]
pub fn context(fields: &[(&str, &str)]) -> Option<Struct> {
    let fields = fields.iter().map(|(key, value)| {
        let kind = match value.parse() {
            Ok(number) => Kind::NumberValue(number),
            Err(_) => Kind::StringValue((*value).to_owned()),
        };
        ((*key).to_owned(), Value { kind: Some(kind) })
    });
    Some(Struct {
        fields: fields.collect(),
    })
}

/// Returns the context with the network `office`.
pub fn office() -> Option<Struct> {
    context(&[("network", "office"), ("amount", "5")])
}

/// Loads the world, with conditional grants.
pub async fn load<'r>(rig: &'r Rig, id: &'static str) -> World<'r> {
    let world = World::load(rig, id).await;
    let all = Scope {
        all: true,
        ..Scope::default()
    };
    let north = Scope {
        units: vec![world.at("units/k1")],
        ..Scope::default()
    };
    for (user, scope, condition) in [("eva", all, OFFICE), ("cas", north, SMALL)] {
        let grant = Grant {
            condition: condition.to_owned(),
            ..world.grant(user, "viewer", Some(scope))
        };
        create(&world, &format!("{user}-if"), grant).await.unwrap();
    }
    world
}

pub async fn create(
    world: &World<'_>,
    id: &str,
    grant: Grant,
) -> Result<Response<CreateGrantResponse>, Status> {
    let request = CreateGrantRequest {
        parent: world.organization(),
        grant: Some(grant),
        grant_id: id.to_owned(),
        ..CreateGrantRequest::default()
    };
    world.rig.root().grants().create_grant(request).await
}

/// Returns the question whether a user may view the bills at a location, with a context.
pub fn question(world: &World<'_>, user: &str, place: &str, said: Option<Struct>) -> CheckRequest {
    CheckRequest {
        context: said,
        ..world.question(user, place)
    }
}

pub async fn ask(world: &World<'_>, user: &str, place: &str, said: Option<Struct>) -> Decision {
    world.ask(question(world, user, place, said)).await
}
