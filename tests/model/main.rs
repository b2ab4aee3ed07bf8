//! K-h: whatever wildcards, scopes, states and times come together, the engine and a model that
//! was written apart from it answer alike. `differential` does so for as many worlds as one likes.

use tests::{
    Setting,
    model::{engine, installed},
};

/// Worlds of which the rules are asked.
const WORLDS: u64 = 2000;
/// Worlds that a whole installation is asked of, in each setting.
const INSTALLED: u64 = 12;

#[test]
fn k_h_the_rules_answer_as_the_model_does() {
    let allowed: usize = (0..WORLDS).map(engine::compare).sum();
    let all = usize::try_from(WORLDS).unwrap_or_default() * engine::QUESTIONS;
    // Neither everything nor nothing is allowed: the worlds say something.
    assert!((all / 20..all / 2).contains(&allowed), "{allowed} of {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn k_h_an_installation_answers_lists_explains_previews_and_remembers_as_the_model_does() {
    for setting in Setting::IN_PROCESS {
        let rig = installed::installation(setting).await;
        installed::compare(&rig, 0..INSTALLED).await;
    }
}
