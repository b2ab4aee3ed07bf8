//! Applying documents that a service refuses. The command reports every refusal with file, line and
//! field before it changes anything. A run that stops midway reports which changes were made.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use api::entitlement::v1::RevokeGrantRequest;
use mandate_documents::{
    apply::{ApplyError, Options, Plan, Progress, apply},
    clients::Clients,
    document::{Document, Problem, parse_str},
};
use rpc::Channel;
use tests::{Rig, Setting};
use tonic::Status;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::shared::{everywhere, run};

const DRY_RUN: Options = Options { dry_run: true };

/// The document of these tests; `$` stands for the name of the test.
const BASE_DOCUMENT: &str = "
applications:
  - id: $-app
    display_name: App
    modules: [{id: m, verbs: [view, edit]}]
    roles:
      - {id: pays, permissions: [$-app.m.view]}
      - {id: books, permissions: [$-app.m.edit]}
    separations: [[pays, books]]
users:
  - {id: $-jan, login: $-jan, given_name: Jan}
organizations:
  - id: $-acme
    display_name: Acme
    entitlements: [{application: $-app}]
    units: [{id: k1, display_name: K1}]
    memberships:
      - user: $-jan
        grants: [{id: first, role: $-app.pays, scope: ALL}]
";

/// An organization, present or new. Each line with a comment is wrong for the reason in the
/// comment.
const INVALID_DOCUMENT: &str = "
users:
  - {id: $-eva, login: $-eva, given_name: Eva}
organizations:
  - id: $-ORGANIZATION
    display_name: Acme
    entitlements: [{application: $-app}]
    units:
UNITS
    custom_roles:
      - {id: own, application: $-app, display_name: Own, permissions: [$-app.m.destroy]} # PERMISSION_UNKNOWN
      - {id: both, application: $-app, display_name: Both, permissions: [$-app.m.view, $-app.m.edit]} # SOD_VIOLATION
    memberships:
      - user: $-eva
        grants:
          - {id: a, role: $-app.pays, scope: ALL, condition: 'context.network =='} # CONDITION_INVALID
          - {id: b, role: $-app.pays, scope: ALL}
          - {id: c, role: $-app.books, scope: ALL} # SOD_VIOLATION
      - user: $-jan
        grants:
          - {id: d, role: $-app.books, scope: ALL} # JAN
";

fn document(text: &str) -> Document {
    parse_str("wrong.yaml", text).unwrap()
}

fn wrong(id: &str, organization: &str) -> String {
    let units: Vec<String> = (0..17)
        .map(|depth| {
            let parent = match depth {
                0 => String::new(),
                _ => format!(", parent: d{}", depth - 1),
            };
            let wrong = if depth == 16 { " # UNIT_TOO_DEEP" } else { "" };
            format!("      - {{id: d{depth}, display_name: D{parent}}}{wrong}")
        })
        .collect();
    let text = INVALID_DOCUMENT.replace("UNITS", &units.join("\n"));
    text.replace("ORGANIZATION", organization).replace('$', id)
}

/// Returns the numbers of the wrong lines, with the reason of each.
fn expected(text: &str) -> Vec<(u64, String)> {
    let lines = text.lines().zip(1..);
    let wrong = lines.filter_map(|(line, number)| {
        let (_, reason) = line.split_once(" # ")?;
        Some((number, reason.to_owned()))
    });
    wrong.collect()
}

fn told(problems: &[Problem]) -> Vec<(u64, String)> {
    let told = problems.iter().map(|problem| {
        let reason = problem.message.split(':').next().unwrap();
        assert_eq!(problem.file, "wrong.yaml");
        (problem.at.line, reason.to_owned())
    });
    told.collect()
}

