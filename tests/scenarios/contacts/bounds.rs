//! Validation of contacts, and contacts in documents.

use api::membership::v1::{Contact, ContactKind};
use tonic::Code;

use super::representative;
use crate::{managed::Managed, refusal::assert_refused, shared::everywhere};

/// Maximum number of contacts of an organization.
const MOST: usize = 32;

#[test]
fn a_contact_is_reached_and_there_are_few() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "contacts").await;
        let root = rig.root();
        let right = || representative("a", false);
        let wrong = [
            Contact {
                uri: "javascript:alert(1)".to_owned(),
                ..right()
            },
            Contact {
                display_name: String::new(),
                ..right()
            },
            Contact {
                kind: ContactKind::Unspecified.into(),
                ..right()
            },
            Contact {
                kind: ContactKind::Support.into(),
                primary: true,
                ..right()
            },
        ];
        for contact in wrong {
            let refused = world.add(&root, "a", contact).await;
            assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
        }
        world.add(&root, "a", right()).await.unwrap();
        let refused = world.add(&root, "a", right()).await;
        assert_refused(refused, Code::AlreadyExists, "CONTACT_EXISTS");
        let refused = world.change(&root, "a", "kind", right()).await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
        for _ in 1..MOST {
            world.add(&root, "", right()).await.unwrap();
        }
        let refused = world.add(&root, "", right()).await;
        assert_refused(refused, Code::ResourceExhausted, "TOO_MANY_CONTACTS");
    });
}

#[test]
fn a_document_says_who_is_primary_and_changes_the_former_too() {
    everywhere(async |rig| {
        let document = |contacts: &str| {
            format!(
                "organizations: [{{id: contacts-apply, display_name: Acme, contacts: [{contacts}]}}]"
            )
        };
        let contact = |id: &str, name: &str, primary: bool| {
            format!(
                "{{id: {id}, kind: REPRESENTATIVE, display_name: {name}, uri: 'tel:+32', primary: {primary}}}"
            )
        };
        let (a, b) = (contact("a", "A", false), contact("b", "B", false));
        let renamed = contact("a", "Other", false);
        let (b_now, c_now) = (contact("b", "B", true), contact("c", "C", true));
        for (contacts, created, changed) in [
            (vec![&a, &b], 3, 0),
            // The first contact stays primary, because no contact in the document claims to be.
            (vec![&a, &b], 0, 0),
            (vec![&renamed, &b_now], 0, 2),
            (vec![&a, &b, &c_now], 1, 1),
            (vec![&renamed, &b_now], 0, 2),
            (vec![&renamed, &b], 0, 0),
        ] {
            let contacts: Vec<&str> = contacts.into_iter().map(String::as_str).collect();
            let document = document(&contacts.join(", "));
            let counts = rig.apply(&document).await.counts;
            assert_eq!(
                (counts.created, counts.changed),
                (created, changed),
                "{document}"
            );
        }
    });
}
