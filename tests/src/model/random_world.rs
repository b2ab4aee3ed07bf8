//! Random worlds, determined by a seed.

use super::{Application, Grant, Place, Scope, Subject, World, condition::Condition};
use crate::faults::Random;

/// The time around which all validity begins and ends, in Unix milliseconds.
pub const NOW: i64 = 1_767_225_600_000;
/// The distance of starts and ends from that time, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// A question: subject, permission and location.
pub type Question = (String, String, Place);

impl World {
    /// Returns the world of a seed. All ids begin with `prefix`.
    pub fn random(random: &mut Random, prefix: &str) -> Self {
        let applications: Vec<Application> = (0..=random.below(3))
            .map(|at| application(random, &format!("{prefix}a{at}")))
            .collect();
        let mut entitlements = Vec::new();
        for application in &applications {
            if random.below(8) > 0 {
                let (start, end) = window(random);
                entitlements.push((application.id.clone(), random.below(8) > 0, start, end));
            }
        }
        let mut world = Self {
            organization: format!("{prefix}o"),
            active: random.below(16) > 0,
            subscription_required: random.below(4) == 0,
            applications,
            entitlements,
            custom_roles: Vec::new(),
            units: Vec::new(),
            resources: Vec::new(),
            subjects: Vec::new(),
            grants: Vec::new(),
        };
        for (application, ..) in &world.entitlements {
            let found = world.applications.iter().find(|own| own.id == *application);
            for at in 0..random.below(3) {
                let held = found.iter().flat_map(|own| &own.permissions);
                let held: Vec<String> = held.filter(|_| random.below(3) == 0).cloned().collect();
                if !held.is_empty() {
                    let role = (application.clone(), format!("own{at}"), held);
                    world.custom_roles.push(role);
                }
            }
        }
        for at in 0..=random.below(7) {
            let above =
                (at > 0 && random.below(4) > 0).then(|| pick(random, &world.units).0.clone());
            world.units.push((format!("u{at}"), above));
        }
        for at in 0..random.below(8) {
            let unit = pick(random, &world.units).0.clone();
            world.resources.push((format!("r{at}"), unit));
        }
        for at in 0..2 + random.below(4) {
            let kind = ["users", "users", "serviceAccounts"][random.below(3)];
            world.subjects.push(Subject {
                name: format!("{kind}/{prefix}s{at}"),
                active: random.below(10) > 0,
                member: (random.below(8) > 0).then(|| (random.below(10) > 0, random.below(3) > 0)),
            });
        }
        for at in 0..4 + random.below(12) {
            if let Some(grant) = world.random_grant(random, &format!("g{at:02}")) {
                world.grants.push(grant);
            }
        }
        world
    }

    /// Returns a grant that can be created, if there are a member and a role.
    pub fn random_grant(&self, random: &mut Random, id: &str) -> Option<Grant> {
        let members: Vec<&Subject> = self
            .subjects
            .iter()
            .filter(|subject| subject.member.is_some())
            .collect();
        if members.is_empty() || self.entitlements.is_empty() {
            return None;
        }
        let own = &pick(random, &self.entitlements).0;
        let application = self.applications.iter().find(|found| found.id == *own)?;
        let own_roles = self.custom_roles.iter().filter(|(of, ..)| of == own);
        let own_roles = own_roles.map(|(_, id, _)| id);
        let roles = application.roles.iter().map(|(id, _)| id).chain(own_roles);
        let role = (*pick(random, &roles.collect::<Vec<_>>())).clone();
        let (start, end) = window(random);
        Some(Grant {
            id: id.to_owned(),
            subject: pick(random, &members).name.clone(),
            role: (own.clone(), role),
            scope: self.random_scope(random),
            start,
            end,
            condition: (random.below(3) == 0).then(|| Condition::random(random, 2)),
        })
    }

    /// Returns a scope of existing units and resources.
    pub fn random_scope(&self, random: &mut Random) -> Scope {
        if random.below(4) == 0 {
            return Scope::All;
        }
        let mut units: Vec<String> = (0..random.below(3))
            .map(|_| pick(random, &self.units).0.clone())
            .collect();
        let mut resources = Vec::new();
        if !self.resources.is_empty() {
            let some = (0..random.below(3)).map(|_| pick(random, &self.resources).0.clone());
            resources.extend(some);
        }
        if units.is_empty() && resources.is_empty() {
            units.push(pick(random, &self.units).0.clone());
        }
        for names in [&mut units, &mut resources] {
            names.sort();
            names.dedup();
        }
        Scope::Only(units, resources)
    }

    /// Returns a question, possibly about entities that do not exist.
    pub fn random_question(&self, random: &mut Random) -> Question {
        let subject = match random.below(12) {
            0 => "users/nobody".to_owned(),
            _ => pick(random, &self.subjects).name.clone(),
        };
        let place = match random.below(12) {
            0 => Place::Unit("none".to_owned()),
            1 => Place::Resource("none".to_owned()),
            _ => pick(random, &self.places()).clone(),
        };
        (subject, pick(random, &self.permissions()).clone(), place)
    }
}

/// Returns one element at random.
///
/// # Panics
/// Panics if there is none.
pub fn pick<'a, T>(random: &mut Random, of: &'a [T]) -> &'a T {
    &of[random.below(of.len())]
}

fn application(random: &mut Random, id: &str) -> Application {
    let mut permissions = Vec::new();
    for module in 0..=random.below(3) {
        // `m1` and `m1-x` share a prefix.
        let module = ["m", "m-x", "n"][module];
        for verb in ["view", "edit"] {
            permissions.push(format!("{id}.{module}.{verb}"));
        }
        if random.below(2) == 0 {
            permissions.push(format!("{id}.{module}.option.view"));
        }
    }
    let roles = (0..=random.below(3)).map(|at| {
        let names = (0..=random.below(2)).map(|_| {
            let permission = pick(random, &permissions);
            let module = permission.split('.').nth(1).unwrap_or_default();
            match random.below(6) {
                0 => format!("{id}.*"),
                1 => format!("{id}.{module}.*"),
                _ => permission.clone(),
            }
        });
        (format!("role{at}"), names.collect())
    });
    Application {
        id: id.to_owned(),
        roles: roles.collect(),
        permissions,
    }
}

/// Returns a random validity: mostly now, sometimes only later or no longer.
fn window(random: &mut Random) -> (i64, i64) {
    match random.below(8) {
        0 => (NOW + DAY, i64::MAX),
        1 => (i64::MIN, NOW - DAY),
        2 => (NOW - DAY, NOW + DAY),
        3 => (i64::MIN, NOW + 2 * DAY),
        _ => (i64::MIN, i64::MAX),
    }
}
