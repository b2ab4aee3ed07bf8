//! Derived ids of requests.

use aws_lc_rs::digest::{Context, SHA256};
use prost::Message;
use uuid::Uuid;

use crate::hex::hex;

/// Derives the request ids of one run. An id depends on the request and on the run: repeating a
/// call within the run gives the same answer, and a later run, which has read the state again,
/// never gets the answer of an earlier one for an entity deleted since.
#[derive(Debug, Clone)]
pub(super) struct RequestIds {
    run: Uuid,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        Self {
            run: Uuid::now_v7(),
        }
    }

    /// Returns the id of a call, from its method and its request, which has no id yet.
    pub(super) fn id(&self, method: &str, request: &impl Message) -> String {
        let mut context = Context::new(&SHA256);
        context.update(self.run.as_bytes());
        context.update(method.as_bytes());
        context.update(&request.encode_to_vec());
        hex(context.finish().as_ref(), 16)
    }
}

#[cfg(test)]
mod tests {
    use api::identity::v1::CreateUserRequest;

    use super::*;

    #[test]
    fn a_request_id_follows_from_method_content_and_run() {
        let request = |id: &str| CreateUserRequest {
            user_id: id.to_owned(),
            ..CreateUserRequest::default()
        };
        let ids = RequestIds::new();
        let id = ids.id("CreateUser", &request("jan"));
        assert_eq!(id, ids.id("CreateUser", &request("jan")));
        assert_ne!(id, ids.id("CreateUser", &request("mia")));
        assert_ne!(id, ids.id("Other", &request("jan")));
        assert_ne!(id, RequestIds::new().id("CreateUser", &request("jan")));
        assert!(id.len() <= 64);
    }
}
