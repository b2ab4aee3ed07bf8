//! The cost of one loud caller for another: revocations while the loud caller sends as many
//! requests as possible, compared with revocations without it.

use std::{
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use api::{
    entitlement::v1::{
        CheckBatchRequest, CheckBatchResponse, CheckRequest, CheckResponse, CreateGrantRequest,
        CreateGrantResponse, Grant, GrantChange, PreviewRequest, PreviewResponse, Question,
        RevokeGrantRequest, RevokeGrantResponse, Scope, grant_change::Change,
    },
    identity::v1::{
        CreateServiceAccountKeyRequest, CreateServiceAccountKeyResponse,
        CreateServiceAccountRequest, CreateServiceAccountResponse, ServiceAccount,
    },
    membership::v1::{CreateMembershipRequest, CreateMembershipResponse, Membership},
};
use benches::{Result, Target, histogram, output, portfolio::Portfolio};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::server::Server;

/// Number of measurements with and without the loud caller, alternating.
const ROUNDS: usize = 3;
/// Number of concurrent loops of the loud caller.
const LOUD_LOOP_COUNT: usize = 48;
/// Number of changes in a preview.
const CHANGES_PER_PREVIEW: usize = 50;
/// Number of questions in a batch.
const QUESTIONS_PER_BATCH: usize = 1_000;
/// The organization in all requests.
const ORGANIZATION: usize = 0;
const CREATE_GRANT_PATH: &str = "/mandate.entitlement.v1.GrantService/CreateGrant";
const REVOKE_GRANT_PATH: &str = "/mandate.entitlement.v1.GrantService/RevokeGrant";
const PREVIEW_PATH: &str = "/mandate.entitlement.v1.AuthorizationService/Preview";
const CHECK_BATCH_PATH: &str = "/mandate.entitlement.v1.AuthorizationService/CheckBatch";
const CHECK_PATH: &str = "/mandate.entitlement.v1.AuthorizationService/Check";
const CREATE_ACCOUNT_PATH: &str = "/mandate.identity.v1.ServiceAccountService/CreateServiceAccount";
const CREATE_KEY_PATH: &str = "/mandate.identity.v1.ServiceAccountService/CreateServiceAccountKey";
const CREATE_MEMBERSHIP_PATH: &str = "/mandate.membership.v1.MemberService/CreateMembership";

/// The requests of the loud caller.
#[derive(Debug, Clone, Copy)]
enum Noise {
    Previews,
    Batches,
    Checks,
    Changes,
}

/// Measures the revocations and prints the results.
pub(crate) async fn measure(
    portfolio: &Portfolio,
    folder: &Path,
    duration: Duration,
) -> Result<()> {
    output::title("Revocations of one caller, beside 48 loops of another");
    let server = Server::start(folder, None)?;
    let quiet = server.target()?;
    let loud = Arc::new(second_caller(&server, &quiet).await?);
    let questions = (0..QUESTIONS_PER_BATCH).map(|number| {
        let asked = portfolio.question_in(ORGANIZATION, number);
        Question {
            subject: asked.subject.clone(),
            permission: asked.permission.to_owned(),
            resource: asked.resource.clone(),
            context: None,
        }
    });
    let questions: Arc<[Question]> = questions.collect();
    output::line(format!(
        "  {:<12} {:>14} {:>14} {:>14} {:>14}",
        "ms", "alone p50", "alone p99", "beside p50", "beside p99"
    ));
    for noise in [
        Noise::Previews,
        Noise::Batches,
        Noise::Checks,
        Noise::Changes,
    ] {
        let (mut alone, mut beside, mut ratios) = (histogram()?, histogram()?, Vec::new());
        for _ in 0..ROUNDS {
            let before = revocations(&quiet, duration).await?;
            let caller = LoudCaller::start(noise, &loud, &questions)?;
            let with = revocations(&quiet, duration).await?;
            caller.stop()?;
            ratios.push(with.mean() / before.mean());
            alone.add(before)?;
            beside.add(with)?;
        }
        let at = |times: &Histogram<u64>, quantile| {
            Duration::from_micros(times.value_at_quantile(quantile)).as_secs_f64() * 1000.0
        };
        output::line(format!(
            "  {:<12} {:>14.2} {:>14.2} {:>14.2} {:>14.2}",
            format!("{noise:?}").to_lowercase(),
            at(&alone, 0.5),
            at(&alone, 0.99),
            at(&beside, 0.5),
            at(&beside, 0.99),
        ));
        output::ratio("a revocation, of that alone (bar: 2)", &ratios);
    }
    server.stop().await
}

/// Creates a service account with the permissions of the first one.
async fn second_caller(server: &Server, root: &Target) -> Result<Target> {
    let connection = root.connect().await?;
    let subject = "serviceAccounts/loud";
    let request = CreateServiceAccountRequest {
        service_account: Some(ServiceAccount::default()),
        service_account_id: "loud".to_owned(),
        ..CreateServiceAccountRequest::default()
    };
    let _: CreateServiceAccountResponse = root
        .call(&connection, CREATE_ACCOUNT_PATH, &request)
        .await?;
    let request = CreateMembershipRequest {
        parent: "organizations/operator".to_owned(),
        membership: Some(Membership {
            subject: subject.to_owned(),
            ..Membership::default()
        }),
        ..CreateMembershipRequest::default()
    };
    let joined: CreateMembershipResponse = root
        .call(&connection, CREATE_MEMBERSHIP_PATH, &request)
        .await?;
    let request = CreateGrantRequest {
        parent: "organizations/operator".to_owned(),
        grant: Some(Grant {
            subject: subject.to_owned(),
            role: "applications/mandate/roles/operator".to_owned(),
            ..Grant::default()
        }),
        consistency_token: joined.consistency_token,
        ..CreateGrantRequest::default()
    };
    let _: CreateGrantResponse = root.call(&connection, CREATE_GRANT_PATH, &request).await?;
    let request = CreateServiceAccountKeyRequest {
        parent: subject.to_owned(),
        ..CreateServiceAccountKeyRequest::default()
    };
    let key: CreateServiceAccountKeyResponse =
        root.call(&connection, CREATE_KEY_PATH, &request).await?;
    let target = Target::with_key(server.address, &key.secret.into(), root.cpu.clone())?;
    let question = CheckRequest {
        subject: subject.to_owned(),
        permission: "mandate.grants.read".to_owned(),
        resource: "organizations/operator".to_owned(),
        ..CheckRequest::default()
    };
    for _ in 0..100 {
        let known: Result<CheckResponse> = target.call(&connection, CHECK_PATH, &question).await;
        if known.is_ok() {
            return Ok(target);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err("the second caller is not known".into())
}

fn grant(user: usize) -> CreateGrantRequest {
    let parent = format!("organizations/o{ORGANIZATION}");
    CreateGrantRequest {
        grant: Some(Grant {
            subject: format!("users/u{ORGANIZATION}-{user}"),
            role: "applications/fleet/roles/viewer".to_owned(),
            scope: Some(Scope {
                units: vec![format!("{parent}/units/n1")],
                ..Scope::default()
            }),
            ..Grant::default()
        }),
        parent,
        ..CreateGrantRequest::default()
    }
}

/// Grants and revokes access for a while. Returns the latencies of the revocations, in
/// microseconds.
async fn revocations(target: &Target, duration: Duration) -> Result<Histogram<u64>> {
    let connection = target.connect().await?;
    let (begin, mut times) = (Instant::now(), histogram()?);
    while begin.elapsed() < duration {
        let given: CreateGrantResponse = target
            .call(&connection, CREATE_GRANT_PATH, &grant(0))
            .await?;
        let asked = Instant::now();
        revoke(target, &connection, given).await?;
        times.record(u64::try_from(asked.elapsed().as_micros())?)?;
    }
    Ok(times)
}

async fn revoke(target: &Target, connection: &Channel, given: CreateGrantResponse) -> Result<()> {
    let request = RevokeGrantRequest {
        name: given.grant.unwrap_or_default().name,
        ..RevokeGrantRequest::default()
    };
    let _: RevokeGrantResponse = target.call(connection, REVOKE_GRANT_PATH, &request).await?;
    Ok(())
}

/// The loud caller, on a thread of its own: another process would not share one with the measured
/// caller either.
struct LoudCaller {
    stop: CancellationToken,
    thread: JoinHandle<Result<()>>,
}

impl LoudCaller {
    fn start(noise: Noise, target: &Arc<Target>, questions: &Arc<[Question]>) -> Result<Self> {
        let (stop, target, questions) =
            (CancellationToken::new(), target.clone(), questions.clone());
        let end = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = thread::Builder::new().spawn(move || {
            let mut loops = JoinSet::new();
            runtime.block_on(async {
                for number in 0..LOUD_LOOP_COUNT {
                    loops.spawn(make(noise, target.clone(), questions.clone(), number));
                }
                match end.run_until_cancelled(loops.join_next()).await {
                    Some(Some(ended)) => ended?,
                    Some(None) | None => Ok(()),
                }
            })
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends the loops. An error of one of them is an error of the measurement.
    fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.thread
            .join()
            .unwrap_or_else(|_| Err("the loud caller panicked".into()))
    }
}

/// Runs one loop of the loud caller, which ends only if a call fails.
async fn make(
    noise: Noise,
    target: Arc<Target>,
    questions: Arc<[Question]>,
    number: usize,
) -> Result<()> {
    let connection = target.connect().await?;
    let changes = (0..CHANGES_PER_PREVIEW).map(|user| GrantChange {
        change: Some(Change::Create(CreateGrantRequest {
            parent: String::new(),
            ..grant(user % 50)
        })),
    });
    let preview = PreviewRequest {
        parent: format!("organizations/o{ORGANIZATION}"),
        changes: changes.collect(),
        ..PreviewRequest::default()
    };
    let batch = CheckBatchRequest {
        questions: questions.to_vec(),
        consistency: None,
    };
    for turn in 0.. {
        match noise {
            Noise::Previews => {
                let _: PreviewResponse = target.call(&connection, PREVIEW_PATH, &preview).await?;
            }
            Noise::Batches => {
                let _: CheckBatchResponse =
                    target.call(&connection, CHECK_BATCH_PATH, &batch).await?;
            }
            Noise::Checks => {
                let Some(asked) = questions
                    .get((turn + number) % QUESTIONS_PER_BATCH)
                    .cloned()
                else {
                    return Ok(());
                };
                let request = CheckRequest {
                    subject: asked.subject,
                    permission: asked.permission,
                    resource: asked.resource,
                    ..CheckRequest::default()
                };
                let _: CheckResponse = target.call(&connection, CHECK_PATH, &request).await?;
            }
            Noise::Changes => {
                let user = 1 + number;
                let given: CreateGrantResponse = target
                    .call(&connection, CREATE_GRANT_PATH, &grant(user))
                    .await?;
                revoke(&target, &connection, given).await?;
            }
        }
    }
    Ok(())
}
