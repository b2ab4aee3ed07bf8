//! Cerbos with a policy on disk. It stores no facts, so each request carries those about its user
//! and its resources.

use std::{
    fs, iter,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use benches::{
    Result, Target,
    daemon::{self, Daemon, finish},
    portfolio::{Asked, Portfolio},
    scope::{Scope, above, unit_of},
};
use prost::{Message, bytes::Bytes};

use crate::{
    cerbos_messages::{
        ALLOW, Attributes, CheckRequest, CheckResponse, Entry, Principal, Resource, list, text,
        truth,
    },
    system::{Method, System, effect},
};

const CHECK: &str = "/cerbos.svc.v1.CerbosService/CheckResources";
const POLICY: &str = include_str!("cerbos.yaml");

/// A running server.
pub(crate) struct Cerbos {
    daemon: Daemon,
    program: PathBuf,
}

impl Cerbos {
    /// Starts a server with the policy.
    pub(crate) async fn start(program: PathBuf, folder: &Path) -> Result<Self> {
        let policies = folder.join("policies");
        fs::create_dir(&policies)?;
        fs::write(policies.join("resource.yaml"), POLICY)?;
        let (address, http) = (daemon::free_address()?, daemon::free_address()?);
        let config = folder.join("cerbos.yaml");
        let settings = format!(
            "server:\n  grpcListenAddr: \"{address}\"\n  httpListenAddr: \"{http}\"\n  \
             requestLimits: {{maxActionsPerResource: 50, maxResourcesPerRequest: 500}}\n\
             storage:\n  driver: disk\n  disk: {{directory: \"{}\", watchForChanges: false}}\n\
             telemetry: {{disabled: true}}\n",
            policies.display()
        );
        fs::write(&config, settings)?;
        let config = format!("--config={}", config.display());
        let arguments = ["server", "--log-level=warn", &config];
        let log = folder.join("cerbos.log");
        Ok(Self {
            daemon: Daemon::start(&program, arguments, address, &log).await?,
            program,
        })
    }
}

#[async_trait]
impl System for Cerbos {
    fn name(&self) -> &'static str {
        "Cerbos"
    }

    fn setting(&self) -> String {
        let version = finish(&self.program, ["--version"]).unwrap_or_default();
        let version = version.lines().next().unwrap_or_default();
        format!(
            "{version}, policy on disk, facts in the request, --log-level=warn, no caller known"
        )
    }

    fn target(&self) -> Result<Target> {
        Ok(Target {
            address: self.daemon.address,
            authorization: None,
            cpu: self.daemon.cpu(),
        })
    }

    async fn load(&self, _: &Portfolio) -> Result<()> {
        Ok(())
    }

    fn single(&self) -> Method {
        Method { path: CHECK, read }
    }

    fn question(&self, asked: &Asked) -> Bytes {
        self.questions(std::slice::from_ref(asked))
    }

    fn batch(&self) -> Method {
        self.single()
    }

    fn questions(&self, asked: &[Asked]) -> Bytes {
        let request = CheckRequest {
            principal: asked.first().map(principal),
            resources: asked.iter().map(entry).collect(),
        };
        request.encode_to_vec().into()
    }

    async fn revoke(&self, _: &Asked) -> Result<bool> {
        Ok(false)
    }
}

fn read(answer: &Bytes) -> Option<Vec<api::entitlement::v1::Effect>> {
    let results = CheckResponse::decode(answer.clone()).ok()?.results;
    let effects = results.into_iter().map(|result| {
        let (_, own) = result.actions.into_iter().next()?;
        Some(effect(own == ALLOW))
    });
    effects.collect()
}

fn principal(asked: &Asked) -> Principal {
    let numbers = asked.numbers;
    let (all, units, resources) = match Scope::of(numbers.user) {
        Scope::All => (true, Vec::new(), Vec::new()),
        Scope::Unit(unit) => (false, vec![unit_id(unit)], Vec::new()),
        Scope::Resources(own) => (false, Vec::new(), own.map(resource_id).into()),
    };
    Principal {
        id: asked.subject.clone(),
        roles: vec!["user".to_owned()],
        attributes: Attributes::from([
            organization(asked),
            ("views_all".to_owned(), truth(all)),
            ("views_units".to_owned(), list(units)),
            ("views_resources".to_owned(), list(resources)),
        ]),
    }
}

fn entry(asked: &Asked) -> Entry {
    let number = asked.numbers.resource;
    let path = iter::successors(Some(unit_of(number)), |unit| above(*unit)).map(unit_id);
    Entry {
        actions: vec![asked.verb().to_owned()],
        resource: Some(Resource {
            kind: "resource".to_owned(),
            id: resource_id(number),
            attributes: Attributes::from([organization(asked), ("units".to_owned(), list(path))]),
        }),
    }
}

fn organization(asked: &Asked) -> (String, prost_types::Value) {
    let id = format!("o{}", asked.numbers.organization);
    ("organization".to_owned(), text(id))
}

fn unit_id(number: usize) -> String {
    format!("n{number}")
}

fn resource_id(number: usize) -> String {
    format!("r{number}")
}
