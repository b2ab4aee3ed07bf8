//! The freshness protocol, checked in every order of its steps and faults that fits in a few ticks:
//! the protocol holds, and no longer holds if any one of its rules is left out.
//!
//! `Lease`, `Journal` and `Revisions` are those of the crate. The model covers the interaction of
//! the parts of the system: the log, the refreshers of replicas, the puts to Redis and its readers,
//! the clients that cache answers. Notifications are left out, because they are hints: a refresher
//! may read at any time.

mod after;
mod answer;
mod log;
mod property;
mod protocol;
mod reached;
mod redis;
mod replica;
mod rules;
mod scene;
mod step;
mod world;

use stateright::{Checker, HasDiscoveries, Model, Path};

use log::Event;
use property::{ARRIVAL, BOUND, CLOSED, FORWARD, RIGHT, TOKEN};
use protocol::Protocol;
use redis::Revised;
use rules::Rule;
use scene::Scene;
use step::{Act, Step};

#[test]
fn it_holds_of_a_replica_and_the_database() {
    holds(Scene::REPLICA);
}

#[test]
fn it_holds_of_replicas_that_share_decisions_and_a_reader() {
    holds(Scene::SHARED);
}

#[test]
fn it_holds_of_a_client_that_keeps_answers() {
    holds(Scene::CLIENT);
}

#[test]
fn it_holds_of_a_replica_and_a_database_that_loses_commits() {
    holds(Scene::BACK);
}

#[test]
fn it_holds_of_a_redis_that_is_full_of_what_was_lost() {
    holds(Scene::SHARED_BACK);
}

#[test]
fn it_holds_of_replicas_that_stand_still_while_commits_are_lost() {
    holds(Scene::PAUSED_BACK);
}

#[test]
fn without_a_look_at_the_lease() {
    breaks(Scene::REPLICA, Rule::LeaseIsChecked, BOUND);
}

#[test]
fn with_a_lease_that_counts_from_after_the_read() {
    breaks(Scene::REPLICA, Rule::LeaseCountsFromBeforeTheRead, BOUND);
}

#[test]
fn with_answers_when_nothing_can_be_known() {
    breaks(Scene::REPLICA, Rule::FailsClosed, CLOSED);
}

#[test]
fn with_facts_that_move_after_their_revision() {
    breaks(Scene::REPLICA, Rule::FactsMoveWithTheirRevision, RIGHT);
}

#[test]
fn with_loads_beside_the_snapshot() {
    breaks(Scene::REPLICA, Rule::LoadsAreInTheSnapshot, BOUND);
}

#[test]
fn with_tokens_answered_from_caches() {
    breaks(Scene::REPLICA, Rule::TokensGoPastTheCaches, TOKEN);
}

#[test]
fn with_decisions_that_are_not_checked_against_changes() {
    breaks(Scene::SHARED, Rule::DecisionsAreChecked, BOUND);
}

#[test]
fn with_forgotten_taken_for_unchanged() {
    breaks(Scene::SHARED, Rule::ForgottenIsUnknown, BOUND);
}

#[test]
fn with_shared_changes_that_touch_nobody() {
    breaks(Scene::SHARED, Rule::SharedChangesTouchAll, BOUND);
}

#[test]
fn with_absent_taken_for_unchanged() {
    breaks(Scene::SHARED, Rule::AbsentIsUnknown, BOUND);
}

#[test]
fn with_revisions_that_outlive_the_lease() {
    breaks(Scene::SHARED, Rule::RevisionsLiveForTheLease, BOUND);
}

#[test]
fn with_a_life_that_begins_on_arrival() {
    breaks(Scene::SHARED, Rule::LifeEndsAtAnAbsoluteTime, BOUND);
}

#[test]
fn with_a_clock_sampled_after_the_read() {
    breaks(Scene::SHARED, Rule::ClockIsSampledBeforeTheRead, BOUND);
}

#[test]
fn with_the_millisecond_in_which_redis_lets_go() {
    breaks(Scene::SHARED, Rule::LastMillisecondIsLeftOut, BOUND);
}

