//! Names with a special meaning in other systems: all, none, or another entity.

use serde_json::json;
use tests::Setting;
use tonic::Code;

use crate::{
    dump::dump,
    fault,
    samples::ordered,
    schema::{self, Leaf},
    world::World,
};

const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// Returns invalid variants of a name.
fn broken(leaf: &Leaf) -> Vec<String> {
    let text = leaf.text.as_str();
    let (parent, last) = text.rsplit_once('/').unwrap();
    let (collection, rest) = text.split_once('/').unwrap();
    let mut names: Vec<String> = [
        "-",
        "0",
        "*",
        NIL,
        "/",
        "organizations/-",
        "organizations/",
        "organizations/0",
        "..",
    ]
    .map(str::to_owned)
    .to_vec();
    names.extend([
        format!("{text}/"),
        format!("/{text}"),
        format!(" {text}"),
        format!("{text} "),
        format!("{parent}/"),
        format!("{parent}/-"),
        format!("{parent}/*"),
        format!("{parent}/../{last}"),
        format!("{parent}//{last}"),
        format!("{text}/{text}"),
        format!("{text}?x=1"),
        format!("{text}%00"),
        format!("//api.example/{text}"),
        format!("{collection}/-/{rest}"),
        text.to_uppercase(),
        last.to_owned(),
        // K-m: control characters, lookalikes, combining characters, invisible characters.
        format!("{text}\0"),
        format!("{text}\n"),
        format!("{text}\u{7f}"),
        format!("{text}\u{301}"),
        format!("{text}\u{200b}"),
        format!("\u{202e}{text}"),
        text.replacen('a', "\u{430}", 1),
        text.replacen('/', "\u{2215}", 1),
        text.replacen('o', "\u{ff4f}", 1),
    ]);
    if let Some((middle, end)) = rest.split_once('/') {
        // The parent is missing, or stands for all or none.
        names.push(end.to_owned());
        names.extend(["-", "0", "", NIL].map(|id| format!("{collection}/{id}/{end}")));
        names.push(format!("{collection}/{middle}:/{end}"));
    }
    // A request within a batch may omit the parent, which the batch names.
    let part = leaf.pointer.starts_with("/requests/") && leaf.field.name() == "parent";
    if !part && !schema::is_optional(&leaf.field) {
        names.push(String::new());
    }
    names.retain(|name| name != text);
    names
}

/// C4, K-m: an invalid name is refused in every field for names, and never means all, none or
/// another entity.
#[tokio::test(flavor = "multi_thread")]
async fn c4_k_m_what_is_no_name_is_refused() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let names = world.names("alpha", 1);
        let before = dump(&world).await;
        let mut tried = 0;
        for sample in ordered() {
            let json = sample.json(&names);
            for leaf in schema::leaves(&sample.path, &json) {
                // A URL names no entity of this installation.
                if !leaf.text.contains('/') || leaf.text.contains("://") {
                    continue;
                }
                for name in broken(&leaf) {
                    let mut json = json.clone();
                    *json.pointer_mut(&leaf.pointer).unwrap() = json!(name);
                    let body = schema::encode(&sample.path, &json);
                    let at = format!("{} with {name:?} at {}", sample.path, leaf.pointer);
                    let key = world.key_for(&sample.path);
                    let status = world.wire.call(&sample.path, key, body).await;
                    let status = status.expect_err(&at);
                    fault::expect(&status, Code::InvalidArgument, "INVALID_REQUEST", &at);
                    tried += 1;
                }
            }
        }
        assert!(tried > 2000, "{tried} names");
        assert_eq!(dump(&world).await, before);
    }
}

/// C4, K-m, F2: no entity is created under an id that could stand for all, for none, for a path or
/// for another id.
#[tokio::test(flavor = "multi_thread")]
async fn c4_f2_nothing_gets_an_id_that_is_none() {
    const IDS: [&str; 17] = [
        "-",
        "*",
        ".",
        "..",
        "a/b",
        "0",
        NIL,
        "a:b",
        "A B",
        "a\0",
        "a\n",
        "\u{430}cme",
        "\u{ff41}cme",
        "e\u{301}",
        "a%2fb",
        " a",
        "a\u{200b}",
    ];
    // Ids in catalogs are words.
    const NO_WORDS: [&str; 5] = ["Acme", "a-", "-a", "a.b", "7"];
    const WORDS: [&str; 5] = [
        "application_id",
        "role_id",
        "module_id",
        "option_id",
        "entitlement_id",
    ];
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let names = world.names("alpha", 2);
        let mut tried = 0;
        for sample in ordered() {
            let json = sample.json(&names);
            for leaf in schema::leaves(&sample.path, &json) {
                let field = leaf.field.name();
                if !field.ends_with("_id") || field == "external_id" {
                    continue;
                }
                let no_words = NO_WORDS.iter().filter(|_| WORDS.contains(&field));
                for id in IDS.iter().chain(no_words) {
                    let mut json = json.clone();
                    *json.pointer_mut(&leaf.pointer).unwrap() = json!(id);
                    let body = schema::encode(&sample.path, &json);
                    let at = format!("{} with {id:?} at {}", sample.path, leaf.pointer);
                    let key = world.key_for(&sample.path);
                    let status = world.wire.call(&sample.path, key, body).await;
                    let status = status.expect_err(&at);
                    fault::expect(&status, Code::InvalidArgument, "INVALID_REQUEST", &at);
                    tried += 1;
                }
            }
        }
        assert!(tried > 200, "{tried} ids");
    }
}
