//! Calls that change something: each with a deadline and an id that makes it repeatable.

use std::time::Duration;

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::CheckRequest,
};
use prost::Message;
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    apply::id::RequestIds,
    clients::{Clients, within},
};

/// How long a call may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);
/// How long a change to people may take to be heard of.
const HEARD: Duration = Duration::from_secs(5);
/// The most that a batch creates.
const MAX_BATCH: usize = 1000;
/// The largest batch; services take messages of 4 MiB.
const MAX_BATCH_BYTES: usize = 3 << 20;

/// Makes the calls of one run.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) clients: Clients,
    pub(super) ids: RequestIds,
    progress: UnboundedSender<usize>,
}

impl Caller {
    pub(super) fn new(clients: Clients, progress: UnboundedSender<usize>) -> Self {
        Self {
            clients,
            ids: RequestIds::new(),
            progress,
        }
    }

    /// Waits until the entitlement service has heard of a change to people. What is asked is of
    /// no interest, and a caller who may not ask need not wait.
    pub(super) async fn heard(&self, consistency_token: String) {
        let question = CheckRequest {
            subject: "users/nobody".to_owned(),
            permission: "mandate.users.read".to_owned(),
            resource: "organizations/operator".to_owned(),
            consistency: Some(Consistency {
                requirement: Some(Requirement::AtLeastAsFresh(consistency_token)),
            }),
            read_time: None,
            context: None,
        };
        let mut client = self.clients.authorization();
        let _ = client.check(within(HEARD, question)).await;
    }

    /// So many more are done. Nobody may be listening any more.
    pub(super) fn done(&self, facts: usize) {
        let _ = self.progress.send(facts);
    }
}

/// Calls a method with a request id, and returns its answer.
macro_rules! call {
    ($caller:expr, $service:ident: $client:ident.$method:ident($request:expr)) => {{
        let mut request = $request;
        request.request_id = $caller.ids.id(stringify!($method), &request);
        let mut client = $caller.clients.$client();
        let call = client.$method($crate::clients::within(
            $crate::apply::execute::call::DEADLINE,
            request,
        ));
        $crate::clients::answer(
            $crate::clients::Service::$service,
            stringify!($method),
            call,
        )
        .await?
    }};
}

pub(super) use call;

/// Parts that each fit into a call, in order.
pub(super) fn batches<T: Message>(requests: Vec<T>) -> Vec<Vec<T>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0;
    for request in requests {
        // The tag and the length of an item come on top of it.
        let size = request.encoded_len() + 8;
        if batch.len() == MAX_BATCH || (bytes + size > MAX_BATCH_BYTES && !batch.is_empty()) {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += size;
        batch.push(request);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

/// The last part of a name.
pub(super) fn id(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use api::identity::v1::CreateUserRequest;

    use super::*;

    fn requests(count: usize, bytes: usize) -> Vec<CreateUserRequest> {
        let request = CreateUserRequest {
            user_id: "a".repeat(bytes),
            ..CreateUserRequest::default()
        };
        vec![request; count]
    }

    #[test]
    fn a_batch_has_a_bounded_number_of_items_and_of_bytes() {
        let sizes = |requests| -> Vec<usize> { batches(requests).iter().map(Vec::len).collect() };
        assert_eq!(sizes(requests(0, 1)), [0; 0]);
        assert_eq!(sizes(requests(2500, 1)), [1000, 1000, 500]);
        assert_eq!(sizes(requests(4, 1 << 20)), [2, 2]);
        assert_eq!(sizes(requests(2, 4 << 20)), [1, 1]);
    }
}
