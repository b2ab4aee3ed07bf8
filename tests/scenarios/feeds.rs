//! Changes in identity and membership take effect in entitlement exactly once and in commit order,
//! however often the installation ends in between.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use api::{
    entitlement::v1::CheckRequest,
    identity::v1::{DeactivateUserRequest, GetUserRequest, ReactivateUserRequest, UserState},
    membership::v1::{
        GetMembershipRequest, MembershipState, ReactivateMembershipRequest, Resource,
        SuspendMembershipRequest, Unit, UpdateResourceRequest, UpdateUnitRequest,
    },
};
use clock::SystemClock;
use mandate_documents::clients::Clients;
use store::{Cursor, Store};
use tests::{BoundedWait, Rig, Setting};
use tokens::Source;
use tokio::{sync::watch, task::JoinSet};
use tonic::{Code, Request, Response, Status};

use crate::{
    place::{Places, access},
    revoking::mask,
    shared::run,
    tokens::at_least,
    world::World,
};

const USERS: [&str; 5] = ["ann", "ben", "cas", "dan", "eva"];
const RESOURCES: [&str; 4] = ["n1", "n2", "n3", "n4"];
const RESTART_COUNT: usize = 3;

/// Writes to the running installation, and signals each completed write.
#[derive(Clone)]
struct Writer {
    clients: Arc<RwLock<Clients>>,
    done: watch::Sender<usize>,
}

impl Writer {
    /// Repeats a call, with its request id, until it succeeds.
    async fn write<R: Clone, T, F>(&self, request: R, call: impl Fn(Clients, Request<R>) -> F)
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let patience = BoundedWait::with("an answer to a repeated request");
        loop {
            let clients = self.clients.read().unwrap().clone();
            let mut attempt = Request::new(request.clone());
            attempt.set_timeout(Duration::from_secs(2));
            match call(clients, attempt).await {
                Ok(_) => return self.done.send_modify(|done| *done += 1),
                Err(status) => match status.code() {
                    Code::FailedPrecondition | Code::InvalidArgument | Code::NotFound => {
                        panic!("a repeated request is executed again: {status:?}")
                    }
                    _ => patience.pause().await,
                },
            }
        }
    }
}

/// Calls a method through a writer.
macro_rules! write {
    ($writer:expr, $id:expr, $client:ident.$method:ident($request:ident { $($field:ident $(: $value:expr)?),* $(,)? })) => {{
        let request = $request { $($field $(: $value)?,)* request_id: $id, ..$request::default() };
        let call = |clients: Clients, request| async move {
            clients.$client().$method(request).await
        };
        $writer.write(request, call).await;
    }};
}

async fn toggle_membership(writer: Writer, name: String, turns: usize) {
    for turn in 0..turns {
        let id = format!("m-{turn}-{turns}");
        let name = name.clone();
        if turn % 2 == 0 {
            write!(
                writer,
                id,
                members.suspend_membership(SuspendMembershipRequest { name })
            );
        } else {
            write!(
                writer,
                id,
                members.reactivate_membership(ReactivateMembershipRequest { name })
            );
        }
    }
}

async fn toggle_user(writer: Writer, name: String, turns: usize) {
    for turn in 0..turns {
        let id = format!("u-{turn}-{turns}");
        let name = name.clone();
        if turn % 2 == 0 {
            write!(
                writer,
                id,
                users.deactivate_user(DeactivateUserRequest { name })
            );
        } else {
            write!(
                writer,
                id,
                users.reactivate_user(ReactivateUserRequest { name })
            );
        }
    }
}

async fn move_about(writer: Writer, organization: String, turns: usize) {
    let above = |turn: usize| format!("{organization}/units/{}", ["k1", "k2"][turn % 2]);
    for turn in 0..turns {
        for resource in RESOURCES {
            let resource = Resource {
                name: format!("{organization}/resources/{resource}"),
                unit: above(turn + resource.len() + turn / 3),
                ..Resource::default()
            };
            let id = format!("{turn}-{}", resource.name.rsplit('/').next().unwrap());
            write!(
                writer,
                id,
                organizations.update_resource(UpdateResourceRequest {
                    resource: Some(resource),
                    update_mask: mask("unit"),
                })
            );
        }
        let unit = Unit {
            name: format!("{organization}/units/k1a"),
            parent_unit: above(turn + 1),
            ..Unit::default()
        };
        let id = format!("k-{turn}");
        write!(
            writer,
            id,
            organizations.update_unit(UpdateUnitRequest {
                unit: Some(unit),
                update_mask: mask("parent_unit"),
            })
        );
    }
}

/// Returns the positions up to which entitlement has applied both feeds, according to its log.
async fn cursors(store: &Store) -> Vec<(String, i64)> {
    let entries = store
        .backlog(Cursor::START)
        .await
        .unwrap()
        .entries
        .into_iter();
    let mut cursors: Vec<(String, i64)> = entries
        .filter(|entry| entry.entity.starts_with("f/"))
        .map(|entry| {
            // The position follows the epoch.
            let at = entry.payload[8..16].try_into().unwrap();
            (entry.entity, i64::from_be_bytes(at))
        })
        .collect();
    cursors.sort();
    cursors
}

