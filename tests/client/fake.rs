//! A server with answers controlled by the test, which counts the questions that it receives.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::entitlement::v1::{
    CheckBatchRequest, CheckBatchResponse, CheckRequest, CheckResponse, CheckStreamRequest,
    CheckStreamResponse, Decision, DecisionReason, Effect, ExplainRequest, ExplainResponse,
    ListEffectiveAccessRequest, ListEffectiveAccessResponse, ListPermissionsRequest,
    ListPermissionsResponse, ListResourcesRequest, ListResourcesResponse, ListSubjectsRequest,
    ListSubjectsResponse, PreviewRequest, PreviewResponse, StreamAnswer, StreamQuestion,
    authorization_service_server::{AuthorizationService, AuthorizationServiceServer},
    stream_answer::Outcome,
};
use mandate_client::Question;
use rpc::GrpcService;
use tokio::{sync::mpsc, task::AbortHandle};
use tokio_stream::{StreamExt, wrappers::UnboundedReceiverStream};
use tonic::{Request, Response, Status, Streaming, service::Routes};

use crate::network::Served;

/// The behaviour of a fake server, and its counters.
#[derive(Default)]
pub struct Settings {
    /// If set, the server lacks `CheckStream`.
    pub no_streams: AtomicBool,
    /// If set, the server does not answer.
    pub silent: AtomicBool,
    /// If set, the server answers `UNAVAILABLE`.
    pub unavailable: AtomicBool,
    /// If set, the server answers each question after a different time, up to 20 ms.
    pub shuffles: AtomicBool,
    /// Delay of the answers, in milliseconds.
    pub delay_ms: AtomicU64,
    /// Time for which the answers may be reused, in milliseconds.
    pub reusable_ms: AtomicI32,
    /// Number of questions received.
    pub asked: AtomicUsize,
    /// Number of questions received in unary calls.
    pub unary: AtomicUsize,
    /// Number of messages with questions.
    pub messages: AtomicUsize,
    /// Number of streams opened.
    pub streams: AtomicUsize,
    /// Number of pending questions that were cancelled.
    pub cancelled: AtomicUsize,
}

/// A server that echoes the question as the grant of its answer.
#[derive(Clone, Default)]
pub struct Fake(pub Arc<Settings>);

impl Fake {
    pub async fn serve(&self) -> Served {
        let service = AuthorizationServiceServer::new(self.clone());
        Served::start(GrpcService::new(Routes::new(service))).await
    }

    pub fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    pub fn set(&self, what: impl Fn(&Settings) -> &AtomicBool, value: bool) {
        what(&self.0).store(value, Ordering::SeqCst);
    }

    async fn answer(self, question: StreamQuestion) -> Result<Decision, Status> {
        let settings = &self.0;
        let number = settings.asked.fetch_add(1, Ordering::SeqCst);
        let mut delay = settings.delay_ms.load(Ordering::SeqCst);
        if settings.shuffles.load(Ordering::SeqCst) {
            delay += (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & 15;
        }
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if settings.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if settings.unavailable.load(Ordering::SeqCst) {
            return Err(Status::unavailable("not now"));
        }
        Ok(Decision {
            effect: Effect::Allow.into(),
            reason: DecisionReason::Allowed.into(),
            grant: echo(&question),
            revision: 1,
            // An answer with a context counts as conditional.
            reusable_ms: match question.context {
                Some(_) => 0,
                None => settings.reusable_ms.load(Ordering::SeqCst),
            },
            ..Decision::default()
        })
    }
}

fn echo(question: &StreamQuestion) -> String {
    let StreamQuestion {
        subject,
        permission,
        resource,
        context,
        ..
    } = question;
    let context = context.clone().unwrap_or_default();
    format!("{subject} {permission} {resource} {:?}", context.fields)
}

/// Returns the grant in the answer to a question.
pub fn echo_of(question: &Question) -> String {
    echo(&StreamQuestion {
        subject: question.subject.clone(),
        permission: question.permission.clone(),
        resource: question.resource.clone(),
        context: Some(question.context.clone().into()),
        ..StreamQuestion::default()
    })
}

/// Returns the question of a number; different numbers give different questions.
pub fn question(number: usize) -> Question {
    Question::new(
        format!("users/u{number}"),
        "fleet.billing.view",
        format!("organizations/o{}/units/k{number}", number % 7),
    )
}

#[tonic::async_trait]
impl AuthorizationService for Fake {
    type CheckStreamStream = UnboundedReceiverStream<Result<CheckStreamResponse, Status>>;

