//! Starting replicas.

use tests::{Rig, Setting};

use crate::{shared::run, world::World};

#[test]
fn replicas_that_start_at_once_on_an_empty_database_all_serve() {
    run(async {
        for count in [2, 3] {
            let rigs = Rig::together(Setting::Postgres, count).await;
            let world = World::load(&rigs[0], "at-once").await;
            for rig in &rigs {
                crate::feeds::heard(rig).await;
                assert!(world.seen_by(rig).allows("ann", "units/k1").await);
            }
        }
    });
}
