//! Typed ids, resource names, URLs and times: the common types of all crates, including the pure
//! ones.

mod epoch;
mod id;
mod name;
mod oidc;
mod secret_url;
mod seldom;
mod subject;
mod text;
mod time;

pub use epoch::Epoch;
pub use id::{
    ApplicationId, ChangeRequestId, ContactId, EntitlementId, Grammar, GrantId, Id, InvalidId,
    KeyId, MembershipId, OrganizationId, ResourceId, RoleId, ServiceAccountId, UnitId, UserId,
};
pub use name::{In, InvalidName, KeyName, RoleName};
pub use oidc::{InvalidOidcIdentity, OidcIdentity};
pub use secret_url::{SecretUrl, UrlParts};
pub use seldom::Seldom;
pub use subject::Subject;
pub use text::{InvalidText, check_text};
pub use time::UnixTime;
