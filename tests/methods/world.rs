//! Two organizations with units, resources, members, an application and grants, and service
//! accounts with keys.

use std::fs;

use api::{Access, METHODS};
use serde_json::{Value, json};
use tests::{Rig, Setting};

use crate::{
    samples::{Names, Sample, creating},
    schema,
    wire::{Answer, PEER, Wire},
};

/// An installation with the organizations `alpha` and `beta`, in each of which run 1 of the samples
/// has created its entities.
pub struct World {
    /// The installation.
    pub rig: Rig,
    /// The calls to the installation.
    pub wire: Wire,
    /// The key of the first service account.
    pub root: String,
    /// The key of another account, which may create change requests everywhere.
    asker: String,
    names: Names,
}

impl World {
    /// Starts an installation and creates the organizations.
    pub async fn start(setting: Setting) -> Self {
        let rig = Rig::start(setting).await;
        let root = fs::read_to_string(rig.secrets_folder().join("root.key")).unwrap();
        let root = root.trim().to_owned();
        let mut world = Self {
            wire: Wire::to(&rig),
            rig,
            root,
            asker: String::new(),
            names: Names::default(),
        };
        world.asker = world.manager("operator", "asker", "requester").await;
        world.identity().await;
        for org in ["alpha", "beta"] {
            let body = json!({"organization": {"displayName": org}, "organizationId": org});
            let path = "/mandate.membership.v1.OrganizationService/CreateOrganization";
            world.done(path, &body).await;
            let mut names = world.names(org, 1);
            for sample in creating() {
                world.step_as_fits(&sample, &mut names).await;
            }
            world.others_ask(&mut names).await;
            world.names = names;
        }
        world
    }

    /// Returns the names of an organization and a run, with values from the latest answers.
    pub fn names(&self, org: &str, n: usize) -> Names {
        self.names.of(org).run(n)
    }

    /// Sends a sample as a permitted caller, and stores the values that later samples name.
    pub async fn step_as_fits(&self, sample: &Sample, names: &mut Names) -> Vec<u8> {
        let key = self.key_for(&sample.path);
        let answer = self.step(key, sample, names).await;
        answer.unwrap_or_else(|status| {
            panic!("{} in {:?}: {status:?}", sample.path, self.rig.setting)
        })
    }

    /// Sends a sample with a key, and stores the values that later samples name.
    pub async fn step(&self, key: &str, sample: &Sample, names: &mut Names) -> Answer {
        let answer = self
            .wire
            .call(&sample.path, key, sample.bytes(names))
            .await?;
        learn(&sample.path, &answer, names);
        Ok(answer)
    }

    /// Returns the key of a caller that may call a method.
    pub fn key_for(&self, path: &str) -> &str {
        if matches!(access(path), Access::Peer(_)) {
            PEER
        } else {
            &self.root
        }
    }

    /// Calls a method as the first service account.
    pub async fn done(&self, path: &str, body: &Value) -> Value {
        let bytes = schema::encode(path, body);
        let answer = self.wire.call(path, self.key_for(path), bytes).await;
        schema::json(
            path,
            &answer.unwrap_or_else(|status| panic!("{path}: {status:?}")),
        )
    }

    /// Creates, as another account, the change requests that the samples of a run decide, because
    /// no account may approve its own requests.
    pub async fn others_ask(&self, names: &mut Names) {
        let (org, n) = (names.org.clone(), names.n);
        let parent = format!("organizations/{org}");
        for id in [format!("asked-{n}"), format!("asked-too-{n}")] {
            let user = format!("{id}-{org}");
            let path = "/mandate.identity.v1.UserService/CreateUser";
            let body = json!({"user": {"login": user, "givenName": "Cy"}, "userId": user});
            self.done(path, &body).await;
            let path = "/mandate.membership.v1.MemberService/CreateMembership";
            let subject = format!("users/{user}");
            let body =
                json!({"parent": parent, "membership": {"subject": subject}, "membershipId": id});
            self.done(path, &body).await;
            let membership = format!("{parent}/memberships/{id}");
            let asked = json!({"deactivate": {"membership": membership, "reason": "Left"}});
            let body = json!({"parent": parent, "changeRequest": asked, "changeRequestId": id});
            self.ask("CreateChangeRequest", &body, names).await;
            let body = json!({"name": format!("{parent}/changeRequests/{id}")});
            self.ask("ConfirmChangeRequest", &body, names).await;
        }
    }

