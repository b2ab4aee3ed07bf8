//! Equality, order and membership in conditions.
//!
//! In CEL a text and a number are unequal. A condition must not give access because a caller sent a
//! value of an unexpected type, so here such a comparison fails. CEL compares numbers of different
//! types exactly. But a context carries numbers as doubles, and beyond 2^53 many integers are the
//! same double: two numbers that are equal only as doubles fail, too.

use std::cmp::Ordering;

use cel::{
    Env, ExecutionError, IdedExpr,
    common::{
        ast::{Expr, operators},
        types::{CelBool, CelDouble, CelList, CelMap, CelNull, DYN_TYPE},
        value::{CowVal, Val},
    },
};

/// The largest integer whose double stands for no other integer.
pub(super) const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

type Relation = for<'b, 'v> fn(Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError>;

/// Operators of CEL, the functions that replace them, and their implementations. No condition can
/// call these functions by name.
const RELATIONS: [(&str, &str, Relation); 7] = [
    (operators::EQUALS, "@equal", |args| pair(&args, equal)),
    (operators::NOT_EQUALS, "@different", |args| {
        pair(&args, |one, other| equal(one, other).map(|is| !is))
    }),
    (operators::LESS, "@less", |args| {
        ordered(&args, Ordering::is_lt)
    }),
    (operators::LESS_EQUALS, "@at_most", |args| {
        ordered(&args, Ordering::is_le)
    }),
    (operators::GREATER, "@greater", |args| {
        ordered(&args, Ordering::is_gt)
    }),
    (operators::GREATER_EQUALS, "@at_least", |args| {
        ordered(&args, Ordering::is_ge)
    }),
    (operators::IN, "@is_in", |args| pair(&args, is_in)),
];

/// Returns the functions of CEL together with the replacements.
pub(super) fn environment() -> Env {
    let mut env = Env::stdlib();
    for (_, name, relation) in RELATIONS {
        // Fails only if the function already exists. A call of a missing function fails to
        // evaluate.
        let _ = env.add_overload(name, name, vec![DYN_TYPE, DYN_TYPE], relation);
    }
    env
}

/// Replaces the operators of CEL by the functions of this module.
pub(super) fn relate(part: &mut IdedExpr) {
    match &mut part.expr {
        Expr::Call(call) => {
            let own = RELATIONS.iter().find(|own| own.0 == call.func_name);
            if let Some((_, name, _)) = own {
                (*name).clone_into(&mut call.func_name);
            }
            call.target.as_deref_mut().map(relate);
            call.args.iter_mut().for_each(relate);
        }
        Expr::Select(select) => relate(&mut select.operand),
        Expr::List(list) => list.elements.iter_mut().for_each(relate),
        _ => {}
    }
}

fn pair<'b, 'v>(
    args: &[CowVal<'b, 'v>],
    relation: impl Fn(&dyn Val, &dyn Val) -> Result<bool, ExecutionError>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    match args {
        [one, other] => {
            relation(one.as_ref(), other.as_ref()).map(|is| CowVal::owned(CelBool::from(is)))
        }
        _ => Err(ExecutionError::MissingArgumentOrTarget),
    }
}

fn ordered<'b, 'v>(
    args: &[CowVal<'b, 'v>],
    holds: fn(Ordering) -> bool,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    pair(args, |one, other| order(one, other).map(holds))
}

/// Only `null` equals `null`; lists and maps are equal if all their elements are.
fn equal(one: &dyn Val, other: &dyn Val) -> Result<bool, ExecutionError> {
    let is_null = |own: &dyn Val| own.downcast_ref::<CelNull>().is_some();
    if is_null(one) || is_null(other) {
        return Ok(is_null(one) && is_null(other));
    }
    if let (Some(one), Some(other)) = (
        one.downcast_ref::<CelList>(),
        other.downcast_ref::<CelList>(),
    ) {
        let pairs = one.iter().zip(other.iter());
        let equal = pairs.map(|(one, other)| equal(one.as_ref(), other.as_ref()));
        return if one.len() == other.len() {
            all(equal)
        } else {
            Ok(false)
        };
    }
    if let (Some(one), Some(other)) = (one.downcast_ref::<CelMap>(), other.downcast_ref::<CelMap>())
    {
        return equal_maps(one, other);
    }
    order(one, other).map(Ordering::is_eq)
}

fn equal_maps(one: &CelMap<'_>, other: &CelMap<'_>) -> Result<bool, ExecutionError> {
    if one.len() != other.len() {
        return Ok(false);
    }
    all(one.iter().map(|(key, value)| match other.get(key) {
        Some(other) => equal(value.as_ref(), other.as_ref()),
        None => Ok(false),
    }))
}

/// A list contains a value that equals one of its elements, a map one that equals a key.
fn is_in(one: &dyn Val, all: &dyn Val) -> Result<bool, ExecutionError> {
    let mut elements = all
        .as_iterable()
        .ok_or_else(|| incomparable(one, all))?
        .iter();
    let mut found = Ok(false);
    while let Some(element) = elements.next() {
        match equal(one, element) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            error => found = error,
        }
    }
    found
}

/// Joins the results as `&&` does: a false result overrides an error.
fn all(equal: impl Iterator<Item = Result<bool, ExecutionError>>) -> Result<bool, ExecutionError> {
    let mut found = Ok(true);
    for is in equal {
        match is {
            Ok(false) => return Ok(false),
            Ok(true) => {}
            error => found = error,
        }
    }
    found
}

/// Orders two values of one type. Numbers are ordered as far as doubles tell them apart.
fn order(one: &dyn Val, other: &dyn Val) -> Result<Ordering, ExecutionError> {
    let order = one
        .as_comparer()
        .ok_or_else(|| incomparable(one, other))?
        .compare(other)?;
    if order.is_eq() && (is_rounded(one) || is_rounded(other)) {
        return Err(incomparable(one, other));
    }
    Ok(order)
}

/// True if the value may stand for several integers.
fn is_rounded(own: &dyn Val) -> bool {
    own.downcast_ref::<CelDouble>()
        .is_some_and(|number| number.abs() > MAX_EXACT)
}

fn incomparable(one: &dyn Val, other: &dyn Val) -> ExecutionError {
    let names = [one, other].map(|own| own.get_type().name().to_owned());
    ExecutionError::no_such_overload("comparison", names.into())
}
