//! Whose key is whose, as the identity service says.

use std::sync::Arc;

use api::identity::v1::{VerifyServiceAccountKeyRequest, peer_service_client::PeerServiceClient};
use async_trait::async_trait;
use authority::{Account, Undecided};
use base::Subject;
use rpc::{Authenticator, PeerChannel};
use tonic::Code;

/// Asks the identity service, at each call: a key that is deleted is dead at once.
pub(crate) struct PeerKeys(pub(crate) PeerChannel);

#[async_trait]
impl Authenticator for PeerKeys {
    async fn authenticate(&self, presented: &str) -> Result<Option<Arc<Account>>, Undecided> {
        let request = VerifyServiceAccountKeyRequest {
            secret: presented.to_owned(),
        };
        let mut client = PeerServiceClient::new(self.0.for_itself());
        match client.verify_service_account_key(request).await {
            Ok(response) => Subject::parse_name(&response.into_inner().service_account)
                .map(|subject| Some(Account::new(subject, "")))
                .map_err(|error| Undecided(error.into())),
            // What breaks the rules of the field is no key, and so nobody's.
            Err(status)
                if matches!(status.code(), Code::Unauthenticated | Code::InvalidArgument) =>
            {
                Ok(None)
            }
            Err(status) => Err(Undecided(status.into())),
        }
    }
}
