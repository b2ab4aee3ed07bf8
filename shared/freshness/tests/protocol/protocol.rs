//! The model as the checker sees it.

use stateright::{Model, Property};

use crate::{
    after::after,
    log::Log,
    property,
    redis::Redis,
    replica::Replica,
    rules::{Rule, Rules},
    scene::Scene,
    step::{self, Step},
    world::{Client, World},
};

/// The protocol, by its rules, in a scene.
#[derive(Debug, Clone, Copy)]
pub struct Protocol {
    /// The rules in force.
    pub rules: Rules,
    /// The part of the system under test.
    pub scene: Scene,
}

impl Protocol {
    /// Returns the protocol in a scene, with all rules or without one.
    pub fn new(scene: Scene, without: Option<Rule>) -> Self {
        let lease = scene.lease;
        let rules = Rules { without, lease };
        Self { rules, scene }
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            now: 1,
            log: Log::default(),
            replicas: vec![Replica::STARTED; self.scene.replicas],
            redis: Redis::default(),
            late: None,
            client: Client::default(),
            faults: self.scene.faults,
        }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        step::steps(&self.scene, self.rules, world, steps);
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        after(&self.scene, self.rules, world, &step)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = property::always();
        properties.extend((self.scene.reached)());
        properties
    }
}
