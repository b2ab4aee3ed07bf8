//! Lists locations from the store, if memory cannot hold the resources.

use api::entitlement::v1::PlaceKind;
use entitlement_core::{Decision, Facts, PermissionIndex, Reason, Target, decide};

use super::{
    Found, List, Row, Spot,
    walk::{Covered, walk},
};
use crate::{
    engine::Allowance,
    error::Error,
    facts::{Piece, Place, Reading},
    store::view::View,
};

/// Scan at most `LOOKED_AT` × page size candidates. If few meet their condition, return a short
/// page rather than keep scanning.
const LOOKED_AT: usize = 16;

/// Units in which resources may be allowed.
struct Candidates {
    covered: Covered,
    /// True if each resource must be checked, because a condition may be met for some only.
    each: bool,
}

impl List<'_> {
    /// Returns the page, from one snapshot.
    pub(super) async fn in_store(&self) -> Result<Found, Error> {
        let snapshot = self.app.store.snapshot().await?;
        let view = View::at(&snapshot, self.at);
        let mut reading = Reading::begin(&self.app.store, &self.app.engine.facts, view).await?;
        let known = reading.read(|world| {
            let facts = world.facts(&self.request.subject, self.organization)?;
            // Look up the resources that grants name one by one.
            let tree = facts.organization.map(|organization| &organization.tree);
            let grants = facts.member.into_iter().flat_map(|member| &member.grants);
            let unknown: Vec<Piece> = grants
                .flat_map(|grant| tree.into_iter().flat_map(|tree| tree.unknown(&grant.scope)))
                .map(|id| Piece::Resource(self.organization.clone(), id.into()))
                .collect();
            if !unknown.is_empty() {
                return Err(unknown);
            }
            self.asked(world, |facts, permission| {
                let rows = self.rows(facts, permission, &Allowance::alone());
                (rows, self.candidates(facts, permission))
            })
        });
        let (mut rows, candidates) = known.await??;
        let mut looked_at = None;
        if self.is_of(PlaceKind::Resource) {
            let (found, last) = self.resources(&mut reading, view, &candidates).await?;
            // Locations after the last candidate belong to a later page.
            rows.retain(|row| last.as_ref().is_none_or(|last| row.spot <= *last));
            rows.extend(found);
            looked_at = last;
        }
        Ok(Found {
            rows: self.cut(rows),
            looked_at,
            revision: reading.revision(),
        })
    }

    /// Returns the rows of the candidates, and the last candidate checked if more may follow.
    async fn resources(
        &self,
        reading: &mut Reading<'_>,
        view: View<'_>,
        candidates: &Candidates,
    ) -> Result<(Vec<Row>, Option<Spot>), Error> {
        let mut after = match &self.after {
            Some(Spot::Resource(unit, id)) => (unit.clone(), id.clone()),
            _ => Default::default(),
        };
        let mut found = Vec::new();
        for _ in 0..LOOKED_AT {
            let covered = &candidates.covered;
            let some = walk(view, self.organization, covered, after, self.limit).await?;
            let last = some.last().filter(|_| some.len() == self.limit).cloned();
            let each = candidates.each;
            if each {
                found.extend(self.among(reading, some).await?);
            } else {
                found.extend(some.into_iter().map(allowed));
            }
            match last {
                Some(Spot::Resource(unit, id)) if each && found.len() < self.limit => {
                    after = (unit, id);
                }
                last => return Ok((found, last.filter(|_| each))),
            }
        }
        let (unit, id) = after;
        Ok((found, Some(Spot::Resource(unit, id))))
    }

    /// Returns the rows of the resources that are on the list.
    async fn among(&self, reading: &mut Reading<'_>, some: Vec<Spot>) -> Result<Vec<Row>, Error> {
        let read = reading.read(|world| {
            let mut missing = Vec::new();
            let mut targets = Vec::with_capacity(some.len());
            for spot in &some {
                let Some(id) = spot.resource() else {
                    continue;
                };
                match world.target(self.organization, Place::Resource(id)) {
                    Ok(target) => targets.push((spot, target)),
                    Err(pieces) => missing.extend(pieces),
                }
            }
            if !missing.is_empty() {
                return Err(missing);
            }
            self.asked(world, |facts, permission| {
                let places = targets.into_iter();
                let places = places.map(|(spot, target)| (spot.clone(), target));
                let row = |place| self.row(facts, permission, place, &Allowance::alone());
                places.filter_map(row).collect()
            })
        });
        read.await?
    }

    /// Returns the units in which resources may be allowed, by grants over the whole organization
    /// and over units.
    fn candidates(&self, facts: &Facts<'_>, permission: PermissionIndex) -> Candidates {
        let given = self.given(None);
        let decide = |target| decide(facts, permission, target, &given, self.now);
        let may_hold = |decision: &Decision<'_>| match decision.outcome {
            Ok(_) => true,
            Err(reason) => reason == Reason::ConditionNotMet,
        };
        let whole = decide(Target::Organization);
        if may_hold(&whole) {
            return Candidates {
                covered: Covered::All,
                each: whole.is_conditional(),
            };
        }
        let tree = facts
            .organization
            .map(|organization| organization.tree.units());
        let units = tree.into_iter().flatten();
        let units: Vec<_> = units
            .map(|(id, target)| (id, decide(target)))
            .filter(|(_, decision)| may_hold(decision))
            .collect();
        Candidates {
            each: units.iter().any(|(_, decision)| decision.is_conditional()),
            covered: Covered::Units(units.into_iter().map(|(id, _)| id.to_owned()).collect()),
        }
    }
}

/// The row of a resource that is allowed without a condition.
fn allowed(spot: Spot) -> Row {
    Row {
        spot,
        missing_context: Vec::new(),
    }
}
