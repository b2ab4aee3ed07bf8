//! A writer that grants and revokes the access of a user in a loop.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use api::entitlement::v1::{RevokeGrantRequest, grant_service_client::GrantServiceClient};
use rpc::Channel;
use tokens::Sealer;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

use super::{
    ask::Token,
    fleet::{Fleet, REPLICAS},
    history::{History, Write},
    load::Pace,
    random::Random,
    world,
};

/// Timeout of one attempt of a write. The next attempt goes to another replica.
const WRITE_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1000);
/// Maximum time of a write with all its attempts.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
const WRITE_RETRY_DELAY: Duration = Duration::from_millis(20);

/// The last token of the writes of each user.
#[derive(Debug, Default)]
pub(super) struct Tokens([Mutex<Token>; world::USERS]);

impl Tokens {
    pub(super) fn of(&self, user: usize) -> Token {
        let token = self.0.get(user).map(Mutex::lock);
        token.map_or_else(Token::default, |token| {
            token.unwrap_or_else(PoisonError::into_inner).clone()
        })
    }

    fn set(&self, user: usize, token: Token) {
        if let Some(own) = self.0.get(user) {
            *own.lock().unwrap_or_else(PoisonError::into_inner) = token;
        }
    }
}

/// Writes the grants of one user.
pub(super) struct Writer {
    grants: Vec<GrantServiceClient<Channel>>,
    history: Arc<History>,
    tokens: Arc<Tokens>,
    sealer: Sealer,
    user: usize,
    pace: Pace,
    random: Random,
}

impl Writer {
    pub(super) fn new(
        fleet: &Fleet,
        tokens: Arc<Tokens>,
        user: usize,
        pace: Pace,
        random: Random,
    ) -> Self {
        let grants = (0..REPLICAS).map(|replica| fleet.clients(replica).grants());
        Self {
            grants: grants.collect(),
            history: fleet.history.clone(),
            tokens,
            sealer: fleet.secrets.sealer.clone(),
            user,
            pace,
            random,
        }
    }

    /// Writes until `stop` is cancelled. The user then holds no grant.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        while !stop.is_cancelled() {
            let id = format!("g{}", NEXT.fetch_add(1, Ordering::Relaxed));
            self.make(&id).await;
            let with = self.random.millis(self.pace.with.0, self.pace.with.1);
            pause(with, &stop).await;
            self.revoke(&id).await;
            // Some users change quickly, so that several changes are in progress at the same time.
            let (least, most) = if self.user.is_multiple_of(4) {
                (0, self.pace.without.0 / 4)
            } else {
                self.pace.without
            };
            let without = self.random.millis(least, most);
            pause(without, &stop).await;
        }
    }

    async fn make(&mut self, id: &str) {
        let request = world::grant(self.user, id);
        self.write(
            true,
            async |grants, request| {
                let made = grants.create_grant(request).await;
                made.map(|made| made.into_inner().consistency_token)
            },
            request,
        )
        .await;
    }

    async fn revoke(&mut self, id: &str) {
        let request = RevokeGrantRequest {
            name: format!("organizations/{}/grants/{id}", world::ORGANIZATION),
            request_id: format!("revoke-{id}"),
            ..RevokeGrantRequest::default()
        };
        self.write(
            false,
            async |grants, request| {
                let revoked = grants.revoke_grant(request).await.map(Response::into_inner);
                revoked.map(|revoked| revoked.consistency_token)
            },
            request,
        )
        .await;
    }

    /// Repeats a write until it is known to be done. All attempts carry the same request id, so the
    /// write takes effect once.
    async fn write<R: Clone>(
        &mut self,
        allows: bool,
        call: impl AsyncFn(&mut GrantServiceClient<Channel>, Request<R>) -> Result<String, Status>,
        request: R,
    ) {
        let (begin, since) = (self.history.now(), Instant::now());
        // The first replica receives most writes.
        let first = if self.user < world::USERS / 2 {
            0
        } else {
            self.user % REPLICAS
        };
        for attempt in 0.. {
            let replica = (first + attempt) % REPLICAS;
            let grants = self.grants.get_mut(replica).expect("a replica");
            let mut one = Request::new(request.clone());
            one.set_timeout(WRITE_ATTEMPT_TIMEOUT);
            let called = tokio::time::timeout(WRITE_ATTEMPT_TIMEOUT, call(grants, one)).await;
            match called {
                Ok(Ok(token)) => {
                    self.done(begin, allows, token);
                    return;
                }
                Ok(Err(status)) => {
                    assert!(is_unavailability(status.code()), "{status:?}");
                    assert!(since.elapsed() < WRITE_TIMEOUT, "not done: {status:?}");
                }
                Err(_) => assert!(since.elapsed() < WRITE_TIMEOUT, "not done in time"),
            }
            tokio::time::sleep(WRITE_RETRY_DELAY).await;
        }
    }

    fn done(&self, begin: Duration, allows: bool, text: String) {
        let end = self.history.now();
        let at = self.sealer.open_consistency(&text).expect("a token").at;
        self.history.write(Write {
            begin,
            end,
            user: self.user,
            allows,
            at,
        });
        self.tokens.set(self.user, Token { text, at });
    }
}

async fn pause(time: Duration, stop: &CancellationToken) {
    // Either the time has passed or the load has ended.
    let _ = tokio::time::timeout(time, stop.cancelled()).await;
}

/// Returns true if the error code means that something is down, false if the request is wrong.
fn is_unavailability(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::Unknown
            | Code::Internal
    )
}
