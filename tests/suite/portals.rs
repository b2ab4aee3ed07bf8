//! Five portals, each with a table of questions and answers.

use std::{fs, path::Path};

use api::entitlement::v1::{CheckBatchRequest, DecisionReason, Effect, ExplainRequest, Question};
use mandate_documents::{
    apply::{Options, apply},
    document::{PORTALS, parse_str},
};
use tests::{Rig, Setting};

struct Row {
    line: usize,
    question: Question,
    effect: Effect,
    reason: DecisionReason,
}

fn table(name: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("portals")
        .join(format!("{name}.csv"));
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().enumerate().skip(1);
    rows.filter(|(_, line)| !line.starts_with('#') && !line.is_empty())
        .map(|(index, line)| {
            let cells: Vec<&str> = line.split(',').collect();
            let [user, permission, target, effect, reason, _] = cells[..] else {
                panic!("{name}.csv:{}: not six cells", index + 1);
            };
            Row {
                line: index + 1,
                question: Question {
                    subject: format!("users/{user}"),
                    permission: permission.to_owned(),
                    resource: target.to_owned(),
                    context: None,
                },
                effect: Effect::from_str_name(&format!("EFFECT_{effect}")).unwrap(),
                reason: DecisionReason::from_str_name(&format!("DECISION_REASON_{reason}"))
                    .unwrap(),
            }
        })
        .collect()
}

async fn load(rig: &Rig) {
    let documents = PORTALS.map(|(name, text)| parse_str(name, text).unwrap());
    apply(&documents, &rig.root(), Options::default(), &mut ())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_row_is_answered_and_explained_as_expected() {
    for setting in Setting::ALL {
        let rig = Rig::start(setting).await;
        load(&rig).await;
        for (file, _) in PORTALS {
            let name = file.trim_end_matches(".yaml");
            let rows = table(name);
            assert!(rows.len() >= 40, "{name} has {} rows", rows.len());
            for row in &rows {
                let Question {
                    subject,
                    permission,
                    resource,
                    ..
                } = &row.question;
                let at = format!("{name}.csv:{} in {setting:?}", row.line);
                let decision = rig.decide(subject, permission, resource).await;
                assert_eq!(decision.reason(), row.reason, "{at}");
                assert_eq!(decision.effect(), row.effect, "{at}");
                let request = ExplainRequest {
                    subject: subject.clone(),
                    permission: permission.clone(),
                    resource: resource.clone(),
                    consistency: None,
                    read_time: None,
                    context: None,
                };
                let explained = rig.root().authorization().explain(request).await;
                let explained = explained.unwrap().into_inner();
                let same = explained.decision.unwrap();
                assert_eq!(
                    (same.reason(), same.grant),
                    (row.reason, decision.grant),
                    "{at}"
                );
                assert_eq!(
                    explained.next_step.is_empty(),
                    row.effect == Effect::Allow,
                    "{at}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_agrees_with_single_questions() {
    let rig = Rig::start(Setting::Sqlite).await;
    load(&rig).await;
    for (file, _) in PORTALS {
        let rows = table(file.trim_end_matches(".yaml"));
        let organization = |row: &Row| row.question.resource.split('/').nth(1).map(str::to_owned);
        let mut organizations: Vec<_> = rows.iter().map(organization).collect();
        organizations.dedup();
        for own in organizations {
            let rows: Vec<&Row> = rows.iter().filter(|row| organization(row) == own).collect();
            let request = CheckBatchRequest {
                questions: rows.iter().map(|row| row.question.clone()).collect(),
                consistency: None,
            };
            let answers = rig.root().authorization().check_batch(request).await;
            let answers = answers.unwrap().into_inner().decisions;
            let answers: Vec<_> = answers
                .iter()
                .map(api::entitlement::v1::Decision::reason)
                .collect();
            let expected: Vec<_> = rows.iter().map(|row| row.reason).collect();
            assert_eq!(answers, expected, "{own:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k_n_answers_are_right_when_memory_holds_almost_nothing() {
    for setting in Setting::IN_PROCESS {
        let answers = entitlement::Limits {
            memory: 4096,
            ..entitlement::Limits::default()
        };
        let rig = Rig::bounded(setting, answers).await;
        load(&rig).await;
        for (file, _) in PORTALS {
            for row in table(file.trim_end_matches(".yaml")) {
                let Question {
                    subject,
                    permission,
                    resource,
                    ..
                } = &row.question;
                let reason = rig.reason(subject, permission, resource).await;
                assert_eq!(reason, row.reason, "{file}:{} in {setting:?}", row.line);
            }
        }
    }
}
