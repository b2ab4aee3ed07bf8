//! Tokens that were altered, or that belong to another list or installation.

use serde_json::{Value, json};
use tests::Setting;
use tonic::Code;

use crate::{
    fault,
    samples::ordered,
    schema::{self, Leaf},
    world::World,
};

/// Returns variants of a token: with each of its bytes changed, and cut off.
fn altered(token: &str) -> Vec<String> {
    let mut all = Vec::new();
    for at in 0..token.len() {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        all.push(String::from_utf8(bytes).unwrap());
        if at > 0 {
            all.push(token.get(..at).unwrap().to_owned());
        }
    }
    all.extend([
        format!("{token}A"),
        format!("{token}="),
        format!("{token}."),
        "AAAA".to_owned(),
    ]);
    all.extend([
        token.to_uppercase(),
        "\u{e9}".repeat(30),
        "-".to_owned(),
        "0".to_owned(),
    ]);
    all
}

async fn refused(world: &World, path: &str, json: &Value, expected: &str, at: &str) {
    let body = schema::encode(path, json);
    let status = world.wire.call(path, world.key_for(path), body).await;
    let status = status.expect_err(at);
    fault::expect(&status, Code::InvalidArgument, expected, at);
}

/// A list and the token of its second page.
struct Page {
    path: String,
    request: Value,
    token: Value,
}

/// Returns the second page of every list of an organization that has one.
async fn second_pages(world: &World, org: &str) -> Vec<Page> {
    let mut found = Vec::new();
    for sample in ordered() {
        if !schema::is_list(&sample.path) {
            continue;
        }
        let mut request = sample.json(&world.names(org, 1));
        request["pageSize"] = json!(1);
        let page = world.done(&sample.path, &request).await;
        let token = page["nextPageToken"].clone();
        if token.is_string() {
            found.push(Page {
                path: sample.path,
                request,
                token,
            });
        }
    }
    found
}

/// K-i, C9: a page token is valid only for its list, organization and installation, and only if
/// every byte is intact.
#[tokio::test(flavor = "multi_thread")]
async fn k_i_c9_a_page_token_is_of_one_list() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let elsewhere = World::start(setting).await;
        let mut lists = second_pages(&world, "alpha").await;
        assert!(lists.len() >= 6, "{} lists have two pages", lists.len());
        lists.extend(second_pages(&world, "beta").await);
        for list in &lists {
            let mut request = list.request.clone();
            for other in &lists {
                let same = list.path == other.path && list.request == other.request;
                request["pageToken"] = other.token.clone();
                if same {
                    world.done(&list.path, &request).await;
                } else {
                    let at = format!("{request} of {} with a token of {}", list.path, other.path);
                    refused(&world, &list.path, &request, "PAGE_TOKEN_INVALID", &at).await;
                }
            }
            request["pageToken"] = list.token.clone();
            let at = format!("{} of another installation", list.path);
            refused(&elsewhere, &list.path, &request, "PAGE_TOKEN_INVALID", &at).await;
        }
        let list = &lists[0];
        for token in altered(list.token.as_str().unwrap()) {
            let mut request = list.request.clone();
            request["pageToken"] = json!(token);
            refused(&world, &list.path, &request, "PAGE_TOKEN_INVALID", &token).await;
        }
    }
}

/// K-i: a consistency token of another installation is refused in every request that carries one.
#[tokio::test(flavor = "multi_thread")]
async fn k_i_a_consistency_token_is_of_one_installation() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let elsewhere = World::start(setting).await;
        let foreign = elsewhere.names("alpha", 1).token;
        let list = "/mandate.membership.v1.OrganizationService/ListUnits";
        let body = json!({"parent": "organizations/alpha", "pageSize": 1});
        let page = world.done(list, &body).await["nextPageToken"].clone();
        let names = world.names("alpha", 1);
        let mut tried = 0;
        for sample in ordered() {
            let json = sample.json(&names);
            let leaves = schema::leaves(&sample.path, &json).into_iter();
            let tokens: Vec<Leaf> = leaves.filter(|leaf| leaf.text == names.token).collect();
            for leaf in tokens {
                let mut wrong = altered(&leaf.text);
                wrong.push(foreign.clone());
                wrong.push(page.as_str().unwrap().to_owned());
                for token in wrong {
                    let mut json = json.clone();
                    *json.pointer_mut(&leaf.pointer).unwrap() = json!(token);
                    let at = format!("{} with {token}", sample.path);
                    refused(
                        &world,
                        &sample.path,
                        &json,
                        "CONSISTENCY_TOKEN_INVALID",
                        &at,
                    )
                    .await;
                    tried += 1;
                }
            }
        }
        assert!(tried > 400, "{tried} tokens");
    }
}