/// Asserts that every answer agrees with the lists of identity and membership.
async fn assert_answers_agree(world: &World<'_>) {
    let clients = world.rig.root();
    let places = Places::of(&clients, &world.organization()).await;
    heard(world.rig).await;
    for user in USERS {
        let name = world.user(user);
        let found = clients.users().get_user(GetUserRequest { name }).await;
        let active = found.unwrap().into_inner().user.unwrap().state() == UserState::Active;
        let name = world.membership(user);
        let mut members = clients.members();
        let found = members.get_membership(GetMembershipRequest { name });
        let member = found.await.unwrap().into_inner().membership.unwrap();
        let active = active && member.state() == MembershipState::Active;
        let view = api::entitlement::v1::AccessView::Full;
        let reached = access(&clients, &world.organization(), &world.user(user), view, 0).await;
        assert_eq!(!reached.is_empty(), active && user != "eva", "{user}");
        let scope = super::law::stored_scope(world, user).await;
        for place in places.all() {
            let short = place.replacen(&format!("{}/", world.organization()), "", 1);
            if short == place {
                continue;
            }
            let covered = scope
                .as_ref()
                .is_some_and(|scope| places.covers(scope, &place));
            let expected = active && covered;
            let allowed = world.allows(user, &short).await;
            assert_eq!(allowed, expected, "{user} {short} {:?}", world.rig.setting);
        }
    }
}

/// Waits until entitlement has received all changes of identity and membership.
pub async fn heard(rig: &Rig) {
    for source in [Source::Identity, Source::Membership] {
        let end = open(rig, source).await.head().await.unwrap().cursor;
        let position = tokens::Position {
            source,
            epoch: end.epoch,
            at: end.position,
        };
        let request = CheckRequest {
            subject: "serviceAccounts/root".to_owned(),
            permission: "mandate.decisions.check".to_owned(),
            resource: "organizations/operator".to_owned(),
            consistency: Some(at_least(&rig.secrets().sealer.consistency(position))),
            read_time: None,
            context: None,
        };
        rig.root().authorization().check(request).await.unwrap();
    }
}

/// Opens the database of a service.
pub async fn open(rig: &Rig, source: Source) -> Store {
    let (stores, sealer) = (rig.stores(), rig.secrets().sealer.clone());
    let clock = Arc::new(SystemClock::default());
    let opened = match source {
        Source::Identity => {
            Store::open::<identity::Migrator>(&stores.identity, source, sealer, clock).await
        }
        Source::Membership => {
            Store::open::<membership::Migrator>(&stores.membership, source, sealer, clock).await
        }
        Source::Entitlement => {
            Store::open::<entitlement::Migrator>(&stores.entitlement, source, sealer, clock).await
        }
    };
    opened.unwrap()
}

async fn survives_restarts(setting: Setting) {
    let mut rig = Rig::start(setting).await;
    World::load(&rig, "feeds").await;
    let writer = Writer {
        clients: Arc::new(RwLock::new(rig.root())),
        done: watch::Sender::new(0),
    };
    let world = World::named(&rig, "feeds");
    let mut writers = JoinSet::new();
    for (index, user) in USERS.into_iter().enumerate() {
        // Some users are active at the end, and some are not.
        let name = world.membership(user);
        writers.spawn(toggle_membership(writer.clone(), name, 8 + index));
        let name = world.user(user);
        writers.spawn(toggle_user(writer.clone(), name, 14 + index));
    }
    writers.spawn(move_about(writer.clone(), world.organization(), 5));
    let log = open(&rig, Source::Entitlement).await;
    let mut applied = cursors(&log).await;
    let mut done = writer.done.subscribe();
    for restart in 1..=RESTART_COUNT {
        done.wait_for(|done| *done >= restart * 25).await.unwrap();
        rig.stop();
        let now = cursors(&log).await;
        assert!(now >= applied && now.len() == 2, "{applied:?} to {now:?}");
        applied = now;
        rig.resume().await;
        *writer.clients.write().unwrap() = rig.root();
        let now = cursors(&log).await;
        for ((_, before), (_, after)) in applied.iter().zip(&now) {
            assert!(after >= before, "{applied:?} to {now:?}");
        }
        applied = now;
    }
    writers.join_all().await;
    assert_answers_agree(&World::named(&rig, "feeds")).await;
}

#[test]
fn k_g_feeds_take_effect_exactly_once_across_restarts_on_sqlite() {
    run(survives_restarts(Setting::Sqlite));
}

#[test]
fn k_g_feeds_take_effect_exactly_once_across_restarts_on_postgres() {
    run(survives_restarts(Setting::Postgres));
}

#[test]
fn k_g_feeds_take_effect_exactly_once_across_kills_of_the_processes() {
    run(survives_restarts(Setting::Processes));
}