    async fn check(
        &self,
        request: Request<CheckRequest>,
    ) -> Result<Response<CheckResponse>, Status> {
        self.0.unary.fetch_add(1, Ordering::SeqCst);
        let CheckRequest {
            subject,
            permission,
            resource,
            consistency,
            context,
            ..
        } = request.into_inner();
        let question = StreamQuestion {
            id: 0,
            subject,
            permission,
            resource,
            consistency,
            timeout_ms: 0,
            context,
        };
        let decision = self.clone().answer(question).await?;
        Ok(Response::new(CheckResponse {
            decision: Some(decision),
        }))
    }

    async fn check_stream(
        &self,
        request: Request<Streaming<CheckStreamRequest>>,
    ) -> Result<Response<Self::CheckStreamStream>, Status> {
        if self.0.no_streams.load(Ordering::SeqCst) {
            return Err(Status::unimplemented("what is a stream?"));
        }
        self.0.streams.fetch_add(1, Ordering::SeqCst);
        let (sender, receiver) = mpsc::unbounded_channel();
        let (fake, mut messages) = (self.clone(), request.into_inner());
        tokio::spawn(async move {
            let under_way: Arc<Mutex<HashMap<u64, AbortHandle>>> = Arc::default();
            while let Some(Ok(message)) = messages.next().await {
                if !message.questions.is_empty() {
                    fake.0.messages.fetch_add(1, Ordering::SeqCst);
                }
                for question in message.questions {
                    let (fake, sender) = (fake.clone(), sender.clone());
                    let (id, done) = (question.id, under_way.clone());
                    let mut ids = under_way.lock().unwrap();
                    let task = tokio::spawn(async move {
                        let outcome = match fake.answer(question).await {
                            Ok(decision) => Outcome::Decision(decision),
                            Err(status) => Outcome::Error(tonic_types::Status {
                                code: status.code().into(),
                                message: status.message().to_owned(),
                                details: Vec::new(),
                            }),
                        };
                        done.lock().unwrap().remove(&id);
                        let answers = vec![StreamAnswer {
                            id,
                            outcome: Some(outcome),
                        }];
                        // The client may be gone.
                        let _ = sender.send(Ok(CheckStreamResponse { answers }));
                    });
                    let before = ids.insert(id, task.abort_handle());
                    assert!(before.is_none(), "an id is used twice at once");
                }
                for id in message.cancelled {
                    if let Some(task) = under_way.lock().unwrap().remove(&id) {
                        task.abort();
                        fake.0.cancelled.fetch_add(1, Ordering::SeqCst);
                    }
                }
            }
        });
        Ok(Response::new(UnboundedReceiverStream::new(receiver)))
    }

    async fn check_batch(
        &self,
        _: Request<CheckBatchRequest>,
    ) -> Result<Response<CheckBatchResponse>, Status> {
        Err(Status::unimplemented("not faked"))
    }

    async fn explain(
        &self,
        _: Request<ExplainRequest>,
    ) -> Result<Response<ExplainResponse>, Status> {
        Err(Status::unimplemented("not faked"))
    }

    async fn preview(
        &self,
        _: Request<PreviewRequest>,
    ) -> Result<Response<PreviewResponse>, Status> {
        Err(Status::unimplemented("not faked"))
    }

    async fn list_resources(
        &self,
        _: Request<ListResourcesRequest>,
    ) -> Result<Response<ListResourcesResponse>, Status> {
        Err(Status::unimplemented("not faked"))
    }

    async fn list_subjects(
        &self,
        _: Request<ListSubjectsRequest>,
    ) -> Result<Response<ListSubjectsResponse>, Status> {
        Err(Status::unimplemented("not faked"))
    }

    async fn list_permissions(
        &self,
        _: Request<ListPermissionsRequest>,
    ) -> Result<Response<ListPermissionsResponse>, Status> {
        Err(Status::unimplemented("not faked"))
    }

    async fn list_effective_access(
        &self,
        _: Request<ListEffectiveAccessRequest>,
    ) -> Result<Response<ListEffectiveAccessResponse>, Status> {
        Err(Status::unimplemented("not faked"))
    }
}
