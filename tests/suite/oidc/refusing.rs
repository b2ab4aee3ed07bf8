//! Tokens with any defect authenticate no caller.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use oidc::Settings;
use rcgen::PublicKeyData;
use serde_json::{Value, json};
use tests::{Authority, Setting};
use tonic::Code;

use super::{NOW_SECONDS, World, issuer::Issuer, signer::Signer};

/// A modification of claims.
type Change = fn(&mut Value);

fn remove(claims: &mut Value, name: &str) {
    claims.as_object_mut().unwrap().remove(name);
}

const INVALID_CLAIMS: &[(&str, Change)] = &[
    ("another audience", |claims| claims["aud"] = json!("other")),
    ("audiences without ours", |claims| {
        claims["aud"] = json!(["a", "b"]);
    }),
    ("a part of the audience", |claims| {
        claims["aud"] = json!("mandat");
    }),
    ("an audience in other letters", |claims| {
        claims["aud"] = json!("Mandate");
    }),
    ("an empty audience", |claims| claims["aud"] = json!([])),
    ("a null audience", |claims| claims["aud"] = Value::Null),
    ("no audience", |claims| remove(claims, "aud")),
    ("another issuer", |claims| {
        claims["iss"] = json!("https://other");
    }),
    ("an issuer with a slash", |claims| {
        claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap()));
    }),
    ("several issuers", |claims| {
        claims["iss"] = json!([claims["iss"].as_str().unwrap(), "https://other"]);
    }),
    ("no issuer", |claims| remove(claims, "iss")),
    ("an end that has passed", |claims| {
        claims["exp"] = json!(NOW_SECONDS);
    }),
    ("an end before time began", |claims| {
        claims["exp"] = json!(-1);
    }),
    ("an end in words", |claims| {
        claims["exp"] = json!("tomorrow");
    }),
    ("a null end", |claims| claims["exp"] = Value::Null),
    ("no end", |claims| remove(claims, "exp")),
    ("a beginning to come", |claims| {
        claims["nbf"] = json!(NOW_SECONDS + 61);
    }),
    ("another subject", |claims| {
        claims["sub"] = json!("system:serviceaccount:shop:ap");
    }),
    ("a subject with more after it", |claims| {
        claims["sub"] = json!("system:serviceaccount:shop:api\u{0}");
    }),
    ("a subject with white space", |claims| {
        claims["sub"] = json!(" system:serviceaccount:shop:api");
    }),
    ("a subject that is a number", |claims| {
        claims["sub"] = json!(1);
    }),
    ("no subject", |claims| remove(claims, "sub")),
];

#[tokio::test(flavor = "multi_thread")]
async fn k_k_issuer_audience_subject_and_times_are_all_required() {
    let signer = Signer::rsa("a");
    let world = World::start(Setting::Sqlite, &[&signer]).await;
    let good = signer.sign(&world.claims());
    assert_eq!(world.say(&good).await, [Code::Ok; 3]);
    for (what, change) in INVALID_CLAIMS {
        let mut claims = world.claims();
        change(&mut claims);
        let said = world.say(&signer.sign(&claims)).await;
        assert_eq!(said, [Code::Unauthenticated; 3], "{what}");
    }
}

