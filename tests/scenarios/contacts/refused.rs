//! Refusals that only the operator can resolve name a contact at the operator.

use api::entitlement::v1::{
    ApplyGrantChangesRequest, BatchCreateGrantsRequest, CreateGrantRequest, GrantChange,
    grant_change::Change,
};
use mandate_documents::clients::Clients;
use tests::{Rig, Setting};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{Contact, OPERATOR, representative};
use crate::{
    feeds::heard,
    managed::{Managed, all},
    shared::{everywhere, run},
};

/// Returns the links, each with description and URL, of a refusal because the organization lacks
/// the application.
fn links(status: &Status) -> Vec<(String, String)> {
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(
        details.error_info().unwrap().reason,
        "APPLICATION_NOT_ENTITLED"
    );
    let help = details.help().unwrap().clone();
    let links = help.links.into_iter();
    links.map(|link| (link.description, link.url)).collect()
}

fn documentation() -> (String, String) {
    (
        "meaning and remedy of this error".to_owned(),
        "https://mandate.example/docs/reference/errors.md#application_not_entitled".to_owned(),
    )
}

impl Managed<'_> {
    /// Returns the refusals, by each method that grants access, to grant `ben` a role of an
    /// application that the organization lacks.
    async fn refusals(&self, by: &Clients, token: &str) -> [Status; 3] {
        let consistency_token = token.to_owned();
        let one = self.grant(&self.user("ben"), "c.viewer", all());
        let alone = CreateGrantRequest {
            consistency_token: consistency_token.clone(),
            ..one.clone()
        };
        let batch = BatchCreateGrantsRequest {
            parent: self.name(),
            requests: vec![one.clone()],
            consistency_token: consistency_token.clone(),
            ..BatchCreateGrantsRequest::default()
        };
        let changes = ApplyGrantChangesRequest {
            parent: self.name(),
            changes: vec![GrantChange {
                change: Some(Change::Create(one)),
            }],
            consistency_token,
            ..ApplyGrantChangesRequest::default()
        };
        let mut grants = by.grants();
        [
            grants.create_grant(alone).await.unwrap_err(),
            grants.batch_create_grants(batch).await.unwrap_err(),
            grants.apply_grant_changes(changes).await.unwrap_err(),
        ]
    }

    async fn assert_told(&self, by: &Clients, token: &str, contact: &Contact) {
        let first = (contact.display_name.clone(), contact.uri.clone());
        for refused in self.refusals(by, token).await {
            assert_eq!(links(&refused), [first.clone(), documentation()]);
        }
    }
}

#[test]
fn s0_8_a_refusal_of_an_application_names_the_representative() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-8-told").await;
        let (root, owner) = (rig.root(), world.as_("owner").await);
        for (id, primary) in [("a", false), ("b", true)] {
            let contact = representative(id, primary);
            let made = world.add(&root, id, contact.clone()).await.unwrap();
            let token = made.into_inner().consistency_token;
            world.assert_told(&owner, &token, &contact).await;
        }
        // The link follows later changes of the contact.
        let moved = Contact {
            uri: "https://operator.example/b".to_owned(),
            ..representative("b", true)
        };
        let changed = world
            .change(&root, "b", "uri", moved.clone())
            .await
            .unwrap();
        let token = changed.into_inner().consistency_token;
        world.assert_told(&owner, &token, &moved).await;
    });
}

#[test]
fn s0_8_s0_9_a_refusal_without_a_representative_names_the_operators() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-8-default").await;
        rig.apply(OPERATOR).await;
        heard(rig).await;
        let (root, owner) = (rig.root(), world.as_("owner").await);
        let desk = Contact {
            display_name: "Desk".to_owned(),
            uri: "https://operator.example/desk".to_owned(),
            ..Contact::default()
        };
        world.assert_told(&owner, "", &desk).await;
        let own = representative("own", false);
        let made = world.add(&root, "own", own.clone()).await.unwrap();
        let token = made.into_inner().consistency_token;
        world.assert_told(&owner, &token, &own).await;
        let gone = world.remove(&root, "own").await.unwrap();
        let token = gone.into_inner().consistency_token;
        world.assert_told(&owner, &token, &desk).await;
    });
}

#[test]
fn a_refusal_without_any_contact_links_the_documentation() {
    run(async {
        let rig = Rig::start(Setting::Sqlite).await;
        let world = Managed::load(&rig, "nobody").await;
        for refused in world.refusals(&rig.root(), "").await {
            assert_eq!(links(&refused), [documentation()]);
        }
    });
}
