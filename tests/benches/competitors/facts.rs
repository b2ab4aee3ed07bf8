//! The facts as relations between objects, for competitors with that model.
//!
//! Only the facts that the questions need: the unit tree, and the grants. Mandate also checks that
//! the user is active and a member, and that the organization has the application. These facts are
//! left out here, because they would cost the competitors more relations and a deeper search.

use benches::{
    portfolio::{Asked, Portfolio},
    scope::{Scope, UNITS, above, unit_of},
};

/// A relation of an object to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    /// The object that has the relation.
    pub(crate) object: Object,
    /// The name of the relation.
    pub(crate) relation: &'static str,
    /// The object that the relation points to.
    pub(crate) subject: Object,
}

/// An object by its type and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
}

/// Returns all relations.
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

/// Returns the resource and the user of a question.
pub(crate) fn asked(asked: &Asked) -> (Object, Object) {
    let numbers = asked.numbers;
    (
        resource(numbers.organization, numbers.resource),
        user(numbers.organization, numbers.user),
    )
}

/// Returns the only relation that allows a question: see [`Portfolio::allowed_by_unit`].
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
