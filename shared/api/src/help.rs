//! The base URL of the published documentation of this version, for links in errors.

use std::sync::OnceLock;

/// The base of links before [`set_help_base`]: a reserved name, because only the operator knows the
/// address of its publication.
pub const DEFAULT_HELP_BASE: &str = "https://mandate.example";

/// The page that explains the reasons of errors.
const ERRORS: &str = "docs/reference/errors.md";

static BASE: OnceLock<String> = OnceLock::new();

/// The text is not a valid base of links.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an `https://` or `http://` URL of at most 256 visible ASCII characters")]
pub struct InvalidHelpBase(String);

/// Parses the base URL of links, and removes a slash at its end.
///
/// # Errors
/// [`InvalidHelpBase`] if it is not absolute.
pub fn parse_help_base(text: &str) -> Result<String, InvalidHelpBase> {
    const MAX_BYTES: usize = 256;
    let schemes = ["https://", "http://"];
    let host = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if host.is_none_or(str::is_empty) || !is_visible || text.len() > MAX_BYTES {
        return Err(InvalidHelpBase(text.chars().take(MAX_BYTES).collect()));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Sets the base of the links of this process. Only the first call has an effect, because responses
/// already given cannot change.
pub fn set_help_base(base: String) {
    BASE.get_or_init(|| base);
}

/// Returns the URL of a file of the documentation, by its path in the repository.
pub fn help_url(path: &str) -> String {
    let base = BASE.get().map_or(DEFAULT_HELP_BASE, String::as_str);
    format!("{base}/{path}")
}

/// Returns the URL of the explanation of a reason, by its name without the prefix of the enum.
pub fn reason_url(reason: &str) -> String {
    help_url(&format!("{ERRORS}#{}", reason.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_below_an_absolute_url() {
        for base in ["https://docs.example/mandate", "http://localhost:80/x/"] {
            let read = parse_help_base(base).unwrap();
            assert_eq!(read, base.trim_end_matches('/'));
        }
        let long = format!("https://{}", "a".repeat(256));
        for base in [
            "",
            "docs",
            "/docs",
            "https://",
            "ftp://a",
            "https://a b",
            &long,
        ] {
            assert!(parse_help_base(base).is_err(), "{base}");
        }
        assert!(parse_help_base(DEFAULT_HELP_BASE).is_ok());
    }
}
