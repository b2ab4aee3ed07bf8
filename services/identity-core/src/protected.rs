//! What the installation is governed through: without it nobody could be given anything, and
//! nobody could undo that.

use base::{Id, ServiceAccountId};

/// The id of the first service account.
pub const ROOT: &str = "root";

/// Whether this is the first service account, which must always be able to act: its key comes from a
/// file, so that whoever runs the installation can get in again.
pub fn is_protected_account(id: &ServiceAccountId) -> bool {
    id.as_str() == ROOT
}