/// Returns a token of three unmodified parts.
fn unsigned_token(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// Returns the public parts of a key, in every form that could be mistaken for a secret.
fn public_key_material(signer: &Signer) -> Vec<Vec<u8>> {
    let published = signer.published();
    let mut forms = vec![
        signer.pair.public_key_pem().into_bytes(),
        signer.pair.public_key_pem().trim().as_bytes().to_vec(),
        signer.pair.subject_public_key_info(),
        signer.pair.public_key_raw().to_vec(),
        published.to_string().into_bytes(),
        Vec::new(),
    ];
    for part in ["n", "x", "kid"] {
        if let Some(text) = published[part].as_str() {
            forms.push(text.as_bytes().to_vec());
            forms.push(BASE64.decode(text).unwrap_or_default());
        }
    }
    forms
}

#[tokio::test(flavor = "multi_thread")]
async fn k_k_public_key_material_cannot_sign_tokens() {
    let signers = [Signer::rsa("a"), Signer::ec("b")];
    let world = World::start(Setting::Sqlite, &signers.each_ref()).await;
    for signer in &signers {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            for secret in public_key_material(signer) {
                let mut header = Header::new(algorithm);
                header.kid = Some(signer.id.to_owned());
                let key = EncodingKey::from_secret(&secret);
                let token = encode(&header, &world.claims(), &key).unwrap();
                assert_eq!(world.say(&token).await, [Code::Unauthenticated; 3]);
            }
        }
        for none in ["none", "None", "NONE", ""] {
            let header = json!({"alg": none, "typ": "JWT", "kid": signer.id});
            let token = unsigned_token(&header, &world.claims(), "");
            assert_eq!(
                world.say(&token).await,
                [Code::Unauthenticated; 3],
                "{none}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k_k_only_keys_of_the_issuer_with_their_algorithm_are_accepted() {
    let (own, ec, other) = (Signer::rsa("a"), Signer::ec("b"), Signer::rsa("a"));
    let sealing = Signer::ec("c");
    let mut published = sealing.published();
    published["use"] = json!("enc");
    let secret = BASE64.encode([7; 32]);
    let shared = json!({"kty": "oct", "k": secret, "kid": "d", "alg": "HS256"});
    let issuer = Issuer::start(vec![
        json!({"kty": "of tomorrow", "kid": "e"}),
        json!("no key"),
        own.published(),
        ec.published(),
        published,
        shared,
    ]);
    let world = World::with(Setting::Sqlite, issuer.await).await;
    let claims = world.claims();
    let good = own.sign(&claims);
    assert_eq!(world.say(&good).await, [Code::Ok; 3]);

    let with = |change: fn(&mut Header)| {
        let mut header = own.header();
        change(&mut header);
        own.sign_as(&header, &claims)
    };
    let (head, signed) = good.split_once('.').unwrap();
    let (payload, signature) = signed.split_once('.').unwrap();
    let (_, half) = signature.split_at(signature.len() / 2);
    let mut tampered = claims.clone();
    tampered["sub"] = json!("another");
    let mut embedded = other.header();
    embedded.jwk = Some(serde_json::from_value(other.published()).unwrap());
    embedded.kid = None;
    let mut by_shared = Header::new(Algorithm::HS256);
    by_shared.kid = Some("d".to_owned());
    let shared = EncodingKey::from_secret(&[7; 32]);
    let wrong = [
        ("another's key of that id", other.sign(&claims)),
        (
            "a key that the token brings",
            other.sign_as(&embedded, &claims),
        ),
        ("a key that encrypts", sealing.sign(&claims)),
        (
            "a secret that is published",
            encode(&by_shared, &claims, &shared).unwrap(),
        ),
        (
            "an unknown key",
            with(|header| header.kid = Some("z".to_owned())),
        ),
        ("no key, of several", with(|header| header.kid = None)),
        (
            "another's id",
            with(|header| header.kid = Some("b".to_owned())),
        ),
        (
            "another hash than the key's",
            with(|header| header.alg = Algorithm::RS512),
        ),
        (
            "another padding than the key's",
            with(|header| header.alg = Algorithm::PS256),
        ),
        (
            "what must be understood",
            with(|header| {
                header.crit = Some(vec!["exp".to_owned()]);
            }),
        ),
        (
            "other claims",
            format!("{head}.{}.{signature}", BASE64.encode(tampered.to_string())),
        ),
        ("no signature", format!("{head}.{payload}.")),
        ("no third part", format!("{head}.{payload}")),
        ("a fourth part", format!("{good}.{signature}")),
        (
            "half a signature",
            good.strip_suffix(half).unwrap().to_owned(),
        ),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("too much", format!("{good}{}", "a".repeat(8 << 10))),
    ];
    for (what, token) in wrong {
        assert_eq!(
            world.say(&token).await,
            [Code::Unauthenticated; 3],
            "{what}"
        );
    }
}

#[test]
fn k_k_without_issuer_or_audience_tokens_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Authority::default()
        .issue_into(folder.path(), "issuer")
        .authority;
    let settings = |issuer: &str, audience: &str| Settings {
        issuer: issuer.into(),
        audience: audience.to_owned(),
        ca: Some(ca.clone()),
        token: None,
    };
    let start = |settings| {
        let clock = std::sync::Arc::new(clock::SystemClock::default());
        oidc::Tokens::start(
            settings,
            clock,
            &tasks::Tasks::new(tokio_util::sync::CancellationToken::new()),
        )
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _in = runtime.enter();
    assert!(start(settings("https://issuer", "mandate")).is_ok());
    for (issuer, audience) in [
        ("https://issuer", ""),
        ("https://issuer", " "),
        ("", "mandate"),
        ("issuer", "mandate"),
        ("http://issuer", "mandate"),
        ("https://issuer?a=b", "mandate"),
        ("https://issuer#a", "mandate"),
    ] {
        assert!(
            start(settings(issuer, audience)).is_err(),
            "{issuer} {audience}"
        );
    }
    let elsewhere = |ca: &str, token: &str| Settings {
        ca: Some(folder.path().join(ca)),
        token: (!token.is_empty()).then(|| folder.path().join(token)),
        ..settings("https://issuer", "mandate")
    };
    assert!(start(elsewhere("ca.crt", "ca.crt")).is_ok());
    for (ca, token) in [("nowhere", ""), ("tls.key", ""), ("ca.crt", "nowhere")] {
        assert!(start(elsewhere(ca, token)).is_err(), "{ca} {token}");
    }
}
