//! Random invalid requests.

use std::env;

use serde_json::json;
use tests::Setting;
use tonic::Code;

use crate::{
    dump::{dump, dump_in},
    fault,
    mutant::mutant,
    random::Random,
    samples::{Names, Sample, creating, ordered},
    schema,
    wire::Answer,
    world::World,
};

/// Number of requests for each method.
const MUTANTS: usize = 100;

/// Returns the seed. `MANDATE_FUZZ_SEED` sets another one; a failure names the seed.
fn seed() -> u64 {
    let given = env::var("MANDATE_FUZZ_SEED").ok();
    given.map_or(20_260_101, |seed| seed.parse().unwrap())
}

/// Checks the answer to a mutated request.
fn check(answer: &Answer, path: &str, at: &str) {
    let Err(status) = answer else { return };
    fault::reason(status, at);
    // For these methods, UNAUTHENTICATED is a valid answer about the credentials in the request.
    let verifies = ["/VerifyServiceAccountKey", "/VerifyOidcIdentity"];
    let nobody = verifies.iter().any(|method| path.ends_with(method))
        && status.code() == Code::Unauthenticated;
    assert!(nobody || fault::is_typed(status.code()), "{at}: {status:?}");
}

/// K-n, K-p, K-f: every answer is typed, the connection survives, and a refused request has no
/// effect.
#[tokio::test(flavor = "multi_thread")]
async fn k_n_k_p_k_f_whatever_is_sent_is_answered_and_a_refusal_changes_nothing() {
    let seed = seed();
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let mut random = Random(seed);
        let reads = ordered()
            .into_iter()
            .filter(|s| !schema::is_mutation(&s.path));
        let names = world.names("alpha", 1);
        let before = dump(&world).await;
        for sample in reads {
            attack(&world, &sample, &names, &mut random, seed).await;
        }
        assert_eq!(
            dump(&world).await,
            before,
            "a read changed something; seed {seed}"
        );
        let changes = ordered()
            .into_iter()
            .filter(|s| schema::is_mutation(&s.path));
        for (turn, sample) in changes.enumerate() {
            // The entities of the request are created again, because earlier methods may have
            // changed them. No two of these numbers differ by one digit only.
            let mut names = world.names("alpha", (turn + 10) * 1001);
            for part in creating() {
                if part.path == sample.path {
                    break;
                }
                world.step_as_fits(&part, &mut names).await;
            }
            world.others_ask(&mut names).await;
            let refused = attack(&world, &sample, &names, &mut random, seed).await;
            repeat(&world, &sample.path, &names, refused).await;
            leave_room(&world).await;
        }
    }
}

/// Sends mutated requests. Returns the refused ones, each with its name.
async fn attack(
    world: &World,
    sample: &Sample,
    names: &Names,
    random: &mut Random,
    seed: u64,
) -> Vec<(String, Vec<u8>)> {
    let path = &sample.path;
    let streams = schema::find(path).unwrap().is_server_streaming();
    let count = if streams { 10 } else { MUTANTS };
    let valid = schema::request(path, &sample.json(names));
    let mut refused = Vec::new();
    for index in 0..count {
        let body = mutant(&valid, random);
        let at = format!("{path}, request {index} of seed {seed}");
        let answer = world
            .wire
            .call(path, world.key_for(path), body.clone())
            .await;
        check(&answer, path, &at);
        if answer.is_err() {
            refused.push((at, body));
        }
    }
    refused
}

/// Sends the refused requests again. Only refusals then lie between two dumps, which must be equal.
async fn repeat(world: &World, path: &str, names: &Names, refused: Vec<(String, Vec<u8>)>) {
    let own = format!("-{}", names.n);
    let chosen = |parent: &str| {
        let id = parent.rsplit('/').next().unwrap_or_default();
        ["alpha", "beta", "operator", "root"].contains(&id) || id.ends_with(&own)
    };
    let mut known = dump_in(world, chosen).await;
    for (at, body) in refused {
        let answer = world.wire.call(path, world.key_for(path), body).await;
        check(&answer, path, &at);
        if answer.is_ok() {
            known = dump_in(world, chosen).await;
        }
    }
    assert_eq!(
        known,
        dump_in(world, chosen).await,
        "a refusal of {path} changed something"
    );
}

/// Deletes the contacts of a turn, because an organization may have few of them.
async fn leave_room(world: &World) {
    let service = "/mandate.membership.v1.ContactService";
    let body = json!({"parent": "organizations/alpha"});
    let found = world.done(&format!("{service}/ListContacts"), &body).await;
    let mut contacts = found["contacts"].as_array().cloned().unwrap_or_default();
    // The primary contact must be deleted last.
    contacts.sort_by_key(|contact| contact["primary"].as_bool());
    for contact in contacts {
        let body = json!({"name": contact["name"]});
        world.done(&format!("{service}/DeleteContact"), &body).await;
    }
}

/// Returns a request extended with an unknown field of a given length.
fn padded(request: &[u8], length: usize) -> Vec<u8> {
    let mut padded = request.to_vec();
    prost::encoding::encode_key(
        5000,
        prost::encoding::WireType::LengthDelimited,
        &mut padded,
    );
    prost::encoding::encode_varint(length as u64, &mut padded);
    padded.resize(padded.len() + length, 0);
    padded
}

/// K-n: a request above the size limit is refused before it is decoded, and only for its size.
#[tokio::test(flavor = "multi_thread")]
async fn k_n_a_request_that_is_too_large_is_refused() {
    for setting in [Setting::Sqlite, Setting::Processes] {
        let world = World::start(setting).await;
        for sample in ordered() {
            let key = world.key_for(&sample.path);
            let request = sample.bytes(&world.names("alpha", 1));
            let large = padded(&request, (4 << 20) + 1);
            let answer = world.wire.call(&sample.path, key, large).await;
            let status = answer.expect_err(&sample.path);
            let (code, at) = (Code::InvalidArgument, &sample.path);
            fault::expect(&status, code, "INVALID_REQUEST", at);
            let said = status.message();
            assert!(said.contains("cannot be read: "), "{at}: {said}");
            // A request at the size limit is answered.
            if !schema::is_mutation(&sample.path) {
                let within = padded(&request, (4 << 20) - request.len() - 16);
                let answer = world.wire.call(&sample.path, key, within).await;
                answer.unwrap_or_else(|status| panic!("{at}: {status:?}"));
            }
        }
    }
}
