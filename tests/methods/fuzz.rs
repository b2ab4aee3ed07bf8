//! Requests that nobody meant to send.

use std::env;

use api::Access;
use tests::Setting;
use tonic::Code;

use crate::{
    dump::dump,
    fault,
    mutant::{Random, mutant},
    samples::{Names, Sample, creating, ordered},
    schema,
    wire::Answer,
    world::{World, access},
};

/// Requests of each method.
const MUTANTS: usize = 100;

/// `MANDATE_FUZZ_SEED` has another run try other requests; a failure says the seed.
fn seed() -> u64 {
    let given = env::var("MANDATE_FUZZ_SEED").ok();
    given.map_or(20_260_101, |seed| seed.parse().unwrap())
}

/// What a mutated request may be answered with.
fn check(answer: &Answer, path: &str, at: &str) {
    let Err(status) = answer else { return };
    fault::reason(status, at);
    // The one method whose answer it is that nobody has a key.
    let nobody =
        path.ends_with("/VerifyServiceAccountKey") && status.code() == Code::Unauthenticated;
    assert!(nobody || fault::is_typed(status.code()), "{at}: {status:?}");
}

/// K-n, K-p, K-f: whatever is sent, the answer is typed, the connection stands, and what is
/// refused has changed nothing.
#[tokio::test(flavor = "multi_thread")]
async fn k_n_k_p_k_f_whatever_is_sent_is_answered_and_a_refusal_changes_nothing() {
    let seed = seed();
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let mut random = Random(seed);
        for (turn, sample) in ordered().iter().enumerate() {
            // What the method works on is made anew, whatever the methods before did to it.
            let mut names = world.names("alpha", turn + 10);
            for part in creating() {
                if part.path == sample.path {
                    break;
                }
                world.step_as_fits(&part, &mut names).await;
            }
            attack(&world, sample, &names, &mut random, seed).await;
        }
    }
}

async fn attack(world: &World, sample: &Sample, names: &Names, random: &mut Random, seed: u64) {
    let path = &sample.path;
    let streams = schema::find(path).unwrap().is_server_streaming();
    let count = if streams { 10 } else { MUTANTS };
    let valid = schema::request(path, &sample.json(names));
    let bodies: Vec<Vec<u8>> = (0..count).map(|_| mutant(&valid, random)).collect();
    let key = world.key_for(path);
    let before = dump(world).await;
    let mut refused = Vec::new();
    for (index, body) in bodies.into_iter().enumerate() {
        let at = format!("{path}, request {index} of seed {seed}");
        let answer = world.wire.call(path, key, body.clone()).await;
        check(&answer, path, &at);
        if answer.is_err() {
            refused.push((at, body));
        }
    }
    let after = dump(world).await;
    if !schema::is_mutation(path) {
        assert_eq!(before, after, "{path} changed something; seed {seed}");
        assert!(access(path) == Access::Peer || schema::is_list(path) || !refused.is_empty());
        return;
    }
    // Once more, what was refused: nothing but refusals since the last look.
    let mut known = after;
    let mut changed = false;
    for (at, body) in refused {
        if changed {
            known = dump(world).await;
        }
        let answer = world.wire.call(path, key, body).await;
        check(&answer, path, &at);
        changed = answer.is_ok();
    }
    if !changed {
        assert_eq!(
            known,
            dump(world).await,
            "{path}: a refusal changed something; seed {seed}"
        );
    }
}

/// K-n: a request that is larger than any may be is refused before it is read.
#[tokio::test(flavor = "multi_thread")]
async fn k_n_a_request_that_is_too_large_is_refused() {
    for setting in [Setting::Sqlite, Setting::Processes] {
        let world = World::start(setting).await;
        for sample in ordered() {
            let key = world.key_for(&sample.path);
            let body = vec![0; 5 << 20];
            let answer = world.wire.call(&sample.path, key, body).await;
            let status = answer.expect_err(&sample.path);
            fault::reason(&status, &sample.path);
            let code = status.code();
            assert!(fault::is_typed(code), "{}: {status:?}", sample.path);
        }
    }
}
