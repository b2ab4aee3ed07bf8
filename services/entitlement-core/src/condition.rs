//! Conditions of grants: CEL expressions over the input of a query.
//!
//! A condition is a pure function of the query. It does not know the time: the validity of a grant
//! says when it holds, so the time at which an answer changes stays exact.

mod grammar;
mod relations;
mod types;
mod variables;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, LazyLock, OnceLock},
};

use cel::{Context, Env, IdedExpr, Value, parser::PrattParser};
use prost_types::Struct;

pub use self::types::Type;
use self::{
    grammar::keys_of,
    relations::{environment, relate},
    variables::bind,
};

/// Maximum length of a condition, in bytes.
pub const MAX_BYTES: usize = 1024;

/// Maximum number of conditional grants of a member: a query evaluates all that it needs.
pub const MAX_HELD: usize = 16;

/// Depth limit of the parser. Conditions have a lower limit, which has a clearer error.
const PARSER_DEPTH: u16 = 64;

/// The input of conditions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// The subject: `users/…` or `serviceAccounts/…`.
    pub subject: &'a str,
    /// The id of the target, if it is a resource.
    pub resource: Option<&'a str>,
    /// The context that the caller sent.
    pub context: Option<&'a Struct>,
}

/// An error in a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCondition {
    /// It is too long.
    #[error("must have at most {MAX_BYTES} bytes")]
    Long,
    /// It is not CEL.
    #[error("is not an expression, at character {column}: {message}")]
    Syntax {
        /// The character at fault, from 1.
        column: usize,
        /// The message of the parser.
        message: String,
    },
    /// It has too many parts, or they nest too deeply.
    #[error(
        "must have at most {} parts, at most {} deep",
        grammar::MAX_NODES,
        grammar::MAX_DEPTH
    )]
    Large,
    /// It refers to a variable or field that does not exist.
    #[error(
        "refers to `{0}`, which is not one of `context.KEY`, `resource.id`, `resource.type`, \
         `subject.name`, `subject.kind`"
    )]
    Reference(String),
    /// It calls a function that does not exist or could cost too much.
    #[error(
        "uses `{0}`, which is not allowed: only comparisons, `&&`, `||`, `!`, `?:`, `in`, `has`, \
         `size`, `startsWith`, `endsWith` and `contains` are"
    )]
    Function(String),
    /// Its value is neither true nor false.
    #[error("is {0}; it must be true or false")]
    NotBoolean(Type),
    /// A part of it always fails.
    #[error("applies `{operation}` to {operands}, which always fails")]
    Mismatch {
        /// The operation.
        operation: String,
        /// The types of its operands.
        operands: String,
    },
    /// It has a number that a context cannot represent exactly.
    #[error(
        "has a number beyond {0} or -{0}; write it as a text, here and in the context",
        relations::MAX_EXACT
    )]
    Inexact,
}

/// A condition.
///
/// Allowed are literals, lists, comparisons, `&&`, `||`, `!`, `?:`, `in`, indexing, `has`, `size`,
/// `startsWith`, `endsWith` and `contains`, over `context.KEY`, `resource.id`, `resource.type`,
/// `subject.name` and `subject.kind`. The cost of each is bounded by the size of its operands.
/// There are no macros that iterate (`all`, `exists`, `map`, `filter`), no regular expressions and
/// no arithmetic. So the cost of a condition is at most its number of AST nodes times the size of
/// the context, and both are bounded.
///
/// A condition is compiled at its first evaluation, so loading many of them costs nothing.
pub struct Condition {
    text: Box<str>,
    /// None if this version cannot parse it.
    program: OnceLock<Option<Program>>,
}

struct Program {
    expression: IdedExpr,
    /// The context keys that it refers to.
    keys: BTreeSet<String>,
}

/// The functions of CEL, few of which the grammar allows, and the comparisons of this crate.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(environment()));

impl Condition {
    /// Parses a condition for a new grant.
    ///
    /// # Errors
    /// The first [`InvalidCondition`].
    pub fn parse(text: &str) -> Result<Self, InvalidCondition> {
        let expression = read(text)?;
        let keys = keys_of(&expression)?;
        types::check(&expression)?;
        let program = Program::new(expression, keys);
        Ok(Self {
            text: text.into(),
            program: OnceLock::from(Some(program)),
        })
    }

    /// Restores a stored condition, which may have been accepted under older rules. One that cannot
    /// be parsed is never met.
    pub fn stored(text: &str) -> Self {
        Self {
            text: text.into(),
            program: OnceLock::new(),
        }
    }

    /// Returns the approximate size in bytes once compiled.
    pub fn weight(&self) -> usize {
        const COMPILED: usize = 16;
        size_of::<Self>() + self.text.len() * COMPILED
    }

    /// Returns the text as entered.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns true if the condition is met, on a resource of type `kind` if it is known. A
    /// condition that fails to evaluate is not met.
    pub(crate) fn is_met(&self, given: &Given<'_>, kind: Option<&str>) -> bool {
        let program = self.program();
        program.is_some_and(|program| program.is_met(given, kind))
    }

    /// Returns the context keys that the condition refers to and the context lacks, in order.
    pub fn missing<'a>(&'a self, given: &Given<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
        let keys = self.program().map(|program| &program.keys);
        let context = given.context;
        let has = move |key: &str| context.is_some_and(|own| own.fields.contains_key(key));
        let keys = keys.into_iter().flatten().map(String::as_str);
        keys.filter(move |key| !has(key))
    }

    fn program(&self) -> Option<&Program> {
        let compile = || {
            let expression = read(&self.text).ok()?;
            let keys = keys_of(&expression).ok()?;
            Some(Program::new(expression, keys))
        };
        self.program.get_or_init(compile).as_ref()
    }
}

impl Program {
    fn new(mut expression: IdedExpr, keys: BTreeSet<String>) -> Self {
        relate(&mut expression);
        Self { expression, keys }
    }

    fn is_met(&self, given: &Given<'_>, kind: Option<&str>) -> bool {
        let mut scope = Context::with_env(ENV.clone());
        bind(&self.keys, given, kind, &mut scope);
        matches!(
            Value::resolve(&self.expression, &scope),
            Ok(Value::Bool(true))
        )
    }
}

fn read(text: &str) -> Result<IdedExpr, InvalidCondition> {
    if text.len() > MAX_BYTES {
        return Err(InvalidCondition::Long);
    }
    // The other parser of the library takes milliseconds for the same text, and so much stack for
    // nested parentheses that it overflows in an unoptimized build.
    let parser = PrattParser::new().max_recursion_depth(PARSER_DEPTH);
    parser.parse(text).map_err(|errors| {
        let first = errors.errors.first();
        InvalidCondition::Syntax {
            column: first.map_or(1, |error| error.pos.1.unsigned_abs().max(1)),
            message: first.map(|error| error.msg.clone()).unwrap_or_default(),
        }
    })
}

/// Conditions are equal if their texts are equal.
impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Condition {}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.text).finish()
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
