//! Calls that change something, or only say whether they would be refused: each with a deadline and
//! an id that makes it repeatable.

use std::{collections::HashSet, future::Future, sync::Arc, time::Duration};

use api::{
    common::v1::{Consistency, consistency::Requirement},
    entitlement::v1::CheckRequest,
};
use tokio::sync::mpsc::UnboundedSender;
use tonic::Code;

use super::{Event, Halted};
use crate::{
    apply::{fact::Fact, id::RequestIds},
    clients::{CallError, Clients, within},
};

/// How long a call may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);
/// How long a change to people may take to be heard of.
const HEARD: Duration = Duration::from_secs(5);

/// Makes the calls of one run.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) clients: Clients,
    pub(super) ids: RequestIds,
    /// The services only say what they would refuse.
    pub(super) only: bool,
    /// The names of what is to be created first, where services are only asked: of what refers to
    /// them, services could say no more than that they are not there.
    awaited: Arc<HashSet<String>>,
    events: UnboundedSender<Event>,
}

impl Caller {
    /// Changes what there is.
    pub(super) fn new(clients: Clients, events: UnboundedSender<Event>) -> Self {
        Self {
            clients,
            ids: RequestIds::new(),
            only: false,
            awaited: Arc::default(),
            events,
        }
    }

    /// Asks what would be refused.
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

    /// Whether a call about this fact can be made yet.
    pub(super) fn can_call(&self, fact: &impl Fact) -> bool {
        fact.refers().iter().all(|name| self.is_there(name))
    }

    /// Whether something is there yet, as far as this run creates it.
    pub(super) fn is_there(&self, name: &str) -> bool {
        !self.awaited.contains(name)
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

    /// These are done. Nobody may be listening any more.
    pub(super) fn done(&self, names: Vec<String>) {
        let _ = self.events.send(Event::Done(names));
    }

    /// These are not done.
    pub(super) fn refused(&self, names: Vec<String>, error: CallError) {
        let _ = self.events.send(Event::Failed { names, error });
    }

    /// What a call about these has come to: the answer, unless services are only asked.
    ///
    /// # Errors
    /// The call failed, and what depends on it is not to be tried.
    pub(super) fn settle<T>(
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

    /// Makes a call of several items, and finds those that are refused.
    ///
    /// # Errors
    /// An item was refused, or the call failed.
    pub(super) async fn all_or_none<T: Clone, F>(
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
                self.blame(items, send).await;
                self.only.then_some(None).ok_or(Halted)
            }
            result => self.settle(items.into_iter().map(|(name, _)| name).collect(), result),
        }
    }

    /// Finds the items that cannot be added to those before them, by halves.
    async fn blame<T: Clone, F>(&self, items: Vec<(String, T)>, send: impl Fn(Vec<T>, bool) -> F)
    where
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

/// Whether a service has looked at what was asked, and says no.
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

/// Calls a method with a request id, and returns its answer.
macro_rules! send {
    ($caller:expr, $only:expr, $service:ident: $client:ident.$method:ident($request:expr)) => {{
        let mut request = $request;
        request.validate_only = $only;
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
        .await
    }};
}

/// Calls a method about one fact, and returns its answer.
macro_rules! call {
    ($caller:expr, $name:expr, $service:ident: $client:ident.$method:ident($request:expr)) => {{
        let name: String = $name;
        let only = $caller.only;
        let result = $crate::apply::execute::call::send!(
            $caller,
            only,
            $service: $client.$method($request)
        );
        $caller.settle(vec![name], result)?
    }};
}

pub(super) use {call, send};

/// The last part of a name.
pub(super) fn id(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}
