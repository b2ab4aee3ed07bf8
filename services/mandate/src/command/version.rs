//! `mandate version`.

use serde_json::json;

use crate::{exit::Failure, output};

/// Prints the version.
pub(super) fn version(json: bool) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if json {
        return output::json(&json!({ "version": version }));
    }
    output::line(format!("mandate {version}"));
    Ok(())
}
