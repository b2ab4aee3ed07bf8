//! Requests with names of two organizations.

use serde_json::{Value, json};
use tests::Setting;

use crate::{
    dump::{dump, of},
    fault,
    samples::{Names, Sample, ordered},
    schema,
    world::World,
};

/// The owner's organization, another one, and one that does not exist and has a name of equal
/// length.
const OWN: &str = "alpha";
const OTHER: &str = "omega";
const ABSENT: &str = "sigma";

fn replaced(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(ABSENT.len() - 1) {
        if bytes[at..].starts_with(ABSENT.as_bytes()) {
            bytes[at..at + ABSENT.len()].copy_from_slice(OTHER.as_bytes());
        }
    }
    bytes
}

/// Returns a sample with one of its names replaced by one of another organization.
fn with_name_of(json: &Value, pointer: &str, org: &str) -> Value {
    let mut json = json.clone();
    let leaf = json.pointer_mut(pointer).unwrap();
    let text = leaf.as_str().unwrap();
    *leaf = json!(text.replace(
        &format!("organizations/{OWN}"),
        &format!("organizations/{org}")
    ));
    json
}

struct Case<'a> {
    world: &'a World,
    owner: &'a str,
    sample: &'a Sample,
}

impl Case<'_> {
    /// Sends a mixed request, and asserts that nothing of the other organization comes back.
    async fn send(&self, json: &Value, pointer: &str, org: &str) -> (tonic::Code, String, Vec<u8>) {
        let path = &self.sample.path;
        let at = format!("{path} with {pointer} of {org}");
        let body = schema::encode(path, &with_name_of(json, pointer, org));
        let answer = self.world.wire.call(path, self.owner, body).await;
        let status = answer.expect_err(&at);
        assert!(fault::is_typed(status.code()), "{at}: {status:?}");
        fault::reason(&status, &at);
        fault::seen(&status)
    }
}

/// F3, C1, C5: a request that names an entity of another organization in any field is refused as if
/// the entity did not exist, and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn f3_c1_c5_names_of_two_organizations_do_not_mix() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        let owner = world.manager(OWN, "owner-alpha", "owner").await;
        // Root may access both organizations, so only the mixed names can cause the refusal.
        let body = json!({"organization": {"displayName": "Other"}, "organizationId": OTHER});
        let path = "/mandate.membership.v1.OrganizationService/CreateOrganization";
        world.done(path, &body).await;
        let mut other = world.names(OTHER, 1);
        for sample in crate::samples::creating() {
            world.step_as_fits(&sample, &mut other).await;
        }
        let before = dump(&world).await;
        let mut tried = 0;
        for sample in ordered() {
            if !sample.is_in_organization() || world.key_for(&sample.path) == crate::wire::PEER {
                continue;
            }
            for n in [1, 2] {
                let json = sample.json(&world.names(OWN, n));
                for leaf in schema::leaves(&sample.path, &json) {
                    if !leaf.text.contains(&format!("organizations/{OWN}")) {
                        continue;
                    }
                    for key in [owner.as_str(), world.root.as_str()] {
                        // A single name alone determines the organization, to which root has
                        // access.
                        let names = count(&sample, &json);
                        if key == world.root && names == 1 {
                            continue;
                        }
                        let case = Case {
                            world: &world,
                            owner: key,
                            sample: &sample,
                        };
                        let of_other = case.send(&json, &leaf.pointer, OTHER).await;
                        let of_absent = case.send(&json, &leaf.pointer, ABSENT).await;
                        tried += 1;
                        // Root may learn that the entity does not exist.
                        if key == owner {
                            let absent = (
                                of_absent.0,
                                of_absent.1.replace(ABSENT, OTHER),
                                replaced(&of_absent.2),
                            );
                            assert_eq!(of_other, absent, "{} {}", sample.path, leaf.pointer);
                        }
                    }
                }
            }
        }
        assert!(tried > 80, "{tried} requests");
        assert_eq!(dump(&world).await, before, "{setting:?}");
    }
}

/// Returns the number of names of the organization in a request.
fn count(sample: &Sample, json: &Value) -> usize {
    let leaves = schema::leaves(&sample.path, json);
    let own = format!("organizations/{OWN}");
    leaves
        .iter()
        .filter(|leaf| leaf.text.contains(&own))
        .count()
}

/// C5, K-u: users, applications and service accounts belong to no organization, so a request may
/// name those that another organization works with. No data of that organization changes or comes
/// back.
#[tokio::test(flavor = "multi_thread")]
async fn k_u_global_names_lead_to_no_other_organization() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let owner = world.manager(OWN, "owner-alpha", "owner").await;
        let before = of(&dump(&world).await, "beta");
        assert!(!before.is_empty());
        for sample in ordered()
            .iter()
            .filter(|sample| sample.is_in_organization())
        {
            for n in [1, 2] {
                let names: Names = world.names(OWN, n);
                let json = sample.json(&names);
                for leaf in schema::leaves(&sample.path, &json) {
                    let foreign = leaf.text.replace("-alpha-", "-beta-");
                    if foreign == leaf.text {
                        continue;
                    }
                    let mut json = json.clone();
                    *json.pointer_mut(&leaf.pointer).unwrap() = json!(foreign);
                    let body = schema::encode(&sample.path, &json);
                    let at = format!("{} with {foreign}", sample.path);
                    match world.wire.call(&sample.path, &owner, body).await {
                        Ok(answer) => {
                            let answer = schema::json(&sample.path, &answer).to_string();
                            assert!(!answer.contains("organizations/beta"), "{at}: {answer}");
                        }
                        Err(status) => {
                            fault::reason(&status, &at);
                        }
                    }
                }
            }
        }
        assert_eq!(of(&dump(&world).await, "beta"), before, "{setting:?}");
    }
}
