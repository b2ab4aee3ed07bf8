//! The subset of CEL that a condition may use, and the variables that it may refer to.

use std::collections::BTreeSet;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, operators},
};

use super::InvalidCondition;

/// Maximum AST nodes; evaluation cost is at most `MAX_NODES` × context size.
pub(super) const MAX_NODES: usize = 64;
/// Maximum depth of the AST: both the parser and the evaluation recurse.
pub(super) const MAX_DEPTH: usize = 16;

/// The cost of each is bounded by the size of its operands.
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

/// The fields of a resource and of a subject.
const RESOURCE: [&str; 2] = ["id", "type"];
const SUBJECT: [&str; 2] = ["name", "kind"];

struct Walk {
    nodes: usize,
    keys: BTreeSet<String>,
}

/// Returns the context keys that an expression refers to.
///
/// # Errors
/// The first [`InvalidCondition`]: a part that conditions may not use.
pub(super) fn keys_of(expression: &IdedExpr) -> Result<BTreeSet<String>, InvalidCondition> {
    let mut walk = Walk {
        nodes: 0,
        keys: BTreeSet::new(),
    };
    walk.inspect(expression, 0)?;
    Ok(walk.keys)
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
            // All keys must be known before the evaluation.
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
                self.keys.insert(key.to_owned());
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