    async fn ask(&self, method: &str, body: &Value, names: &mut Names) {
        let path = format!("/mandate.membership.v1.RequestService/{method}");
        let bytes = schema::encode(&path, body);
        let answer = self.wire.call(&path, &self.asker, bytes).await;
        learn(&path, &answer.unwrap(), names);
    }

    /// Creates a service account with a key. Returns the name of the key and its secret.
    pub async fn account(&self, id: &str, key: Value) -> (String, String) {
        let service = "/mandate.identity.v1.ServiceAccountService";
        let body = json!({"serviceAccount": {"displayName": id}, "serviceAccountId": id});
        self.done(&format!("{service}/CreateServiceAccount"), &body)
            .await;
        let body = json!({"parent": format!("serviceAccounts/{id}"), "key": key});
        let made = self
            .done(&format!("{service}/CreateServiceAccountKey"), &body)
            .await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&made["key"]["name"]), text(&made["secret"]))
    }

    /// Binds an identity of an issuer to the first service account.
    async fn identity(&self) {
        let identity = json!({"issuer": "https://issuer.example", "subject": "backend"});
        let body = json!({"parent": "serviceAccounts/root", "key": {"oidc": identity}});
        let path = "/mandate.identity.v1.ServiceAccountService/CreateServiceAccountKey";
        self.done(path, &body).await;
    }

    /// Creates a service account with a management role in the whole organization, restricted to
    /// these applications if any. Returns its secret.
    pub async fn manager_of(
        &self,
        org: &str,
        id: &str,
        role: &str,
        applications: &[String],
    ) -> String {
        let parent = format!("organizations/{org}");
        let subject = format!("serviceAccounts/{id}");
        let (_, secret) = self.account(id, json!({})).await;
        let path = "/mandate.membership.v1.MemberService/CreateMembership";
        let body = json!({"parent": parent, "membership": {"subject": subject}});
        let token = self.done(path, &body).await["consistencyToken"].clone();
        let grants = "/mandate.entitlement.v1.GrantService";
        let body = json!({"parent": parent});
        let found = self
            .done(&format!("{grants}/ListEntitlements"), &body)
            .await;
        if !found.to_string().contains("applications/mandate") {
            let body = json!({"parent": parent, "entitlement": {"application": "applications/mandate"}, "consistencyToken": token});
            self.done(&format!("{grants}/CreateEntitlement"), &body)
                .await;
        }
        let token = token.as_str().unwrap();
        self.give(org, id, role, applications, token).await;
        secret
    }

    /// Grants a management role to a service account that is a member.
    pub async fn give(
        &self,
        org: &str,
        id: &str,
        role: &str,
        applications: &[String],
        token: &str,
    ) {
        let path = "/mandate.entitlement.v1.GrantService/CreateGrant";
        let body = json!({"parent": format!("organizations/{org}"), "grant": {
            "subject": format!("serviceAccounts/{id}"),
            "role": format!("applications/mandate/roles/{role}"),
            "scope": {"all": true, "applications": applications},
            "canDelegate": true,
        }, "consistencyToken": token});
        self.done(path, &body).await;
    }

    /// Creates a service account that manages all applications. Returns its secret.
    pub async fn manager(&self, org: &str, id: &str, role: &str) -> String {
        self.manager_of(org, id, role, &[]).await
    }
}

/// Returns the access rule of a method.
pub fn access(path: &str) -> Access {
    let policy = METHODS.iter().find(|policy| policy.path == path);
    policy.unwrap().access
}

/// Stores the values of an answer that later samples name.
pub fn learn(path: &str, answer: &[u8], names: &mut Names) {
    let answer = schema::json(path, answer);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if path.ends_with("/CreateServiceAccountKey") {
        names.key = text(&answer["key"]["name"]);
        names.secret = text(&answer["secret"]);
    }
    if path.starts_with("/mandate.membership.") && answer["consistencyToken"].is_string() {
        names.token = text(&answer["consistencyToken"]);
    }
}
