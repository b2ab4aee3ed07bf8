//! K-h: for all combinations of wildcards, scopes, states and times, the engine gives the same
//! answers as an independently written model. `differential` compares any number of worlds.

use tests::{
    Setting,
    model::{engine, installed},
};

/// Number of worlds in which the rules are compared.
const RULES_WORLD_COUNT: u64 = 2000;
/// Number of worlds in which a whole installation is compared, in each setting.
const INSTALLED_WORLD_COUNT: u64 = 12;

#[test]
fn k_h_the_rules_agree_with_the_model() {
    let allowed: usize = (0..RULES_WORLD_COUNT).map(engine::compare).sum();
    let all = usize::try_from(RULES_WORLD_COUNT).unwrap_or_default() * engine::QUESTIONS;
    // A mix of allows and denies shows that the worlds are meaningful.
    assert!((all / 20..all / 2).contains(&allowed), "{allowed} of {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn k_h_an_installation_agrees_with_the_model() {
    for setting in Setting::IN_PROCESS {
        let rig = installed::installation(setting).await;
        installed::compare(&rig, 0..INSTALLED_WORLD_COUNT).await;
    }
}
