//! Authentication: the identity service maps credentials to accounts.

use std::sync::Arc;

use api::identity::v1::{
    OidcIdentity, VerifyOidcIdentityRequest, VerifyServiceAccountKeyRequest,
    peer_service_client::PeerServiceClient,
};
use async_trait::async_trait;
use authz::{Account, Undecided};
use rpc::{Authenticator, Credential, PeerChannel};
use tonic::{Code, Status};
use types::Subject;

/// An authenticator that calls the identity service every time: deleting a key takes effect
/// immediately.
pub(crate) struct PeerKeys(pub(crate) PeerChannel);

impl PeerKeys {
    /// Returns the name of the service account.
    async fn owner(&self, credential: Credential<'_>) -> Result<String, Status> {
        let mut client = PeerServiceClient::new(self.0.for_itself());
        match credential {
            Credential::Secret(secret) => {
                let secret = secret.to_owned();
                let request = VerifyServiceAccountKeyRequest { secret };
                let verified = client.verify_service_account_key(request).await?;
                Ok(verified.into_inner().service_account)
            }
            Credential::Oidc(identity) => {
                let oidc = Some(OidcIdentity {
                    issuer: identity.issuer().to_owned(),
                    subject: identity.subject().to_owned(),
                });
                let request = VerifyOidcIdentityRequest { oidc };
                let verified = client.verify_oidc_identity(request).await?;
                Ok(verified.into_inner().service_account)
            }
        }
    }
}

#[async_trait]
impl Authenticator for PeerKeys {
    async fn authenticate(
        &self,
        credential: Credential<'_>,
    ) -> Result<Option<Arc<Account>>, Undecided> {
        match self.owner(credential).await {
            Ok(name) => Subject::parse_name(&name)
                .map(|subject| Some(Account::new(subject, "")))
                .map_err(|error| Undecided(error.into())),
            // A credential that breaks the field rules belongs to nobody.
            Err(status)
                if matches!(status.code(), Code::Unauthenticated | Code::InvalidArgument) =>
            {
                Ok(None)
            }
            Err(status) => Err(Undecided(status.into())),
        }
    }
}
