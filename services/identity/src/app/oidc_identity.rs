use ::rpc::Fault;
use types::InvalidOidcIdentity;

/// Validates the OIDC identity in a field.
pub(super) fn oidc_identity(
    field: &str,
    identity: &api::identity::v1::OidcIdentity,
) -> Result<types::OidcIdentity, Fault> {
    types::OidcIdentity::new(&identity.issuer, &identity.subject).map_err(|error| {
        let part = match error {
            InvalidOidcIdentity::Issuer => "issuer",
            InvalidOidcIdentity::Subject => "subject",
        };
        Fault::field(format!("{field}.{part}"), error.to_string())
    })
}
