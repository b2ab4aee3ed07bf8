//! Applying documents: twice is once, and a dry run is none.

use mandate::{
    apply::{Options, Summary, apply, read},
    document::{Document, PORTALS, parse_str},
};
use tests::{Rig, Setting};

use crate::shared::{everywhere, run};

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
fn what_was_applied_is_not_changed_by_applying_it_again() {
    // The installations that tests share have the portals.
    everywhere(async |rig| {
        let again = apply_portals(rig, Options::default()).await.counts;
        assert_eq!((again.created, again.changed), (0, 0), "{:?}", rig.setting);
        assert!(again.unchanged > 300, "{}", again.unchanged);
    });
}

#[test]
fn a_dry_run_tells_what_would_be_done_and_does_nothing() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::start(setting).await;
            let dry = Options { dry_run: true };
            let planned = apply_portals(&rig, dry).await.counts;
            let nothing = read(&portals(), &rig.root()).await.unwrap();
            assert!(nothing.users.is_empty() && nothing.organizations.is_empty());
            let names: Vec<_> = nothing.applications.keys().collect();
            assert_eq!(names, ["applications/mandate"]);
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
