//! Output of processes about the URLs in their configuration.

use std::process::Command;

use mandate_server::{PeerKeys, Secrets};
use tests::program;

/// URLs with a password, valid and invalid in various ways.
const URLS_WITH_PASSWORDS: [&str; 8] = [
    "postgres://u:hunter2@127.0.0.1:1/mandate",
    "postgres://u:hun/hunter2@127.0.0.1:1/mandate",
    "postgres://u:hunter2@hunter2@127.0.0.1:1",
    "postgres:u:hunter2@127.0.0.1:1",
    "postgres://127.0.0.1:1/mandate?user=u&Password=hunter2",
    "redis://u:hunter2#hunter2@127.0.0.1:1",
    "https://u:hunter2@127.0.0.1:1:hunter2",
    "https://u:hunter2@127.0.0.1:1",
];

/// Options that take a URL, and their environment variables.
const URL_OPTIONS: [(&str, &str); 8] = [
    ("--store", "MANDATE_STORE"),
    ("--cache", "MANDATE_CACHE"),
    ("--identity-url", "MANDATE_IDENTITY_URL"),
    ("--membership-url", "MANDATE_MEMBERSHIP_URL"),
    ("--entitlement-url", "MANDATE_ENTITLEMENT_URL"),
    ("--otlp", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ("--decision-log-otlp", "MANDATE_DECISION_LOG_OTLP"),
    ("--oidc-issuer", "MANDATE_OIDC_ISSUER"),
];

/// Returns the output of a process that ends by itself.
fn said(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(program());
    command.args(arguments).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let texts = [output.stdout, output.stderr];
    let texts = texts.map(|text| String::from_utf8_lossy(&text).into_owned());
    texts.concat()
}

#[track_caller]
fn is_silent(arguments: &[&str], variables: &[(&str, &str)]) {
    let said = said(arguments, variables);
    assert!(!said.is_empty(), "{arguments:?} printed nothing");
    assert!(
        !said.contains("hunter2"),
        "{arguments:?} {variables:?}: {said}"
    );
}

/// No output of a process contains the password of a URL, for every fault of the URL and every way
/// to set it.
#[test]
fn no_process_prints_the_password_of_a_url() {
    let folder = tempfile::tempdir().unwrap();
    Secrets::read_or_make(folder.path()).unwrap();
    PeerKeys::make(folder.path()).unwrap();
    let secrets = folder.path().display().to_string();
    let serve = |service: &str, more: &[&str]| {
        // The store is unreachable, so that each process ends.
        let base = [
            "serve",
            service,
            "--insecure-plaintext",
            "--secrets",
            &secrets,
        ];
        let listen = ["--listen", "127.0.0.1:0", "--log", "debug"];
        let door = ["--peer-listen", "127.0.0.1:0"];
        let door = if service == "all" { &[][..] } else { &door[..] };
        is_silent(&[&base[..], &listen, door, more].concat(), &[]);
    };
    let nowhere = "sqlite:/proc/nowhere/mandate.db";
    for url in URLS_WITH_PASSWORDS {
        for (option, _) in URL_OPTIONS {
            let more = match option {
                "--store" => vec!["--store", url],
                "--oidc-issuer" => {
                    vec![
                        "--store",
                        nowhere,
                        option,
                        url,
                        "--oidc-audience",
                        "mandate",
                    ]
                }
                _ => vec!["--store", nowhere, option, url],
            };
            let service = if option == "--entitlement-url" {
                "identity"
            } else {
                "entitlement"
            };
            serve(service, &more);
        }
        serve("all", &[url]);
        is_silent(&["migrate", "all", "--store", url], &[]);
        is_silent(&["migrate", url], &[]);
        let variables = URL_OPTIONS.map(|(_, variable)| (variable, url));
        for command in ["serve", "migrate"] {
            is_silent(&[command, "--help"], &variables);
        }
    }
}