#[test]
fn with_puts_that_replace_something_newer() {
    breaks(Scene::SHARED, Rule::NothingNewerIsReplaced, FORWARD);
}

#[test]
fn with_a_client_that_counts_from_the_answer() {
    breaks(Scene::CLIENT, Rule::ClientCountsFromBeforeItAsked, BOUND);
}

#[test]
fn if_the_clock_of_redis_goes_back() {
    breaks(Scene::SHARED, Rule::ClockOfRedisNeverGoesBack, BOUND);
}

#[test]
fn if_readers_hear_redis_late() {
    breaks(Scene::SHARED, Rule::RepliesAreNotLate, BOUND);
}

#[test]
fn with_memory_that_no_mark_proves() {
    breaks(Scene::BACK, Rule::MarksProveThePast, ARRIVAL);
}

#[test]
fn with_another_history_in_the_same_epoch() {
    breaks(
        Scene::PAUSED_BACK,
        Rule::AnotherHistoryBeginsAnEpoch,
        ARRIVAL,
    );
}

#[test]
fn with_replicas_that_compare_no_epochs() {
    breaks(Scene::SHARED_BACK, Rule::ReplicasCompareEpochs, ARRIVAL);
}

#[test]
fn with_readers_that_compare_no_epochs() {
    breaks(Scene::SHARED_BACK, Rule::ReadersCompareEpochs, ARRIVAL);
}

#[test]
fn with_puts_that_compare_no_epochs() {
    breaks(Scene::SHARED_BACK, Rule::LaterEpochsReplace, FORWARD);
}

#[test]
fn with_a_process_that_reads_no_record() {
    breaks(Scene::SHARED_BACK, Rule::RecordIsRead, ARRIVAL);
}

#[test]
fn with_decisions_that_the_record_does_not_name() {
    breaks(Scene::SHARED_BACK, Rule::RecordComesFirst, ARRIVAL);
}

#[test]
fn with_decisions_beyond_what_was_admitted() {
    breaks(Scene::PAUSED_BACK, Rule::OnlyAdmittedIsUsed, ARRIVAL);
}

#[test]
fn if_redis_loses_the_record() {
    breaks(Scene::SHARED_BACK, Rule::RecordIsKept, ARRIVAL);
}

/// A limit that readers have to know. Redis does not remember expired values, so a put that was
/// read earlier and ends later may follow one: a reader then sees an older state once more, always
/// within the bound. A reader that must not see it has to remember the newest state it saw.
#[test]
fn redis_may_go_back_once_its_revisions_have_ended() {
    let put = |commit, expire| Step::Arrive(Revised { commit, expire });
    let read = |replica| {
        let read = Act::Read {
            facts: true,
            publishes: true,
        };
        Step::Replica(replica, read)
    };
    let steps = [
        Step::Replica(0, Act::Sample),
        Step::Tick,
        Step::Tick,
        Step::Replica(0, Act::Sample),
        read(1),
        Step::Commit(Event::Revoke),
        read(0),
        put(1, 4),
        Step::Tick,
        Step::Tick,
        put(0, 6),
    ];
    let model = Protocol::new(Scene::REMEMBERED, None);
    let start = model.init_states().remove(0);
    let path = Path::from_actions(&model, start, &steps).unwrap();
    let broken = |property| !(model.property(property).condition)(&model, path.last_state());
    assert!(broken(FORWARD));
    assert!(!broken(BOUND) && !broken(RIGHT));
}

/// Checks every possible run of a scene.
fn holds(scene: Scene) {
    let model = Protocol::new(scene, None);
    model.checker().spawn_bfs().join().assert_properties();
}

/// Checks that a property does not hold if a rule is left out.
fn breaks(scene: Scene, rule: Rule, property: &'static str) {
    let found = HasDiscoveries::AnyOf([property].into());
    let checker = Protocol::new(scene, Some(rule))
        .checker()
        .finish_when(found);
    let checked = checker.spawn_bfs().join();
    assert!(
        checked.discovery(property).is_some(),
        "{property} holds without {rule:?}"
    );
}
