//! Every kind of fault under load: no source gives a wrong answer, and service resumes.

use tests::faults::{Fault, Report};

use crate::shared::{alone, trial};

#[expect(
    clippy::print_stdout,
    reason = "the output names the seed of a failed round"
)]
pub fn print(report: &Report) {
    println!("{report}");
}

fn round(fault: Fault, seed: u64) {
    alone(async |fleet| {
        let mut trial = trial(fleet, seed);
        if fault == Fault::ReplicaCutOff {
            // This fault may block writes until PostgreSQL drops the connection.
            trial.hold *= 3;
        }
        let report = trial.run(fault).await;
        print(&report);
        report.assert();
    });
}

#[test]
fn k_t_answers_hold_without_trouble() {
    round(Fault::None, 1);
}

#[test]
fn k_t_answers_hold_when_redis_is_killed() {
    round(Fault::RedisKilled, 2);
}

#[test]
fn k_t_answers_hold_when_redis_stands_still() {
    round(Fault::RedisPaused, 3);
}

#[test]
fn k_t_answers_hold_when_redis_is_emptied() {
    round(Fault::RedisEmptied, 4);
}

#[test]
fn k_t_answers_hold_when_redis_evicts() {
    round(Fault::RedisFilled, 5);
}

#[test]
fn k_t_answers_hold_when_redis_fails_over_to_an_older_state() {
    round(Fault::RedisFailedOver, 6);
}

#[test]
fn k_t_answers_hold_when_the_writer_does_not_reach_redis() {
    round(Fault::WriterCutOff, 7);
}

#[test]
fn k_t_answers_hold_when_the_readers_do_not_reach_redis() {
    round(Fault::ReadersCutOff, 8);
}

#[test]
fn k_t_answers_hold_when_commands_to_redis_are_cut() {
    round(Fault::RedisCommandsCut, 9);
}

#[test]
fn k_t_answers_hold_when_commands_to_postgres_are_cut() {
    round(Fault::PostgresCommandsCut, 10);
}

#[test]
fn k_t_nobody_answers_when_postgres_stands_still() {
    round(Fault::PostgresPaused, 11);
}

#[test]
fn k_g_a_replica_without_postgres_does_not_answer() {
    round(Fault::ReplicaCutOff, 12);
}

#[test]
fn k_t_a_replica_that_stood_still_answers_from_the_present() {
    round(Fault::ReplicaPaused, 13);
}

#[test]
fn k_t_answers_hold_when_notifications_are_lost() {
    round(Fault::NotificationsLost, 14);
}

#[test]
fn k_t_service_returns_when_connections_are_forgotten() {
    round(Fault::ConnectionsForgotten, 15);
}
