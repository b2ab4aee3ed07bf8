//! Applying documents: a second run changes nothing, and neither does a dry run.

use std::time::Duration;

use mandate_documents::{
    apply::{Options, Summary, apply, read},
    document::{Document, PORTALS, parse_str},
};
use tests::{Rig, Setting};
use types::UnixTime;

use crate::shared::{everywhere, run};

const NOW: UnixTime = UnixTime(1_767_225_600_000);

fn portals() -> Vec<Document> {
    PORTALS
        .map(|(name, text)| parse_str(name, text).unwrap())
        .into()
}

async fn apply_portals(rig: &Rig, options: Options) -> Summary {
    apply(&portals(), &rig.root(), options, &mut ())
        .await
        .unwrap()
}

#[test]
fn applying_a_document_again_changes_nothing() {
    // The installations that tests share already hold the portals.
    everywhere(async |rig| {
        let again = apply_portals(rig, Options::default()).await.counts;
        assert_eq!((again.created, again.changed), (0, 0), "{:?}", rig.setting);
        assert!(again.unchanged > 300, "{}", again.unchanged);
    });
}

#[test]
fn a_dry_run_reports_the_changes_and_makes_none() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::start(setting).await;
            let dry = Options { dry_run: true };
            let planned = apply_portals(&rig, dry).await.counts;
            let nothing = read(&portals(), &rig.root()).await.unwrap();
            assert!(nothing.users.is_empty() && nothing.organizations.is_empty());
            assert!(nothing.applications.is_empty());
            let done = apply_portals(&rig, Options::default()).await.counts;
            assert_eq!(
                (planned.created, planned.changed, planned.unchanged),
                (done.created, done.changed, done.unchanged)
            );
            let then = apply_portals(&rig, dry).await.counts;
            assert_eq!((then.created, then.changed), (0, 0), "{setting:?}");
        }
    });
}

/// One entity of each kind within an organization, each needed by later ones.
const ENTITY_OF_EACH_KIND: [&str; 7] = [
    "contacts: [{id: desk, kind: REPRESENTATIVE, display_name: Desk, uri: 'tel:+3220000000'}]",
    "entitlements: [{application: app}]",
    "units: [{id: k1, display_name: K1}]",
    "resources: [{id: r1, type: product, unit: k1}]",
    "custom_roles: [{id: own, application: app, display_name: Own, permissions: [app.m.view]}]",
    "memberships: [{user: jan}]",
    "memberships: [{user: jan, grants: [{role: 'custom:app.own', scope: {units: [k1]}}]}]",
];

#[test]
fn a_single_added_entity_of_any_kind_is_created() {
    run(async {
        let rig = Rig::start(Setting::Sqlite).await;
        let mut document = String::from(
            "
applications: [{id: app, display_name: App, modules: [{id: m, verbs: [view]}]}]
users: [{id: jan, login: jan, given_name: Jan}]
organizations:
  - id: acme
    display_name: Acme
",
        );
        rig.apply(&document).await;
        for added in ENTITY_OF_EACH_KIND {
            let one_more = format!("{document}    {added}\n");
            assert_eq!(rig.apply(&one_more).await.counts.created, 1, "{added}");
            let again = rig.apply(&one_more).await.counts;
            assert_eq!((again.created, again.changed), (0, 0), "{added}");
            if !added.contains("memberships") {
                document = one_more;
            }
        }
    });
}

#[test]
fn an_ended_entitlement_is_left_unchanged() {
    run(async {
        let rig = Rig::at(Setting::Sqlite, NOW).await;
        let document = |end: &str| {
            format!(
                "
applications: [{{id: app, display_name: App, modules: [{{id: m, verbs: [view]}}]}}]
organizations:
  - id: acme-{end}
    display_name: Acme
    entitlements: [{{application: app, state: SUSPENDED, end_time: {end}-01-01T00:00:00Z}}]
"
            )
        };
        for (end, created) in [("2020", 3), ("2030", 2)] {
            assert_eq!(rig.apply(&document(end)).await.counts.created, created);
        }
        // One of the two entitlements ends only now.
        let clock = rig.clock.as_ref().unwrap();
        clock.advance(Duration::from_secs(10 * 365 * 24 * 60 * 60));
        for end in ["2020", "2030"] {
            let again = rig.apply(&document(end)).await.counts;
            assert_eq!((again.created, again.changed), (0, 0), "{end}");
        }
    });
}
