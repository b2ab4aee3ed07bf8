//! Conditions of grants, from a small family of expressions with a separate definition of their
//! meaning: true, false, or an error, which is neither.

use std::collections::BTreeSet;

use prost_types::{Struct, Value, value::Kind};

use crate::faults::Random;

/// The context of a question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Circumstances {
    /// `network`.
    pub network: Option<&'static str>,
    /// `amount`.
    pub amount: Option<i32>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// True if the network is this one.
    Network(&'static str),
    /// True if the amount is lower than this one.
    Below(i32),
    /// True if the amount is one of these.
    OneOf(Vec<i32>),
    /// True if the context names a network.
    HasNetwork,
    /// True if the resource is this one.
    Resource(String),
    /// True if the resource is a number.
    Number,
    /// True if the subject is a user.
    Person,
    /// The negation of a condition.
    Not(Box<Condition>),
    /// The conjunction of two conditions.
    Both(Box<Condition>, Box<Condition>),
    /// The disjunction of two conditions.
    Either(Box<Condition>, Box<Condition>),
}

/// The input of a condition.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The subject.
    pub subject: &'a str,
    /// The resource, if any.
    pub resource: Option<&'a str>,
    /// The type of the resource, if it exists.
    pub kind: Option<&'static str>,
    /// The context.
    pub said: &'a Circumstances,
}

/// Returns the type of a resource, which follows from its id.
pub fn kind_of(resource: &str) -> &'static str {
    if resource.ends_with(['0', '2', '4', '6']) {
        "number"
    } else {
        "product"
    }
}

impl Circumstances {
    /// Returns a random context.
    pub fn random(random: &mut Random) -> Self {
        Self {
            network: [None, Some("office"), Some("home")][random.below(3)],
            amount: [None, Some(1), Some(5), Some(9)][random.below(4)],
        }
    }

    /// Returns the context as a request carries it.
    pub fn context(&self) -> Option<Struct> {
        let network = self
            .network
            .map(|network| ("network", Kind::StringValue(network.to_owned())));
        let amount = self
            .amount
            .map(|amount| ("amount", Kind::NumberValue(amount.into())));
        let fields = network.into_iter().chain(amount);
        let fields = fields.map(|(key, kind)| (key.to_owned(), Value { kind: Some(kind) }));
        let context = Struct {
            fields: fields.collect(),
        };
        (!context.fields.is_empty()).then_some(context)
    }

    fn says(&self, key: &str) -> bool {
        match key {
            "network" => self.network.is_some(),
            _ => self.amount.is_some(),
        }
    }
}

impl Condition {
    /// Returns a random condition with at most this depth.
    pub fn random(random: &mut Random, depth: usize) -> Self {
        let inner = |random: &mut Random| Box::new(Self::random(random, depth - 1));
        match random.below(if depth == 0 { 7 } else { 12 }) {
            0 => Self::Network(["office", "home"][random.below(2)]),
            1 => Self::Below([2, 6][random.below(2)]),
            2 => Self::OneOf(vec![1, 9]),
            3 => Self::HasNetwork,
            4 => Self::Resource(format!("r{}", random.below(4))),
            5 => Self::Number,
            6 => Self::Person,
            7 => Self::Not(inner(random)),
            8 | 9 => Self::Both(inner(random), inner(random)),
            _ => Self::Either(inner(random), inner(random)),
        }
    }

    /// Returns the condition as text.
    pub fn text(&self) -> String {
        match self {
            Self::Network(network) => format!("context.network == \"{network}\""),
            Self::Below(amount) => format!("context[\"amount\"] < {amount}"),
            Self::OneOf(amounts) => format!("context.amount in {amounts:?}"),
            Self::HasNetwork => "has(context.network)".to_owned(),
            Self::Resource(id) => format!("resource.id == '{id}'"),
            Self::Number => "resource.type.startsWith('num')".to_owned(),
            Self::Person => "subject.kind == 'user'".to_owned(),
            Self::Not(inner) => format!("!({})", inner.text()),
            Self::Both(one, other) => format!("({}) && ({})", one.text(), other.text()),
            Self::Either(one, other) => format!("({}) || ({})", one.text(), other.text()),
        }
    }

    /// Returns the context keys that the condition reads.
    pub fn keys(&self) -> BTreeSet<&'static str> {
        match self {
            Self::Network(_) | Self::HasNetwork => ["network"].into(),
            Self::Below(_) | Self::OneOf(_) => ["amount"].into(),
            Self::Resource(_) | Self::Number | Self::Person => BTreeSet::new(),
            Self::Not(inner) => inner.keys(),
            Self::Both(one, other) | Self::Either(one, other) => {
                one.keys().union(&other.keys()).copied().collect()
            }
        }
    }

    /// Returns the context keys that the condition reads and the context lacks.
    pub fn missing(&self, said: &Circumstances) -> BTreeSet<&'static str> {
        let mut keys = self.keys();
        keys.retain(|key| !said.says(key));
        keys
    }

    /// Returns true if the condition is met; `None` if it fails with an error.
    pub fn holds(&self, about: &About<'_>) -> Option<bool> {
        let said = about.said;
        match self {
            Self::Network(network) => Some(said.network? == *network),
            Self::Below(amount) => Some(said.amount? < *amount),
            Self::OneOf(amounts) => Some(amounts.contains(&said.amount?)),
            Self::HasNetwork => Some(said.network.is_some()),
            Self::Resource(id) => Some(about.resource? == id),
            Self::Number => Some(about.kind? == "number"),
            Self::Person => Some(about.subject.starts_with("users/")),
            Self::Not(inner) => inner.holds(about).map(|holds| !holds),
            Self::Both(one, other) => decided(one, other, about, false),
            Self::Either(one, other) => decided(one, other, about, true),
        }
    }
}

/// Returns `alone` if either side has that value, which decides alone; else the value of both sides
/// if they agree.
fn decided(one: &Condition, other: &Condition, about: &About<'_>, alone: bool) -> Option<bool> {
    let both = [one.holds(about), other.holds(about)];
    if both.contains(&Some(alone)) {
        Some(alone)
    } else if both.contains(&None) {
        None
    } else {
        Some(!alone)
    }
}