fn problems(error: ApplyError) -> Vec<Problem> {
    match error {
        ApplyError::Invalid(problems) | ApplyError::Refused(problems) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dry_run_reports_every_refusal_with_file_line_and_field() {
    everywhere(async |rig| {
        rig.apply(&BASE_DOCUMENT.replace('$', "dry")).await;
        for (organization, jan) in [("acme", "SOD_VIOLATION"), ("new", "")] {
            let text = wrong("dry", organization);
            let text = match jan {
                "" => text.replace(" # JAN", ""),
                reason => text.replace("JAN", reason),
            };
            for options in [DRY_RUN, Options::default()] {
                let documents = [document(&text)];
                let refused = apply(&documents, &rig.root(), options, &mut ()).await;
                let problems = problems(refused.unwrap_err());
                assert_eq!(told(&problems), expected(&text), "{problems:#?}");
                let fields: Vec<&str> = problems
                    .iter()
                    .map(|problem| problem.path.rsplit('.').next().unwrap())
                    .collect();
                let of_jan = if jan.is_empty() {
                    &[][..]
                } else {
                    &["role"][..]
                };
                let fixed = ["parent", "permissions", "permissions", "condition", "role"];
                assert_eq!(fields, [&fixed[..], of_jan].concat());
            }
            // Nothing in the document was created, not even its valid parts.
            let planned = apply(&[document(VALID_PART)], &rig.root(), DRY_RUN, &mut ()).await;
            assert_eq!(planned.unwrap().counts.created, 1);
        }
    });
}

const VALID_PART: &str = "users: [{id: dry-eva, login: dry-eva, given_name: Eva}]";

#[test]
fn every_refused_item_of_a_batch_is_reported() {
    everywhere(async |rig| {
        rig.apply(&BASE_DOCUMENT.replace('$', "each")).await;
        rig.apply("users: [{id: each-eva, login: each-eva, given_name: Eva}]")
            .await;
        let text = "
users:
  - {id: each-a, login: each-jan, given_name: A} # LOGIN_TAKEN
  - {id: each-b, login: each-b, given_name: B}
  - {id: each-c, login: each-eva, given_name: C} # LOGIN_TAKEN
  - {id: each-d, login: each-d, given_name: D}
";
        let refused = apply(&[document(text)], &rig.root(), DRY_RUN, &mut ()).await;
        let problems = problems(refused.unwrap_err());
        assert_eq!(told(&problems), expected(text), "{problems:#?}");
    });
}

#[test]
fn a_grant_that_a_customer_revoked_stays_revoked_and_the_rest_is_applied() {
    everywhere(async |rig| {
        rig.apply(&BASE_DOCUMENT.replace('$', "gone")).await;
        let request = RevokeGrantRequest {
            name: "organizations/gone-acme/grants/first".to_owned(),
            ..RevokeGrantRequest::default()
        };
        rig.root().grants().revoke_grant(request).await.unwrap();
        let more = "users:\n  - {id: $-eva, login: $-eva, given_name: Eva}";
        let text = BASE_DOCUMENT
            .replacen("users:", more, 1)
            .replace('$', "gone");
        let counts = rig.apply(&text).await.counts;
        assert_eq!((counts.created, counts.skipped), (1, 1), "{counts:?}");
        // Another id creates the grant again.
        let again = text.replace("id: first", "id: second");
        let counts = rig.apply(&again).await.counts;
        assert_eq!((counts.created, counts.skipped), (1, 0), "{counts:?}");
    });
}

/// Wraps a channel: counts its calls, and refuses all calls from number `cut` on.
fn cut(channel: Channel, calls: &Arc<AtomicUsize>, cut: usize) -> Channel {
    let calls = calls.clone();
    BoxCloneSyncService::new(service_fn(move |request| {
        let (number, channel) = (calls.fetch_add(1, Ordering::SeqCst), channel.clone());
        async move {
            if number >= cut {
                return Err(Status::unavailable("cut"));
            }
            channel.oneshot(request).await
        }
    }))
}

/// Returns clients whose calls fail from number `from` on, and the counter of their calls.
fn clients(rig: &Rig, from: usize) -> (Clients, Arc<AtomicUsize>) {
    let calls = Arc::default();
    let [identity, membership, entitlement] =
        rig.channels().map(|channel| cut(channel, &calls, from));
    let root = &rig.secrets().root;
    (Clients::new(identity, membership, entitlement, root), calls)
}

/// Records the plan.
#[derive(Default)]
struct Planned(Vec<String>);

impl Progress for Planned {
    fn planned(&mut self, plan: &Plan) {
        self.0 = plan.entries().into_iter().map(|entry| entry.name).collect();
    }

    fn done(&mut self, _: usize, _: usize) {}
}

#[test]
fn a_stopped_run_reports_done_unknown_and_open_changes() {
    run(async {
        let rig = Rig::start(Setting::Sqlite).await;
        let mut stopped = 0;
        for from in 0.. {
            let text = BASE_DOCUMENT.replace('$', &format!("s{from}"));
            let (clients, _) = clients(&rig, from);
            let mut planned = Planned::default();
            let documents = [document(&text)];
            match apply(&documents, &clients, Options::default(), &mut planned).await {
                Ok(_) => break,
                Err(ApplyError::Call(_)) => assert!(planned.0.is_empty(), "{:?}", planned.0),
                Err(ApplyError::Stopped(stop)) => {
                    stopped += 1;
                    let told = [&stop.done[..], &stop.unknown, &stop.not_done].concat();
                    let sorted = |mut names: Vec<String>| {
                        names.sort();
                        names
                    };
                    assert_eq!(sorted(told), sorted(planned.0), "cut at {from}");
                    assert!(!stop.unknown.is_empty(), "cut at {from}");
                    let left = apply(&documents, &rig.root(), DRY_RUN, &mut ())
                        .await
                        .unwrap();
                    let made = left.counts.created;
                    assert_eq!(made, stop.unknown.len() + stop.not_done.len(), "{stop:?}");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(stopped > 5, "{stopped} runs were stopped");
    });
}

#[test]
fn applying_one_user_reads_one_user() {
    run(async {
        let rig = Rig::start(Setting::Sqlite).await;
        let users: Vec<String> = (0..2500)
            .map(|number| format!("  - {{id: u{number}, login: u{number}, given_name: U}}"))
            .collect();
        rig.apply(&format!("users:\n{}\n", users.join("\n"))).await;
        let one = "users: [{id: u7, login: u7, given_name: Jo}]";
        let (clients, calls) = clients(&rig, usize::MAX);
        let read = mandate_documents::apply::read(&[document(one)], &clients).await;
        let read = read.unwrap();
        assert_eq!((read.users.len(), calls.load(Ordering::SeqCst)), (1, 1));
        let changed = apply(&[document(one)], &clients, Options::default(), &mut ()).await;
        assert_eq!(changed.unwrap().counts.changed, 1);
    });
}
