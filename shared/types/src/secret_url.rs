//! URLs that may hold a password.

use std::fmt;

/// A URL that may hold a password. Its text in logs and errors shows the target only. A URL that
/// does not follow the grammar is not shown at all, because any part of it may be the password.
///
/// The grammar is that of RFC 3986, narrowed: `SCHEME:PATH` or
/// `SCHEME://[USER[:PASSWORD]@][HOST[:PORT],…][/PATH]`, then perhaps `?QUERY` and `#FRAGMENT`. A
/// user or a password has `@`, `/`, `?` and `#` percent-encoded.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Box<str>);

/// The parts of a URL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UrlParts<'a> {
    /// The part before the first colon.
    pub scheme: &'a str,
    /// True if there is a `//`, and so a list of hosts, which may be empty.
    pub is_of_hosts: bool,
    /// User and password with the `@` that ends them; may be empty.
    pub credentials: &'a str,
    /// The hosts with their ports, with commas between.
    pub hosts: &'a str,
    /// The path, with its slash.
    pub path: &'a str,
    /// The query, without its `?`. It may hold a password, too.
    pub query: &'a str,
}

impl SecretUrl {
    /// Returns the whole text, to connect with and not to show.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the parts; `None` if the URL does not follow the grammar.
    pub fn parts(&self) -> Option<UrlParts<'_>> {
        let (scheme, rest) = self.0.split_once(':')?;
        let is_scheme = |text: &str| {
            let mut bytes = text.bytes();
            let letter = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
            letter && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        };
        if !is_scheme(scheme) {
            return None;
        }
        let Some(rest) = rest.strip_prefix("//") else {
            let (path, query) = cut(rest);
            return Some(UrlParts {
                scheme,
                is_of_hosts: false,
                credentials: "",
                hosts: "",
                path,
                query,
            });
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end)?;
        let begin = authority.find('@').map_or(0, |at| at + 1);
        let (credentials, hosts) = authority.split_at_checked(begin)?;
        // With another `@` later, the text before it may be the rest of a password.
        if hosts.contains('@') || rest.contains('@') || !hosts.split(',').all(is_host) {
            return None;
        }
        let (path, query) = cut(rest);
        Some(UrlParts {
            scheme,
            is_of_hosts: true,
            credentials,
            hosts,
            path,
            query,
        })
    }
}

impl From<String> for SecretUrl {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for SecretUrl {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            Some(parts) => write!(f, "{parts}"),
            None => f.write_str("…"),
        }
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for UrlParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, path, .. } = self;
        match (self.is_of_hosts, *scheme) {
            // Without hosts, only these schemes have a path; for others it may be a password.
            (false, "sqlite" | "memory") => write!(f, "{scheme}:{path}"),
            (false, _) => f.write_str("…"),
            (true, _) => {
                let user = if self.credentials.is_empty() {
                    ""
                } else {
                    "…@"
                };
                write!(f, "{scheme}://{user}{}{path}", self.hosts)
            }
        }
    }
}

impl fmt::Debug for UrlParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Splits off the query after a path.
fn cut(rest: &str) -> (&str, &str) {
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    rest.split_once('?').unwrap_or((rest, ""))
}

/// True for `HOST[:PORT]`, an IPv6 address in brackets, or nothing.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let is_address = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
            if !address.bytes().all(is_address) {
                return false;
            }
            ("", port)
        }
        None => text.find(':').map_or((text, ""), |at| {
            text.split_at_checked(at).unwrap_or((text, ""))
        }),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    host.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._%".contains(&byte))
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[path = "secret_url_tests.rs"]
mod tests;
