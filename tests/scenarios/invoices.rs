//! S1-7: billing queries the recipients when it has an invoice.

use api::entitlement::v1::{ListSubjectsRequest, RevokeGrantRequest, list_subjects_request::Held};
use mandate_documents::{
    apply::{Options, apply},
    document::{PORTALS, parse_str},
};
use tests::{Rig, Setting};

const ACCOUNT: &str = "
organizations:
  - id: bloemist
    display_name: Bloemist
    entitlements: [{application: hosting}]
    memberships:
      - {user: femke-bakker, grants: [{role: hosting.financial, id: femke, scope: ALL}]}
      - {user: iris-mulder, grants: [{role: hosting.financial, id: iris, scope: ALL}]}
      - {user: ruben-smit, grants: [{role: hosting.technical, id: ruben, scope: ALL}]}
";

/// Returns the members that receive an invoice of the account from billing.
async fn recipients(rig: &Rig) -> Vec<String> {
    let request = ListSubjectsRequest {
        resource: "organizations/bloemist".to_owned(),
        held: Some(Held::Permission("hosting.invoices.receive".to_owned())),
        ..ListSubjectsRequest::default()
    };
    let mut client = rig.root().authorization();
    let found = client.list_subjects(request).await.unwrap().into_inner();
    found.subjects
}

/// Partly S1-7: nothing is mailed; the recipients are listed.
#[tokio::test(flavor = "multi_thread")]
async fn s1_7_financial_users_receive_invoices_until_the_role_is_revoked() {
    for setting in Setting::ALL {
        let rig = Rig::start(setting).await;
        let hosting = PORTALS
            .iter()
            .find(|(name, _)| name.starts_with("hosting"))
            .unwrap();
        let documents = [hosting, &("account.yaml", ACCOUNT)]
            .map(|(name, text)| parse_str(name, text).unwrap());
        apply(&documents, &rig.root(), Options::default(), &mut ())
            .await
            .unwrap();
        crate::feeds::heard(&rig).await;
        assert_eq!(
            recipients(&rig).await,
            ["users/femke-bakker", "users/iris-mulder"]
        );
        for (grant, left) in [("femke", 1), ("iris", 0)] {
            let request = RevokeGrantRequest {
                name: format!("organizations/bloemist/grants/{grant}"),
                ..RevokeGrantRequest::default()
            };
            rig.root().grants().revoke_grant(request).await.unwrap();
            assert_eq!(recipients(&rig).await.len(), left, "{grant} in {setting:?}");
        }
    }
}
