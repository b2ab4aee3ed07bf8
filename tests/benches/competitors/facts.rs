//! The facts as relations between objects, for the peers that are told them so.
//!
//! Only what the questions need: the tree, and who may view what. That a user is active, a
//! member, and that the organization has the application is checked by Mandate besides, and left
//! out here: it would cost the peers more relations and a deeper search.

use benches::{
    portfolio::{Asked, Portfolio},
    scope::{Scope, UNITS, above, unit_of},
};

/// A relation of an object to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    /// What it is said of.
    pub(crate) object: Object,
    /// What is said.
    pub(crate) relation: &'static str,
    /// To whom or what.
    pub(crate) subject: Object,
}

/// An object by its type and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
}

/// All relations.
pub(crate) fn relations(portfolio: &Portfolio) -> Vec<Relation> {
    let mut relations = Vec::new();
    for organization in 0..portfolio.organizations {
        for own in 0..UNITS {
            let (relation, subject) = match above(own) {
                Some(above) => ("parent", unit(organization, above)),
                None => ("organization", customer(organization)),
            };
            relations.push(Relation {
                object: unit(organization, own),
                relation,
                subject,
            });
        }
        for number in 0..portfolio.resources {
            relations.push(Relation {
                object: resource(organization, number),
                relation: "unit",
                subject: unit(organization, unit_of(number)),
            });
        }
        for number in 0..portfolio.users {
            let objects = match Scope::of(number) {
                Scope::All => vec![customer(organization)],
                Scope::Unit(own) => vec![unit(organization, own)],
                Scope::Resources(own) => own.map(|own| resource(organization, own)).into(),
            };
            relations.extend(objects.into_iter().map(|object| Relation {
                object,
                relation: "viewer",
                subject: user(organization, number),
            }));
        }
    }
    relations
}

/// What a question is about, and who asks.
pub(crate) fn asked(asked: &Asked) -> (Object, Object) {
    let numbers = asked.numbers;
    (
        resource(numbers.organization, numbers.resource),
        user(numbers.organization, numbers.user),
    )
}

/// The relation that alone allows a question: see [`Portfolio::allowed_by_unit`].
pub(crate) fn allowing(asked: &Asked) -> Option<Relation> {
    let numbers = asked.numbers;
    match Scope::of(numbers.user) {
        Scope::Unit(own) => Some(Relation {
            object: unit(numbers.organization, own),
            relation: "viewer",
            subject: user(numbers.organization, numbers.user),
        }),
        _ => None,
    }
}

fn customer(number: usize) -> Object {
    Object {
        kind: "organization",
        id: format!("o{number}"),
    }
}

fn unit(organization: usize, number: usize) -> Object {
    Object {
        kind: "unit",
        id: format!("o{organization}/n{number}"),
    }
}

fn resource(organization: usize, number: usize) -> Object {
    Object {
        kind: "resource",
        id: format!("o{organization}/r{number}"),
    }
}

fn user(organization: usize, number: usize) -> Object {
    Object {
        kind: "user",
        id: format!("u{organization}-{number}"),
    }
}
