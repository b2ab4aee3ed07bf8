//! K-h: for all combinations of wildcards, scopes, states and times, the engine gives the same
//! answers as an independently written model. `differential` compares any number of worlds.

use tests::{
    Setting,
    model::{engine, installed},
};

/// Number of worlds in which the rules are compared.
const WORLDS: u64 = 2000;
/// Number of worlds in which a whole installation is compared, in each setting.
const INSTALLED: u64 = 12;

#[test]
fn k_h_the_rules_answer_as_the_model_does() {
    let allowed: usize = (0..WORLDS).map(engine::compare).sum();
    let all = usize::try_from(WORLDS).unwrap_or_default() * engine::QUESTIONS;
    // A mix of allows and denies shows that the worlds are meaningful.
    assert!((all / 20..all / 2).contains(&allowed), "{allowed} of {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn k_h_an_installation_answers_lists_explains_previews_and_remembers_as_the_model_does() {
    for setting in Setting::IN_PROCESS {
        let rig = installed::installation(setting).await;
        installed::compare(&rig, 0..INSTALLED).await;
    }
}
