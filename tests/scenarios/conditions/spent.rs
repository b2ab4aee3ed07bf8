//! Lists that evaluate more conditions than one scan may.

use std::fmt::Write;

use api::entitlement::v1::{
    CheckBatchRequest, Effect, ListPermissionsRequest, ListSubjectsRequest, Question,
    list_subjects_request::Held,
};
use tests::{Rig, Setting};

use super::circumstances::office;
use crate::{
    listing::{permissions_at, subjects},
    shared::run,
};

/// Number of members, and of permissions of the role that each holds 16 times: more than a thousand
/// conditions for either list.
const MANY: usize = 64;
/// One member in this many has a grant whose condition is met.
const MET: usize = 9;
const ORGANIZATION: &str = "organizations/spent";

fn document() -> String {
    let verbs: Vec<String> = (0..MANY).map(verb).collect();
    let mut text = format!(
        "applications:\n  - id: wide\n    display_name: Wide\n    modules:\n      - {{id: m, verbs: \
         [{}]}}\n    roles: [{{id: all, permissions: ['wide.*']}}]\nusers:\n",
        verbs.join(", ")
    );
    // Writing to a string does not fail.
    for user in 0..MANY {
        let _ = writeln!(text, "  - {{id: u{user}, login: u{user}, given_name: U}}");
    }
    text.push_str("organizations:\n  - id: spent\n    display_name: Spent\n");
    text.push_str("    entitlements: [{application: wide}]\n    memberships:\n");
    for user in 0..MANY {
        let _ = writeln!(text, "      - user: u{user}\n        grants:");
        for grant in 0..16 {
            let network = if grant == 15 && user % MET == 0 {
                "office".to_owned()
            } else {
                format!("n{grant}")
            };
            let _ = writeln!(
                text,
                "          - {{id: u{user}-{grant}, role: wide.all, scope: ALL, condition: \
                 \"context.network == '{network}'\"}}"
            );
        }
    }
    text
}

fn verb(number: usize) -> String {
    format!("v{number}")
}

fn question(user: usize, number: usize) -> Question {
    Question {
        subject: format!("users/u{user}"),
        permission: format!("wide.m.{}", verb(number)),
        resource: ORGANIZATION.to_owned(),
        context: office(),
    }
}

/// Returns the allowed questions, checked in small batches.
async fn allowed(rig: &Rig, questions: impl Iterator<Item = Question>) -> Vec<Question> {
    let (questions, mut found): (Vec<_>, _) = (questions.collect(), Vec::new());
    for some in questions.chunks(50) {
        let request = CheckBatchRequest {
            questions: some.to_vec(),
            consistency: None,
        };
        let answer = rig.root().authorization().check_batch(request).await;
        let decisions = answer.unwrap().into_inner().decisions;
        let both = some.iter().zip(decisions);
        let both = both.filter(|(_, decision)| decision.effect() == Effect::Allow);
        found.extend(both.map(|(question, _)| question.clone()));
    }
    found
}

#[test]
fn k_e_lists_that_ask_more_conditions_than_at_once_leave_nothing_out() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::start(setting).await;
            rig.apply(&document()).await;
            crate::feeds::heard(&rig).await;
            let who = allowed(&rig, (0..MANY).map(|user| question(user, 0))).await;
            let mut who: Vec<String> = who.into_iter().map(|own| own.subject).collect();
            who.sort();
            assert_eq!(who.len(), MANY.div_ceil(MET));
            for page_size in [1, 3, 1000] {
                let request = ListSubjectsRequest {
                    resource: ORGANIZATION.to_owned(),
                    held: Some(Held::Permission("wide.m.v0".to_owned())),
                    context: office(),
                    page_size,
                    ..ListSubjectsRequest::default()
                };
                let found = subjects(&rig.root(), request).await;
                assert_eq!(found, who, "{page_size}");
            }
            for (user, count) in [(0, MANY), (1, 0)] {
                let what = allowed(&rig, (0..MANY).map(|number| question(user, number))).await;
                let mut what: Vec<String> = what.into_iter().map(|own| own.permission).collect();
                what.sort();
                assert_eq!(what.len(), count);
                for page_size in [1, 7, 1000] {
                    let request = ListPermissionsRequest {
                        subject: format!("users/u{user}"),
                        resource: ORGANIZATION.to_owned(),
                        context: office(),
                        page_size,
                        ..ListPermissionsRequest::default()
                    };
                    let found = permissions_at(&rig.root(), request).await;
                    assert_eq!(found, what, "{user} {page_size}");
                }
            }
        }
    });
}
