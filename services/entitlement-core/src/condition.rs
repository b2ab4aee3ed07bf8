//! Conditions of grants: expressions of CEL over what a question is about.
//!
//! A condition is a pure function of the question. It knows no time: from when to when a grant
//! holds is its validity, and so it stays exact when an answer changes by time alone.

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

/// The longest condition, in bytes.
pub const MAX_BYTES: usize = 1024;

/// Grants with conditions that a member may have: a question asks all that bear on it.
pub const MAX_HELD: usize = 16;

/// How deep the parser goes; a condition may go less deep, and is told so with a better word.
const PARSER_DEPTH: u16 = 64;

/// What a question is about, as conditions see it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// Who: `users/…` or `serviceAccounts/…`.
    pub subject: &'a str,
    /// The id of the resource that is asked about, if it is one.
    pub resource: Option<&'a str>,
    /// What the caller says of the circumstances.
    pub context: Option<&'a Struct>,
}

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCondition {
    /// It is too long.
    #[error("must have at most {MAX_BYTES} bytes")]
    Long,
    /// It is not CEL.
    #[error("is no expression, at character {column}: {message}")]
    Syntax {
        /// Where, from 1 on.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// It has too many parts, or they nest too deeply.
    #[error(
        "must have at most {} parts, at most {} deep",
        grammar::MAX_NODES,
        grammar::MAX_DEPTH
    )]
    Large,
    /// It refers to what a question does not have.
    #[error(
        "`{0}` is none of `context.KEY`, `resource.id`, `resource.type`, `subject.name`, \
         `subject.kind`"
    )]
    Reference(String),
    /// It calls what could cost too much, or what there is not.
    #[error(
        "`{0}` is not allowed: only comparisons, `&&`, `||`, `!`, `?:`, `in`, `has`, `size`, \
         `startsWith`, `endsWith` and `contains` are"
    )]
    Function(String),
    /// It is neither true nor false.
    #[error("is {0}; it must be true or false")]
    NotBoolean(Type),
    /// A part of it can only err.
    #[error("has `{operation}` of {operands}, which always errs")]
    Mismatch {
        /// What is done.
        operation: String,
        /// The types of what it is done to.
        operands: String,
    },
    /// It has a number that a context cannot say exactly.
    #[error(
        "has a number beyond {0} or -{0}; write it as a text, and say it as a text",
        relations::MAX_EXACT
    )]
    Inexact,
}

/// A condition.
///
/// Allowed are literals, lists, comparisons, `&&`, `||`, `!`, `?:`, `in`, indexing, `has`, `size`,
/// `startsWith`, `endsWith` and `contains`, over `context.KEY`, `resource.id`, `resource.type`,
/// `subject.name` and `subject.kind`. Each of them costs at most what its operands are long, and
/// there are neither macros that repeat (`all`, `exists`, `map`, `filter`) nor regular expressions
/// nor arithmetic: so a condition costs at most its number of parts, which is bounded, times the
/// size of the context, which is bounded too.
///
/// Compiled when it is asked for the first time: reading many costs nothing.
pub struct Condition {
    text: Box<str>,
    /// None if it is none that this version knows.
    program: OnceLock<Option<Program>>,
}

struct Program {
    expression: IdedExpr,
    /// What it speaks of in the context.
    keys: BTreeSet<String>,
}

/// The functions of CEL, of which the grammar lets few through, and our relations.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(environment()));

impl Condition {
    /// A condition that somebody wants to give.
    ///
    /// # Errors
    /// What is wrong with it.
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

    /// A condition that was given, perhaps when less was refused. One that cannot be read is never
    /// met.
    pub fn stored(text: &str) -> Self {
        Self {
            text: text.into(),
            program: OnceLock::new(),
        }
    }

    /// About how many bytes it takes once it is compiled.
    pub fn weight(&self) -> usize {
        const COMPILED: usize = 16;
        size_of::<Self>() + self.text.len() * COMPILED
    }

    /// As it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is met, on a resource of this type if it is known to be one. A condition that
    /// errs is not.
    pub(crate) fn is_met(&self, given: &Given<'_>, kind: Option<&str>) -> bool {
        let program = self.program();
        program.is_some_and(|program| program.is_met(given, kind))
    }

    /// What it refers to of the context and what is not there, in order.
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
    // The other parser of the library takes milliseconds for the same, and of nested
    // parentheses so much stack that a build without optimizations ends.
    let parser = PrattParser::new().max_recursion_depth(PARSER_DEPTH);
    parser.parse(text).map_err(|errors| {
        let first = errors.errors.first();
        InvalidCondition::Syntax {
            column: first.map_or(1, |error| error.pos.1.unsigned_abs().max(1)),
            message: first.map(|error| error.msg.clone()).unwrap_or_default(),
        }
    })
}

/// Two are the same if they were given alike.
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
