//! Protected accounts, through which the installation is governed: without them nobody could grant
//! anything, and nobody could undo that.

use types::{Id, ServiceAccountId};

/// The id of the first service account.
pub const ROOT: &str = "root";

/// True for the first service account, which must always be able to act: its key comes from a file,
/// so that the operator of the installation can always regain access.
pub fn is_protected_account(id: &ServiceAccountId) -> bool {
    id.as_str() == ROOT
}
