//! Many questions at once.

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
        let answers = client.check_batch(&many).await.unwrap();
        assert_eq!(answers.len(), many.len());
        for (question, answer) in many.iter().zip(&answers).take(some.len()) {
            let one = client.check(question).await.unwrap();
            assert_eq!(answer.reason(), one.reason(), "{question:?}");
        }
        for (index, answer) in answers.iter().enumerate() {
            assert_eq!(answer.reason(), answers[index % some.len()].reason());
        }
        assert!(client.check_batch(&[]).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_by_its_number() {
    let world = World::start(Setting::Sqlite).await;
    let client = world.client().build().unwrap();
    let asked = [
        view("ann", "else"),
        view("ann", "acme"),
        view("ben", "else"),
        Question::new("ann", "desk.billing.view", "organizations/acme"),
    ];
    let answer = client.check_batch(&asked).await;
    let Err(Error::Invalid { violations, .. }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(violations[0].field, "questions[3].subject");
}
