//! All data of an installation, as its lists return it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{schema, world::World};

/// The rows of every list, by list.
pub type Dump = BTreeMap<String, Vec<String>>;

/// Reads every page of every list of every parent.
pub async fn dump(world: &World) -> Dump {
    dump_in(world, |_| true).await
}

/// Reads every page of every list of the chosen parents.
pub async fn dump_in(world: &World, chosen: impl Fn(&str) -> bool) -> Dump {
    let mut rows = Dump::new();
    // The parents of other lists come first.
    for round in 0..2 {
        for (path, method) in schema::methods() {
            // Derived data does not count as rows, nor does the trace that reading leaves.
            let derived = ["AuthorizationService/", "/ListRoles", "/ListAuditEntries"];
            let derived = derived.iter().any(|list| path.contains(list));
            if !schema::is_list(&path) || derived {
                continue;
            }
            let parent = method.input().get_field_by_name("parent");
            let kind = parent.map(|field| schema::refers_to(&field).unwrap());
            match kind {
                None if round == 0 => {
                    rows.insert(path.clone(), all(world, &path, None).await);
                }
                Some(kind) if round == 1 => {
                    for parent in parents(&rows, &kind)
                        .into_iter()
                        .filter(|name| chosen(name))
                    {
                        let list = format!("{path} {parent}");
                        rows.insert(list, all(world, &path, Some(&parent)).await);
                    }
                }
                _ => {}
            }
        }
    }
    rows
}

/// Returns the rows whose names belong to an organization, by list.
pub fn of(dump: &Dump, organization: &str) -> Dump {
    let own = format!("organizations/{organization}/");
    let other = |row: &&String| row.contains(&own);
    let lists = dump.iter().map(|(list, rows)| {
        let rows: Vec<String> = rows.iter().filter(other).cloned().collect();
        (list.clone(), rows)
    });
    lists.filter(|(_, rows)| !rows.is_empty()).collect()
}

fn parents(rows: &Dump, kind: &str) -> Vec<String> {
    let list = match kind {
        "membership.mandate/Organization" => "/ListOrganizations",
        "identity.mandate/ServiceAccount" => "/ListServiceAccounts",
        "entitlement.mandate/Application" => "/ListApplications",
        other => panic!("`{other}` has no list"),
    };
    let found = rows.iter().filter(|(path, _)| path.ends_with(list));
    let name = |row: &String| {
        let row: Value = serde_json::from_str(row).unwrap();
        row["name"].as_str().unwrap().to_owned()
    };
    found.flat_map(|(_, rows)| rows.iter().map(name)).collect()
}

/// Reads all pages of a list.
pub async fn all(world: &World, path: &str, parent: Option<&str>) -> Vec<String> {
    let mut body = Map::new();
    if let Some(parent) = parent {
        body.insert("parent".to_owned(), json!(parent));
    }
    let input = schema::find(path).unwrap().input();
    if input.get_field_by_name("show_revoked").is_some() {
        body.insert("showRevoked".to_owned(), json!(true));
    }
    let mut rows = pages(world, path, body, 1000).await;
    rows.sort();
    rows
}

/// Reads all rows of a list in pages of a given size.
pub async fn pages(
    world: &World,
    path: &str,
    mut body: Map<String, Value>,
    size: usize,
) -> Vec<String> {
    body.insert("pageSize".to_owned(), json!(size));
    let mut rows = Vec::new();
    loop {
        let page = world.done(path, &Value::Object(body.clone())).await;
        let items = page.as_object().unwrap().values().find_map(Value::as_array);
        let items = items.cloned().unwrap_or_default();
        assert!(items.len() <= size, "{path}: {} items a page", items.len());
        rows.extend(items.iter().map(Value::to_string));
        let Some(token) = page["nextPageToken"].as_str() else {
            return rows;
        };
        assert_eq!(items.len(), size, "{path}: a page that is not full");
        body.insert("pageToken".to_owned(), json!(token));
    }
}
