//! Static types of expressions, as far as they are known before the evaluation.
//!
//! Values of a context have any type; the type of everything else is known. An expression that
//! always fails, or that is neither true nor false, is refused when the grant is written.

use std::fmt;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, operators},
};

use super::{InvalidCondition, relations::MAX_EXACT};

/// The type of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// One of the three number types.
    Number,
    /// A string.
    Text,
    /// A string of bytes.
    Bytes,
    /// `null`.
    Null,
    /// A list of this type.
    List(Box<Type>),
    /// A type known only at evaluation.
    Any,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Bytes => "bytes",
            Self::Null => "null",
            Self::List(_) => "a list",
            Self::Any => "any value",
        })
    }
}

/// Checks that an expression can be true or false.
///
/// # Errors
/// [`InvalidCondition`] if it cannot be, or if a part of it always fails.
pub(super) fn check(expression: &IdedExpr) -> Result<(), InvalidCondition> {
    match type_of(expression)? {
        Type::Bool | Type::Any => Ok(()),
        other => Err(InvalidCondition::NotBoolean(other)),
    }
}

fn type_of(part: &IdedExpr) -> Result<Type, InvalidCondition> {
    match &part.expr {
        Expr::Literal(literal) => type_of_literal(literal),
        Expr::List(list) => type_of_list(&list.elements),
        Expr::Select(select) => {
            let own = type_of(&select.operand)?;
            match (own, select.test) {
                (Type::Any, true) => Ok(Type::Bool),
                (Type::Any, false) => Ok(type_within(&select.operand)),
                (other, _) => Err(mismatch(&format!(".{}", select.field), &[other])),
            }
        }
        Expr::Call(call) => type_of_call(call),
        _ => Ok(Type::Any),
    }
}

/// Returns the type of a field of a value of any type: the fields of resources and subjects are
/// texts.
fn type_within(operand: &IdedExpr) -> Type {
    match &operand.expr {
        Expr::Ident(variable) if variable != "context" => Type::Text,
        _ => Type::Any,
    }
}

fn type_of_literal(literal: &LiteralValue) -> Result<Type, InvalidCondition> {
    #[expect(clippy::cast_precision_loss, reason = "what is larger stays larger")]
    let size = match literal {
        LiteralValue::Int(number) => number.unsigned_abs() as f64,
        LiteralValue::UInt(number) => *number.inner() as f64,
        LiteralValue::Double(number) => number.abs(),
        LiteralValue::Boolean(_) => return Ok(Type::Bool),
        LiteralValue::Bytes(_) => return Ok(Type::Bytes),
        LiteralValue::Null => return Ok(Type::Null),
        LiteralValue::String(_) => return Ok(Type::Text),
    };
    if size <= MAX_EXACT {
        Ok(Type::Number)
    } else {
        Err(InvalidCondition::Inexact)
    }
}

fn type_of_list(elements: &[IdedExpr]) -> Result<Type, InvalidCondition> {
    let mut common = None;
    for element in elements {
        let own = type_of(element)?;
        common = Some(match common {
            None => own,
            Some(common) => join(&common, &own).unwrap_or(Type::Any),
        });
    }
    Ok(Type::List(Box::new(common.unwrap_or(Type::Any))))
}

fn type_of_call(call: &CallExpr) -> Result<Type, InvalidCondition> {
    use Type::{Any, Bool, Bytes, List, Number, Text};
    let operands = call.target.as_deref().into_iter().chain(&call.args);
    let types = operands.map(type_of).collect::<Result<Vec<_>, _>>()?;
    let is = |own: &Type, wanted: Type| *own == Any || *own == wanted;
    let found = match (&*call.func_name, &*types) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [one, other]) => {
            (is(one, Bool) && is(other, Bool)).then_some(Bool)
        }
        (operators::LOGICAL_NOT, [one]) => is(one, Bool).then_some(Bool),
        (operators::CONDITIONAL, [test, one, other]) if is(test, Bool) => join(one, other),
        (operators::EQUALS | operators::NOT_EQUALS, [one, other]) => join(one, other).map(|_| Bool),
        (
            operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS,
            [one, other],
        ) if has_order(one) && has_order(other) => join(one, other).map(|_| Bool),
        (operators::IN, [one, List(own)]) => join(one, own).map(|_| Bool),
        (operators::IN, [_, Any]) => Some(Bool),
        (operators::INDEX, [List(own), at]) => is(at, Number).then(|| (**own).clone()),
        (operators::INDEX, [Any, _]) => call.args.first().map(type_within),
        ("size", [Any | Text | Bytes | List(_)]) => Some(Number),
        ("startsWith" | "endsWith" | "contains", [one, other]) if call.target.is_some() => {
            (is(one, Text) && is(other, Text)).then_some(Bool)
        }
        _ => None,
    };
    found.ok_or_else(|| mismatch(&call.func_name, &types))
}

fn has_order(own: &Type) -> bool {
    !matches!(own, Type::List(_) | Type::Null)
}

/// Returns the common type of two operands, or `None` if they can never be equal.
fn join(one: &Type, other: &Type) -> Option<Type> {
    match (one, other) {
        (Type::List(one), Type::List(other)) => {
            join(one, other).map(|own| Type::List(Box::new(own)))
        }
        (one, other) if one == other => Some(one.clone()),
        (Type::Any | Type::Null, _) | (_, Type::Any | Type::Null) => Some(Type::Any),
        _ => None,
    }
}

fn mismatch(operation: &str, operands: &[Type]) -> InvalidCondition {
    let operands: Vec<_> = operands.iter().map(Type::to_string).collect();
    InvalidCondition::Mismatch {
        operation: operation.replace(['_', '@'], ""),
        operands: operands.join(" and "),
    }
}
