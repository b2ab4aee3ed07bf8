//! Access to the table of requests.

use std::collections::BTreeSet;

use api::{AuditKind, METHODS};
use serde_json::Value;
use tests::Setting;

use crate::{
    schema,
    table::{CHANGE, CREATE, END, READ, Row},
    world::World,
};

/// A valid request of a method.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The path of the method.
    pub path: String,
    template: &'static str,
}

/// Values of the placeholders.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// `{org}`.
    pub org: String,
    /// `{n}`.
    pub n: usize,
    /// `{key}`: the name of the latest key.
    pub key: String,
    /// `{secret}`: the secret of the latest key.
    pub secret: String,
    /// `{token}`: the consistency token of the latest change of membership.
    pub token: String,
}

impl Names {
    /// Returns the same names in another organization.
    pub fn of(&self, org: &str) -> Self {
        Self {
            org: org.to_owned(),
            ..self.clone()
        }
    }

    /// Returns the same names in another run.
    pub fn run(&self, n: usize) -> Self {
        Self { n, ..self.clone() }
    }
}

impl Sample {
    /// Returns the request as JSON.
    pub fn json(&self, names: &Names) -> Value {
        let text = self.template.replace("{org}", &names.org);
        let text = text.replace("{n}", &names.n.to_string());
        let text = text.replace("{key}", &names.key);
        let text = text.replace("{secret}", &names.secret);
        serde_json::from_str(&text.replace("{token}", &names.token)).unwrap()
    }

    /// Returns the encoded request.
    pub fn bytes(&self, names: &Names) -> Vec<u8> {
        schema::encode(&self.path, &self.json(names))
    }

    /// Returns true if the request names an organization of the world, and none that a sample
    /// created.
    pub fn is_in_organization(&self) -> bool {
        self.template.contains("\"organizations/{org}")
            && !self.template.contains("/{org}-{n}/")
            && !self.template.contains("organizations/{org}-{n}\"")
    }
}

fn samples(rows: &[Row]) -> Vec<Sample> {
    let sample = |(path, template): &Row| Sample {
        path: format!("/mandate.{path}"),
        template,
    };
    rows.iter().map(sample).collect()
}

/// Returns the samples that create the entities for the others.
pub fn creating() -> Vec<Sample> {
    samples(CREATE)
}

/// Returns all samples, in an order in which each is valid.
pub fn ordered() -> Vec<Sample> {
    samples(&[CREATE, READ, CHANGE, END].concat())
}

#[test]
fn every_method_has_a_policy_and_a_sample() {
    let declared: BTreeSet<String> = schema::methods()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    let policies: BTreeSet<String> = METHODS.iter().map(|m| m.path.to_owned()).collect();
    let sampled: BTreeSet<String> = ordered().into_iter().map(|sample| sample.path).collect();
    assert_eq!(declared, policies);
    assert_eq!(declared, sampled);
    assert_eq!(ordered().len(), sampled.len(), "one sample per method");
}

#[test]
fn j2_every_change_is_of_a_kind_that_is_recorded() {
    for policy in METHODS {
        let recorded = matches!(policy.audit, AuditKind::Write | AuditKind::Access);
        assert_eq!(
            schema::is_mutation(policy.path),
            recorded,
            "{}",
            policy.path
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_is_valid() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        let mut names = world.names("alpha", 2);
        world.others_ask(&mut names).await;
        for sample in ordered() {
            world.step_as_fits(&sample, &mut names).await;
        }
    }
}
