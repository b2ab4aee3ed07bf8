//! K-e: lists contain exactly the allowed entries, whichever part of the question is open, and
//! whether or not the organization is in memory.

use std::collections::BTreeSet;

use api::entitlement::v1::{
    CheckBatchRequest, Effect, ListPermissionsRequest, ListResourcesRequest, ListSubjectsRequest,
    Question, list_subjects_request::Held,
};
use mandate_documents::{
    apply::{Options, apply},
    clients::Clients,
    document::{PORTALS, parse_str},
};
use tests::{Rig, Setting};

use crate::place::{Places, permissions};

/// Returns all resources of a list, read in pages.
pub async fn resources(clients: &Clients, mut request: ListResourcesRequest) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let mut client = clients.authorization();
        let page = client.list_resources(request.clone()).await;
        let page = page.unwrap().into_inner();
        assert!(page.revision > 0);
        all.extend(page.resources);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

/// Returns all subjects of a list, read in pages.
pub async fn subjects(clients: &Clients, mut request: ListSubjectsRequest) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let mut client = clients.authorization();
        let page = client.list_subjects(request.clone()).await;
        let page = page.unwrap().into_inner();
        assert!(page.revision > 0);
        all.extend(page.subjects);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

pub async fn permissions_at(clients: &Clients, mut request: ListPermissionsRequest) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let mut client = clients.authorization();
        let page = client.list_permissions(request.clone()).await;
        let page = page.unwrap().into_inner();
        all.extend(page.permissions);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

/// Returns all allowed combinations of user, permission and location in an organization, according
/// to `Check`.
async fn checked(
    clients: &Clients,
    users: &[String],
    rights: &[String],
    places: &[String],
) -> BTreeSet<(String, String, String)> {
    let mut questions = Vec::new();
    for subject in users {
        for permission in rights {
            for resource in places {
                questions.push(Question {
                    subject: subject.clone(),
                    permission: permission.clone(),
                    resource: resource.clone(),
                    context: None,
                });
            }
        }
    }
    let mut allowed = BTreeSet::new();
    for questions in questions.chunks(1000) {
        let request = CheckBatchRequest {
            questions: questions.to_vec(),
            consistency: None,
        };
        let answers = clients.authorization().check_batch(request).await;
        let answers = answers.unwrap().into_inner().decisions;
        for (question, answer) in questions.iter().zip(answers) {
            if answer.effect() == Effect::Allow {
                let Question {
                    subject,
                    permission,
                    resource,
                    ..
                } = question.clone();
                allowed.insert((subject, permission, resource));
            }
        }
    }
    allowed
}

/// Compares the lists of an organization with `Check`, in pages of `page_size`.
async fn compare(
    clients: &Clients,
    organization: &str,
    users: &[String],
    rights: &[String],
    page_size: i32,
) -> usize {
    let places = Places::of(clients, organization).await;
    let all = places.all();
    let allowed = checked(clients, users, rights, &all).await;
    for permission in rights {
        for user in users {
            let request = ListResourcesRequest {
                parent: organization.to_owned(),
                subject: user.clone(),
                permission: permission.clone(),
                page_size,
                ..ListResourcesRequest::default()
            };
            let listed = resources(clients, request).await;
            let mut expected: Vec<&String> = all
                .iter()
                .filter(|place| {
                    allowed.contains(&(user.clone(), permission.clone(), (*place).clone()))
                })
                .collect();
            // Sorted as lists are: the organization, units by id, resources by unit and id.
            expected.sort_by_key(|place| {
                let kind = place.split('/').nth(2).map_or(0, |kind| match kind {
                    "units" => 1,
                    _ => 2,
                });
                let unit = (kind == 2).then(|| &places.above[*place]);
                (kind, unit, *place)
            });
            let listed: Vec<&String> = listed.iter().collect();
            assert_eq!(listed, expected, "{user} {permission}");
        }
        for place in &all {
            let request = ListSubjectsRequest {
                resource: place.clone(),
                held: Some(Held::Permission(permission.clone())),
                page_size,
                ..ListSubjectsRequest::default()
            };
            let mut expected: Vec<&String> = users
                .iter()
                .filter(|user| {
                    allowed.contains(&((*user).clone(), permission.clone(), place.clone()))
                })
                .collect();
            expected.sort();
            let listed = subjects(clients, request).await;
            let listed: Vec<&String> = listed.iter().collect();
            assert_eq!(listed, expected, "{permission} {place}");
        }
    }
    for user in users {
        for place in &all {
            let request = ListPermissionsRequest {
                subject: user.clone(),
                resource: place.clone(),
                page_size,
                ..ListPermissionsRequest::default()
            };
            let mut expected: Vec<&String> = rights
                .iter()
                .filter(|right| allowed.contains(&(user.clone(), (*right).clone(), place.clone())))
                .collect();
            expected.sort();
            let listed = permissions_at(clients, request).await;
            let listed: Vec<&String> = listed.iter().collect();
            assert_eq!(listed, expected, "{user} {place}");
        }
    }
    allowed.len()
}

/// Compares the lists of every organization of the portals with `Check`.
async fn compare_portals(rig: &Rig, portals: &[(&str, &str)], page_size: i32) {
    let clients = rig.root();
    for (file, text) in portals {
        let root = parse_str(file, text).unwrap().root;
        let id = |text: &mandate_documents::document::Text| text.as_str().to_owned();
        let users = root.users.iter();
        let users: Vec<String> = users
            .map(|user| format!("users/{}", id(&user.value.id)))
            .collect();
        let mut rights = Vec::new();
        for application in &root.applications {
            rights.extend(permissions(&clients, &id(&application.value.id)).await);
        }
        for organization in &root.organizations {
            let organization = format!("organizations/{}", id(&organization.value.id));
            compare(&clients, &organization, &users, &rights, page_size).await;
        }
    }
}

async fn portals(rig: &Rig) {
    let documents = PORTALS.map(|(name, text)| parse_str(name, text).unwrap());
    let applied = apply(&documents, &rig.root(), Options::default(), &mut ()).await;
    applied.unwrap();
    crate::feeds::heard(rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k_e_lists_agree_with_check_on_every_portal() {
    for setting in Setting::IN_PROCESS {
        let rig = Rig::start(setting).await;
        portals(&rig).await;
        compare_portals(&rig, &PORTALS, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k_e_lists_of_large_organizations_agree_with_check() {
    for setting in Setting::IN_PROCESS {
        let answers = entitlement::Limits {
            whole: 1,
            ..entitlement::Limits::default()
        };
        let rig = Rig::bounded(setting, answers).await;
        portals(&rig).await;
        compare_portals(&rig, &PORTALS[..2], 3).await;
    }
}
