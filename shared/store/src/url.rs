//! URLs of databases.

use std::{fmt, str::FromStr};

use sea_orm::sqlx::postgres::PgConnectOptions;
use types::SecretUrl;

use crate::error::StoreError;

/// The settings that the query of a PostgreSQL URL may hold. The driver logs any other setting with
/// its value.
const POSTGRES_SETTINGS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// The location of a database: `sqlite:PATH` or `postgres://…`. Not `sqlite::memory:`, where a
/// reader and the writer would wait for each other. Its text in errors and logs leaves the
/// credentials out.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(SecretUrl);

impl StoreUrl {
    /// Parses a URL. It accepts only URLs that the drivers accept, because errors of the drivers
    /// show the whole URL.
    ///
    /// # Errors
    /// [`StoreError::Url`] for one that does not name a database, or is malformed.
    pub fn parse(url: impl Into<SecretUrl>) -> Result<Self, StoreError> {
        let url = url.into();
        if names_database(&url) {
            Ok(Self(url))
        } else {
            Err(StoreError::Url(url))
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.expose().starts_with("sqlite:")
    }

    /// Returns the whole text, to connect with and not to show.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn names_database(url: &SecretUrl) -> bool {
    let Some(parts) = url.parts() else {
        return false;
    };
    match parts.scheme {
        "sqlite" => !parts.path.starts_with(":memory:"),
        "postgres" | "postgresql" => {
            let mut settings = parts.query.split('&').filter(|setting| !setting.is_empty());
            let is_known = |setting: &str| {
                let key = setting.split_once('=').map_or(setting, |(key, _)| key);
                POSTGRES_SETTINGS.contains(&key) || key.starts_with("options[")
            };
            parts.is_of_hosts
                && settings.all(is_known)
                && PgConnectOptions::from_str(url.expose()).is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_has_a_url() {
        for url in [
            "sqlite:identity.db",
            "sqlite:///var/lib/mandate/identity.db?mode=rwc",
            "postgres://mandate@db/mandate",
            "postgresql://mandate:hun%2Fter2@db:5432/mandate?sslmode=require&password=hunter2",
            "postgres:///mandate?host=/tmp",
        ] {
            assert!(StoreUrl::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_names_no_database_is_refused_without_its_password() {
        for url in [
            "hunter2",
            "sqlite::memory:",
            "mysql://u:hunter2@db",
            "postgres:u:hunter2@db",
            "postgres://u:hunter2/hunter2@db",
            "postgres://u@db?password=hunter2&Password=hunter2",
            "postgres://u@db?hunter2",
            "postgres://u:hunter2@db:70000/mandate",
            "postgres://u@db?password=hunter2&port=hunter2",
        ] {
            let error = StoreUrl::parse(url).unwrap_err();
            for shown in [error.to_string(), format!("{error:?}")] {
                assert!(!shown.contains("hunter2"), "{url}: {shown}");
            }
        }
    }
}
