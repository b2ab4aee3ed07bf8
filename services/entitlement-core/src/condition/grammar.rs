//! What of CEL a condition may use, and what it refers to.

use std::collections::{BTreeSet, HashMap};

use cel::{
    Context, IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, operators},
    objects::Value,
};
use prost_types::{Value as Said, value::Kind};

use super::{Given, InvalidCondition};

/// The most parts of a condition: what it costs is at most so many times what a context is long.
pub(super) const MAX_NODES: usize = 128;
/// How deep they may nest: both what reads a condition and what asks it recurse.
pub(super) const MAX_DEPTH: usize = 16;

/// Each costs at most what its operands are long.
const FUNCTIONS: [&str; 16] = [
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::CONDITIONAL,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::IN,
    operators::INDEX,
    "size",
    "startsWith",
    "endsWith",
    "contains",
];

/// What there is of a resource and of a subject.
const RESOURCE: [&str; 2] = ["id", "type"];
const SUBJECT: [&str; 2] = ["name", "kind"];

/// What a condition refers to.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Keys of the context.
    pub(super) context: BTreeSet<String>,
}

struct Walk {
    nodes: usize,
    found: References,
}

impl References {
    /// What an expression refers to.
    ///
    /// # Errors
    /// It uses what a condition may not.
    pub(super) fn of(expression: &IdedExpr) -> Result<Self, InvalidCondition> {
        let mut walk = Walk {
            nodes: 0,
            found: Self::default(),
        };
        walk.inspect(expression, 0)?;
        Ok(walk.found)
    }

    /// Gives the variables their values.
    pub(super) fn bind(&self, given: &Given<'_>, kind: Option<&str>, scope: &mut Context<'_, '_>) {
        let said = given.context.map(|context| &context.fields);
        let context = self.context.iter().filter_map(|key| {
            let value = said?.get(key)?;
            Some((key.clone(), value_of(value)))
        });
        let subject_kind = match given.subject.split_once('/') {
            Some(("users", _)) => "user",
            _ => "service-account",
        };
        let subject = [("name", given.subject), ("kind", subject_kind)];
        let resource = [("id", given.resource), ("type", kind)];
        let resource = resource
            .into_iter()
            .filter_map(|(key, own)| Some((key, own?)));
        scope.add_variable_from_value("context", context.collect::<HashMap<_, _>>());
        scope.add_variable_from_value("subject", HashMap::from(subject));
        scope.add_variable_from_value("resource", resource.collect::<HashMap<_, _>>());
    }
}

impl Walk {
    fn inspect(&mut self, part: &IdedExpr, depth: usize) -> Result<(), InvalidCondition> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return Err(InvalidCondition::Large);
        }
        let depth = depth + 1;
        match &part.expr {
            Expr::Literal(_) => Ok(()),
            Expr::List(list) => self.each(&list.elements, depth),
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(variable) => self.refer(variable, &select.field),
                _ => self.inspect(&select.operand, depth),
            },
            Expr::Call(call) => self.call(call, depth),
            Expr::Ident(name) => Err(InvalidCondition::Reference(name.clone())),
            Expr::Comprehension(_) => Err(function("a macro that repeats")),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => Err(function("{}")),
        }
    }

    fn call(&mut self, call: &CallExpr, depth: usize) -> Result<(), InvalidCondition> {
        if !FUNCTIONS.contains(&&*call.func_name) {
            return Err(function(&call.func_name));
        }
        if call.func_name == operators::INDEX
            && let [operand, index] = &*call.args
            && let Expr::Ident(variable) = &operand.expr
        {
            // The keys are known before anything is asked.
            return match &index.expr {
                Expr::Literal(LiteralValue::String(key)) => self.refer(variable, key.inner()),
                _ => Err(InvalidCondition::Reference(format!("{variable}[…]"))),
            };
        }
        if let Some(target) = &call.target {
            self.inspect(target, depth)?;
        }
        self.each(&call.args, depth)
    }

    fn each(&mut self, parts: &[IdedExpr], depth: usize) -> Result<(), InvalidCondition> {
        parts.iter().try_for_each(|part| self.inspect(part, depth))
    }

    fn refer(&mut self, variable: &str, key: &str) -> Result<(), InvalidCondition> {
        match variable {
            "context" => {
                self.found.context.insert(key.to_owned());
                Ok(())
            }
            "resource" if RESOURCE.contains(&key) => Ok(()),
            "subject" if SUBJECT.contains(&key) => Ok(()),
            _ => Err(InvalidCondition::Reference(format!("{variable}.{key}"))),
        }
    }
}

fn function(name: &str) -> InvalidCondition {
    InvalidCondition::Function(name.to_owned())
}

/// A value of the context; numbers are doubles, as in JSON.
fn value_of(said: &Said) -> Value {
    match &said.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => Value::Bool(*value),
        Some(Kind::NumberValue(value)) => Value::Float(*value),
        Some(Kind::StringValue(value)) => Value::String(value.clone().into()),
        Some(Kind::ListValue(list)) => {
            Value::List(list.values.iter().map(value_of).collect::<Vec<_>>().into())
        }
        Some(Kind::StructValue(map)) => {
            let fields = map.fields.iter();
            let fields = fields.map(|(key, value)| (key.clone(), value_of(value)));
            fields.collect::<HashMap<_, _>>().into()
        }
    }
}
