use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> String {
    SecretUrl::from(text).to_string()
}

#[test]
fn a_url_shows_where_it_leads_to() {
    for (text, expected) in [
        (
            "sqlite:/var/lib/a@b/identity.db?mode=rwc",
            "sqlite:/var/lib/a@b/identity.db",
        ),
        ("sqlite://identity.db", "sqlite://identity.db"),
        ("memory:", "memory:"),
        ("postgres://db", "postgres://db"),
        (
            "postgres://u:hunter2@db:5432/mandate",
            "postgres://…@db:5432/mandate",
        ),
        (
            "postgres://u:hun%2Fter2@db/mandate",
            "postgres://…@db/mandate",
        ),
        ("postgres://u:a:b@db/mandate", "postgres://…@db/mandate"),
        (
            "postgres:///mandate?host=/tmp&password=hunter2",
            "postgres:///mandate",
        ),
        ("postgres://u@%2Ftmp/mandate", "postgres://…@%2Ftmp/mandate"),
        (
            "rediss://:hunter2@[::1]:6380/2#insecure",
            "rediss://…@[::1]:6380/2",
        ),
        (
            "redis+sentinel://a:p@one:1,two/main",
            "redis+sentinel://…@one:1,two/main",
        ),
        ("redis://u:hunter2\\@", "redis://…@"),
        (
            "https://issuer.example/realm?p=hunter2",
            "https://issuer.example/realm",
        ),
    ] {
        assert_eq!(shown(text), expected, "{text}");
        assert_eq!(format!("{:?}", SecretUrl::from(text)), expected);
    }
}

#[test]
fn a_malformed_url_shows_nothing() {
    for text in [
        "",
        "hunter2",
        "hunter2:",
        "u:hunter2@db",
        "postgres:u:hunter2@db",
        "postgres:/u:hunter2@db/mandate",
        "postgres//u:hunter2@db",
        "postgres://u:hun/ter2@db/mandate",
        "postgres://u:hun?ter2@db/mandate",
        "postgres://u:hun#ter2@db/mandate",
        "postgres://u:hun@ter2@db/mandate",
        "postgres://u:12/34@db/mandate",
        "postgres://u:h@hunter2/x@db/mandate",
        "postgres://u:h@hunter2?x@db/mandate",
        "postgres://u:hunter2",
        "postgres://u@db?password=a@hunter2",
        "://u:hunter2@db",
        "1a://u:hunter2@db",
    ] {
        assert_eq!(shown(text), "…", "{text}");
    }
}

proptest! {
    /// A text of the URL never shows the password, whatever its characters and its position.
    #[test]
    fn no_text_of_a_url_has_its_password(
        scheme in "postgres|postgresql|redis|rediss|redis\\+cluster|redis\\+sentinel|http|https",
        password in "[ -~ä]{3,12}[!-~]",
        form in 0..6,
    ) {
        // A password that is part of the shown text is not a secret.
        prop_assume!(!"zz.example:77/main".contains(&password) && !scheme.contains(&password));
        let hexadecimal = |byte: u8| format!("%{byte:02X}");
        let encoded = password.bytes().map(hexadecimal).collect::<Vec<_>>().concat();
        let after = "zz.example:77/main";
        let text = match form {
            0 => format!("{scheme}://u:{password}@{after}"),
            1 => format!("{scheme}:u:{password}@{after}"),
            2 => format!("{scheme}://u:{encoded}@{after}"),
            3 => format!("{scheme}://u@{after}?password={password}"),
            4 => format!("{scheme}:/u:{password}@{after}"),
            _ => format!("{scheme}://:{password}@{after}?password={password}"),
        };
        let url = SecretUrl::from(text.as_str());
        for shown in [url.to_string(), format!("{url:?}"), format!("{:?}", url.parts())] {
            prop_assert!(!shown.contains(&password), "{text}: {shown}");
            prop_assert!(!shown.contains(&encoded), "{text}: {shown}");
        }
    }
}
