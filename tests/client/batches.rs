//! Batches of questions.

use mandate_client::{Error, Question};
use tests::Setting;

use crate::world::{World, questions, view};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_in_its_order_whatever_it_is_about() {
    for setting in Setting::IN_PROCESS {
        let world = World::start(setting).await;
        let client = world.client().build().unwrap();
        let some = questions();
        let many: Vec<_> = some.iter().cycle().take(3_001).cloned().collect();
        let answers = client.check_batch(&many).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.len(), many.len());
        for (question, answer) in many.iter().zip(&answers).take(some.len()) {
            let one = client.check(question).await.unwrap();
            assert_eq!(answer.reason(), one.reason(), "{question:?}");
        }
        for (index, answer) in answers.iter().enumerate() {
            assert_eq!(answer.reason(), answers[index % some.len()].reason());
        }
        assert!(client.check_batch(&[]).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_question_of_a_batch_has_an_outcome_of_its_own() {
    let world = World::start(Setting::Sqlite).await;
    let client = world.client().build().unwrap();
    let asked = [
        view("ann", "acme"),
        Question::new("ann", "desk.billing.view", "organizations/acme"),
        Question::new("users/ann", "nonsense", "organizations/acme"),
        Question::new("users/ann", "desk.billing.view", "nonsense"),
        view("ann", "acme"),
    ];
    let answers = client.check_batch(&asked).await;
    assert_eq!(answers.len(), asked.len());
    for (question, answer) in asked.iter().zip(&answers) {
        let alone = client.check(question).await;
        match (answer, alone) {
            (Ok(answer), Ok(alone)) => assert_eq!(answer.reason(), alone.reason()),
            (answer, alone) => assert_eq!(answer.as_ref().err(), alone.as_ref().err()),
        }
    }
    let fields = answers.iter().map(|answer| match answer {
        Err(Error::Invalid { violations, .. }) => violations.first().map(|own| own.field.clone()),
        _ => None,
    });
    let fields: Vec<_> = fields.collect();
    let wrong = |field: &str| Some(field.to_owned());
    assert_eq!(
        fields,
        [
            None,
            wrong("subject"),
            wrong("permission"),
            wrong("resource"),
            None
        ]
    );
    assert!(answers[0].as_ref().unwrap().is_allowed());
    assert!(answers[4].as_ref().unwrap().is_allowed());
}
