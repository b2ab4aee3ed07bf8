//! S1-7: who receives the invoices is a question that billing asks when it has one.

use api::{
    entitlement::v1::{CheckBatchRequest, Effect, Question, RevokeGrantRequest},
    membership::v1::ListMembershipsRequest,
};
use mandate::{
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

/// The members to whom an invoice of the account is sent.
async fn recipients(rig: &Rig) -> Vec<String> {
    let clients = rig.root();
    let request = ListMembershipsRequest {
        parent: "organizations/bloemist".to_owned(),
        ..ListMembershipsRequest::default()
    };
    let members = clients
        .members()
        .list_memberships(request)
        .await
        .unwrap()
        .into_inner();
    let members: Vec<String> = members
        .memberships
        .into_iter()
        .map(|found| found.subject)
        .collect();
    let questions = members.iter().map(|member| Question {
        subject: member.clone(),
        permission: "hosting.invoices.receive".to_owned(),
        resource: "organizations/bloemist".to_owned(),
        context: None,
    });
    let request = CheckBatchRequest {
        questions: questions.collect(),
        consistency: None,
    };
    let answers = clients
        .authorization()
        .check_batch(request)
        .await
        .unwrap()
        .into_inner();
    let answers = answers
        .decisions
        .iter()
        .map(|answer| answer.effect() == Effect::Allow);
    let sent = members
        .into_iter()
        .zip(answers)
        .filter(|(_, allowed)| *allowed);
    sent.map(|(member, _)| member).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_7_financial_users_receive_the_invoices_until_the_role_is_taken_away() {
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
