//! Tokens of an OpenID Connect issuer in place of keys.

mod issuer;
mod proving;
mod refusing;
mod serving;
mod signer;

use api::{
    entitlement::v1::CheckRequest,
    identity::v1::{
        CreateServiceAccountKeyRequest, ListUsersRequest, OidcIdentity, ServiceAccountKey,
    },
    membership::v1::ListOrganizationsRequest,
};
use mandate_documents::clients::Clients;
use serde_json::{Value, json};
use tests::{Rig, Setting};
use tonic::{Code, Response, Status};
use types::UnixTime;

use self::{
    issuer::{AUDIENCE, Issuer},
    signer::Signer,
};

const NOW_SECONDS: i64 = 1_900_000_000;
const SUBJECT: &str = "system:serviceaccount:shop:api";

/// An installation that accepts the tokens of an issuer, with the first service account bound to
/// one of its subjects.
struct World {
    issuer: Issuer,
    rig: Rig,
    /// The name of the key that binds the account to the subject.
    key: String,
}

impl World {
    async fn start(setting: Setting, signers: &[&Signer]) -> Self {
        let keys = signers.iter().map(|signer| signer.published()).collect();
        Self::with(setting, Issuer::start(keys).await).await
    }

    async fn with(setting: Setting, issuer: Issuer) -> Self {
        let now = UnixTime(NOW_SECONDS * 1000);
        let rig = Rig::trusting(setting, now, issuer.settings()).await;
        let key = prove(&rig, "root", &issuer.url, SUBJECT).await.unwrap();
        Self { issuer, rig, key }
    }

    /// Returns the claims of a valid token.
    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer.url,
            "aud": AUDIENCE,
            "sub": SUBJECT,
            "exp": NOW_SECONDS + 600,
            "nbf": NOW_SECONDS,
        })
    }

    /// Returns the code with which each service answers a call with a token.
    async fn say(&self, token: &str) -> [Code; 3] {
        let clients = self.rig.clients(&token.into());
        let users = clients
            .users()
            .list_users(ListUsersRequest::default())
            .await;
        let mut organizations = clients.organizations();
        let organizations = organizations.list_organizations(ListOrganizationsRequest::default());
        let organizations = organizations.await;
        [
            code(users),
            code(organizations),
            code(check(&clients).await),
        ]
    }
}

/// Binds a service account to a subject of an issuer. Returns the name of the key.
async fn prove(rig: &Rig, account: &str, issuer: &str, subject: &str) -> Result<String, Status> {
    let request = CreateServiceAccountKeyRequest {
        parent: format!("serviceAccounts/{account}"),
        key: Some(identity(issuer, subject)),
        ..CreateServiceAccountKeyRequest::default()
    };
    let mut accounts = rig.root().service_accounts();
    let created = accounts.create_service_account_key(request).await?;
    let created = created.into_inner();
    assert_eq!(created.secret, "");
    Ok(created.key.unwrap_or_default().name)
}

/// Returns a key that stands for the tokens of a subject.
fn identity(issuer: &str, subject: &str) -> ServiceAccountKey {
    ServiceAccountKey {
        oidc: Some(OidcIdentity {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        }),
        ..ServiceAccountKey::default()
    }
}

fn code<T>(answer: Result<T, Status>) -> Code {
    answer.err().map_or(Code::Ok, |status| status.code())
}

async fn check(clients: &Clients) -> Result<Response<api::entitlement::v1::CheckResponse>, Status> {
    let request = CheckRequest {
        subject: "serviceAccounts/root".to_owned(),
        permission: "mandate.users.read".to_owned(),
        resource: "organizations/operator".to_owned(),
        ..CheckRequest::default()
    };
    clients.authorization().check(request).await
}
