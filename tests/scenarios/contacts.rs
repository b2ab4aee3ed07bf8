//! Contacts of an organization at the operator: one primary representative, or that of the
//! operator.

mod bounds;
mod refused;

use api::membership::v1::{
    Contact, ContactKind, CreateContactRequest, CreateContactResponse, DeleteContactRequest,
    DeleteContactResponse, GetContactRequest, ListContactsRequest, UpdateContactRequest,
    UpdateContactResponse,
};
use mandate_documents::clients::Clients;
use tokio::task::JoinSet;
use tonic::{Code, Response, Status};

use crate::{
    managed::Managed,
    refusal::{assert_refused, refusal},
    revoking::mask,
    shared::everywhere,
};

/// The operator's contact, for organizations without a representative.
const OPERATOR: &str = "
organizations:
  - id: operator
    display_name: Operator
    contacts:
      - {id: desk, kind: REPRESENTATIVE, display_name: Desk, uri: 'https://operator.example/desk'}
";

fn representative(id: &str, primary: bool) -> Contact {
    Contact {
        kind: ContactKind::Representative.into(),
        display_name: format!("Account manager {id}"),
        uri: format!("mailto:{id}@operator.example"),
        primary,
        ..Contact::default()
    }
}

impl Managed<'_> {
    fn contact(&self, id: &str) -> String {
        format!("{}/contacts/{id}", self.name())
    }

    async fn add(
        &self,
        by: &Clients,
        id: &str,
        contact: Contact,
    ) -> Result<Response<CreateContactResponse>, Status> {
        let request = CreateContactRequest {
            parent: self.name(),
            contact_id: id.to_owned(),
            contact: Some(contact),
            ..CreateContactRequest::default()
        };
        by.contacts().create_contact(request).await
    }

    async fn change(
        &self,
        by: &Clients,
        id: &str,
        path: &str,
        contact: Contact,
    ) -> Result<Response<UpdateContactResponse>, Status> {
        let request = UpdateContactRequest {
            contact: Some(Contact {
                name: self.contact(id),
                ..contact
            }),
            update_mask: mask(path),
            ..UpdateContactRequest::default()
        };
        by.contacts().update_contact(request).await
    }

    async fn remove(
        &self,
        by: &Clients,
        id: &str,
    ) -> Result<Response<DeleteContactResponse>, Status> {
        let request = DeleteContactRequest {
            name: self.contact(id),
            ..DeleteContactRequest::default()
        };
        by.contacts().delete_contact(request).await
    }

    /// Returns the names of the contacts that a caller sees, and of the primary ones among them.
    async fn known(&self, by: &Clients) -> (Vec<String>, Vec<String>) {
        let request = ListContactsRequest {
            parent: self.name(),
            ..ListContactsRequest::default()
        };
        let listed = by.contacts().list_contacts(request).await.unwrap();
        let listed = listed.into_inner().contacts;
        let name = |contact: &Contact| contact.name.clone();
        let primary = listed.iter().filter(|contact| contact.primary);
        (
            listed.iter().map(name).collect(),
            primary.map(name).collect(),
        )
    }
}

#[test]
fn s0_9_exactly_one_representative_is_primary() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-9").await;
        let (root, owner) = (rig.root(), world.as_("owner").await);
        let primary = async || world.known(&owner).await.1;
        // The first representative becomes primary by itself.
        for (id, wished, now) in [("a", false, "a"), ("b", false, "a"), ("c", true, "c")] {
            let made = world.add(&root, id, representative(id, wished)).await;
            let made = made.unwrap().into_inner().contact.unwrap();
            assert_eq!(made.primary, id == now, "{id}");
            assert_eq!(primary().await, [world.contact(now)]);
        }
        let needed = (
            Code::FailedPrecondition,
            "PRIMARY_REPRESENTATIVE".to_owned(),
        );
        let no_more = world.change(&root, "c", "primary", Contact::default());
        assert_eq!(refusal(no_more.await), needed);
        assert_eq!(refusal(world.remove(&root, "c").await), needed);
        let again = world.change(&root, "b", "primary", representative("b", true));
        assert!(again.await.unwrap().into_inner().contact.unwrap().primary);
        assert_eq!(primary().await, [world.contact("b")]);
        for id in ["a", "c", "b"] {
            world.remove(&root, id).await.unwrap();
        }
        let gone = world.remove(&root, "b").await;
        assert_refused(gone, Code::NotFound, "CONTACT_NOT_FOUND");
    });
}

#[test]
fn s0_9_concurrent_primary_contacts_leave_one_primary() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-9-race").await;
        let mut all = JoinSet::new();
        for id in 0..8 {
            let request = CreateContactRequest {
                parent: world.name(),
                contact: Some(representative(&id.to_string(), id % 2 == 0)),
                ..CreateContactRequest::default()
            };
            let mut contacts = rig.root().contacts();
            all.spawn(async move { contacts.create_contact(request).await.unwrap() });
        }
        all.join_all().await;
        let (known, primary) = world.known(&rig.root()).await;
        assert_eq!((known.len(), primary.len()), (8, 1), "{:?}", rig.setting);
    });
}

#[test]
fn s0_9_an_organization_without_a_representative_sees_the_operators() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-9-default").await;
        rig.apply(OPERATOR).await;
        let (root, owner) = (rig.root(), world.as_("owner").await);
        let desk = "organizations/operator/contacts/desk".to_owned();
        let support = Contact {
            kind: ContactKind::Support.into(),
            ..representative("help", false)
        };
        world.add(&root, "help", support).await.unwrap();
        let help = world.contact("help");
        let expected = (vec![desk.clone(), help.clone()], vec![desk.clone()]);
        assert_eq!(world.known(&owner).await, expected);
        // The owner sees the contact in the list only; the operator's organization stays
        // inaccessible.
        let name = desk;
        let mut contacts = owner.contacts();
        let refused = contacts.get_contact(GetContactRequest { name }).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        world
            .add(&root, "own", representative("own", false))
            .await
            .unwrap();
        let own = world.contact("own");
        assert_eq!(
            world.known(&owner).await,
            (vec![help, own.clone()], vec![own])
        );
    });
}
