//! Contexts: an installation, and the key to call it with.

mod file;

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// The environment variable with the path of the contexts file.
pub const CONFIG_VARIABLE: &str = "MANDATE_CONFIG";

/// The contexts file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contexts {
    /// The current context.
    #[serde(default)]
    pub current: Option<String>,
    /// The contexts by name.
    #[serde(default)]
    pub contexts: BTreeMap<String, Context>,
}

/// An installation, and the key to call it with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The URL of the identity service.
    pub identity: String,
    /// The URL of the membership service.
    pub membership: String,
    /// The URL of the entitlement service.
    pub entitlement: String,
    /// The file that holds the key.
    pub key_file: PathBuf,
    /// The CA certificates that verify the services, in PEM; needed for `https`.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// An error of the contexts file.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// Neither the variable nor a home directory gives the path of the file.
    #[error("there is no path for the contexts file: set `{CONFIG_VARIABLE}`, or `HOME`")]
    NoPlace,
    /// The file cannot be read or written.
    #[error("contexts file `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file is not a contexts file.
    #[error("contexts file `{path}` is malformed")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// No context is current, and none is named.
    #[error(
        "no context is selected; name one with `--context`, or select one with `mandate context use NAME`; `mandate context add` and `mandate dev` create one"
    )]
    NoneChosen,
    /// A context of that name exists.
    #[error("context `{0}` exists; `--replace` replaces it")]
    Exists(String),
    /// There is no such context.
    #[error("there is no context `{name}`; known are: {}", .known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The known names.
        known: Vec<String>,
    },
}

impl From<ContextError> for Failure {
    fn from(error: ContextError) -> Self {
        Self::usage_error(error)
    }
}

/// Returns the path of the contexts file: `$MANDATE_CONFIG`, else `mandate/contexts.json` in
/// `$XDG_CONFIG_HOME` or `~/.config`.
///
/// # Errors
/// [`ContextError::NoPlace`].
pub fn default_path() -> Result<PathBuf, ContextError> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(path) = set(CONFIG_VARIABLE) {
        return Ok(path);
    }
    let folder = set("XDG_CONFIG_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".config")))
        .ok_or(ContextError::NoPlace)?;
    Ok(folder.join("mandate").join("contexts.json"))
}

/// Reads a contexts file; one that does not exist has no contexts.
///
/// # Errors
/// The file cannot be read or is malformed.
pub fn load(path: &Path) -> Result<Contexts, ContextError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| ContextError::Malformed {
            path: path.to_owned(),
            source,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Contexts::default()),
        Err(source) => Err(ContextError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Adds a context under a new name, and makes it the current one.
///
/// # Errors
/// A context of that name exists, or the file cannot be read or written.
pub fn add_current(path: &Path, name: &str, context: Context) -> Result<(), ContextError> {
    if load(path)?.contexts.contains_key(name) {
        return Err(ContextError::Exists(name.to_owned()));
    }
    save_current(path, name, context)
}

/// Adds or replaces a context and makes it the current one.
///
/// # Errors
/// The file cannot be read or written, or is malformed.
pub fn save_current(path: &Path, name: &str, context: Context) -> Result<(), ContextError> {
    let mut contexts = load(path)?;
    contexts.contexts.insert(name.to_owned(), context);
    contexts.current = Some(name.to_owned());
    file::store(path, &contexts)
}

/// Makes a context the current one.
///
/// # Errors
/// There is no such context, or the file cannot be read or written.
pub fn make_current(path: &Path, name: &str) -> Result<(), ContextError> {
    let mut contexts = load(path)?;
    contexts.choose(Some(name))?;
    contexts.current = Some(name.to_owned());
    file::store(path, &contexts)
}

impl Contexts {
    /// Returns the named context, or the current one, with its name.
    ///
    /// # Errors
    /// No such context exists.
    pub fn choose(&self, name: Option<&str>) -> Result<(&str, &Context), ContextError> {
        let name = name
            .or(self.current.as_deref())
            .ok_or(ContextError::NoneChosen)?;
        self.contexts
            .get_key_value(name)
            .map(|(name, context)| (name.as_str(), context))
            .ok_or_else(|| ContextError::Unknown {
                name: name.to_owned(),
                known: self.contexts.keys().cloned().collect(),
            })
    }
}

#[cfg(test)]
mod tests;
