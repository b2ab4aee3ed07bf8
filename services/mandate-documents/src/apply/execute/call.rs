//! Calls that make a change, or only ask whether it would be refused: each with a deadline and a
//! request id that makes it repeatable.

use std::{collections::HashSet, future::Future, sync::Arc, time::Duration};

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::CheckRequest,
};
use tokio::sync::mpsc::UnboundedSender;
use tonic::Code;

use super::{Event, Halted};
use crate::{
    apply::{fact::Fact, request_ids::RequestIds},
    clients::{CallError, Clients, within},
};

/// Deadline of a call.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum time to wait until the entitlement service has a change of identity.
const ENTITLEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the calls of one run.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) clients: Clients,
    pub(super) ids: RequestIds,
    /// True if calls only validate.
    pub(super) only: bool,
    /// In a validating run, the names of entities that the plan creates: services could only say
    /// that a reference to one does not exist.
    awaited: Arc<HashSet<String>>,
    events: UnboundedSender<Event>,
}

impl Caller {
    /// Returns a caller that makes changes.
    pub(super) fn new(clients: Clients, events: UnboundedSender<Event>) -> Self {
        Self {
            clients,
            ids: RequestIds::new(),
            only: false,
            awaited: Arc::default(),
            events,
        }
    }

    /// Returns a caller that only validates.
    pub(super) fn asking(
        clients: Clients,
        awaited: HashSet<String>,
        events: UnboundedSender<Event>,
    ) -> Self {
        Self {
            only: true,
            awaited: Arc::new(awaited),
            ..Self::new(clients, events)
        }
    }

    /// True if every entity that the fact refers to exists already.
    pub(super) fn can_call(&self, fact: &impl Fact) -> bool {
        fact.refers().iter().all(|name| self.is_there(name))
    }

    /// True unless the plan is yet to create the entity.
    pub(super) fn is_there(&self, name: &str) -> bool {
        !self.awaited.contains(name)
    }

    /// Waits until the entitlement service has a change of identity. The answer to the check does
    /// not matter, and a caller who may not check need not wait.
    pub(super) async fn await_entitlement(&self, consistency_token: String) {
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
        let _ = client.check(within(ENTITLEMENT_TIMEOUT, question)).await;
    }

    /// Reports facts as done. The receiver may have gone.
    pub(super) fn done(&self, names: Vec<String>) {
        let _ = self.events.send(Event::Done(names));
    }

    /// Reports facts as not done.
    pub(super) fn refused(&self, names: Vec<String>, error: CallError) {
        let _ = self.events.send(Event::Failed { names, error });
    }

    /// Reports the result of a call about these facts, and returns the response, unless the run
    /// only validates.
    ///
    /// # Errors
    /// The call failed, and changes that depend on it must not be tried.
    pub(super) fn record_result<T>(
        &self,
        names: Vec<String>,
        result: Result<T, CallError>,
    ) -> Result<Option<T>, Halted> {
        match result {
            Ok(_) if self.only => Ok(None),
            Ok(answer) => {
                self.done(names);
                Ok(Some(answer))
            }
            Err(error) => {
                self.refused(names, error);
                self.only.then_some(None).ok_or(Halted)
            }
        }
    }

    /// Makes a call with several items; if it is refused, finds the refused items.
    ///
    /// # Errors
    /// An item was refused, or the call failed.
    pub(super) async fn call_batch<T: Clone, F>(
        &self,
        items: Vec<(String, T)>,
        send: impl Fn(Vec<T>, bool) -> F,
    ) -> Result<Option<String>, Halted>
    where
        F: Future<Output = Result<String, CallError>>,
    {
        let requests = items.iter().map(|(_, request)| request.clone()).collect();
        match send(requests, self.only).await {
            Err(error) if items.len() > 1 && is_refusal(&error) => {
                self.find_refused(items, send).await;
                self.only.then_some(None).ok_or(Halted)
            }
            result => self.record_result(items.into_iter().map(|(name, _)| name).collect(), result),
        }
    }

    /// Finds, by bisection, the items that cannot be added to those before them.
    async fn find_refused<T: Clone, F>(
        &self,
        items: Vec<(String, T)>,
        send: impl Fn(Vec<T>, bool) -> F,
    ) where
        F: Future<Output = Result<String, CallError>>,
    {
        let mut accepted: Vec<T> = Vec::new();
        let mut left = vec![items];
        while let Some(mut items) = left.pop() {
            let requests = items.iter().map(|(_, request)| request.clone());
            let asked: Vec<T> = accepted.iter().cloned().chain(requests).collect();
            match send(asked.clone(), true).await {
                Ok(_) => accepted = asked,
                Err(error) if items.len() > 1 && is_refusal(&error) => {
                    let second = items.split_off(items.len() / 2);
                    left.extend([second, items]);
                }
                Err(error) => {
                    let names = items.into_iter().map(|(name, _)| name);
                    self.refused(names.collect(), error);
                }
            }
        }
    }
}

/// True if the service examined the request and refused it.
pub(in crate::apply) fn is_refusal(error: &CallError) -> bool {
    matches!(
        error.status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::ResourceExhausted
    )
}

/// Calls a method with a request id, and returns its response.
macro_rules! send {
    ($caller:expr, $only:expr, $service:ident: $client:ident.$method:ident($request:expr)) => {{
        let mut request = $request;
        request.validate_only = $only;
        request.request_id = $caller.ids.id(stringify!($method), &request);
        let mut client = $caller.clients.$client();
        let call = client.$method($crate::clients::within(
            $crate::apply::execute::call::CALL_TIMEOUT,
            request,
        ));
        $crate::clients::answer(
            $crate::clients::Service::$service,
            stringify!($method),
            call,
        )
        .await
    }};
}

/// Calls a method about one fact, and returns its response.
macro_rules! call {
    ($caller:expr, $name:expr, $service:ident: $client:ident.$method:ident($request:expr)) => {{
        let name: String = $name;
        let only = $caller.only;
        let result = $crate::apply::execute::call::send!(
            $caller,
            only,
            $service: $client.$method($request)
        );
        $caller.record_result(vec![name], result)?
    }};
}

pub(super) use {call, send};

/// Returns the last part of a name.
pub(super) fn id(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}
